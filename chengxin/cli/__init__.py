"""The command `chengxin`. Nothing heavy is loaded before a command that needs it is called."""


def main() -> None:
    """Run the command line. The process exits with the command's code."""
    from chengxin.cli.app import app  # noqa: PLC0415 - importing this package must stay cheap

    app()
