"""Paths into the house: grants, records by file and by call, questions about them."""

from __future__ import annotations

import csv

from chengxin import Identifier
from chengxin.catalog.v1 import record_pb2, record_pb2_grpc, sharing_pb2, sharing_pb2_grpc
from standalone import sample_file
from standalone.story.stage import LICENCE, PENALTY
from tests.canary.walker import Walker


class HandingIn(Walker):
    """What departments hand in and ask."""

    def grants(self) -> None:
        """Apply for and approve, with a justification that says too much."""
        asked = self._stage.market.act(
            "catalog",
            "RequestGrant",
            officer=self._planted["officer of a case"],
            role="case_officer",
            purpose=LICENCE,
            item_codes=[PENALTY],
            field_names=["penalty_content", "facts"],
            days=90,
            justification=self._planted["justification of a grant"],
        )
        self._stage.steward.act(
            "catalog",
            "ApproveGrant",
            officer=self._planted["decider of a case"],
            role="steward",
            grant_id=asked.grant.grant_id,
        )

    def hand_in_by_file(self) -> None:
        """A file by the command, good and bad rows; file, rejects and output are the department's own."""
        rows = [
            self._row("listed", "enterprise"),
            self._row("recorded", "person"),
            self._row("refused", "enterprise") | {sample_file.DECIDED: "2099-01-01"},
            self._row("refused", "person") | {sample_file.PROHIBITED: self._planted["text in a wrong place"]},
            self._row("refused", "person") | {sample_file.ID_NUMBER: self._planted["id of the refused person"][::-1]},
        ]
        file = self._folder / "hand-in.csv"
        with file.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.DictWriter(stream, sample_file.COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(rows)
        market = str(self._stage.market.folder)
        said = self._command("submit", str(file), "--sample", "--identity", market, "--json")
        assert '"accepted": 2' in said, said
        numbers = self._folder / "numbers.txt"
        numbers.write_text(self._planted["id of the recorded person"] + "\n")
        context = ("--matter", self._planted["matter of a question"])
        context += ("--officer", self._planted["officer of a question"])
        self._command(
            "check",
            "--file",
            str(numbers),
            "--kind",
            "resident-id",
            "--purpose",
            LICENCE,
            *context,
            "--identity",
            market,
        )

    def hand_in_by_call(self) -> None:
        """Records of the contract, among them what must be refused."""
        market, planted = self._stage.market.client, self._planted
        number = planted["record number"]
        (first,) = market.submit([self._record("repaired", number)])
        assert first.record_id, first
        self.repaired_id = first.record_id
        market.submit([self._record("asked", number)])  # the number with other content
        bad = self._record("refused", number + "2")
        stub = self._stage.market.stub("catalog", record_pb2_grpc.RecordServiceStub)
        for change in (
            {"item_code": planted["id misplaced as item code"]},
            {"party": {"name": bad.party.name + "\0", "identifier": {"kind": 1, "value": bad.party.identifier.value}}},
            {"party": {"name": bad.party.name, "identifier": {"kind": 99, "value": bad.party.identifier.value}}},
            {"party": {"name": bad.party.name, "identifier": {"kind": 4, "value": planted["id: a passport"] + "Х"}}},
            {"fields": [{"name": planted["id misplaced as field name"], "value": planted["facts of a record"]}]},
            {"party": {"name": bad.party.name * 400, "identifier": {"kind": 1, "value": bad.party.identifier.value}}},
        ):
            draft = record_pb2.RecordDraft(**{"record_number": "x", "item_code": PENALTY, **change})  # type: ignore[arg-type]
            self._refused(
                lambda draft=draft: list(
                    stub.SubmitRecords(iter([record_pb2.SubmitRecordsRequest(records=[draft])]), timeout=10)
                )
            )

    def questions(self) -> None:
        """One by one, in bulk, reports, the public list by name."""
        market, context = self._stage.market.client, self._context()
        for which in ("listed", "asked"):
            market.check(uscc=self._planted[f"id of the {which} enterprise"], **context)
        everybody = [
            Identifier.resident_id(self._planted[f"id of the {which} person"])
            for which in ("recorded", "asked", "refused")
        ]
        list(market.check_many(everybody, **context))
        market.report(uscc=self._planted["id of the repaired enterprise"], **context)
        self._refused(lambda: self._stage.tax.client.check(uscc=self._planted["id of the asked enterprise"], **context))
        self._refused(
            lambda: market.check(Identifier.resident_id(self._planted["id of the asked person"][:-1]), **context)
        )
        public = self._stage.market.stub("catalog", sharing_pb2_grpc.SharingServiceStub)
        for which in ("repaired", "asked"):
            asked = sharing_pb2.ListPublicRecordsRequest(name=self._planted[f"name of the {which} enterprise"])
            found = self._stage.market.ask(public.ListPublicRecords, asked).records
            assert bool(found) == (which == "repaired")
