"""The rotation of keys at an office that keeps dossiers: the archive's keys, and the index by which it finds parties."""

from __future__ import annotations

from foundation.access import own_caller
from foundation.crypto import Kek, identifier_of, subject_tag
from foundation.crypto.dossier import SUBJECT_INDEX
from foundation.keys.office import KeyOffice
from foundation.keys.rotator import Index, Rotator
from foundation.keys.rpc import KeyServicer
from foundation.personal import Personal
from foundation.rpc import Ground
from foundation.settings import OfficeSettings

ARCHIVE = ("archive/",)


def _tag(kek: Kek, sealed_identifier: Personal) -> bytes:
    return subject_tag(kek, identifier_of(sealed_identifier.reveal()))


def party_index(column: str) -> dict[str, Index]:
    """The index by which an office finds a party's dossiers; `column` is where the party is sealed, empty for none."""
    return {SUBJECT_INDEX: Index(column, _tag)} if column else {}


def dossier_rotation(
    ground: Ground, settings: OfficeSettings, table: str, party: str = ""
) -> tuple[KeyServicer, Rotator]:
    """What the office serves for its officials, and what its worker runs; `table` is that of the dossiers.

    `party` is the sealed column from which `party_tag` is made anew, at an office that has such an index.
    """
    indices = party_index(party)
    house = own_caller(settings.cert)
    rotator = Rotator(ground, house, deployment=settings.deployment, table=table, indices=indices)
    return KeyServicer(KeyOffice(ground, rotated=(*ARCHIVE, *indices))), rotator
