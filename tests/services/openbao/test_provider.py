"""Keys in a real OpenBao: bound to their place, for their office alone, gone when destroyed, and troubles told."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from foundation.crypto import KeyGone, KeyStoreUnusable, OpenFailed
from foundation.crypto.openbao import OpenBao, OpenBaoKeyProvider, open_key_provider
from foundation.crypto.provider import KeyProviderAway
from foundation.settings import OfficeSettings
from standalone.openbao.server import TOKEN_PERIOD
from standalone.trouble import Trouble
from tests.services.openbao.server import DEPLOYMENT, REMEDIES, TROUBLES, Server

KEY = bytes(range(32))


def test_a_servers_secrets_are_its_owners_alone(openbao: Server) -> None:
    folder = openbao.bao.token("catalog").parent
    secrets = [folder / name for name in ("unseal.key", "root.token", "catalog.token", "audit.token")]
    assert [stat.S_IMODE(file.stat().st_mode) for file in secrets] == [0o400] * 4
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_wrapped_key_comes_back_and_making_it_again_keeps_it(openbao: Server) -> None:
    provider = openbao.provider(openbao.new_office())
    provider.create("share/2027-03")
    wrapped = provider.wrap("share/2027-03", KEY)
    provider.create("share/2027-03")
    assert KEY not in wrapped
    assert provider.unwrap("share/2027-03", wrapped) == KEY
    provider.create("index/subject/1")
    assert provider.list() == ["index/subject/1", "share/2027-03"]


def test_a_wrap_opens_in_its_deployment_office_and_under_its_name_only(openbao: Server) -> None:
    office = openbao.new_office()
    provider, elsewhere = openbao.provider(office), openbao.provider(office, deployment="another")
    provider.create("share/2027-03")
    wrapped = provider.wrap("share/2027-03", KEY)
    api = openbao.bao.api(office)
    namesake = OpenBaoKeyProvider(api, mount=f"chengxin/{office}", deployment=DEPLOYMENT, office="other")
    for other in (elsewhere, namesake):
        with pytest.raises(OpenFailed):
            other.unwrap("share/2027-03", wrapped)
    provider.create("share/2027-04")
    with pytest.raises(OpenFailed):
        provider.unwrap("share/2027-04", wrapped)


def test_the_engine_itself_binds_a_wrap_to_its_associated_data(openbao: Server) -> None:
    provider = openbao.provider(openbao.new_office())
    provider.create("share/2027-03")
    bare = {"ciphertext": provider.wrap("share/2027-03", KEY).decode()}
    for given in (bare, bare | {"associated_data": "AAAA"}):
        status, answer = provider._ask("POST", "decrypt/share.2027-03", given)
        assert (status, answer) == (400, {"errors": ["cipher: message authentication failed"]})


@pytest.mark.parametrize("altered", [b"", b"x", b"vault:v1:AAAA", b"vault:v9:AAAA", b"\xff\xfe"])
def test_what_is_no_wrap_does_not_open(openbao: Server, altered: bytes) -> None:
    provider = openbao.provider(openbao.new_office())
    provider.create("bucket")
    with pytest.raises(OpenFailed):
        provider.unwrap("bucket", altered)


def test_a_key_that_is_missing_is_told_and_not_made_by_using_it(openbao: Server) -> None:
    provider = openbao.provider(openbao.new_office())
    provider.create("share/2027-03")
    wrapped = provider.wrap("share/2027-03", KEY)
    with pytest.raises(KeyGone, match="share/2027-04"):
        provider.wrap("share/2027-04", KEY)
    with pytest.raises(KeyGone, match="share/2027-04"):
        provider.unwrap("share/2027-04", wrapped)
    assert provider.list() == ["share/2027-03"]


def test_a_destroyed_key_is_gone_for_good_also_when_its_name_is_used_again(openbao: Server) -> None:
    provider = openbao.provider(openbao.new_office())
    provider.create("share/2027-03")
    wrapped = provider.wrap("share/2027-03", KEY)
    provider.destroy("share/2027-03")
    provider.destroy("share/2027-03")
    assert provider.list() == []
    with pytest.raises(KeyGone):
        provider.unwrap("share/2027-03", wrapped)
    provider.create("share/2027-03")
    with pytest.raises(OpenFailed):
        provider.unwrap("share/2027-03", wrapped)


def test_an_offices_token_is_good_for_its_own_keys_only(openbao: Server) -> None:
    one, other = openbao.new_office(), openbao.new_office()
    openbao.provider(one).create("bucket")
    wrapped = openbao.provider(one).wrap("bucket", KEY)
    intruder = openbao.provider(one, token_of=other)
    for attempt in (
        lambda: intruder.unwrap("bucket", wrapped),
        lambda: intruder.create("share/2027-03"),
        lambda: intruder.destroy("bucket"),
        intruder.list,
    ):
        with pytest.raises(KeyStoreUnusable, match="no right"):
            attempt()
    assert openbao.provider(one).unwrap("bucket", wrapped) == KEY


def test_an_office_can_neither_export_a_key_nor_destroy_that_of_its_buckets(openbao: Server) -> None:
    provider = openbao.provider(openbao.new_office())
    provider.create("bucket")
    for path, body in (
        ("keys/bucket", {"type": "aes256-gcm96", "exportable": True}),
        ("keys/bucket/config", {"exportable": True}),
        ("keys/share.2027-03", {"type": "rsa-4096"}),
        ("keys/bucket/rotate", {}),
        ("export/encryption-key/bucket", None),
        ("backup/bucket", None),
    ):
        with pytest.raises(KeyStoreUnusable, match="no right"):
            provider._ask("GET" if body is None else "POST", path, body)
    with pytest.raises(KeyStoreUnusable, match="no right"):
        provider.destroy("bucket")
    assert provider.list() == ["bucket"]


def test_the_auditor_opens_journal_keys_of_others_and_does_nothing_else(openbao: Server) -> None:
    openbao.bao.furnish(("catalog", "audit"))
    office, auditor = openbao.provider("catalog"), openbao.provider("catalog", token_of="audit")
    opened = ("journal/2027", "index/journal/1", "index/journal-officer/1", "bucket")
    wraps: dict[str, bytes] = {}
    for name in (*opened, "share/2029-03", "index/subject/1"):
        office.create(name)
        wraps[name] = office.wrap(name, KEY)
    assert [auditor.unwrap(name, wraps[name]) for name in opened] == [KEY] * len(opened)
    for attempt in (
        lambda: auditor.unwrap("share/2029-03", wraps["share/2029-03"]),
        lambda: auditor.unwrap("index/subject/1", wraps["index/subject/1"]),
        lambda: auditor.wrap("journal/2027", KEY),
        lambda: auditor.create("journal/2028"),
        lambda: auditor.destroy("journal/2027"),
        auditor.list,
    ):
        with pytest.raises(KeyStoreUnusable, match="no right"):
            attempt()


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_each_trouble_is_told_with_what_to_do_and_loses_nothing(openbao: Server, trouble: str) -> None:
    office = openbao.new_office()
    provider = openbao.provider(office)
    provider.create("bucket")
    wrapped = provider.wrap("bucket", KEY)
    await openbao.suffer(trouble, office)
    try:
        kind = KeyProviderAway if trouble in {"sealed", "stopped"} else KeyStoreUnusable
        with pytest.raises(kind, match=REMEDIES[trouble]):
            provider.unwrap("bucket", wrapped)
        with pytest.raises(kind, match=REMEDIES[trouble]):
            openbao.provider(office).check()
        if trouble != "without rights":  # the token is valid, and that is all the doctor asks
            with pytest.raises(Trouble) as told:
                openbao.bao.state([office])
            assert told.value.remedy
    finally:
        openbao.recover(trouble, office)
    assert provider.unwrap("bucket", wrapped) == KEY
    assert "unsealed" in openbao.bao.state([office])


def test_an_engine_that_is_missing_is_told(openbao: Server) -> None:
    provider = openbao.provider("nobody", token_of="root")
    with pytest.raises(KeyStoreUnusable, match="bao secrets enable -path=chengxin/nobody transit"):
        provider.create("bucket")


def test_a_server_that_the_ca_has_not_signed_is_not_asked(openbao: Server, tmp_path: Path) -> None:
    token = openbao.bao.token("catalog")
    with pytest.raises(KeyProviderAway, match="certificate"):
        OpenBao(openbao.bao.address, ca=None, token=token).token_left()
    with pytest.raises(KeyStoreUnusable, match="CHENGXIN_OPENBAO_CA"):
        OpenBao(openbao.bao.address, ca=tmp_path / "none.pem", token=token)
    with pytest.raises(KeyStoreUnusable, match="put a valid token there"):
        openbao.bao.api("nobody").token_left()


def test_a_token_is_renewed_when_half_its_time_is_over(openbao: Server) -> None:
    office, now = openbao.new_office(), [0.0]
    provider = openbao.provider(office)
    provider._clock, provider._look_at = lambda: now[0], 0.0
    renewals = lambda: openbao.bao.audit.read_text().count('"path":"auth/token/renew-self"')  # noqa: E731
    before = renewals()
    provider.create("bucket")
    first = renewals()
    provider.list()
    assert renewals() == first > before
    now[0] += TOKEN_PERIOD
    provider.list()
    assert renewals() > first


def test_the_house_replaces_a_token_that_is_no_good(openbao: Server) -> None:
    office = openbao.new_office()
    openbao.give_token(office, policies=["default"], explicit_max_ttl="60s")
    short = openbao.bao.token(office).read_text()
    openbao.bao.furnish([office])
    assert openbao.bao.token(office).read_text() != short
    assert openbao.bao.api(office).token_left()[0] > TOKEN_PERIOD / 2


def test_an_initialisation_that_was_cut_short_is_begun_again(openbao: Server, tmp_path: Path) -> None:
    server = Server.start(tmp_path)
    try:
        server.bao.stop()
        folder = server.bao.token("catalog").parent
        for name in ("unseal.key", "root.token"):
            os.unlink(folder / name)
        with pytest.raises(Trouble, match="can't be used: No such file"):
            server.bao.start()
        (folder / "initialising").touch()
        server.bao.start()
        server.bao.furnish(("catalog",))
        server.provider("catalog").check()
    finally:
        server.bao.stop()
    assert openbao.bao.running()


def test_settings_that_name_no_server_are_refused() -> None:
    needed: dict[str, Any] = {name: "x" for name, field in OfficeSettings.model_fields.items() if field.is_required()}
    for address in ("", "http://127.0.0.1:8200"):
        with pytest.raises(ValueError, match="CHENGXIN_OPENBAO_ADDRESS=https"):
            OfficeSettings(key_provider="openbao", openbao_address=address, openbao_token=Path("x"), **needed)
    with pytest.raises(ValueError, match="CHENGXIN_OPENBAO_TOKEN"):
        OfficeSettings(key_provider="openbao", openbao_address="https://127.0.0.1:8200", **needed)


def test_keys_lie_in_files_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    needed: dict[str, Any] = {name: "x" for name, field in OfficeSettings.model_fields.items() if field.is_required()}
    with pytest.raises(KeyStoreUnusable, match="no key folder"):
        open_key_provider(OfficeSettings(**needed), "catalog", tmp_path / "none")
