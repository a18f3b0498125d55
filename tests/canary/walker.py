"""Who walks the paths of a canary: the planted parties, and what came back on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx

from chengxin import Document, DocumentKind, Identifier, Party, Record, Severity
from chengxin.client.errors import ChengxinError
from standalone import sample_file
from standalone.sample import MARK, SampleParty
from standalone.story.stage import LICENCE, PENALTY, Stage
from tests.canary.planted import Planted
from tests.support.up import chengxin

PRIVATE_PATHS = ("/me/", "/session")


class Walker:
    """Who walks, with planted parties. `folder` is the departments' own disk."""

    def __init__(self, stage: Stage, planted: Planted, folder: Path) -> None:
        self._stage = stage
        self._planted = planted
        self._folder = folder
        self.refusals = 0
        self.urls: list[str] = []
        self.cacheable: list[str] = []
        """Private answers of the gateway that a browser may keep."""

    def party(self, which: str, kind: str = "enterprise") -> SampleParty:
        """A planted party."""
        number = "uscc" if kind == "enterprise" else "resident_id"
        return SampleParty(
            self._planted[f"name of the {which} {kind}"], number, self._planted[f"id of the {which} {kind}"]
        )

    def _context(self) -> dict[str, str]:
        return {
            "purpose": LICENCE,
            "matter": self._planted["matter of a question"],
            "officer": self._planted["officer of a question"],
        }

    def _row(self, which: str, kind: str) -> dict[str, str]:
        market, today = self._stage.market.authority, self._stage.today()
        (good,) = sample_file.hand_in(self._stage.world, market, today=today, rows=1)
        party = self.party(which, kind)
        person = kind == "person"
        return good.cells | {
            sample_file.NAME: party.name,
            sample_file.TYPE: "自然人" if person else "法人及非法人组织",
            sample_file.USCC: "" if person else party.identifier,
            sample_file.ID_TYPE: "身份证" if person else "",
            sample_file.ID_NUMBER: party.identifier if person else "",
            sample_file.DOCUMENT: self._planted["document number"] + which + kind,
            sample_file.FACTS: self._planted["facts of a record"],
            sample_file.NUMBER: self._planted["record number"] + which + kind,
        }

    def _record(self, which: str, number: str) -> Record:
        day = self._stage.today() - timedelta(days=120)
        party = self.party(which)
        return Record(
            record_number=number,
            item_code=PENALTY,
            party=Party(identifier=Identifier.uscc(party.identifier), name=party.name),
            document=Document(
                kind=DocumentKind.PENALTY_DECISION,
                number=f"{self._planted['document number']}{number}",
                authority=self._stage.market.authority.code,
                determined_on=day,
                effective_on=day,
            ),
            severity=Severity.ORDINARY,
            fields={
                "violation_type": f"{MARK}违法行为",
                "facts": self._planted["facts of a record"],
                "legal_basis": "样例法规第一条",
                "penalty_category": "罚款",
                "penalty_content": self._planted["content of a penalty"],
                "fine_yuan": "10000.00",
            },
            sample=True,
        )

    def _refused(self, attempt: Callable[[], Any]) -> None:
        try:
            attempt()
        except (ChengxinError, grpc.RpcError, httpx.HTTPError, ValueError, TypeError):
            self.refusals += 1

    def _command(self, *arguments: str) -> str:
        ended = chengxin(*arguments, cwd=self._folder)
        assert ended.returncode in (0, 1), ended.stderr
        return ended.stdout

    def _answered(self, response: httpx.Response) -> None:
        self.urls.append(str(response.request.url))
        private = any(part in response.request.url.path for part in PRIVATE_PATHS)
        if private and "no-store" not in response.headers.get("cache-control", ""):
            self.cacheable.append(response.request.url.path)
