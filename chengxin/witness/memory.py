"""What a witness knows and decides: one file for each log, on disk before anything is answered."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path

from chengxin.proofs import base64text, checkpoint, cosignature, decimal, note
from chengxin.proofs.checkpoint import Checkpoint, verify_checkpoint
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import verify_consistency
from chengxin.proofs.positions import SourcePosition, positions_in, require_forward

MOST_PROOF_LINES = 63
TEXT, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"
_ADOPTED = "adopted"


class Refusal(Exception):
    """Why a checkpoint is not cosigned, as the protocol says it."""

    def __init__(self, status: HTTPStatus, text: str, content_type: str = TEXT) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.content_type = content_type


class Memory:
    """The memory of one witness in a folder of its own; its key is made there at the first start.

    `logs` are the verifier keys of the logs to watch. `clock` gives seconds since 1970. Raises BlockingIOError when
    another process has the folder: two witnesses with one memory would each forget what the other saw.
    """

    def __init__(self, folder: Path, logs: Iterable[str], *, name: str, clock: Callable[[], float] = time.time) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held = os.open(folder, os.O_RDONLY)
        self._folder = folder
        self._logs = {note.parse_vkey(vkey).name: vkey for vkey in logs}
        self._name = name
        self._key = note.read_key_file(key_file(folder))
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self.vkey = cosignature.vkey(name, self._key.public_key())
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._newest = {origin: self._read(origin) for origin in self._logs}
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._held)

    def state(self) -> dict[str, object]:
        """Return the witness's clock in milliseconds since 1970, and the newest cosigned checkpoint of each log."""
        return {"now_ms": int(self._clock() * 1000), "vkey": self.vkey, "checkpoints": dict(self._newest)}

    def add(self, body: bytes) -> str:
        """Cosign the checkpoint that a request of the protocol submits, and remember it. Raises Refusal."""
        try:
            old_size, proof, signed = _request(body)
            head = checkpoint.parse(note.text_of(signed))
        except ProofError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"{error}\n") from None
        vkey = self._logs.get(head.origin)
        if vkey is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "no log of that origin is watched here\n")
        try:
            verify_checkpoint(signed, vkey)
        except ProofError as error:
            raise Refusal(HTTPStatus.FORBIDDEN, f"{error}\n") from None
        if old_size > head.size:
            raise Refusal(HTTPStatus.BAD_REQUEST, "the old size is beyond the checkpoint\n")
        with self._one_at_a_time:
            self._require_growth(self._last(head.origin), old_size, head, proof)
            line = cosignature.sign(signed, self._name, self._key, at=int(self._clock()))
            self._remember(head.origin, _bare(signed, vkey) + line)
        return line

    def _require_growth(self, last: Checkpoint | None, old_size: int, head: Checkpoint, proof: list[bytes]) -> None:
        size = last.size if last is not None else 0
        if old_size != size:
            raise Refusal(HTTPStatus.CONFLICT, f"{size}\n", SIZE)
        try:
            if last is None or size == 0:
                if proof:
                    raise ProofError("nothing is proved from an empty log")
            elif size == head.size and last.root != head.root:
                raise Refusal(HTTPStatus.CONFLICT, f"{size}\n", SIZE)
            else:
                verify_consistency(size, head.size, proof, last.root, head.root)
            self._require_positions(last, head)
        except ProofError as error:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}\n") from None

    def _require_positions(self, last: Checkpoint | None, head: Checkpoint) -> None:
        """Positions in the sources only go forward; an epoch begins when this witness's operator has adopted it."""
        before = positions_in(last) if last is not None else {}
        for position in require_forward(before, positions_in(head)).values():
            if self._adopted(f"{head.origin} {position.source} ") != position.epoch:
                raise ProofError(
                    f"{position.source} has begun the epoch {position.epoch}, which was not adopted here: "
                    "see chengxin witness adopt --help"
                )

    def _adopted(self, source: str) -> str | None:
        """The epoch last adopted for a source; an earlier one counts no more."""
        file = self._folder / _ADOPTED
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return next((line.removeprefix(source) for line in reversed(lines) if line.startswith(source)), None)

    def _last(self, origin: str) -> Checkpoint | None:
        newest = self._newest[origin]
        return checkpoint.parse(note.text_of(newest)) if newest else None

    def _file(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.checkpoint"

    def _read(self, origin: str) -> str:
        """The newest checkpoint as this witness signed it. Raises ProofError where somebody else wrote the file."""
        if not self._file(origin).exists():
            return ""
        signed = self._file(origin).read_text(encoding="utf-8")
        cosignature.verify(signed, self.vkey)
        return signed

    def _remember(self, origin: str, cosigned: str) -> None:
        _write_durably(self._file(origin), cosigned)
        self._newest[origin] = cosigned


def key_file(folder: Path) -> Path:
    """Return the file of the witness's key in its folder; it is made when it is missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "witness.key"
    if not file.exists():
        note.create_key_file(file)
    return file


def adopt(folder: Path, origin: str, source: str, epoch: str, *, reason: str) -> None:
    """Let a source of the log `origin` go on in another epoch (32 hex digits): its backup was restored on purpose."""
    position = SourcePosition(source=source, epoch=epoch, xid=0, entry_id=0, commitment=bytes(32))
    positions_in(Checkpoint(origin, 0, bytes(32), (position.line(),)))  # Raises ProofError when malformed.
    with (folder / _ADOPTED).open("a", encoding="utf-8") as file:
        note_of_it = json.dumps({"at": int(time.time()), "reason": reason}, ensure_ascii=False)
        file.write(f"# {note_of_it}\n{origin} {source} {epoch}\n")
        file.flush()
        os.fsync(file.fileno())


def _request(body: bytes) -> tuple[int, list[bytes], str]:
    """The old size, the proof and the signed checkpoint. Raises ProofError."""
    try:
        head, blank, signed = body.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise ProofError("not UTF-8") from None
    first, *lines = head.split("\n")
    if not blank or not first.startswith("old ") or len(lines) > MOST_PROOF_LINES:
        raise ProofError("not a request of c2sp.org/tlog-witness")
    return decimal.parse(first.removeprefix("old ")), [base64text.decode_hash(line) for line in lines], signed


def _bare(signed: str, vkey: str) -> str:
    """The checkpoint with the log's own signature alone: whoever submits may add lines, which nobody is to keep."""
    log = note.parse_vkey(vkey)
    text, signatures = note.take_apart(signed)
    own = next(blob for name, key_id, blob in signatures if (name, key_id) == (log.name, log.key_id))
    return f"{text}\n{note.signature_line(log.name, log.key_id, own)}"


def _write_durably(file: Path, content: str) -> None:
    """Replace the file whole, and return when a power cut can't undo it."""
    draft = file.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
