"""Google's own Python client, pointed at the sandbox, notices nothing."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from arcade_gmail_local.sandbox.discovery import load_document

Mail = Callable[..., bytes]
ALICE, BOB = "alice@example.com", "bob@example.com"


@contextmanager
def service(google: Any, token: str) -> Iterator[Any]:
    root = str(google.http.base_url).rstrip("/") + "/"
    document = {**load_document(), "rootUrl": root, "baseUrl": root}
    gmail = build_from_document(document, credentials=Credentials(token))
    try:
        yield gmail
    finally:
        gmail.close()


async def test_it_sends_lists_and_reads(socketed: Any, write_mail: Mail) -> None:
    alice, bob = socketed.person(ALICE), socketed.person(BOB)

    def work() -> dict[str, Any]:
        raw = base64.urlsafe_b64encode(write_mail(to=BOB)).decode()
        with service(socketed, alice) as gmail:
            gmail.users().messages().send(userId="me", body={"raw": raw}).execute()
        with service(socketed, bob) as gmail:
            inbox = gmail.users().messages()
            listed = inbox.list(userId="me", q="in:inbox", labelIds=["INBOX", "UNREAD"]).execute()
            found = listed["messages"][0]["id"]
            return dict(inbox.get(userId="me", id=found).execute())

    assert (await asyncio.to_thread(work))["snippet"] == "Some text."


async def test_its_batches_and_uploads_work(socketed: Any, write_mail: Mail) -> None:
    alice = socketed.person(ALICE, *[write_mail(str(n)) for n in range(5)])
    ids = [*await socketed.ids(alice), "18c0000000000000"]

    def work() -> tuple[dict[str, Any], dict[str, Any]]:
        found: dict[str, Any] = {}
        with service(socketed, alice) as gmail:
            batch = gmail.new_batch_http_request(
                callback=lambda i, answer, error: found.__setitem__(i, error or answer)
            )
            for message in ids:
                get = gmail.users().messages().get(userId="me", id=message)
                batch.add(get, request_id=message)
            batch.execute()
            media = MediaIoBaseUpload(BytesIO(write_mail(to=BOB)), mimetype="message/rfc822")
            send = gmail.users().messages().send
            sent = send(userId="me", media_body=media).execute()
            send(userId="me", media_body=media, body={"threadId": ids[0]}).execute()
        return found, sent

    found, sent = await asyncio.to_thread(work)
    assert [found[i]["id"] for i in ids[:-1]] == ids[:-1]
    assert found[ids[-1]].resp.status == 404
    assert sent["labelIds"] == ["SENT"]


async def test_its_errors_say_what_googles_would(socketed: Any) -> None:
    socketed.person(ALICE)
    token = socketed.token(ALICE, "send")

    def work() -> None:
        with service(socketed, token) as gmail:
            gmail.users().messages().list(userId="me").execute()

    with pytest.raises(HttpError) as refused:
        await asyncio.to_thread(work)
    assert refused.value.status_code == 403
    assert refused.value.reason == "Request had insufficient authentication scopes."
    assert refused.value.error_details[0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
