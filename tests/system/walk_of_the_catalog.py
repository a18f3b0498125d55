"""The walk through the methods of the catalog office, and of every office's keys."""

from __future__ import annotations

import psycopg

from chengxin import Identifier
from chengxin.catalog.v1 import (
    access_pb2,
    access_pb2_grpc,
    archive_pb2,
    archive_pb2_grpc,
    record_pb2,
    record_pb2_grpc,
    sharing_pb2,
    sharing_pb2_grpc,
)
from chengxin.common.v1 import common_pb2, keys_pb2, keys_pb2_grpc
from standalone.sample import MARK
from standalone.story.sharing import finding, found
from standalone.story.stage import COPY, LICENCE, PENALTY, TENDER, came_true
from tests.support.running_house import RunningHouse
from tests.system.walking import DECIDER, OFFICES, Walk, act


def grants(walk: Walk, house: RunningHouse) -> None:
    """Apply for a grant, have it approved, list and revoke one."""
    tax, steward = (who.stub("catalog", access_pb2_grpc.AccessServiceStub) for who in (house.tax, house.steward))
    with walk.calling("AccessService.RequestGrant"):
        asked = access_pb2.RequestGrantRequest(purpose=TENDER, item_codes=[PENALTY], days=1, justification=MARK)
        grant_id = act(house.tax, tax.RequestGrant, asked, role="case_officer").grant.grant_id
    with walk.calling("AccessService.ApproveGrant"):
        approval = access_pb2.ApproveGrantRequest(grant_id=grant_id)
        act(house.steward, steward.ApproveGrant, approval, role="steward", officer=DECIDER)
    with walk.calling("AccessService.RevokeGrant"):
        revocation = access_pb2.RevokeGrantRequest(grant_id=grant_id, reason=MARK)
        act(house.steward, steward.RevokeGrant, revocation, role="steward", officer=DECIDER)
    with walk.calling("AccessService.ListGrants"):
        house.tax.ask(tax.ListGrants, access_pb2.ListGrantsRequest())


def records_and_answers(walk: Walk, house: RunningHouse) -> None:
    """Hand records in, ask about parties, follow what changes."""
    market, party = house.market, house.repaired[0]
    asked = {"purpose": LICENCE, "matter": MARK, "officer": MARK}
    with walk.calling("RecordService.SubmitRecords"):
        record_id = finding(house, party, days_ago=120, number="9701")
    with walk.calling("SharingService.CheckSubject"):
        assert found(house, house.procurement, party, TENDER)
    with walk.calling("SharingService.CheckSubjects"):
        assert [one.found for one in market.client.check_many([Identifier.uscc(party.identifier)], **asked)] == [True]
    with walk.calling("SharingService.GetCreditReport"):
        assert market.client.report(uscc=party.identifier, **asked).records
    records = market.stub("catalog", record_pb2_grpc.RecordServiceStub)
    with walk.calling("RecordService.GetRecord"):
        market.ask(records.GetRecord, record_pb2.GetRecordRequest(record_id=record_id, matter=MARK))
    with walk.calling("RecordService.WithdrawRecord"):
        ended = record_pb2.WithdrawRecordRequest(
            record_id=record_id, reason=record_pb2.END_REASON_OBJECTION_UPHELD, matter=MARK
        )
        market.ask(records.WithdrawRecord, ended)
    copying = house.procurement.stub("catalog", sharing_pb2_grpc.SharingServiceStub)
    with walk.calling("SharingService.WatchChanges"):
        context = sharing_pb2.QueryContext(purpose=COPY, matter=MARK, officer=MARK)
        watching = sharing_pb2.WatchChangesRequest(context=context, until_caught_up=True)
        assert any(page.changes for page in house.procurement.ask(copying.WatchChanges, watching))
    with walk.calling("SharingService.AcknowledgeWithdrawal"):
        house.procurement.client.acknowledge(record_id)
    sharing = market.stub("catalog", sharing_pb2_grpc.SharingServiceStub)
    with walk.calling("SharingService.GetWithdrawalCertificate"):
        proof = sharing_pb2.GetWithdrawalCertificateRequest(record_id=record_id)
        assert market.ask(sharing.GetWithdrawalCertificate, proof).text
    finding(house, party, days_ago=120, number="9702")
    with walk.calling("RecordService.RevokeDocument"):
        number = f"{MARK}罚〔{house.today().year}〕9702号"
        revoked = market.ask(
            records.RevokeDocument, record_pb2.RevokeDocumentRequest(document_number=number, reason=MARK)
        )
        assert len(revoked.record_ids) == 1


def keys(walk: Walk, house: RunningHouse) -> None:
    """See and rotate each office's keys."""
    for office in OFFICES:
        _keys_at(walk, house, office)


def _keys_at(walk: Walk, house: RunningHouse, office: str) -> None:
    keys = house.steward.stub(office, keys_pb2_grpc.KeyServiceStub)
    with walk.calling("KeyService.ListKeys", at=office):
        key = next(
            one.name
            for one in house.steward.ask(keys.ListKeys, keys_pb2.ListKeysRequest()).keys
            if one.name.startswith("journal/")
        )
    asked = keys_pb2.StartRotationRequest(key=key, method=keys_pb2.ROTATION_METHOD_PROVIDER)
    with walk.calling("KeyService.StartRotation", at=office):
        begun = act(house.steward, keys.StartRotation, asked, role="key_custodian").rotation

    def verified() -> bool:
        # Only the provider's key changes here: nobody has to learn of it, so that the minute can be left out.
        with psycopg.connect(house.house.engines.admin_dsn) as owner:
            owner.execute(
                f"UPDATE {office}.key_rotation SET known_at = pass_began, rest_until = clock_timestamp()"
                " WHERE state = 'working'"
            )
        newest = house.steward.ask(keys.ListKeys, keys_pb2.ListKeysRequest()).rotations[0]
        return newest.state == keys_pb2.ROTATION_STATE_VERIFIED

    assert came_true(verified)
    with walk.calling("KeyService.ApproveRetirement", at=office):
        approval = keys_pb2.ApproveRetirementRequest(rotation_id=begun.rotation_id)
        act(house.steward, keys.ApproveRetirement, approval, role="key_custodian", officer=DECIDER)


def archive(walk: Walk, house: RunningHouse) -> None:
    """Have what is archived opened."""
    auditing, keeping = (
        who.stub("catalog", archive_pb2_grpc.ArchiveServiceStub) for who in (house.auditor, house.steward)
    )
    party = common_pb2.Identifier(kind=common_pb2.IDENTIFIER_KIND_USCC, value=house.repaired[0].identifier)
    with walk.calling("ArchiveService.RequestOpening"):
        asked = archive_pb2.RequestOpeningRequest(subject=party, basis="audit", basis_number=MARK, reason=MARK)
        opening = act(house.auditor, auditing.RequestOpening, asked, role="auditor").opening
    with walk.calling("ArchiveService.ApproveOpening"):
        approval = archive_pb2.ApproveOpeningRequest(opening_id=opening.opening_id, subject=party)
        act(house.steward, keeping.ApproveOpening, approval, role="steward", officer=DECIDER)
    with walk.calling("ArchiveService.OpenArchive"):
        wanted = archive_pb2.OpenArchiveRequest(opening_id=opening.opening_id)
        assert act(house.auditor, auditing.OpenArchive, wanted, role="auditor").records
    with walk.calling("ArchiveService.ListOpenings"):
        house.auditor.ask(auditing.ListOpenings, archive_pb2.ListOpeningsRequest())
