"""`exclude_automated` leaves machines' mail out by its headers too, and says how much."""

from __future__ import annotations

from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.search.tools import (
    list_emails,
    list_emails_by_header,
    list_threads,
    search_threads,
)

LISTS: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "ListEmails": (list_emails, {}, "emails", "messages"),
    "ListEmails with bodies": (list_emails, {"include_body": True}, "emails", "messages"),
    "ListEmailsByHeader": (list_emails_by_header, {}, "emails", "messages"),
    "ListThreads": (list_threads, {}, "threads", "conversations"),
    "SearchThreads": (search_threads, {}, "threads", "conversations"),
}
MACHINES: dict[str, dict[str, str]] = {
    "a list": {"List_Id": "<team.lists.example.org>"},
    "a newsletter": {"List_Unsubscribe": "<mailto:off@example.org>"},
    "bulk": {"Precedence": "Bulk"},
    "a list of old": {"Precedence": "list"},
    "junk": {"Precedence": "junk"},
    "an automatic answer": {"Auto_Submitted": "auto-replied"},
    "notifications": {"sender": "notifications@example.org"},
    "a daemon": {"sender": "MAILER-DAEMON@example.org"},
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", LISTS)
async def test_automated_mail_is_left_out_and_counted(world: Any, name: str, machine: str) -> None:
    tool, given, items, what = LISTS[name]
    person = await world.account()
    ids = await person.receive(
        write_mail("From a machine", **MACHINES[machine]), write_mail("Person", Auto_Submitted="no")
    )
    answer = await person.use(tool, exclude_automated=True, **given)
    assert [item["subject"] for item in answer[items]] == ["Person"]
    told = f"1 automated {what} of this page, because of exclude_automated"
    assert answer["omitted"] == [told]
    assert len(ids) == 2


@pytest.mark.parametrize("name", LISTS)
async def test_automated_mail_is_listed_unless_it_is_to_be_left_out(world: Any, name: str) -> None:
    tool, given, items, _ = LISTS[name]
    person = await world.account(write_mail("From a machine", Precedence="bulk"))
    if "Header" in name:
        given = {"subject": ["machine"]}
    answer = await person.use(tool, **given)
    assert [item["subject"] for item in answer[items]] == ["From a machine"]
    assert answer["omitted"] == []


async def test_a_page_of_nothing_else_is_empty_and_leads_on(world: Any) -> None:
    person = await world.account(write_mail("Person"), *[write_mail("m", Precedence="bulk")] * 3)
    first = await person.use(list_emails, n_emails=3, exclude_automated=True)
    assert (first["emails"], len(first["omitted"])) == ([], 1)
    assert first["omitted"][0].startswith("3 automated messages")
    token = first["next_page_token"]
    rest = await person.use(list_emails, n_emails=3, exclude_automated=True, page_token=token)
    assert [email["subject"] for email in rest["emails"]] == ["Person"]
    assert rest["omitted"] == []


async def test_what_the_user_sent_stays_whatever_wrote_it(world: Any) -> None:
    sent = {"raw": write_mail("Mine", Auto_Submitted="auto-generated"), "labelIds": ["SENT"]}
    person = await world.account(sent)
    answer = await person.use(list_emails, exclude_automated=True)
    assert [email["subject"] for email in answer["emails"]] == ["Mine"]


async def test_a_conversation_in_which_a_person_wrote_stays(world: Any) -> None:
    person = await world.account(
        write_mail("News", Message_ID="<a@x.org>", List_Id="<l.x.org>"),
        write_mail("Re: News", In_Reply_To="<a@x.org>", References="<a@x.org>"),
    )
    answer = await person.use(list_threads, exclude_automated=True)
    assert [thread["message_count"] for thread in answer["threads"]] == [2]
    assert answer["omitted"] == []
