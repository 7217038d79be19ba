"""UnsubscribeFromEmail: the list is asked in the safest way, a stranger's trick is not followed."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.errors import ConnectionFailed
from arcade_gmail_multiuser.gmail.unsubscribe.one_click import OneClick, Pinned
from arcade_gmail_multiuser.tools import unsubscribe
from arcade_gmail_multiuser.tools.organise.tools import undo_change
from arcade_gmail_multiuser.tools.read import get_email
from arcade_gmail_multiuser.tools.search.tools import list_emails
from arcade_gmail_multiuser.tools.unsubscribe import unsubscribe_from_email

SIGNED = {
    "Authentication_Results": "mx.google.com; dkim=pass header.i=@shop.example; spf=pass",
    "DKIM_Signature": "v=1; d=shop.example; s=k; h=From:List-Unsubscribe:List-Unsubscribe-Post",
    "List_Unsubscribe_Post": "List-Unsubscribe=One-Click",
    "List_Id": "<news.shop.example>",
}
WEB = "<https://shop.example.com/u?id=1>"
SENDER = "Shop <news@shop.example>"


class Outside:
    """Stands for the name service and the list's server."""

    def __init__(self) -> None:
        self.address = "93.184.216.34"
        self.status: int | Exception = 200
        self.posts: list[tuple[Pinned, bytes]] = []

    async def addresses(self, host: str) -> list[str]:
        return [self.address]

    async def post(self, where: Pinned, body: bytes) -> int:
        self.posts.append((where, body))
        if isinstance(self.status, Exception):
            raise self.status
        return self.status


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    stand_in = Outside()
    monkeypatch.setattr(unsubscribe, "OneClick", partial(OneClick, stand_in, stand_in))
    return stand_in


async def test_a_signed_one_click_offer_is_taken_and_no_mail_is_sent(
    world: Any, outside: Outside
) -> None:
    person = await world.account(
        write_mail(sender=SENDER, List_Unsubscribe=f"{WEB}, <mailto:u@shop.example>", **SIGNED)
    )
    answer = await person.use(unsubscribe_from_email, email_id=person.ids[0])
    assert (answer["status"], answer["method"]) == ("requested", "one_click")
    assert (answer["sender"], answer["list_id"]) == ("news@shop.example", "news.shop.example")
    [(where, body)] = outside.posts
    assert (where.host, where.path, body) == (
        "shop.example.com",
        "/u?id=1",
        b"List-Unsubscribe=One-Click",
    )
    assert "users.messages.send" not in await world.methods()
    assert "trashed" not in answer


@pytest.mark.parametrize("trouble", [404, 302, ConnectionFailed("No.", sent=True)])
async def test_when_one_click_fails_the_list_is_asked_by_mail(
    world: Any, outside: Outside, trouble: Any
) -> None:
    outside.status = trouble
    owner = await world.account()
    person = await world.account(
        write_mail(
            sender=SENDER,
            **SIGNED,
            List_Unsubscribe=f"{WEB}, <mailto:{owner.email}?subject=stop%0D%0ABcc:x@x.org&body=me>",
        )
    )
    answer = await person.use(unsubscribe_from_email, email_id=person.ids[0])
    assert (answer["status"], answer["method"]) == ("requested", "mail")
    assert answer["sent_to"] == owner.email
    assert len(answer["attempts"]) == 1
    [email] = (await owner.use(list_emails, include_body=True))["emails"]
    assert email["subject"] == "stop Bcc:x@x.org"
    assert "me" in email["body"]
    assert not email["cc"]


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::1"])
async def test_an_offer_that_leads_inside_is_not_taken(
    world: Any, outside: Outside, address: str
) -> None:
    outside.address = address
    person = await world.account(write_mail(sender=SENDER, List_Unsubscribe=WEB, **SIGNED))
    answer = await person.use(unsubscribe_from_email, email_id=person.ids[0], trash_existing=True)
    assert (answer["status"], answer["method"]) == ("needs_a_person", "none")
    assert "private network" in answer["attempts"][0]
    assert outside.posts == []
    assert "trashed" not in answer


async def test_an_unsigned_offer_is_named_for_a_person_and_nothing_is_asked(
    world: Any, outside: Outside
) -> None:
    unsigned = {**SIGNED, "Authentication_Results": "mx.google.com; dkim=fail"}
    person = await world.account(write_mail(sender=SENDER, List_Unsubscribe=WEB, **unsigned))
    answer = await person.use(unsubscribe_from_email, email_id=person.ids[0])
    assert (answer["status"], answer["pages"]) == (
        "needs_a_person",
        ["https://shop.example.com/u?id=1"],
    )
    assert outside.posts == []
    assert await world.methods() == ["users.messages.get"]


async def test_a_mail_without_any_offer_says_what_else_helps(world: Any, outside: Outside) -> None:
    person = await world.account(write_mail())
    answer = await person.use(unsubscribe_from_email, email_id=person.ids[0])
    assert (answer["status"], answer["pages"]) == ("not_possible", [])
    assert "ReportSpam" in answer["note"]


async def test_spam_gets_no_answer(world: Any, outside: Outside) -> None:
    raw = write_mail(sender=SENDER, List_Unsubscribe=f"{WEB}, <mailto:u@shop.example>", **SIGNED)
    person = await world.account({"raw": raw, "labelIds": ["SPAM"]})
    answer = await person.use(unsubscribe_from_email, email_id=person.ids[0])
    assert (answer["status"], answer["method"]) == ("not_possible", "none")
    assert outside.posts == []
    assert "users.messages.send" not in await world.methods()


async def test_only_the_lists_own_mail_is_thrown_away_and_it_can_come_back(
    world: Any, outside: Outside
) -> None:
    news = write_mail("News", sender=SENDER, List_Unsubscribe=WEB, **SIGNED)
    person = await world.account(
        {"raw": news, "labelIds": ["INBOX"]},
        {"raw": write_mail("Older", sender=SENDER, List_Id="<news.shop.example>"), "labelIds": []},
        {"raw": write_mail("Order", sender="Shop <orders@shop.example>"), "labelIds": ["INBOX"]},
        {"raw": write_mail("Near", List_Id="<other.news.shop.example>"), "labelIds": ["INBOX"]},
    )
    answer = await person.use(unsubscribe_from_email, email_id=person.ids[0], trash_existing=True)
    trashed = answer["trashed"]
    assert (trashed["status"], trashed["changed"], trashed["more_match"]) == ("done", 2, False)
    for id_, gone in zip(person.ids, (True, True, False, False), strict=True):
        labels = (await person.use(get_email, email_id=id_))["label_ids"]
        assert ("TRASH" in labels) is gone
    undone = await person.use(undo_change, undo_token=trashed["undo_token"])
    assert undone["reverted"] == 2
    assert (await person.use(get_email, email_id=person.ids[0]))["label_ids"] == ["INBOX"]


async def test_without_a_list_id_only_the_very_same_sender_counts(
    world: Any, outside: Outside
) -> None:
    offer = {**SIGNED, "List_Unsubscribe": WEB}
    del offer["List_Id"]
    person = await world.account(
        write_mail("a", sender="News <news@shop.example>", **offer),
        write_mail("b", sender="NEWS@shop.example"),
        write_mail("c", sender='"news@shop.example" <eve@evil.example>'),
    )
    answer = await person.use(unsubscribe_from_email, email_id=person.ids[0], trash_existing=True)
    assert answer["trashed"]["changed"] == 2
    assert "TRASH" not in (await person.use(get_email, email_id=person.ids[2]))["label_ids"]


async def test_trash_that_fails_does_not_hide_that_the_list_was_asked(
    world: Any, outside: Outside
) -> None:
    person = await world.account(write_mail(sender=SENDER, List_Unsubscribe=WEB, **SIGNED))
    await world.fault("users.messages.batchModify", status=500, times=None)
    answer = await person.use(unsubscribe_from_email, email_id=person.ids[0], trash_existing=True)
    assert answer["status"] == "requested"
    assert (answer["trashed"]["status"], answer["trashed"]["failed"]) == ("not_done", 1)


async def test_a_mail_whose_answer_is_lost_is_said_to_be_unknown(
    world: Any, outside: Outside
) -> None:
    person = await world.account(write_mail(List_Unsubscribe="<mailto:u@example.com>"))
    await world.fault("users.messages.send", drop="after")
    failed = await person.fails(unsubscribe_from_email, email_id=person.ids[0])
    assert failed.code == "outcome_unknown"
    assert "no harm" in failed.error.message


async def test_two_people_leave_at_once_without_each_others_token(
    world: Any, outside: Outside
) -> None:
    people = [
        await world.account(write_mail(sender=SENDER, List_Unsubscribe=WEB, **SIGNED))
        for _ in range(2)
    ]
    answers = await asyncio.gather(
        *(p.use(unsubscribe_from_email, email_id=p.ids[0]) for p in people)
    )
    assert [answer["status"] for answer in answers] == ["requested", "requested"]
    assert len(outside.posts) == 2
