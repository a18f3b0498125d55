"""Keys, stored ciphertexts and blind indexes. Formats: docs/formats.md, "Stored ciphertexts"."""

from foundation.crypto.blind import bucket_in, bucket_of, epoch_of, journal_tag, name_tag, new_id, subject_tag, tag
from foundation.crypto.dossier import DossierKeys, identifier_of, identifier_text
from foundation.crypto.envelope import Dek, Place, SealedRecord, new_dek, open_dek, rewrap, seal_record
from foundation.crypto.errors import KeyGone, KeyStoreUnusable, OpenFailed, SuiteTooOld
from foundation.crypto.kek import Kek, kek_name, open_blob, seal_blob
from foundation.crypto.keyring import Keyring, KeysInUse, archive_year, journal_year, share_month, share_month_is_over
from foundation.crypto.provider import FileKeyProvider, KeyProvider
from foundation.crypto.suite import Suites

__all__ = [
    "Dek",
    "DossierKeys",
    "FileKeyProvider",
    "Kek",
    "KeyGone",
    "KeyProvider",
    "KeyStoreUnusable",
    "Keyring",
    "KeysInUse",
    "OpenFailed",
    "Place",
    "SealedRecord",
    "SuiteTooOld",
    "Suites",
    "archive_year",
    "bucket_in",
    "bucket_of",
    "epoch_of",
    "identifier_of",
    "identifier_text",
    "journal_tag",
    "journal_year",
    "kek_name",
    "name_tag",
    "new_dek",
    "new_id",
    "open_blob",
    "open_dek",
    "rewrap",
    "seal_blob",
    "seal_record",
    "share_month",
    "share_month_is_over",
    "subject_tag",
    "tag",
]
