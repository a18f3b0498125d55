"""Asks the operator's own sender of e-mail or SMS to tell a party to sign in: nothing of what waits for it is said.

Where parties can be reached the operator knows, not the house.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import httpx
import structlog

from foundation.identity import Identifier

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PATIENCE_S = 10.0
TEXT = {
    "zh": "公共信用信息共享平台有一条给您的消息，请登录查看。本消息不含链接，请勿回复。",
    "en": "A message waits for you in the public credit information portal: please sign in. This message has no link.",
}
"""All that is said, to everybody alike; without a link, so that one with a link is known to be somebody else's."""


@dataclass(frozen=True, slots=True)
class Messenger:
    """The sender at `url`; `token` is what it asks for, empty for nothing."""

    url: str
    token: str = field(default="", repr=False)

    @classmethod
    def open(cls, url: str, token: Path | None) -> Messenger | None:
        """The sender of the settings; None where the operator connects none."""
        return cls(url, token.read_text().strip() if token else "") if url else None

    async def tell(self, party: Identifier, *, key: str) -> None:
        """Have the party told; the same `key` again is the same message.

        A sender that can't reach this party (4xx) has the last word. Raises httpx.HTTPError where it is away or fails.
        """
        headers = {"Idempotency-Key": key} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        message = {"identifier_kind": party.kind.value, "identifier": party.value.reveal(), "text": TEXT}
        async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as client:
            answer = await client.post(self.url, json=message, headers=headers)
        if answer.is_client_error:
            log.warning("the sender does not tell the party", status=answer.status_code, key=key)
        else:
            answer.raise_for_status()
