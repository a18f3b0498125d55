"""`chengxin keys`: see an office's keys, rotate one, have the old one destroyed."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from chengxin.cli import options
from chengxin.cli.officials import AssertionFile, Desk, SampleOfficial
from chengxin.cli.output import Failed, print_json, told
from chengxin.common.v1 import keys_pb2
from chengxin.common.v1.keys_pb2_grpc import KeyServiceStub

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

CUSTODIAN = "key_custodian"
EVERY_S = 2.0
Office = Annotated[str, typer.Option("--office", metavar="NAME", help="Whose keys they are.")]


@app.callback()
def keys() -> None:
    """See an office's keys, rotate and retire them. Needs an identity enrolled with the role operator.

    A rotation is begun by a key custodian, carried out by the office while it serves, and ended by another key
    custodian, with whose word the old key is destroyed. It may be interrupted at any moment.

    [bold]Examples[/bold]

        chengxin keys status --json
        chengxin keys rotate share/2027-03 --assertion custodian.jwt --wait
        chengxin keys retire ROTATION --assertion other-custodian.jwt
    """


@app.command()
def status(
    *, office: Office = "catalog", identity: options.IdentityFolder = None, as_json: options.Json = False
) -> None:
    """Show keys and rotations, and what each rotation waits for."""
    with told(as_json=as_json):
        listed = _ask(Desk(identity, office), "ListKeys")
        if as_json:
            print_json(MessageToDict(listed, preserving_proto_field_name=True))
            return
        typer.echo("  ".join(key.name for key in listed.keys if not key.HasField("destroyed_at")))
        table = Table("rotation", "from", "to", "state", "waits for", box=None)
        for one in listed.rotations:
            table.add_row(one.rotation_id, one.from_key, one.to_key, _state(one), _waits_for(one))
        if listed.rotations:
            Console(soft_wrap=True).print(table)
        else:
            typer.echo("Nothing was ever rotated here. Begin with: chengxin keys rotate KEY")


@app.command()
def rotate(
    key: Annotated[str, typer.Argument(metavar="KEY", help="share/2027-03, archive/2031, index/subject …")],
    *,
    provider: Annotated[
        bool, typer.Option("--provider", help="Only wrap this very key anew, under a new key of the provider.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is verified.")] = False,
    office: Office = "catalog",
    assertion: AssertionFile = None,
    sample_official: SampleOfficial = None,
    identity: options.IdentityFolder = None,
    as_json: options.Json = False,
) -> None:
    """Begin to replace a key by a new one. The office goes on by itself, whether you wait or not.

    [bold]Examples[/bold]

        chengxin keys rotate share/2027-03 --assertion custodian.jwt --wait
        chengxin keys rotate index/subject --assertion custodian.jwt
        chengxin keys rotate journal/2026 --provider --assertion custodian.jwt

    Keys of the journal rotate with --provider alone: the log is committed to what they sealed.
    """
    method = "PROVIDER" if provider else "INDEX" if key.startswith("index/") else "REWRAP"
    with told(as_json=as_json):
        desk = Desk(identity, office)
        said = desk.assertion(assertion, sample_official, CUSTODIAN)
        begun = _ask(desk, "StartRotation", said, key=key, method=f"ROTATION_METHOD_{method}").rotation
        _say(_waited_for(desk, begun) if wait else begun, as_json=as_json)


@app.command()
def retire(
    rotation: Annotated[str, typer.Argument(metavar="ROTATION", help="Its id, from `chengxin keys status`.")],
    *,
    office: Office = "catalog",
    assertion: AssertionFile = None,
    sample_official: SampleOfficial = None,
    identity: options.IdentityFolder = None,
    as_json: options.Json = False,
) -> None:
    """Say, as another key custodian, that a verified rotation's old key may be destroyed. This can't be undone."""
    with told(as_json=as_json):
        desk = Desk(identity, office)
        said = desk.assertion(assertion, sample_official, CUSTODIAN)
        _say(_ask(desk, "ApproveRetirement", said, rotation_id=rotation).rotation, as_json=as_json)


def _ask(desk: Desk, step: str, assertion: str = "", **fields: Any) -> Any:
    request = getattr(keys_pb2, f"{step}Request")(**fields)
    return desk.ask(getattr(KeyServiceStub(desk.channel), step), request, assertion)


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


def _say(one: keys_pb2.Rotation, *, as_json: bool) -> None:
    if as_json:
        print_json(MessageToDict(one, preserving_proto_field_name=True))
    else:
        typer.echo(f"rotation {one.rotation_id}: {one.from_key} -> {one.to_key}, {_state(one)}")
        typer.echo(f"It waits for: {_waits_for(one)}")


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
