"""Partial answers by the `fields` parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from arcade_gmail_local.sandbox.google_error import GoogleError
from arcade_gmail_local.sandbox.http.field_mask import apply_mask, parse_mask

Mail = Callable[..., bytes]
ANSWER = {
    "messages": [{"id": "1", "threadId": "2"}, {"id": "3", "threadId": "4"}],
    "nextPageToken": "t",
    "resultSizeEstimate": 2,
}


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ("nextPageToken", {"nextPageToken": "t"}),
        ("messages/id", {"messages": [{"id": "1"}, {"id": "3"}]}),
        ("messages(id)", {"messages": [{"id": "1"}, {"id": "3"}]}),
        ("messages(id),messages/threadId", {"messages": ANSWER["messages"]}),
        ("messages(id, threadId), resultSizeEstimate", ANSWER | {"nextPageToken": None}),
        ("messages,messages/id", {"messages": ANSWER["messages"]}),
        ("*", ANSWER),
        ("messages(*)", {"messages": ANSWER["messages"]}),
    ],
)
def test_a_mask_keeps_what_it_names(fields: str, kept: dict[str, Any]) -> None:
    mask = parse_mask(fields, "ListMessagesResponse")
    assert apply_mask(mask, ANSWER) == {k: v for k, v in kept.items() if v is not None}


@pytest.mark.parametrize(
    "fields",
    [
        "",
        " ",
        "nope",
        "messages/nope",
        "messages(",
        "messages)",
        "messages(id",
        "(id)",
        "a,",
        ",a",
        "messages//id",
        "messages/id/x",
        "id;drop",
        "messages" + "(id" * 100,
        "payload/" * 5000,
    ],
)
def test_a_mask_that_fits_nothing_is_a_400(fields: str) -> None:
    with pytest.raises(GoogleError) as refused:
        parse_mask(fields, "ListMessagesResponse")
    assert refused.value.code == 400


async def test_masks_reach_into_payloads_over_the_api(google: Any, write_mail: Mail) -> None:
    alice = google.person("alice@example.com", write_mail("Hi"))
    (found,) = await google.ids(alice)
    answer = await google.get(alice, f"messages/{found}", fields="id,payload(headers/name)")
    assert set(answer) == {"id", "payload"}
    assert {"name": "Subject"} in answer["payload"]["headers"]
    refused = await google.ask(alice, "GET", f"messages/{found}?fields=nope")
    assert refused.status_code == 400
    assert "fieldViolations" in refused.text
