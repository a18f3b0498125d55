"""`chengxin keys`: see an office's keys, rotate one, have the old one destroyed."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from chengxin.cli import options
from chengxin.cli.command import command
from chengxin.cli.officials import Desk, Official
from chengxin.cli.output import Failed, print_json, print_table
from chengxin.common.v1 import keys_pb2

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

CUSTODIAN = "key_custodian"
EVERY_S = 2.0
COLUMNS = ("rotation", "from", "to", "state", "waits for")
OFFICES = ("catalog", "blacklist", "repair", "audit")
Office = Annotated[str, typer.Option("--office", metavar="NAME", help=f"Whose keys they are: {', '.join(OFFICES)}.")]
OfficeOrAll = Annotated[str, typer.Option("--office", metavar="NAME", help="Whose keys they are; all: every office's.")]


@app.callback()
def keys() -> None:
    """See an office's keys, rotate and retire them. Needs an identity enrolled with the role operator.

    A rotation is begun by a key custodian, carried out by the office while it serves, and ended by another key
    custodian, with whose word the old key is destroyed. It may be interrupted at any moment.

    [bold]Examples[/bold]

        chengxin keys status --json
        chengxin keys rotate share/2027-03 --assertion custodian.jwt --wait
        chengxin keys rotate archive/open-2026 --office repair --assertion custodian.jwt
        chengxin keys retire ROTATION --assertion other-custodian.jwt

    The catalog's keys, unless --office names another office.
    """


@app.command()
@command
def status(*, office: OfficeOrAll = "catalog", line: options.Line) -> None:
    """Show keys by the cipher suite that wraps them, rotations, and what each rotation waits for.

    [bold]Examples[/bold]

        chengxin keys status
        chengxin keys status --office all --json
    """
    wanted = OFFICES if office == "all" else (office,)
    listed = {name: _ask(Desk(line.identity, name), "ListKeys") for name in wanted}
    if line.as_json:
        print_json(listed if office == "all" else listed[office])
        return
    for name, each in listed.items():
        suites: dict[int, list[str]] = {}
        for key in each.keys:
            if not key.HasField("destroyed_at"):
                suites.setdefault(key.suite, []).append(key.name)
        for suite, names in sorted(suites.items()):
            typer.echo(f"{name}, {f'suite {suite}' if suite else 'wrapped by OpenBao'}: {'  '.join(names)}")
        if each.rotations:
            print_table(COLUMNS, map(_row, each.rotations))
        else:
            typer.echo(f"Nothing was ever rotated at {name}. Begin with: chengxin keys rotate KEY --office {name}")


@app.command()
@command
def rotate(
    *,
    key: Annotated[str, typer.Argument(metavar="KEY", help="share/2027-03, archive/open-2026, index/subject …")],
    provider: Annotated[
        bool, typer.Option("--provider", help="Only wrap this very key anew, under a new key of the provider.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is verified.")] = False,
    office: Office = "catalog",
    official: Official,
) -> None:
    """Begin to replace a key by a new one. The office goes on by itself, whether you wait or not.

    [bold]Examples[/bold]

        chengxin keys rotate share/2027-03 --assertion custodian.jwt --wait
        chengxin keys rotate index/subject --assertion custodian.jwt
        chengxin keys rotate journal/2026 --provider --assertion custodian.jwt

    Keys of the journal rotate with --provider alone: the log is committed to what they sealed. The list, repair and
    audit offices (--office) rotate archive/open-<year>, under which their cases, applications and reports are.
    """
    method = "PROVIDER" if provider else "INDEX" if key.startswith("index/") else "REWRAP"
    begun = _ask(official.at(office, CUSTODIAN), "StartRotation", key=key, method=f"ROTATION_METHOD_{method}").rotation
    _say(_waited_for(Desk(official.identity, office), begun) if wait else begun, official)


@app.command()
@command
def retire(
    *,
    rotation: Annotated[str, typer.Argument(metavar="ROTATION", help="Its id, from `chengxin keys status`.")],
    office: Office = "catalog",
    official: Official,
) -> None:
    """Say, as another key custodian, that a verified rotation's old key may be destroyed. This can't be undone."""
    _say(_ask(official.at(office, CUSTODIAN), "ApproveRetirement", rotation_id=rotation).rotation, official)


def _ask(desk: Desk, step: str, **fields: Any) -> Any:
    return desk.ask(getattr(keys_pb2, f"{step}Request")(**fields))


def _waited_for(desk: Desk, begun: keys_pb2.Rotation) -> keys_pb2.Rotation:
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}% of this pass")
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("")
        while True:
            listed = _ask(desk, "ListKeys").rotations
            now = next(one for one in listed if one.rotation_id == begun.rotation_id)
            bar.update(task, description=f"{_state(now)}, {now.done:,} done", completed=now.pass_percent)
            if now.state >= keys_pb2.ROTATION_STATE_VERIFIED:
                return now
            if now.unopened:
                remedy = "The office's log names them; docs/running.md, Rotating keys. It tries again by itself."
                raise Failed(f"It waits for {_waits_for(now)}.", remedy)
            time.sleep(EVERY_S)


def _say(one: keys_pb2.Rotation, output: options.Output) -> None:
    what = f"rotation {one.rotation_id}: {one.from_key} -> {one.to_key}, {_state(one)}"
    output.say(one, f"{what}\nIt waits for: {_waits_for(one)}")


def _row(one: keys_pb2.Rotation) -> tuple[str, ...]:
    return one.rotation_id, one.from_key, one.to_key, _state(one), _waits_for(one)


def _state(rotation: keys_pb2.Rotation) -> str:
    return keys_pb2.RotationState.Name(rotation.state).removeprefix("ROTATION_STATE_").lower()


def _waits_for(rotation: keys_pb2.Rotation) -> str:
    if rotation.unopened:
        return f"{rotation.unopened} rows that do not open"
    words = {
        "verified": f"a custodian other than {rotation.proposed_by}" if rotation.proposed_by else "two custodians",
        "approved": "the office: the old key goes within two minutes",
        "retired": "nothing",
    }
    return words.get(_state(rotation), "the office: it takes at least a minute")
