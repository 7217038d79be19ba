"""ForwardEmail: everything goes along, once, with the note on top."""

from __future__ import annotations

from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.read import get_email
from arcade_gmail_multiuser.tools.search.tools import list_emails, search_emails_by_query
from arcade_gmail_multiuser.tools.send.tools import forward_email

NOBODY = "18c2f0a1b2c3d4e5"


async def received(person: Any) -> dict[str, Any]:
    [email] = (
        await person.use(list_emails, include_body=True, include_html=True, max_chars=200_000)
    )["emails"]
    return dict(email)


async def test_a_forwarded_mail_has_note_header_text_and_files(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    [id_] = await alice.receive(
        write_mail(
            "Re: Plan",
            "See <jane@x.com> & co\n",
            Cc="c@example.org",
            files=[("表.pdf", b"%PDF\0\xff", "application/pdf")],
        )
    )
    receipt = await alice.use(
        forward_email, email_id=id_, recipient=f"Bob <{bob.email}>", note="FYI\nBest 日本"
    )
    assert (receipt["status"], receipt["recipients"]) == ("sent", [bob.email])
    email = await received(bob)
    assert email["subject"] == "Fwd: Plan"
    body = email["body"]
    assert body.index("FYI") < body.index("Forwarded message") < body.index("See <jane@x.com>")
    for shown in ("From: Jane Doe <jane@example.org>", "Subject: Re: Plan", "Cc: c@example.org"):
        assert shown in body
    assert [(a["filename"], a["size"]) for a in email["attachments"]] == [("表.pdf", 6)]
    assert alice.email in email["from_"]
    original = await alice.use(get_email, email_id=id_)
    assert receipt["thread_id"] == original["thread_id"]


async def test_html_is_passed_on_with_its_pictures_and_without_scripts(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    html = '<p onclick="x()">Hello <b>you</b> <img src="cid:p@x"></p><script>steal()</script>'
    raw = write_mail("News", "Hello you\n", html=html)
    related = raw.replace(
        b"MIME-Version: 1.0\n", b"", 1
    )  # one is enough after wrapping; headers stay on top
    head, _, body = related.partition(b"\n\n")
    lines = [x for x in head.split(b"\n") if x.strip()]
    top = b"\n".join(x for x in lines if not x.lower().startswith((b"content-", b" boundary")))
    inner = b"\n".join(x for x in lines if x.lower().startswith((b"content-", b" boundary")))
    wrapped = (
        top
        + b'\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary="rel"\n\n--rel\n'
        + inner
        + b"\n\n"
        + body
        + b"\n--rel\nContent-Type: image/png; name=p.png\nContent-ID: <p@x>\n"
        b"Content-Disposition: inline; filename=p.png\nContent-Transfer-Encoding: base64\n\n"
        b"iVBORw==\n--rel--\n"
    )
    [id_] = await alice.receive(wrapped)
    await alice.use(forward_email, email_id=id_, recipient=bob.email, note="1 < 2")
    email = await received(bob)
    assert "<b>you</b>" in email["html_body"]
    assert 'src="cid:p@x"' in email["html_body"]
    assert "1 &lt; 2" in email["html_body"]
    assert "script" not in email["html_body"]
    assert "onclick" not in email["html_body"]
    [picture] = email["attachments"]
    assert (picture["filename"], picture["inline"]) == ("p.png", True)


async def test_twenty_megabytes_of_attachments_are_forwarded(world: Any) -> None:
    # Written first: it takes seconds, and an idle connection would be closed in the meantime.
    big = write_mail(
        "Big", files=[("big.bin", b"\x01\x02" * 10_000_000, "application/octet-stream")]
    )
    alice, bob = await world.account(), await world.account()
    [id_] = await alice.receive(big)
    await alice.use(forward_email, email_id=id_, recipient=bob.email)
    email = await received(bob)
    assert [a["size"] for a in email["attachments"]] == [20_000_000]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"recipient": " "}, "invalid_address"),
        ({"recipient": "jane"}, "invalid_address"),
        ({"cc": ["jane@"]}, "invalid_address"),
        ({"email_id": "../x"}, "invalid_input"),
    ],
)
async def test_what_cannot_be_forwarded_is_refused_before_any_request(
    world: Any, wrong: dict[str, Any], code: str
) -> None:
    person = await world.account()
    given = {"email_id": NOBODY, "recipient": "bob@example.com", **wrong}
    assert (await person.fails(forward_email, **given)).code == code
    assert await world.requests() == []


async def test_an_unknown_message_is_not_found_and_nothing_is_sent(world: Any) -> None:
    person = await world.account()
    failed = await person.fails(forward_email, email_id=NOBODY, recipient="bob@example.com")
    assert failed.code == "not_found"
    assert "users.messages.send" not in await world.methods()


async def test_a_lost_answer_is_looked_up_and_nothing_is_forwarded_twice(world: Any) -> None:
    alice, bob = await world.account(write_mail("Plan")), await world.account()
    await world.fault("users.messages.send", drop="after")
    receipt = await alice.use(forward_email, email_id=alice.ids[0], recipient=bob.email)
    assert receipt["status"] == "sent"
    found = await bob.use(search_emails_by_query, query="in:inbox", result_detail="count_only")
    assert found["count"] == 1


async def test_an_answer_lost_before_google_acted_is_said_to_be_unknown(world: Any) -> None:
    alice = await world.account(write_mail("Plan"))
    await world.fault("users.messages.send", status=503)
    failed = await alice.fails(forward_email, email_id=alice.ids[0], recipient="bob@example.com")
    assert failed.code == "outcome_unknown"
