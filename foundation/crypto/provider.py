"""Key providers: they keep the outermost keys, outside the database and its backups, and wrap KEKs with them.

Nothing is wrapped here per record: a KEK is opened once a minute at most.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

from foundation.crypto.errors import KeyGone, KeyStoreUnusable
from foundation.crypto.kek import Kek, checked_name, open_under, seal_under
from foundation.crypto.layout import length_prefixed
from foundation.crypto.suite import CURRENT, KEY_BYTES, NONCE_BYTES, Suite, suite_of

_ROOT = "root.key"
_SUFFIX = ".kek"


class KeyProviderAway(KeyStoreUnusable):
    """The key provider can't be reached now, or is sealed; nothing is lost by that."""


class KeyProvider(Protocol):
    """Keeps keys by name and wraps KEKs with them; the keys themselves never come out.

    Names are lower-case words joined by "/": share/2027-03, archive/2031, journal/2026, index/subject/1.
    All methods may raise KeyProviderAway, and KeyStoreUnusable where the provider refuses this office.
    """

    def create(self, name: str) -> None:
        """Make the key `name`; where it exists already, it stays as it is."""
        ...

    def wrap(self, name: str, plaintext: bytes) -> bytes:
        """Wrap a KEK. Raises KeyGone where there is no key `name`."""
        ...

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Unwrap a KEK. Raises KeyGone where there is no key `name`, OpenFailed where it does not open."""
        ...

    def destroy(self, name: str) -> None:
        """Destroy the key `name` for good; where there is none, nothing happens."""
        ...

    def list(self) -> list[str]:
        """The names of the keys there are, sorted."""
        ...


class FileKeyProvider:
    """Keys in a folder of this machine: one root key, and one file of 32 random bytes for each key.

    A key's wrapping key is HKDF(root || file, info = name) with the suite's hash, so that a stolen file is worth nothing
    without the root, and the root brings no destroyed file back. To destroy a key is to unlink its file; the
    disk may still hold the blocks, so the folder belongs on an encrypted disk, and in no backup that outlives
    the keys. A folder belongs to one office; several of its processes may use it at once.
    """

    def __init__(self, folder: Path, *, suite: Suite = CURRENT) -> None:
        """Open the key folder; new wraps are made with `suite`.

        Raises KeyStoreUnusable where it or its root is missing or open to others.
        """
        self._folder = folder
        self._suite = suite
        try:
            mode = folder.stat().st_mode
        except FileNotFoundError:
            raise KeyStoreUnusable(
                f"There is no key folder {folder}.", remedy="create it with FileKeyProvider.initialise"
            ) from None
        if not stat.S_ISDIR(mode) or stat.S_IMODE(mode) & 0o077:
            raise KeyStoreUnusable(f"The key folder {folder} is open to others.", remedy=f"chmod 0700 {folder}")
        root = _read_key(folder / _ROOT)
        if root is None:
            raise KeyStoreUnusable(
                f"The key folder {folder} has no {_ROOT}.", remedy=f"put {_ROOT} back from its safe copy"
            )
        self._root = root

    @classmethod
    def initialise(cls, folder: Path) -> FileKeyProvider:
        """Make the key folder and its root key where they are missing, and open it.

        Raises KeyStoreUnusable where keys lie there without their root: a new root would make them worthless.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / _ROOT).exists() and not any(folder.glob(f"*{_SUFFIX}")):
            _create_key(folder / _ROOT)
        return cls(folder)

    def __repr__(self) -> str:
        return f"FileKeyProvider({str(self._folder)!r})"

    def create(self, name: str) -> None:
        """Make the key `name`; where it exists already, it stays as it is."""
        _create_key(self._file(name))

    def wrap(self, name: str, plaintext: bytes) -> bytes:
        """Wrap a KEK. Raises KeyGone where there is no key `name`."""
        nonce = os.urandom(NONCE_BYTES)
        return seal_under(self._wrapping_key(name, self._suite), nonce, plaintext, _aad(name), self._suite)

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Unwrap a KEK. Raises KeyGone where there is no key `name`, OpenFailed where it does not open."""
        made_with = suite_of(int.from_bytes(wrapped[1:2], "big"))
        return open_under(self._wrapping_key(name, made_with), wrapped, _aad(name))

    def destroy(self, name: str) -> None:
        """Destroy the key `name` for good; where there is none, nothing happens."""
        file = self._file(name)
        # A process killed while it made this key may have left a second name of the same file.
        for left in (file, *self._folder.glob(f".{file.name}.*")):
            left.unlink(missing_ok=True)
        _sync_folder(self._folder)

    def list(self) -> list[str]:
        """The names of the keys there are, sorted."""
        files = self._folder.glob(f"[!.]*{_SUFFIX}")
        return sorted(file.name.removesuffix(_SUFFIX).replace(".", "/") for file in files)

    def _file(self, name: str) -> Path:
        return self._folder / (checked_name(name).replace("/", ".") + _SUFFIX)

    def _wrapping_key(self, name: str, suite: Suite) -> Kek:
        key = _read_key(self._file(name))
        if key is None:
            raise KeyGone(name)
        return Kek(name, suite.derive(self._root + key, name.encode()))


def _aad(name: str) -> bytes:
    return length_prefixed(b"kek", name.encode())


def _create_key(file: Path) -> None:
    """Write 32 random bytes to `file`, complete or not at all, unless it is there already."""
    if file.exists():
        return
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o400)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        # A rename would replace the key that another process has just made and used; a link never does.
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(file.parent)


def _read_key(file: Path) -> bytes | None:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyStoreUnusable(
            f"The key file {file} can't be read: {error.strerror}.", remedy=f"check the owner of {file}"
        ) from None
    with os.fdopen(descriptor, "rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & ~0o400:
            raise KeyStoreUnusable(f"The key file {file} is open to others.", remedy=f"chmod 0400 {file}")
        key = stream.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise KeyStoreUnusable(f"The key file {file} is damaged.", remedy="put it back from its safe copy")
    return key


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
