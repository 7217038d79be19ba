"""What Gmail, played by the sandbox, answers about raw mail."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

import httpx

__all__ = ["GmailAnswers"]

PAGE = 20
"""So few mails are put into the mailbox at once that a request stays small."""


class GmailAnswers:
    """One mailbox in a running sandbox. Use it as a context manager."""

    def __init__(self, sandbox_url: str) -> None:
        self._email = f"p{uuid.uuid4().hex[:12]}@example.com"
        self._http = httpx.Client(base_url=sandbox_url, trust_env=False, timeout=30)

    def __enter__(self) -> GmailAnswers:
        scopes = {"email": self._email, "scopes": ["gmail.readonly"]}
        self._control("accounts", {"email": self._email})
        token = self._control("tokens", scopes)["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def messages(self, mails: Iterable[bytes]) -> list[dict[str, Any]]:
        """Receive each mail, and return the messages in format full."""
        coded = [base64.b64encode(mail).decode() for mail in mails]
        ids: list[str] = []
        for start in range(0, len(coded), PAGE):
            given = {"email": self._email, "messages": coded[start : start + PAGE]}
            ids += self._control("accounts", given)["ids"]
        return [self._get(f"messages/{id_}?format=full") for id_ in ids]

    def content(self, message: dict[str, Any], part_id: str) -> bytes:
        """Return a part's bytes, which stand in the message or are an attachment."""
        [body] = [part["body"] for part in _parts(message["payload"]) if part["partId"] == part_id]
        if "attachmentId" in body:
            body = self._get(f"messages/{message['id']}/attachments/{body['attachmentId']}")
        return base64.urlsafe_b64decode(body.get("data", "") + "==")

    def _control(self, what: str, given: Any) -> Any:
        answer = self._http.post(f"/_sandbox/{what}", json=given)
        assert answer.is_success, answer.text
        return answer.json()

    def _get(self, path: str) -> Any:
        answer = self._http.get(f"/gmail/v1/users/me/{path}")
        assert answer.is_success, answer.text
        return answer.json()


def _parts(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield part
    for child in part.get("parts", ()):
        yield from _parts(child)
