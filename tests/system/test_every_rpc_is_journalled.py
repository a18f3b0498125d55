"""Whoever is shown something about a party leaves an entry: a walk through every method of the whole contract."""

from __future__ import annotations

import pytest

from chengxin.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from gateway.pages import LANGUAGES, texts
from tests.support.running_house import RunningHouse
from tests.system.walk_of_the_catalog import archive, grants, keys, records_and_answers
from tests.system.walk_of_the_others import audit, log, repair, the_list
from tests.system.walking import METHODS, Walk

EXEMPT = {
    "CatalogService.GetCatalogItem",
    "CatalogService.ListCatalogItems",
    "CatalogService.ListMeasures",
    "SchemeService.GetScheme",
    "SchemeService.ListSchemes",
    "SharingService.ListPublicRecords",
    "AuditService.GetCheckpoint",
    "AuditService.GetInclusionProof",
    "AuditService.GetConsistencyProof",
    "AuditService.GetReceipt",
    "StatisticsService.GetStatistics",
}
"""What shows nothing about a party, the anonymous public list, checkpoints and proofs. Source: privacy-and-audit."""


def test_a_method_that_leaves_no_entry_is_found(running_house: RunningHouse) -> None:
    walk = Walk(running_house)
    stub = running_house.market.stub("catalog", catalog_pb2_grpc.CatalogServiceStub)
    with walk.calling("CatalogService.ListMeasures"):
        running_house.market.ask(stub.ListMeasures, catalog_pb2.ListMeasuresRequest())
    assert walk.silent == {"CatalogService.ListMeasures"}


def test_every_method_that_shows_something_about_a_party_leaves_an_entry(running_house: RunningHouse) -> None:
    walk = Walk(running_house)
    grants(walk, running_house)
    records_and_answers(walk, running_house)
    archive(walk, running_house)
    the_list(walk, running_house)
    repair(walk, running_house)
    keys(walk, running_house)
    audit(walk, running_house)
    log(walk, running_house)
    assert walk.called == set(METHODS) - EXEMPT
    assert walk.silent == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_is_called_something_in_each_language(language: str) -> None:
    """What parties and auditors read in place of the method's name."""
    assert [kind for kind in METHODS if kind not in EXEMPT and texts(language).pgettext("Kind", kind) == kind] == []
