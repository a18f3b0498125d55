"""A request says by its kind where it goes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from google.protobuf.message_factory import GetMessageClass

from chengxin.client.requests import how_to_ask
from tests.house.own_code import ROOT

FILES = sorted((ROOT / "proto").rglob("*.proto"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_request_goes_to_its_own_method_and_to_no_other(file: Any) -> None:
    package = ".".join(file.parent.relative_to(ROOT / "proto").parts)
    services: Any = import_module(f"{package}.{file.stem}_pb2").DESCRIPTOR.services_by_name.values()
    for service in services:
        for method in service.methods:
            path = f"/{package}.{service.name}/{method.name}"
            asked, answer = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
            assert how_to_ask(asked) == (package.split(".")[1], path, answer)
