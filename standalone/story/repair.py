"""Scenes of repair: the party sees, applies and is repaired through the gateway; sharing ends everywhere."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from functools import partial

from chengxin import ChangeKind, Client
from chengxin.proofs import note
from standalone.sample import MARK, SampleParty
from standalone.story.browsing import Page
from standalone.story.cast import Department, Visitor
from standalone.story.sharing import MATTER, OFFICER, finding, found
from standalone.story.stage import COPY, LICENCE, TENDER, Stage, came_true

REPAIR_OFFICER = f"{MARK}-repair-1"


class Asker:
    """Asks about one party without pause, and keeps the instant of every answer that found something."""

    def __init__(self, client: Client, party: SampleParty, purpose: str) -> None:
        self.queries = 0
        self.found_as_of: list[datetime] = []
        self.gone_at = 0.0
        self._client, self._party, self._purpose = client, party, purpose
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            answer = self._client.check(
                uscc=self._party.identifier, purpose=self._purpose, matter=MATTER, officer=OFFICER
            )
            self.queries += 1
            assert answer.receipt is not None
            if answer.found:
                self.found_as_of.append(answer.receipt.as_of)
            elif not self.gone_at:
                self.gone_at = time.perf_counter()


class Subscriber:
    """Follows the change feed, acknowledges each withdrawal, and keeps when it heard of it."""

    def __init__(self, who: Department, purpose: str) -> None:
        self.heard: dict[str, float] = {}
        self._client = Client.open(who.folder)
        self._purpose = purpose
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for change in self._client.watch(purpose=self._purpose, matter=MATTER, officer=OFFICER):
            if change.kind is ChangeKind.WITHDRAWN:
                self.heard[change.record_id] = time.perf_counter()
                self._client.acknowledge(change.record_id)


def repairs(stage: Stage) -> None:
    """Parties look, apply and are repaired; the records are gone everywhere; certificates are verified."""
    say = stage.narrator.say
    stage.narrator.scene("信用修复", "Repair: the party, through the gateway, looks and applies; sharing ends")
    subscribers = [Subscriber(stage.procurement, COPY), Subscriber(stage.market, LICENCE)]
    for number, party in enumerate(stage.repaired):
        record_id = finding(stage, party, days_ago=120, number=f"95{number:02d}")
        for who, purpose in ((stage.procurement, TENDER), (stage.market, LICENCE)):
            found(stage, who, party, purpose)
        visitor = Visitor(stage.gateway, party)
        visitor.sign_in()
        if number == 0:
            _looks(stage, visitor)
        _repair(stage, visitor, party, record_id, subscribers, aloud=number == 0)
        visitor.close()
    times = sorted(stage.report.withdrawals_ms)
    say(
        f"{stage.report.repairs} repairs: decision to gone from answers and tombstone at both subscribers:"
        f" median {times[len(times) // 2]:.0f} ms, longest {times[-1]:.0f} ms; late answers {stage.report.late_answers}"
    )


def _looks(stage: Stage, visitor: Visitor) -> None:
    held = visitor.pages.follow(visitor.home, "/me/records")
    looks = visitor.pages.follow(visitor.home, "/me/looks")
    rows = [[cell.text.strip() for cell in looks.all("td", within=row)] for row in looks.all("tr")[1:]]
    cards = held.all("div", style="govuk-summary-card")
    stage.narrator.say(f"the party signs in and sees {len(cards)} record(s) held, and {len(rows)} looks at it:")
    for who, what, purpose, *_ in rows[-3:]:  # the oldest, before its own looks
        stage.narrator.say(f"  {who}  {what}  {purpose}")


def _applied(visitor: Visitor, record_id: str) -> Page:
    """Apply from the record, with evidence; gives the application's page. Raises PageError."""
    pages = visitor.pages
    form = pages.follow(pages.follow(visitor.home, "/me/records"), f"/me/repair?record={record_id}")
    typed = {"record": record_id, "correction": f"{MARK}：罚款已缴清，已整改。", "commitment": "yes"}
    submitted = pages.send(pages.send(form, "/me/repair", typed), "/me/repair/submit", {})
    application = pages.follow(submitted, "/me/applications/")
    file = ("样例凭证.txt", f"{MARK}：缴款凭证".encode(), "text/plain")
    said = {"description": f"{MARK}：缴款凭证"}
    return pages.send(application, f"{application.url.path}/evidence", said, file=file)


def _genuine(visitor: Visitor, certificate: str) -> bool:
    """What anybody is told about it who pastes it on the public page."""
    asked = visitor.pages.follow(visitor.home, "/public/verify")
    judged = visitor.pages.send(asked, "/public/verify", {"text": certificate})
    return bool(judged.all("div", style="govuk-notification-banner--success"))


def _repair(
    stage: Stage, visitor: Visitor, party: SampleParty, record_id: str, subscribers: list[Subscriber], *, aloud: bool
) -> None:
    pages, application = visitor.pages, _applied(visitor, record_id)
    application_id = application.url.path.rpartition("/")[2]
    act = partial(
        stage.market.act, "repair", officer=REPAIR_OFFICER, role="repair_officer", application_id=application_id
    )
    act("AcceptApplication")
    with Asker(stage.procurement.client, party, TENDER) as asker:
        came_true(lambda: asker.queries >= 5)
        act("DecideApplication", grant=True, reasons=f"{MARK}：符合条件。", verification=f"{MARK}：已核验。")
        decided = time.perf_counter()
        came_true(lambda: asker.gone_at > 0 and all(record_id in one.heard for one in subscribers))
        asked = asker.queries
        came_true(lambda: asker.queries >= asked + 20)
    stage.report.queries += asker.queries
    assert asker.gone_at, "the repaired record did not leave the answers"
    gone = max(asker.gone_at, *[one.heard[record_id] for one in subscribers])
    stage.report.withdrawals_ms.append(max(0.0, gone - decided) * 1000)
    # To the microsecond, which no page shows.
    records = {held["record"]["record_id"]: held["record"] for held in visitor.get("/me/records")["records"]}
    ended_at = datetime.fromisoformat(records[record_id]["ended_at"])
    stage.report.late_answers += sum(as_of >= ended_at for as_of in asker.found_as_of)
    proof = f"/me/records/{record_id}/certificate"
    carried_out = came_true(lambda: bool(pages.open(application.url).links(proof)), every=0.2)
    stage.report.repairs += carried_out
    certificate = pages.follow(pages.open(application.url), proof).all("pre")[0].text
    note.verify(certificate, [stage.house.data.doors()["catalog_vkey"]])
    stage.report.certificates += _genuine(visitor, certificate)
    if aloud:
        stage.narrator.say(f"applied ({application_id}), accepted, decided, carried out")
        stage.narrator.say("the withdrawal certificate, genuine to the public page too, its signature verified:")
        stage.narrator.quote(certificate)


def expiry(stage: Stage) -> None:
    """A record whose period ends during the story vanishes without a job."""
    stage.narrator.scene("到期", "Expiry: a period that is over is in no answer, although no job has run")
    finding(stage, stage.expiring, days_ago=120, number="9600", until_in_days=3)
    before = found(stage, stage.procurement, stage.expiring, TENDER)
    stage.let_pass(days=3)
    after = found(stage, stage.procurement, stage.expiring, TENDER)
    assert before, "the record was never found"
    stage.report.expired_answers += after
    stage.narrator.say(f"found before: {before}; three days later, at once: {after}")
