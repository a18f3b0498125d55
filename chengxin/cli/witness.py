"""`chengxin witness`: run a witness of audit logs, and let a source begin a new epoch."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from chengxin.cli import options
from chengxin.cli.command import command
from chengxin.cli.output import Failed, failing
from chengxin.proofs import ProofError
from chengxin.witness import Memory, memory, serve

app = typer.Typer(invoke_without_command=True, rich_markup_mode="rich")

State = Annotated[Path, typer.Option(envvar="CHENGXIN_WITNESS_STATE", metavar="DIR", help="Its key and its memory.")]


@app.callback()
@command
def witness(
    *,
    context: typer.Context,
    state: State = Path("witness"),
    log: Annotated[
        list[str] | None,
        typer.Option(
            envvar="CHENGXIN_WITNESS_LOG",
            metavar="KEY",
            help="Verifier key of a log to watch, or a file that holds it; once for each log.",
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(envvar="CHENGXIN_WITNESS_NAME", help="Its name in cosignatures, best a host and path.")
    ] = "chengxin/witness",
    listen: Annotated[
        str, typer.Option(envvar="CHENGXIN_WITNESS_LISTEN", metavar="HOST:PORT", help="Port 0 takes a free one.")
    ] = "127.0.0.1:7406",
    output: options.Output,
) -> None:
    """Watch an audit log, and cosign it: the log can't be forked or shortened without this witness noticing.

    Run it on a machine, and best in an organisation, that the house's operators have no power over. It keeps the
    newest checkpoint of each log in DIR, refuses what is not consistent with it, and cosigns the rest. It needs
    nothing else of the house. Protocol: c2sp.org/tlog-witness; GET /state shows what it knows and its clock.

    [bold]Example[/bold]

        chengxin witness --state /var/lib/witness --log log.vkey --name witness.example/w1 --listen 0.0.0.0:7406

    It prints its verifier key; the house's operator sets CHENGXIN_WITNESS_URL and CHENGXIN_WITNESS_VKEY to its
    address and that key. Speaks plain HTTP: put it behind a proxy with TLS where others share the network.
    """
    if context.invoked_subcommand is not None:
        return
    if not log:
        raise Failed("No log is named.", "Give the log's verifier key with --log.")
    kept = _memory(state, [options.verifier_key(given, "--log") for given in log], name)
    host, _, port = listen.rpartition(":")
    try:
        server = serve(kept, host=host, port=int(port))
    except (OSError, ValueError, OverflowError) as error:
        raise Failed(f"Can't listen on {listen}: {error}.", "Choose another HOST:PORT.") from None
    address = f"{host}:{server.server_port}"
    output.say({"vkey": kept.vkey, "address": address}, f"witness {kept.vkey}\nlistening on {address}")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        typer.echo("stopping", err=True)


@app.command()
@command
def adopt(
    *,
    origin: Annotated[str, typer.Option(help="The log's name, the first line of its checkpoint.")],
    source: Annotated[str, typer.Option(help="The office: catalog, blacklist, repair or audit.")],
    epoch: Annotated[str, typer.Option(help="The new epoch, 32 hex digits.")],
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")],
    state: State = Path("witness"),
    output: options.Output,
) -> None:
    """Let an office go on in a new epoch, after its database was restored from a backup on purpose.

    Ask the house's operator why, and what was lost, before you do: until this is done the witness refuses the
    log's checkpoints, and after 15 minutes the office stops answering. Takes effect at once, while the witness runs.
    """
    with failing(f"{state} can't be written", "Name the folder by --state."):
        try:
            memory.adopt(state, origin, source, epoch.replace("-", "").lower(), reason=reason)
        except ProofError as error:
            raise Failed(f"{error}.", "Check --source and --epoch.") from None
    typer.echo(f"{source} of {origin} may go on in the epoch {epoch}.", err=output.as_json)


def _memory(folder: Path, logs: list[str], name: str) -> Memory:
    try:
        return Memory(folder, logs, name=name)
    except BlockingIOError:
        raise Failed(f"Another witness runs in {folder}.", "Stop it, or name another --state.") from None
    except (OSError, ValueError, ProofError) as error:
        raise Failed(f"The witness can't start in {folder}: {error}.", "Mend that, and start again.") from None
