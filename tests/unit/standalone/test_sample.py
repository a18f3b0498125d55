"""The sample world is the same for the same seed, plainly a sample, and valid to the house."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from foundation.identity import IdentifierKind, canonicalise, is_under_age
from standalone.sample import AUTHORITIES, DIVISION, MARK, SampleWorld, write_sample_parties

TODAY = date(2026, 11, 24)


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    assert SampleWorld(1).enterprises == SampleWorld(1).enterprises
    assert SampleWorld(1).persons != SampleWorld(2).persons


def test_every_party_is_marked_valid_and_under_the_division_that_never_was() -> None:
    world = SampleWorld()
    for party in (*world.enterprises, *world.persons):
        identifier = canonicalise(IdentifierKind(party.identifier_kind), party.identifier, today=TODAY)
        division = identifier.value.reveal()[:6] if identifier.is_person else identifier.value.reveal()[2:8]
        assert party.name.startswith(MARK)
        assert division == DIVISION
        assert not is_under_age(identifier, on=TODAY)
    codes = [party.identifier for party in (*world.enterprises, *world.persons)]
    assert len(set(codes)) == len(codes)


def test_every_authority_has_a_valid_code_of_its_own() -> None:
    for authority in AUTHORITIES:
        canonicalise(IdentifierKind.USCC, authority.code, today=TODAY)
        assert authority.name.startswith(MARK)
    assert len({authority.code for authority in AUTHORITIES}) == len(AUTHORITIES)


def test_the_sign_in_offers_enterprises_and_persons_of_the_world(tmp_path: Path) -> None:
    write_sample_parties(tmp_path / "parties.json")
    parties = json.loads((tmp_path / "parties.json").read_text(encoding="utf-8"))
    assert {party["identifier_kind"] for party in parties} == {"uscc", "resident_id"}
    assert all(party["name"].startswith(MARK) for party in parties)
