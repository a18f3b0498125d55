"""An upload of evidence, read from the network and sent on in pieces; it never touches a disk here.

multipart/form-data (RFC 7578) with the text field `description`, then one part `file` with its name and
media type; a page's form brings its session's `csrf_token` before both. Whether the file is what it
says is for the office to judge.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from chengxin.common.v1.common_pb2 import EvidenceHeader
from chengxin.repair.v1.repair_pb2 import EvidenceUpload, UploadEvidenceRequest
from foundation.refusal import Reason, Refused
from gateway.counter import check_csrf
from gateway.reasons import BODY_TOO_LARGE, CSRF_TOKEN_WRONG, EVIDENCE_FORM_INVALID
from gateway.sessions import Session

PIECE = 256 * 1024
"""Largest piece of content in one message, bytes. Source: contract, UploadEvidenceRequest."""
LARGEST = 20 * 1024 * 1024
"""Largest file, bytes."""
_LONGEST_DESCRIPTION = 4000


async def upload_messages(
    request: Request, application_id: str, session: Session | None = None
) -> AsyncIterator[UploadEvidenceRequest]:
    """Yield the office's messages as the body arrives.

    `session`: whose token the form must bring first; None where a header has brought it.
    Raises Refused(CSRF_TOKEN_WRONG, EVIDENCE_FORM_INVALID, BODY_TOO_LARGE).
    """
    form = _Form(_boundary(request, CSRF_TOKEN_WRONG if session else EVIDENCE_FORM_INVALID), session)
    header_sent = False
    async for chunk in request.stream():
        form.feed(chunk)
        if form.header is not None and not header_sent:
            header_sent = True
            upload = EvidenceUpload(application_id=application_id, evidence=form.header)
            yield UploadEvidenceRequest(header=upload)
        while piece := form.piece():
            yield UploadEvidenceRequest(content=piece)
    if not form.whole:
        raise Refused(form.fault)
    if form.content:
        yield UploadEvidenceRequest(content=bytes(form.content))


def _boundary(request: Request, fault: Reason) -> bytes:
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if media_type != b"multipart/form-data" or not options.get(b"boundary"):
        raise Refused(fault)
    return options[b"boundary"]


class _Form:
    """The form as far as it has arrived."""

    def __init__(self, boundary: bytes, session: Session | None) -> None:
        self._unchecked = session
        self._token = bytearray()
        self.header: EvidenceHeader | None = None
        self.content = bytearray()
        self.whole = False
        self._size = 0
        self._headers: dict[bytes, bytes] = {}
        self._name = bytearray()
        self._value = bytearray()
        self._part = ""
        self._description: bytearray | None = None
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._data,
                    "on_part_end": self._part_end,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise Refused(self.fault) from None

    @property
    def fault(self) -> Reason:
        """What is wrong with a form that is not as it must be; before its token was seen, that alone."""
        return CSRF_TOKEN_WRONG if self._unchecked else EVIDENCE_FORM_INVALID

    def feed(self, chunk: bytes) -> None:
        """Take in what arrived."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise Refused(self.fault) from None

    def piece(self) -> bytes:
        """Take out one full piece of content; empty while there is none."""
        if len(self.content) < PIECE:
            return b""
        piece = bytes(self.content[:PIECE])
        del self.content[:PIECE]
        return piece

    def _begin(self) -> None:
        self._headers = {}
        self._name.clear()
        self._value.clear()

    def _header_end(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._part = options.get(b"name", b"").decode("ascii", "replace")
        if self._unchecked:
            if self._part != "csrf_token":
                raise Refused(CSRF_TOKEN_WRONG)
        elif self._part == "description" and self._description is None and self.header is None:
            self._description = bytearray()
        elif self._part == "file" and self._description is not None and self.header is None:
            self.header = EvidenceHeader(
                file_name=_text(options.get(b"filename", b"")),
                media_type=_text(self._headers.get(b"content-type", b"")),
                description=_text(bytes(self._description)),
            )
        else:
            raise Refused(EVIDENCE_FORM_INVALID, field=self._part if self._part == "file" else "")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._unchecked:
            self._token.extend(data[start:end][:100])  # longer than any token, and no further
        elif self._part == "file":
            self._size += end - start
            if self._size > LARGEST:
                raise Refused(BODY_TOO_LARGE, field="file")
            self.content.extend(data[start:end])
        elif self._description is not None:
            self._description.extend(data[start:end])
            if len(self._description) > _LONGEST_DESCRIPTION:
                raise Refused(EVIDENCE_FORM_INVALID, field="description")

    def _part_end(self) -> None:
        if self._unchecked:
            check_csrf(self._unchecked, self._token.decode("utf-8", "replace"))
            self._unchecked = None
        self._part = ""

    def _end(self) -> None:
        self.whole = self.header is not None


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(EVIDENCE_FORM_INVALID) from None
