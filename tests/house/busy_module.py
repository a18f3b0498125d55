"""A module that does at import all that ours do not, so that the watch proves that it sees it."""

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

_file = tempfile.TemporaryFile()  # noqa: SIM115
_socket = socket.socket()
_thread = threading.Thread(target=time.sleep, args=(0.2,), daemon=True)
_thread.start()
_process = subprocess.run(["true"], check=False)
os.environ["CHENGXIN_BUSY"] = "1"
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
