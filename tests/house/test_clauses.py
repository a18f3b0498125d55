"""Every clause that is built has a test file of its own, and every RPC a clause that it serves."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from scripts.clauses import TESTS, Clause, clauses
from tests.house.own_code import ROOT

CLAUSES = clauses()


def test_the_clauses_of_the_software_are_all_there() -> None:
    assert [clause.number for clause in CLAUSES] == [*range(1, 15), 0]


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.file_pattern)
def test_a_clause_that_is_built_has_a_test_file(clause: Clause) -> None:
    assert clause.test_files()


def test_a_test_file_of_a_clause_names_a_clause_that_is_there() -> None:
    known = {name for clause in CLAUSES for name in clause.test_files()}
    assert {file.name for file in TESTS.glob("test_*.py")} == known


def test_every_rpc_of_the_contract_serves_a_clause_and_no_other_is_named() -> None:
    named = [rpc for clause in CLAUSES for rpc in clause.rpcs]
    assert len(named) == len(set(named))
    assert set(named) == set(_rpcs_of_contract())


def _rpcs_of_contract() -> Iterator[str]:
    """Every RPC in proto/, as Service.Method."""
    for file in (ROOT / "proto").rglob("*.proto"):
        service = ""
        for line in file.read_text(encoding="utf-8").splitlines():
            if found := re.match(r"service (\w+) \{", line):
                service = found[1]
            elif found := re.match(r"\s+rpc (\w+)\(", line):
                yield f"{service}.{found[1]}"
