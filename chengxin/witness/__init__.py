"""A witness: remembers the newest checkpoint of each log, refuses a fork, and cosigns. Anybody can run one.

Source: c2sp.org/tlog-witness and tlog-cosignature. Needs nothing of the house that it watches.
"""

from __future__ import annotations

from chengxin.witness.memory import Memory as Memory
from chengxin.witness.server import serve as serve
