"""The command `chengxin`. Nothing heavy is loaded before a command that needs it is called."""

import os


def main() -> None:
    """Run the command line. The process exits with the command's code."""
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # the transport's own news are not the command's
    from chengxin.cli.app import app  # noqa: PLC0415 - importing this package must stay cheap

    app()
