"""Messages: lists, formats, labels, bins."""

from __future__ import annotations

import base64
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE = "alice@example.com"


async def test_an_empty_mailbox_has_no_messages_key(google: Any) -> None:
    assert await google.get(google.person(ALICE), "messages") == {"resultSizeEstimate": 0}


async def test_messages_come_newest_first_in_pages(google: Any, write_mail: Mail) -> None:
    dates = [f"Mon, 0{day} Nov 2026 10:00:00 +0000" for day in (2, 1, 3, 5, 4)]
    alice = google.person(ALICE, *[write_mail(date[5:7], date=date) for date in dates])
    seen: list[str] = []
    params: dict[str, Any] = {"maxResults": 2}
    while True:
        page = await google.get(alice, "messages", **params)
        assert page["resultSizeEstimate"] == 5
        seen += [m["id"] for m in page["messages"]]
        if "nextPageToken" not in page:
            break
        assert not page["nextPageToken"].isdecimal()
        params["pageToken"] = page["nextPageToken"]
    days = [(await google.get(alice, f"messages/{i}"))["payload"]["headers"] for i in seen]
    subjects = [h["value"] for headers in days for h in headers if h["name"] == "Subject"]
    assert subjects == ["05", "04", "03", "02", "01"]


async def test_new_mail_does_not_shift_the_pages_that_follow(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, *[write_mail(str(i)) for i in range(4)])
    everything = await google.ids(alice)
    first = await google.get(alice, "messages", maxResults=2)
    google.person(ALICE, write_mail("new"))
    token = first["nextPageToken"]
    assert await google.ids(alice, maxResults=2, pageToken=token) == everything[2:]


async def test_a_page_token_is_good_for_its_own_search_and_mailbox_only(
    google: Any, write_mail: Mail
) -> None:
    mails = [write_mail(str(i)) for i in range(3)]
    alice, bob = google.person(ALICE, *mails), google.person("bob@example.com", *mails)
    token = (await google.get(alice, "messages", maxResults=1))["nextPageToken"]
    for who, params in ((alice, {"q": "x"}), (alice, {"labelIds": "INBOX"}), (bob, {})):
        answer = await google.ask(who, "GET", "messages", params={"pageToken": token, **params})
        assert answer.status_code == 400
    assert (await google.ask(alice, "GET", f"threads?pageToken={token}")).status_code == 400


async def test_more_than_500_results_are_capped_and_the_estimate_is_coarse(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, *[write_mail(str(i)) for i in range(510)])
    page = await google.get(alice, "messages", maxResults=9999)
    assert len(page["messages"]) == 500
    assert page["resultSizeEstimate"] == 201
    assert len((await google.get(alice, "messages"))["messages"]) == 100


async def test_every_one_of_the_given_labels_is_needed(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, write_mail("one"), write_mail("two"))
    found = (await google.ids(alice))[0]
    await google.post(alice, f"messages/{found}/modify", {"addLabelIds": ["STARRED"]})
    assert await google.ids(alice, labelIds=["INBOX", "STARRED"]) == [found]


async def test_each_format_shows_what_gmail_shows(google: Any, write_mail: Mail) -> None:
    raw = write_mail("Ümläut <b>", "Text & more")
    alice = google.person(ALICE, raw)
    found = (await google.ids(alice))[0]
    always = {"id", "threadId", "labelIds", "snippet", "historyId", "internalDate", "sizeEstimate"}
    minimal = await google.get(alice, f"messages/{found}", format="minimal")
    assert set(minimal) == always
    assert minimal["snippet"] == "Text &amp; more"
    assert minimal["sizeEstimate"] == len(raw)
    full = await google.get(alice, f"messages/{found}")
    assert set(full) == always | {"payload"}
    assert full["payload"]["partId"] == ""
    in_raw = await google.get(alice, f"messages/{found}", format="raw")
    assert set(in_raw) == always | {"raw"}
    assert base64.urlsafe_b64decode(in_raw["raw"]) == raw
    metadata = await google.get(alice, f"messages/{found}", format="metadata")
    assert set(metadata["payload"]) == {"mimeType", "headers"}


async def test_metadata_headers_are_picked_without_case_and_without_splitting(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, write_mail())
    found = (await google.ids(alice))[0]

    async def names(*wanted: str) -> list[str] | None:
        path = f"messages/{found}"
        message = await google.get(alice, path, format="metadata", metadataHeaders=list(wanted))
        headers = message["payload"].get("headers")
        return None if headers is None else [h["name"] for h in headers]

    assert await names("SUBJECT", "from") == ["From", "Subject"]
    assert await names("Subject,From") is None
    assert await names("X-None") is None


def with_file() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "d@example.org", ALICE, "A file"
    message.set_content("see the file")
    message.add_attachment(b"\x00\x01\x02", "application", "pdf", filename="a.pdf")
    return message.as_bytes()


async def test_an_attachment_has_a_new_id_every_time_and_each_of_them_works(google: Any) -> None:
    alice = google.person(ALICE, with_file())
    found = (await google.ids(alice))[0]
    tokens = []
    for _ in range(2):
        parts = (await google.get(alice, f"messages/{found}"))["payload"]["parts"]
        assert parts[1]["partId"] == "1"
        assert "data" not in parts[1]["body"]
        tokens.append(parts[1]["body"]["attachmentId"])
    assert tokens[0] != tokens[1]
    for token in tokens:
        path = f"messages/{found}/attachments/{token}"
        assert await google.get(alice, path) == {"size": 3, "data": "AAEC"}


async def test_a_wrong_attachment_id_is_the_same_400_whatever_is_wrong(
    google: Any, refusal: Refusal
) -> None:
    alice = google.person(ALICE, with_file(), with_file())
    bob = google.person("bob@example.com", with_file())
    one, two = await google.ids(alice)
    parts = (await google.get(alice, f"messages/{one}"))["payload"]["parts"]
    token = parts[1]["body"]["attachmentId"]
    cases = [
        (alice, one, "nonsense"),
        # Not its last letter, of which base64 may ignore some bits.
        (alice, one, token[:30] + ("A" if token[30] != "A" else "B") + token[31:]),
        (alice, two, token),
        (alice, "18c0000000000000", token),
        (bob, one, token),
    ]
    for who, message, given in cases:
        answer = await google.ask(who, "GET", f"messages/{message}/attachments/{given}")
        assert refusal(answer) == (400, "invalidArgument", "Invalid attachment token")


async def test_a_change_answers_with_ids_and_labels_and_nothing_else(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, write_mail())
    found = (await google.ids(alice))[0]
    body = {"addLabelIds": ["STARRED"], "removeLabelIds": ["UNREAD"]}
    answer = await google.post(alice, f"messages/{found}/modify", body)
    assert answer == {"id": found, "threadId": found, "labelIds": ["INBOX", "STARRED"]}
    body = {"removeLabelIds": ["STARRED", "INBOX"]}
    answer = await google.post(alice, f"messages/{found}/modify", body)
    assert answer == {"id": found, "threadId": found}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "No label add or removes specified"),
        ({"addLabelIds": []}, "No label add or removes specified"),
        ({"addLabelIds": ["SENT"]}, "Invalid label: SENT"),
        ({"removeLabelIds": ["DRAFT"]}, "Invalid label: DRAFT"),
        ({"addLabelIds": ["CHAT"]}, "Invalid label: CHAT"),
        ({"addLabelIds": ["Label_99"]}, "Invalid label: Label_99"),
        ({"addLabelIds": ["inbox"]}, "Invalid label: inbox"),
    ],
)
@pytest.mark.parametrize("path", ["messages/{}/modify", "threads/{}/modify"])
async def test_a_label_that_cannot_be_put_on_is_a_400(
    google: Any, write_mail: Mail, refusal: Refusal, path: str, body: dict[str, Any], text: str
) -> None:
    alice = google.person(ALICE, write_mail())
    found = (await google.ids(alice))[0]
    answer = await google.ask(alice, "POST", path.format(found), json=body)
    assert refusal(answer) == (400, "invalidArgument", text)


async def test_trash_leaves_the_inbox_and_untrash_does_not_bring_it_back(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, write_mail())
    found = (await google.ids(alice))[0]
    trashed = await google.post(alice, f"messages/{found}/trash")
    assert trashed["labelIds"] == ["TRASH", "UNREAD"]
    restored = await google.post(alice, f"messages/{found}/untrash")
    assert restored["labelIds"] == ["UNREAD"]


async def test_a_deleted_message_is_gone(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, write_mail())
    found = (await google.ids(alice))[0]
    assert (await google.ask(alice, "DELETE", f"messages/{found}")).status_code == 204
    assert (await google.ask(alice, "GET", f"messages/{found}")).status_code == 404
    assert (await google.ask(alice, "GET", f"threads/{found}")).status_code == 404


async def test_batches_pass_over_unknown_ids(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, write_mail("one"), write_mail("two"))
    ids = [*await google.ids(alice), "18c0000000000000"]
    await google.post(alice, "messages/batchModify", {"ids": ids, "addLabelIds": ["STARRED"]})
    assert len(await google.ids(alice, "is:starred")) == 2
    await google.post(alice, "messages/batchDelete", {"ids": ids})
    assert await google.ids(alice) == []


async def test_a_batch_takes_a_thousand_ids_and_no_more(google: Any, refusal: Refusal) -> None:
    alice = google.person(ALICE)
    body = {"ids": ["18c0000000000000"] * 1001, "addLabelIds": ["STARRED"]}
    answer = await google.ask(alice, "POST", "messages/batchModify", json=body)
    assert refusal(answer)[2] == "Number of ids cannot exceed 1000"
    body["ids"].pop()
    assert (await google.ask(alice, "POST", "messages/batchModify", json=body)).is_success


async def test_insert_keeps_the_message_as_it_is_and_import_receives_it(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE)
    raw = write_mail(date="Sun, 01 Nov 2026 10:00:00 +0000", message_id="<kept@x>")
    body = {"raw": base64.urlsafe_b64encode(raw).decode()}
    inserted = await google.post(alice, "messages", body)
    assert "labelIds" not in inserted
    assert await google.raw(alice, inserted["id"]) == raw
    message = await google.get(alice, f"messages/{inserted['id']}")
    assert message["internalDate"] == "1795000000000"
    imported = await google.post(alice, "messages/import", body)
    assert imported["labelIds"] == ["INBOX", "UNREAD"]
    message = await google.get(alice, f"messages/{imported['id']}")
    assert message["internalDate"] == "1793527200000"


async def test_profile_counts_messages_and_threads(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, write_mail(), write_mail())
    profile = await google.get(alice, "profile")
    assert profile["emailAddress"] == ALICE
    assert (profile["messagesTotal"], profile["threadsTotal"]) == (2, 2)
