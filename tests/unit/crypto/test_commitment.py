"""A record has one key: a dishonest sealer can't make one ciphertext say two things to two readers."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from foundation.crypto import Kek, OpenFailed, Suites, new_dek, open_blob, open_dek, seal_blob
from foundation.crypto.envelope import Dek
from foundation.crypto.layout import Packed, length_prefixed, pack, unpack, unpad
from foundation.crypto.suite import SUITES, Suite
from tests.unit.crypto.ciphertexts import PLACE, opens, personal
from tests.unit.crypto.gcm_collision import colliding_streams, free_block, tag_of
from tests.unit.crypto.second_reader import FIRST

SHARE, ARCHIVE = Kek("share/2027-03", os.urandom(32)), Kek("archive/2031", os.urandom(32))
COLUMN = "penalty.amount"
"""So long that the subject reference fills one block of GCM."""
_SUBJECT_BLOCK = 4
both = pytest.mark.parametrize("suite", SUITES.values(), ids=["suite 1", "suite 2"])


def _aad(subject_ref: bytes) -> bytes:
    return length_prefixed(
        PLACE.table.encode(),
        COLUMN.encode(),
        PLACE.record_id.bytes,
        PLACE.version.to_bytes(8, "big"),
        subject_ref,
        FIRST.head,
        PLACE.deployment.encode(),
    )


def test_a_field_made_to_open_under_two_keys_opens_under_the_records_own_only() -> None:
    nonce = os.urandom(12)
    data_keys: dict[bytes, bytes] = {}

    def field_key() -> bytes:
        data_key = os.urandom(32)
        key = FIRST.record_key(data_key)[0]
        data_keys[key] = data_key
        return key

    *keys, text = colliding_streams(field_key, nonce)
    subject_ref = free_block((keys[0], keys[1]), nonce, _aad(bytes(16)), _SUBJECT_BLOCK, text)
    tag = tag_of(keys[0], nonce, _aad(subject_ref), text)
    # The attack works: bare AES-GCM gives two different texts for one ciphertext, nonce, place and tag.
    meanings = [unpad(AESGCM(key).decrypt(nonce, text + tag, _aad(subject_ref))).decode() for key in keys]
    assert meanings[0] != meanings[1]

    place = replace(PLACE, subject_ref=subject_ref)
    shared, archived = (new_dek(place, random=lambda _, key=key: data_keys[key]) for key in keys)
    packed = pack(Packed(FIRST.head, shared.commitment, [COLUMN], [nonce], [text + tag]))
    as_shared = open_dek(shared.wrap(SHARE), SHARE, place)
    as_archived = open_dek(archived.wrap(ARCHIVE), ARCHIVE, place)
    assert as_shared.open_record(packed) == personal({COLUMN: meanings[0]})
    with pytest.raises(OpenFailed):
        as_archived.open_record(packed)


@both
def test_a_forged_wrap_whose_commitment_is_another_keys_opens_nothing(suite: Suite) -> None:
    """The wrap itself is sealed rightly, by somebody who has the KEK, and holds a key of his choice."""
    kek = Kek(SHARE.name, SHARE.key, Suites(new=suite))
    real, forged = (new_dek(PLACE, suite=suite) for _ in range(2))
    assert opens(open_dek, forged.wrap(kek), kek, PLACE)
    assert not opens(open_dek, forged.wrap(kek)[:-32] + real.commitment, kek, PLACE)


@both
def test_a_record_opens_nothing_with_a_key_it_does_not_commit_to(suite: Suite) -> None:
    real, other = (new_dek(PLACE, suite=suite) for _ in range(2))
    record = unpack(real.seal_packed({"remark": "text"}, [os.urandom(12)]))
    for commitment in (real.commitment, other.commitment, bytes(32)):
        packed = pack(record._replace(commitment=commitment))
        assert opens(Dek.open_record, real, packed) is (commitment == real.commitment)


@both
def test_a_blob_opens_nothing_with_a_key_it_does_not_commit_to(suite: Suite) -> None:
    kek, other = (Kek("journal/2026", os.urandom(32), Suites(new=suite)) for _ in range(2))
    sealed = seal_blob(kek, b"officer", b"row")
    assert opens(open_blob, kek, sealed, b"row")
    assert not opens(open_blob, kek, sealed[:-32] + seal_blob(other, b"officer", b"row")[-32:], b"row")
