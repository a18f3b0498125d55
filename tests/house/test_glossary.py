"""The glossary ties every term of the contract to its Chinese one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import EnumDescriptor

from chengxin.audit.v1 import audit_pb2
from chengxin.blacklist.v1 import blacklist_pb2
from chengxin.catalog.v1 import access_pb2, catalog_pb2, record_pb2, sharing_pb2
from chengxin.common.v1 import common_pb2
from chengxin.repair.v1 import repair_pb2
from standalone.enrol import ROLES
from tests.house.own_code import ROOT, text

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
CODES = set(re.findall(r"`([^`]+)`", GLOSSARY))
MODULES = (common_pb2, access_pb2, catalog_pb2, record_pb2, sharing_pb2, blacklist_pb2, repair_pb2, audit_pb2)
CHINESE = re.compile(r"[（(]([\u4e00-\u9fff、]{2,20})[)）]")


def _enums() -> Iterator[EnumDescriptor]:
    for module in MODULES:
        yield from module.DESCRIPTOR.enum_types_by_name.values()


@pytest.mark.parametrize("enum", list(_enums()), ids=lambda enum: enum.name)
def test_every_value_of_an_enum_is_explained(enum: EnumDescriptor) -> None:
    prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", enum.name).upper() + "_"
    values = {value.name.removeprefix(prefix).lower() for value in enum.values if value.number}
    assert values - CODES == set()


def test_every_chinese_term_of_the_contract_is_explained() -> None:
    terms = {term for file in (ROOT / "proto").rglob("*.proto") for term in CHINESE.findall(text(file))}
    assert terms
    assert {term for term in terms if term not in GLOSSARY} == set()


def test_every_role_is_explained() -> None:
    assert set(ROLES) - CODES == set()


def test_what_the_glossary_calls_a_name_in_the_code_is_one() -> None:
    named = re.findall(r"^\| [^|]+ \| [^|]+ \| ([^|]*) \|", GLOSSARY, re.MULTILINE)
    codes = {code for cell in named for code in re.findall(r"`([^`]+)`", cell)}
    folders = ("proto", "foundation", "services", "chengxin", "gateway", "standalone")
    kinds = {".py", ".proto", ".sql"}
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.suffix in kinds]
    everything = "\n".join(text(file) for file in files).lower()
    missing = {code for code in codes if code.partition("<")[0].lower() not in everything}
    assert {code for code in missing if not (ROOT / code).exists() and " " not in code} == set()


def test_a_term_stands_in_the_glossary_once() -> None:
    terms = [term for term in re.findall(r"^\| ([^|]+?) \|", GLOSSARY, re.MULTILINE) if term != "English"]
    assert sorted(terms) == sorted(set(terms))
