"""The whole way of a listing, over the contract: from the opening of a case to the catalog and back."""

from __future__ import annotations

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.proofs import note
from tests.services.blacklist.house import DECIDER, FINDER, HEARER, MEASURES, ListHouse


async def test_a_case_goes_through_every_step_to_the_catalog(house: ListHouse) -> None:
    party = house.company()
    case = await house.finder.open(party)
    assert case.state == pb.CASE_STATE_INVESTIGATING
    assert case.party == party
    stored = await house.finder.upload(case)
    assert len(stored.sha256) == 32
    case = await house.finder.match(case, "M1", "M5")
    case = await house.finder.find(case)
    case = await house.hearer.hold_panel(case)
    told = await house.hearer.notify(case)
    assert note.verify(told.notice, [house.vkey]).signers == (house.signer,)
    case = await house.hearer.state(told.case)
    assert case.state == pb.CASE_STATE_STATEMENT_PENDING
    case = await house.hearer.answer(case)
    house.pass_window(case)
    case = await house.decider.decide(case)
    case = await house.hearer.serve(case)
    assert case.listing_id
    case = await house.reached(case, pb.CASE_STATE_LISTED)

    assert [step.officer for step in case.steps] == [FINDER] * 3 + [HEARER] * 4 + [DECIDER, HEARER, ""]
    assert all(len(step.artefact_digest) == 32 and step.at.seconds for step in case.steps)
    assert len({step.artefact_digest for step in case.steps}) == len(case.steps)
    listing = await house.hearer.listing(case.listing_id)
    assert listing.record_id
    assert tuple(listing.measure_codes) == MEASURES
    assert listing.determined_on == house.today().isoformat()
    assert not listing.HasField("closed_at")
    document = await house.decider.document(case)
    assert party.name in note.verify(document, [house.vkey]).text
