"""Mail that travels between the sandbox's accounts."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from arcade_gmail_local.sandbox.mail.raw_mail import RawMail

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"


async def received(google: Any, token: str, q: str = "") -> RawMail:
    (found,) = await google.ids(token, q)
    return RawMail(await google.raw(token, found))


async def test_a_sent_message_is_unread_in_the_recipients_inbox(
    google: Any, write_mail: Mail
) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    sent = await google.send(alice, write_mail("Hello", "こんにちは", to=BOB, from_=ALICE))
    assert sent["labelIds"] == ["SENT"]
    (found,) = await google.ids(bob, "in:inbox is:unread category:primary こんにちは")
    assert found != sent["id"]
    message = await google.get(bob, f"messages/{found}")
    assert message["threadId"] == found
    assert await google.ids(alice, "in:inbox") == []


async def test_bcc_is_delivered_kept_by_the_sender_and_shown_to_nobody_else(
    google: Any, write_mail: Mail
) -> None:
    alice, bob, carol = (google.person(who) for who in (ALICE, BOB, CAROL))
    await google.send(alice, write_mail(to=BOB, bcc=CAROL, from_=ALICE))
    assert (await received(google, alice)).first("bcc") == CAROL
    assert (await received(google, bob)).first("bcc") == ""
    assert (await received(google, carol)).first("bcc") == ""
    assert await google.ids(alice, f"bcc:{CAROL}")
    assert not await google.ids(bob, "carol")


async def test_the_message_id_is_gmails_and_the_clients_finds_nothing(
    google: Any, write_mail: Mail
) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    await google.send(alice, write_mail(to=BOB, message_id="<mine@client>"))
    ids = [(await received(google, who)).every("message-id") for who in (alice, bob)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 1
    assert ids[0][0].startswith("<CA")
    assert ids[0][0].endswith("@mail.gmail.com>")
    assert await google.ids(alice, "rfc822msgid:mine@client") == []
    assert len(await google.ids(alice, f"rfc822msgid:{ids[0][0]}")) == 1


async def test_delivered_mail_says_who_checked_it_whatever_the_sender_claimed(
    google: Any, write_mail: Mail
) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    claimed = {"authentication_results": "mx.google.com; spf=fail", "delivered_to": "x@y"}
    await google.send(alice, write_mail(to=BOB, **claimed))
    mail = await received(google, bob)
    (results,) = mail.every("authentication-results")
    assert results.startswith("mx.google.com;")
    for check in ("spf=pass", "dkim=pass", "dmarc=pass"):
        assert check in results
    assert mail.every("delivered-to") == [BOB]
    assert mail.first("return-path") == f"<{ALICE}>"
    assert (await received(google, alice)).every("authentication-results") == []


async def test_a_body_arrives_byte_for_byte(google: Any) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    odd = b"To: bob@example.com\nSubject: odd\n\n\x00\xff line\n\r\n.\n--\n"
    await google.send(alice, odd)
    (found,) = await google.ids(bob)
    assert (await google.raw(bob, found)).endswith(b"\n\n\x00\xff line\n\r\n.\n--\n")


async def test_a_from_that_is_not_ones_own_is_rewritten(google: Any, write_mail: Mail) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    await google.send(alice, write_mail(to=BOB, from_="The Boss <boss@example.com>"))
    assert (await received(google, bob)).every("from") == [f"The Boss <{ALICE}>"]


async def test_ones_own_from_stays_and_a_missing_one_is_added(
    google: Any, write_mail: Mail
) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    await google.send(alice, write_mail("own", to=BOB, from_="Al <ALICE@example.com>"))
    assert (await received(google, bob, "subject:own")).first("from") == "Al <ALICE@example.com>"
    await google.send(alice, b"To: bob@example.com\r\nSubject: none\r\n\r\nx")
    mail = await received(google, bob, "subject:none")
    assert mail.first("from") == ALICE
    assert mail.first("date") == "Wed, 18 Nov 2026 11:06:40 +0000"


async def test_an_encoded_name_cannot_smuggle_a_header_in(google: Any, write_mail: Mail) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    name = "=?utf-8?q?x=0D=0AX-Evil:_1?="
    await google.send(alice, write_mail(to=BOB, from_=f"{name} <boss@example.com>"))
    assert (await received(google, bob)).first("x-evil") == ""


async def test_mail_to_oneself_is_one_message_in_sent_and_inbox(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE)
    sent = await google.send(alice, write_mail(to=f"{ALICE}, Alice+x@Example.com"))
    assert sent["labelIds"] == ["INBOX", "SENT", "UNREAD"]
    assert await google.ids(alice) == [sent["id"]]


async def test_one_who_is_named_twice_gets_it_once(google: Any, write_mail: Mail) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    await google.send(alice, write_mail(to=BOB, cc="Bob <BOB@example.com>, bob+list@example.com"))
    assert len(await google.ids(bob)) == 1


async def test_a_stranger_is_accepted_and_listed_as_outgoing(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE)
    sent = await google.send(alice, write_mail(to="who@example.net"))
    listed = (await google.http.get("/_sandbox/outgoing")).json()["outgoing"]
    assert listed == [{"sender": ALICE, "recipient": "who@example.net", "message_id": sent["id"]}]


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"to": ""}, "Recipient address required"),
        ({"to": "undisclosed-recipients:;"}, "Recipient address required"),
        ({"to": "Jane"}, "Invalid To header"),
        ({"to": "a@b@c"}, "Invalid To header"),
        ({"to": BOB, "cc": "nobody"}, "Invalid Cc header"),
    ],
)
async def test_mail_nobody_could_get_is_refused_and_leaves_no_trace(
    google: Any, write_mail: Mail, refusal: Refusal, headers: dict[str, str], text: str
) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    body = {"raw": base64.urlsafe_b64encode(write_mail(**headers)).decode()}
    answer = await google.ask(alice, "POST", "messages/send", json=body)
    assert refusal(answer) == (400, "invalidArgument", text)
    assert await google.ids(alice) == await google.ids(bob) == []


async def test_a_limit_of_recipients_can_be_set_and_lifted(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE)
    body = {"raw": base64.urlsafe_b64encode(write_mail(to="a@x.y, b@x.y, c@x.y")).decode()}
    for limit, status in ((2, 400), (3, 200), (None, 200)):
        await google.http.post("/_sandbox/limits", json={"max_recipients": limit})
        answer = await google.ask(alice, "POST", "messages/send", json=body)
        assert answer.status_code == status


# Threads


async def answered(google: Any, write_mail: Mail, **reply: str) -> tuple[str, str, list[str]]:
    """Let Alice write to Bob and Bob answer; give Alice's thread, Bob's thread, all of Alice's."""
    alice, bob = google.person(ALICE), google.person(BOB)
    sent = await google.send(alice, write_mail("Lunch", to=BOB, from_=ALICE))
    message_id = (await received(google, bob)).first("message-id")
    (at_bobs,) = await google.ids(bob)
    headers = {"in_reply_to": message_id, "subject": "Re: Lunch", "to": ALICE, **reply}
    await google.send(bob, write_mail(**headers), threadId=at_bobs)
    threads = (await google.get(alice, "threads"))["threads"]
    return sent["threadId"], at_bobs, [t["id"] for t in threads]


async def test_an_answer_joins_both_peoples_threads_each_under_its_own_id(
    google: Any, write_mail: Mail
) -> None:
    at_alices, at_bobs, threads = await answered(google, write_mail)
    assert threads == [at_alices]
    assert at_alices != at_bobs
    bob = google.token(BOB, "readonly")
    assert len((await google.get(bob, f"threads/{at_bobs}"))["messages"]) == 2


async def test_references_alone_are_enough(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, write_mail("Lunch", message_id="<1@x>"))
    google.person(ALICE, write_mail("Fwd: RE: lunch", references="<0@x>\r\n <1@x>"))
    assert len((await google.get(alice, "threads"))["threads"]) == 1


async def test_another_subject_begins_another_thread(google: Any, write_mail: Mail) -> None:
    _, _, threads = await answered(google, write_mail, subject="Re: Dinner")
    assert len(threads) == 2


async def test_a_subject_without_a_reference_begins_another_thread(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, write_mail("Lunch"), write_mail("Re: Lunch"))
    assert len((await google.get(alice, "threads"))["threads"]) == 2


@pytest.mark.parametrize(
    ("thread", "reference", "subject", "joins"),
    [
        (True, "<1@x>", "Re: Lunch", True),
        (True, "<1@x>", "Lunch", True),
        (False, "<1@x>", "Re: Lunch", False),
        (True, "<9@x>", "Re: Lunch", False),
        (True, "<1@x>", "Dinner", False),
    ],
)
async def test_sending_into_a_thread_needs_its_id_a_reference_and_the_subject(
    google: Any, write_mail: Mail, thread: bool, reference: str, subject: str, joins: bool
) -> None:
    alice = google.person(ALICE, write_mail("Lunch", message_id="<1@x>"))
    (root,) = await google.ids(alice)
    more = {"threadId": root} if thread else {}
    sent = await google.send(alice, write_mail(subject, to=BOB, in_reply_to=reference), **more)
    assert (sent["threadId"] == root) == joins


@pytest.mark.parametrize(("given", "code"), [("zzz", 400), ("18c0000000000000", 404)])
async def test_a_thread_that_is_not_there_is_refused(
    google: Any, write_mail: Mail, given: str, code: int
) -> None:
    body = {"raw": base64.urlsafe_b64encode(write_mail(to=BOB)).decode(), "threadId": given}
    answer = await google.ask(google.person(ALICE), "POST", "messages/send", json=body)
    assert answer.status_code == code
