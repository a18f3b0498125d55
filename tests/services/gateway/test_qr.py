"""QR codes: the whole text is in the address they open, behind the #, and the pages of what is signed carry them."""

from __future__ import annotations

import base64
import random
import re
import zlib
from typing import Any

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from chengxin.audit.v1 import audit_pb2 as audit
from chengxin.catalog.v1 import sharing_pb2 as sharing
from gateway.qr import LARGEST, PAGE, Code, code_of, fragment_of
from tests.services.gateway.conftest import PUBLIC_URL, Browser, House
from tests.services.gateway.test_pages_public import CERTIFICATE, DECISION, HTML, Signers

PORTAL = "https://credit.sample-prefecture.example"


def carried(fragment: str) -> str:
    """The text behind the #, read as assets/chengxin.js does."""
    number = int(fragment)
    packed = number.to_bytes((number.bit_length() + 7) // 8)
    assert packed[0] == 1
    return zlib.decompress(packed[1:]).decode()


def version(code: Code | None) -> int:
    """The version of a code: 17 modules a side and 4 for each, between four white ones."""
    assert code is not None
    return (code.size - 8 - 17) // 4


def chance(length: int, seed: int = 0) -> str:
    """A line of base64 that nothing makes shorter."""
    return base64.b64encode(random.Random(seed).randbytes(length)).decode()


def receipt_in(entries: int) -> str:
    """A text as long as the receipt of an entry in a log of 2**entries."""
    proof = "\n".join(chance(32, seed) for seed in range(entries))
    head = f"sample/log\n{2**entries}\n{chance(32, 98)}\n\n— sample/log {chance(68, 99)}"
    return f"c2sp.org/tlog-proof@v1\nextra {chance(430, 97)}\nindex {2**entries - 1}\n{proof}\n\n{head}\n"


@pytest.fixture
def signers(house: House) -> Signers:
    return Signers(house)


@given(st.text(max_size=300))
def test_what_is_carried_is_the_text_to_the_letter(text: str) -> None:
    assert carried(fragment_of(text)) == text
    assert re.fullmatch(r"1?\d+", fragment_of(text))  # nothing that an address would have to escape


def test_every_certificate_and_receipt_fits_a_code_that_a_phone_reads() -> None:
    receivers = "".join(f"接收单位 / receiver: 11439999{n:09d}X\n" for n in range(40))
    certificate = f"{CERTIFICATE}{receivers}\n— sample/catalog {chance(68)}\n"
    assert version(code_of(CERTIFICATE, PORTAL)) < version(code_of(certificate, PORTAL)) <= 24
    assert version(code_of(receipt_in(20), PORTAL)) <= 28
    assert version(code_of(receipt_in(27), PORTAL)) <= LARGEST


def test_a_code_is_drawn_inside_its_quiet_zone_and_holds_the_text_behind_the_fragment_sign() -> None:
    code = code_of(CERTIFICATE, PORTAL)
    assert code is not None
    dark = [(int(x), int(y), int(width)) for x, y, width in re.findall(r"M(\d+) (\d+)\.5h(\d+)", code.path)]
    assert "".join(f"M{x} {y}.5h{width}" for x, y, width in dark) == code.path
    assert min(x for x, _, _ in dark) == min(y for _, y, _ in dark) == 4
    assert max(x + width for x, _, width in dark) == max(y for _, y, _ in dark) + 1 == code.size - 4
    address: Any = [f"{PORTAL}/public/verify#", fragment_of(CERTIFICATE)]
    modules = {(x + n, y) for x, y, width in dark for n in range(width)}
    rows = enumerate(segno.make_qr(address, error="m", mask=3).matrix)
    assert modules == {(x + 4, y + 4) for y, row in rows for x, bit in enumerate(row) if bit}


@pytest.mark.parametrize("length", [1640, 60_000])
def test_what_is_too_long_is_drawn_not_at_all(length: int) -> None:
    assert code_of(chance(length), PORTAL) is None


def drawn(page: str) -> str:
    """The code of a page: what is dark in it; empty without one."""
    found = re.findall(
        r'<svg class="chengxin-plot" role="img" aria-label="[^"]+".*?<path stroke="#000000" d="(.*?)"', page
    )
    assert len(found) <= 1
    return found[0] if found else ""


async def test_a_certificate_carries_its_code(house: House, visitor: Browser, signers: Signers) -> None:
    text = signers.sign(CERTIFICATE, "catalog")
    house.offices.answers["GetWithdrawalCertificate"] = sharing.GetWithdrawalCertificateResponse(text=text)
    page = await visitor.get("/me/records/rec-1/certificate", headers=HTML)
    code = code_of(text, PUBLIC_URL)
    assert code is not None
    assert drawn(page.text) == code.path
    assert f"{PUBLIC_URL}{PAGE}<" in page.text
    assert fragment_of(text) not in page.text  # as a link it would stay in the history


async def test_a_look_carries_the_code_of_its_receipt_once_it_is_in_the_log(
    house: House, visitor: Browser, signers: Signers
) -> None:
    text = signers.receipt()
    house.offices.answers["GetReceipt"] = audit.GetReceiptResponse(receipt=text)
    code = code_of(text, PUBLIC_URL)
    assert code is not None
    for index, expected in ((41, code.path), (-1, "")):
        look = audit.Access(source="catalog", entry_id=7, kind="x", log_index=index)
        house.offices.answers["ListAccessesToSubject"] = audit.ListAccessesToSubjectResponse(accesses=[look])
        page = await visitor.get("/me/looks/catalog/7", headers=HTML)
        assert drawn(page.text) == expected


async def test_what_is_genuine_gets_a_code_and_nothing_else_does(browser: Browser, signers: Signers) -> None:
    for text in (signers.sign(DECISION, "blacklist"), signers.sign(CERTIFICATE, "catalog"), signers.receipt()):
        code = code_of(text, PUBLIC_URL)
        assert code is not None
        page = await browser.post(PAGE, data={"text": text.replace("\n", "\r\n")}, headers=HTML)
        assert drawn(page.text) == code.path
    for text in (signers.sign(DECISION, "stranger"), signers.sign(CERTIFICATE, "catalog").replace("2026", "2025")):
        page = await browser.post(PAGE, data={"text": text}, headers=HTML)
        assert page.status_code == 200
        assert drawn(page.text) == ""


async def test_where_a_text_is_too_long_the_page_says_what_to_do(house: House, visitor: Browser) -> None:
    answer = sharing.GetWithdrawalCertificateResponse(text=f"{CERTIFICATE}\n{chance(5000)}\n")
    house.offices.answers["GetWithdrawalCertificate"] = answer
    page = await visitor.get("/me/records/rec-1/certificate", headers={**HTML, "Accept-Language": "en"})
    assert drawn(page.text) == ""
    assert "too long for a QR code" in page.text


async def test_without_scripts_the_page_says_how_the_text_gets_in(browser: Browser) -> None:
    page = await browser.get(PAGE, headers={**HTML, "Accept-Language": "en"})
    (said,) = re.findall(r"<noscript>(.*?)</noscript>", page.text)
    assert "Please paste the text, or choose the file" in said
    assert len(re.findall(r'data-scan="[a-z]+" hidden>', page.text)) == 2
