"""`chengxin keys` on a whole running house: begin, look, be refused, and retire as somebody else."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from typer.testing import CliRunner

from chengxin.cli.keys import app
from foundation.journal.writer import OFFICER_KEY
from standalone.story.stage import came_true
from tests.support.running_house import RunningHouse

KEY = "index/content/1"
PASSED = "UPDATE catalog.key_rotation SET known_at = pass_began, rest_until = clock_timestamp() WHERE state = 'working'"
"""Leaves the minute out in which others learn of a new key: they need not, where only the provider's changes."""


def said(house: RunningHouse, *arguments: str, who: str = "steward", official: str = "") -> tuple[int, Any]:
    """Exit code and JSON of a command, on whichever stream it came."""
    options = ["--identity", str(house.identity(who)), "--json"]
    result = CliRunner().invoke(app, [*arguments, *options, *(["--sample-official", official] if official else [])])
    return result.exit_code, json.loads(result.output)


def reason(told: tuple[int, Any]) -> str:
    """The reason for which a command was refused."""
    code, answer = told
    assert code == 1
    return answer["error"]["reason"]


def test_a_key_is_rotated_by_two_custodians_from_the_command_line(running_house: RunningHouse) -> None:
    house = running_house
    code, listed = said(house, "status")
    assert code == 0
    assert KEY in {key["name"] for key in listed["keys"]}
    rotate = ("rotate", KEY, "--provider")
    assert reason(said(house, *rotate)) == "ASSERTION_REQUIRED"
    assert reason(said(house, "status", who="consumer")) == "ROLE_REQUIRED"
    assert reason(said(house, "rotate", "bucket", official="one")) == "KEY_NOT_ROTATED"
    code, begun = said(house, *rotate, official="one")
    assert (code, begun["from_key"], begun["to_key"]) == (0, KEY, f"{KEY}/p2")
    assert reason(said(house, *rotate, official="two")) == "ROTATION_UNDER_WAY"
    retire = ("retire", begun["rotation_id"])

    def verified() -> bool:
        with psycopg.connect(house.house.engines.admin_dsn) as owner:
            owner.execute(PASSED)
        return said(house, "status")[1]["rotations"][0]["state"] == "ROTATION_STATE_VERIFIED"

    assert came_true(verified, every=0.3)
    assert reason(said(house, *retire, official="one")) == "SECOND_CUSTODIAN_NEEDED"
    code, approved = said(house, *retire, official="two")
    assert (code, approved["state"], approved["approved_by"]) == (0, "ROTATION_STATE_APPROVED", "two")
    assert reason(said(house, *retire, official="three")) == "ROTATION_NOT_VERIFIED"
    shown = CliRunner().invoke(app, ["status", "--identity", str(house.identity("steward"))])
    assert "approved" in shown.output


def test_every_office_shows_and_rotates_its_keys(running_house: RunningHouse) -> None:
    house = running_house
    code, listed = said(house, "status", "--office", "all")
    assert (code, list(listed)) == (0, ["catalog", "blacklist", "repair", "audit"])
    for office, known in listed.items():
        assert {key["suite"] for key in known["keys"]} == {1}, office
    everywhere = ["status", "--office", "all", "--identity", str(house.identity("steward"))]
    before = CliRunner().invoke(app, everywhere, env={"COLUMNS": "160"})
    assert "Begin with: chengxin keys rotate KEY --office repair" in before.output
    for office, known in listed.items():
        (journal,) = {key["name"] for key in known["keys"] if key["name"].startswith("journal/")}
        assert reason(said(house, "rotate", journal, "--office", office, official="one")) == "KEY_NOT_ROTATED"
        code, begun = said(house, "rotate", OFFICER_KEY, "--provider", "--office", office, official="one")
        assert (code, begun["to_key"]) == (0, f"{OFFICER_KEY}/p2")
    shown = CliRunner().invoke(app, everywhere, env={"COLUMNS": "160"})
    assert "repair, suite 1: " in shown.output
    assert shown.output.count(f"{OFFICER_KEY}/p2") == 4, shown.output
    assert said(house, "status", "--office", "nowhere")[0] == 2
