"""Drafts that are stored: listed, changed without losing anything, deleted, and as replies."""

from __future__ import annotations

import asyncio
import base64
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.gmail.scopes import GMAIL_COMPOSE, GMAIL_READONLY
from arcade_gmail_multiuser.tools.drafts.tools import (
    delete_draft_email,
    list_draft_emails,
    send_draft_email,
    update_draft_email,
    write_draft_email,
    write_draft_reply_email,
)
from arcade_gmail_multiuser.tools.read import get_email
from arcade_gmail_multiuser.tools.search.tools import list_emails

PICTURE = b"\x89PNG" + bytes(range(200))


async def gmail(world: Any, person: Any, verb: str, path: str, body: Any = None) -> Any:
    token = await person.token([GMAIL_COMPOSE, GMAIL_READONLY])
    url = f"{world.url}/gmail/v1/users/me/{path}"
    async with world.http.request(
        verb, url, json=body, headers={"authorization": f"Bearer {token}"}
    ) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def stored(world: Any, person: Any, draft_id: str) -> tuple[Any, dict[str, Any]]:
    draft = await gmail(world, person, "GET", f"drafts/{draft_id}?format=raw")
    raw = base64.urlsafe_b64decode(draft["message"]["raw"])
    return message_from_bytes(raw, policy=policy.default), draft["message"]


async def rich_draft(world: Any, person: Any) -> tuple[str, str]:
    """Store a reply as Gmail's web page would: HTML, a picture in it, a file, odd headers."""
    [original] = await person.receive(write_mail("Plan", Message_ID="<a@x.org>"))
    thread = (await person.use(get_email, email_id=original))["thread_id"]
    draft = EmailMessage(policy=policy.SMTP)
    draft["To"], draft["Cc"], draft["Bcc"] = "Jane <jane@example.org>", "c@x.org", "b@x.org"
    draft["Subject"], draft["X-Odd"] = "Re: Plan", "kept"
    draft["In-Reply-To"] = draft["References"] = "<a@x.org>"
    draft.set_content("old text\n")
    draft.add_alternative('<p>old text <img src="cid:p@x"></p>', subtype="html")
    draft.get_payload()[1].add_related(PICTURE, "image", "png", cid="<p@x>")  # type: ignore[union-attr] # a list
    draft.add_attachment(b"%PDF \0\xff", maintype="application", subtype="pdf", filename="表.pdf")
    raw = base64.urlsafe_b64encode(draft.as_bytes()).decode()
    made = await gmail(
        world, person, "POST", "drafts", {"message": {"raw": raw, "threadId": thread}}
    )
    assert made["message"]["threadId"] == thread
    return made["id"], thread


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Re: Plan"},
        {"body": "new text"},
        {"recipient": "Bob <bob@example.com>"},
        {"cc": []},
        {"bcc": ["x@example.com"], "body": "<p>new <b>text</b></p>"},
    ],
)
async def test_a_changed_draft_loses_neither_thread_nor_type_nor_headers_nor_files(
    world: Any, change: dict[str, Any]
) -> None:
    person = await world.account()
    draft_id, thread = await rich_draft(world, person)
    answer = await person.use(update_draft_email, draft_email_id=draft_id, **change)
    assert (answer["id"], answer["thread_id"], answer["status"]) == (draft_id, thread, "draft")
    assert answer["changed"] == [name for name in ("subject", "body", "recipient", "cc", "bcc")
                                 if name in change]  # fmt: skip
    message, resource = await stored(world, person, draft_id)
    assert resource["threadId"] == thread
    assert (message["X-Odd"], message["In-Reply-To"], message["References"]) == (
        "kept",
        "<a@x.org>",
        "<a@x.org>",
    )
    assert message["Subject"] == "Re: Plan"
    expected = {
        "To": change.get("recipient", "Jane <jane@example.org>"),
        "Cc": None if "cc" in change else "c@x.org",
        "Bcc": "x@example.com" if "bcc" in change else "b@x.org",
    }
    assert {name: message[name] for name in expected} == expected
    text = message.get_body(("html",)).get_content()
    assert ("new" in text, "old" in text) == ("body" in change, "body" not in change)
    assert message.get_body(("plain",)) is not None
    [file] = [p for p in message.walk() if p.get_filename() == "表.pdf"]
    assert file.get_content() == b"%PDF \0\xff"
    [picture] = [p for p in message.walk() if p["Content-ID"] == "<p@x>"]
    assert picture.get_content() == PICTURE


async def test_a_plain_draft_stays_plain_and_can_be_made_html(world: Any) -> None:
    person, bob = await world.account(), await world.account()
    made = await person.use(
        write_draft_email,
        subject="会議",
        body="old",
        recipient=bob.email,
        attachments=[{"filename": "a.csv", "content": "a,b\n"}],
    )
    await person.use(update_draft_email, draft_email_id=made["id"], body="<b>not html</b> 日本\n")
    message, _ = await stored(world, person, made["id"])
    assert message.get_body(("html",)) is None
    assert message.get_body(("plain",)).get_content().rstrip() == "<b>not html</b> 日本"
    answer = await person.use(
        update_draft_email, draft_email_id=made["id"], body="<b>yes</b>", content_type="html"
    )
    assert (answer["subject"], answer["recipients"]) == ("会議", [bob.email])
    await person.use(send_draft_email, email_id=made["id"])
    [email] = (await bob.use(list_emails, include_body=True, include_html=True))["emails"]
    assert "<b>yes</b>" in email["html_body"]
    assert [a["filename"] for a in email["attachments"]] == ["a.csv"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "invalid_input"),
        ({"content_type": "html"}, "invalid_input"),
        ({"recipient": " "}, "invalid_address"),
        ({"cc": ["jane@"]}, "invalid_address"),
        ({"subject": "a\r\nBcc: eve@example.com"}, "invalid_header"),
        ({"body": "\0"}, "invalid_input"),
    ],
)
async def test_a_change_that_cannot_be_leaves_the_draft_as_it_is(
    world: Any, change: dict[str, Any], code: str
) -> None:
    person = await world.account()
    made = await person.use(
        write_draft_email, subject="Hi", body="old", recipient="bob@example.com"
    )
    _, before = await stored(world, person, made["id"])
    failed = await person.fails(update_draft_email, draft_email_id=made["id"], **change)
    assert failed.code == code
    _, after = await stored(world, person, made["id"])
    assert before == after


async def test_a_draft_that_was_sent_cannot_be_changed_or_deleted(world: Any) -> None:
    person = await world.account()
    made = await person.use(
        write_draft_email, subject="Hi", body="old", recipient="bob@example.com"
    )
    await person.use(send_draft_email, email_id=made["id"])
    for tool, more in ((update_draft_email, {"subject": "x"}), (delete_draft_email, {})):
        failed = await person.fails(tool, draft_email_id=made["id"], **more)
        assert failed.code == "not_found"


async def test_a_lost_answer_changes_or_deletes_once_all_the_same(world: Any) -> None:
    person = await world.account()
    made = await person.use(
        write_draft_email, subject="Hi", body="old", recipient="bob@example.com"
    )
    await world.fault("users.drafts.update", drop="after")
    await person.use(update_draft_email, draft_email_id=made["id"], subject="Ho")
    assert [d["subject"] for d in (await person.use(list_draft_emails))["drafts"]] == ["Ho"]
    await world.fault("users.drafts.delete", drop="after")
    answer = await person.use(delete_draft_email, draft_email_id=made["id"])
    assert (answer["status"], answer["subject"]) == ("deleted", "Ho")
    assert answer["recipients"] == ["bob@example.com"]
    assert (await person.use(list_draft_emails))["drafts"] == []


async def test_drafts_are_listed_by_page_with_whom_they_go_to(world: Any) -> None:
    person = await world.account()
    for n in range(3):
        await person.use(
            write_draft_email, subject=f"Draft {n}", body="x", recipient=f"p{n}@example.com"
        )
    first = await person.use(list_draft_emails, n_drafts=2)
    assert [d["subject"] for d in first["drafts"]] == ["Draft 2", "Draft 1"]
    assert [d["to"] for d in first["drafts"]] == ["p2@example.com", "p1@example.com"]
    assert not first["drafts"][0]["is_reply"]
    rest = await person.use(list_draft_emails, n_drafts=2, page_token=first["next_page_token"])
    assert [d["subject"] for d in rest["drafts"]] == ["Draft 0"]
    assert "next_page_token" not in rest
    failed = await person.fails(list_draft_emails, page_token="nonsense")
    assert failed.code == "invalid_input"
    for n in (0, 51):
        assert (await person.fails(list_draft_emails, n_drafts=n)).code == "invalid_input"


async def test_a_draft_that_cannot_be_read_is_named_and_costs_the_others_nothing(
    world: Any,
) -> None:
    person = await world.account()
    made = [
        await person.use(write_draft_email, subject=s, body="x", recipient="p@example.com")
        for s in "ab"
    ]
    await world.control(
        "faults",
        {
            "match": {"path": f"*drafts/{made[0]['id']}"},
            "action": {"status": 500},
            "times": None,
        },
    )
    answer = await person.use(list_draft_emails)
    assert [d["id"] for d in answer["drafts"]] == [made[1]["id"]]
    assert [f["id"] for f in answer["failed"]] == [made[0]["id"]]


async def test_a_drafted_reply_is_in_the_conversation_and_goes_where_a_reply_would(
    world: Any,
) -> None:
    person = await world.account(
        write_mail("Plan", Message_ID="<a@x.org>", Reply_To="desk@example.org", Cc="c@example.org")
    )
    original = await person.use(get_email, email_id=person.ids[0])
    answer = await person.use(
        write_draft_reply_email,
        body="Fine.",
        reply_to_message_id=person.ids[0],
        reply_to_whom="every_recipient",
    )
    assert answer["thread_id"] == original["thread_id"]
    assert answer["status"] == "draft"
    assert "desk@example.org" in answer["recipients"]
    assert person.email not in answer["recipients"]
    message, _ = await stored(world, person, answer["id"])
    assert (message["Subject"], message["In-Reply-To"]) == ("Re: Plan", "<a@x.org>")
    [listed] = (await person.use(list_draft_emails))["drafts"]
    assert (listed["id"], listed["is_reply"]) == (answer["id"], True)
    sent = await person.use(send_draft_email, email_id=answer["id"])
    assert sent["thread_id"] == original["thread_id"]


async def test_a_lost_answer_stores_one_drafted_reply(world: Any) -> None:
    person = await world.account(write_mail("Plan"))
    await world.fault("users.drafts.create", drop="after")
    await person.use(write_draft_reply_email, body="Fine.", reply_to_message_id=person.ids[0])
    assert len((await person.use(list_draft_emails))["drafts"]) == 1


async def test_two_people_at_once_change_their_own_drafts(world: Any) -> None:
    people = [await world.account() for _ in range(2)]

    async def work(person: Any) -> None:
        made = await person.use(
            write_draft_email, subject="Hi", body="x", recipient="p@example.com"
        )
        await person.use(update_draft_email, draft_email_id=made["id"], subject=person.email)
        [draft] = (await person.use(list_draft_emails))["drafts"]
        assert draft["subject"] == person.email

    await asyncio.gather(*(work(person) for person in people))
