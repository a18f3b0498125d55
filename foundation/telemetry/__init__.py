"""Logs, metrics and traces, none of which ever holds a personal value."""

from foundation.telemetry.logs import configure_logs, queried, served
from foundation.telemetry.metrics import Telemetry

__all__ = ["Telemetry", "configure_logs", "queried", "served"]
