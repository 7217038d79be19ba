"""The tools that read: lists, searches, one message, threads, labels, and whose mailbox it is."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.account import who_am_i
from arcade_gmail_multiuser.tools.labels.tools import list_labels
from arcade_gmail_multiuser.tools.read import get_email, get_thread
from arcade_gmail_multiuser.tools.search.tools import (
    list_emails,
    list_emails_by_header,
    search_emails_by_query,
    search_threads,
)

DAY_MS = 86_400_000


def dated(raw: bytes, days_ago: float, *labels: str) -> dict[str, Any]:
    """Put a message into the inbox as of some days ago."""
    return {
        "raw": raw,
        "labelIds": ["INBOX", *labels],
        "internalDate": int(time.time() * 1000 - days_ago * DAY_MS),
    }


def size(answer: object) -> int:
    return len(json.dumps(answer, ensure_ascii=False))


# --- lists ---------------------------------------------------------------------------------------


async def test_an_empty_mailbox_is_an_empty_list(world: Any) -> None:
    person = await world.account()
    answer = await person.use(list_emails)
    assert answer == {"emails": [], "failed": [], "omitted": [], "omitted_ids": []}
    assert (await person.use(search_threads))["threads"] == []
    found = await person.use(search_emails_by_query, query="is:unread")
    assert (found["count"], found["count_is_exact"]) == (0, True)


async def test_a_list_is_newest_first_with_who_what_and_when(world: Any) -> None:
    person = await world.account(
        dated(write_mail("Older"), 2),
        dated(write_mail("Newer", "一行目\n二行目\n", sender="山田 <yamada@example.jp>"), 1),
    )
    newest, older = (await person.use(list_emails, time_zone="Asia/Tokyo"))["emails"]
    assert (newest["subject"], older["subject"]) == ("Newer", "Older")
    assert newest["from_"] == "山田 <yamada@example.jp>"
    assert newest["date"].endswith("+09:00")
    assert newest["id"] == person.ids[1]
    assert newest["label_names"] == newest["label_ids"]
    assert newest["snippet"].startswith("一行目")
    assert "body" not in newest


async def test_bodies_come_fenced_with_their_attachments_when_asked_for(world: Any) -> None:
    person = await world.account(
        write_mail("Report", "See attached.\n", files=[("見積.pdf", b"%PDF", "application/pdf")])
    )
    [email] = (await person.use(list_emails, include_body=True))["emails"]
    assert "See attached." in email["body"]
    assert "UNTRUSTED MAIL CONTENT" in email["body"].splitlines()[0]
    [attachment] = email["attachments"]
    assert (attachment["filename"], attachment["mime_type"]) == ("見積.pdf", "application/pdf")
    assert attachment["size"] == 4
    assert "html_body" not in email


async def test_pages_follow_one_another_without_gap_or_repetition(world: Any) -> None:
    person = await world.account(*(dated(write_mail(f"No {n}"), n) for n in range(1, 8)))
    seen: list[str] = []
    token = None
    while True:
        page = await person.use(list_emails, n_emails=3, page_token=token)
        seen += [email["id"] for email in page["emails"]]
        token = page.get("next_page_token")
        if token is None:
            break
    assert seen == person.ids


async def test_a_page_token_from_elsewhere_is_a_typed_error(world: Any) -> None:
    person = await world.account(write_mail())
    failed = await person.fails(list_emails, page_token="made-up")
    assert failed.code == "invalid_input"
    assert "page_token" in failed.error.message


async def test_a_list_can_be_of_one_label_by_name_in_any_case(world: Any) -> None:
    person = await world.account(
        dated(write_mail("Plan"), 1, "Work/Q3 plan"), dated(write_mail("Other"), 2)
    )
    [email] = (await person.use(list_emails, label_name="work/q3 PLAN"))["emails"]
    assert email["subject"] == "Plan"
    assert "Work/Q3 plan" in email["label_names"]
    assert any(label.startswith("Label_") for label in email["label_ids"])


async def test_an_unknown_label_is_no_empty_list_but_an_error_with_the_closest(
    world: Any,
) -> None:
    person = await world.account(dated(write_mail(), 1, "Invoices"))
    failed = await person.fails(list_emails_by_header, label="Invoice")
    assert failed.code == "unknown_label"
    assert "Invoices" in (failed.error.additional_prompt_content or "")
    assert failed.error.can_retry


async def test_a_message_that_vanishes_between_list_and_read_is_named(world: Any) -> None:
    person = await world.account(*(dated(write_mail(f"No {n}"), n) for n in range(1, 13)))
    gone = person.ids[4]
    await world.control(
        "faults",
        {
            "match": {"path": f"/messages/{gone}"},
            "action": {
                "status": 404,
                "body": {
                    "error": {
                        "code": 404,
                        "message": "Requested entity was not found.",
                        "errors": [{"reason": "notFound", "domain": "global"}],
                        "status": "NOT_FOUND",
                    }
                },
            },
            "times": None,
        },
    )
    answer = await person.use(list_emails)
    assert len(answer["emails"]) == 11
    [failed] = answer["failed"]
    assert (failed["id"], failed["code"]) == (gone, "not_found")
    assert failed["message"]


async def test_an_answer_stays_within_max_chars_and_names_what_it_leaves_out(
    world: Any,
) -> None:
    person = await world.account(
        dated(write_mail("Short", "Short text.\n"), 1),
        *(dated(write_mail(f"Long {n}", "word " * 20_000), n) for n in range(2, 8)),
    )
    answer = await person.use(list_emails, include_body=True, max_chars=12_000)
    assert size(answer["emails"]) <= 12_500
    short, *long = answer["emails"]
    assert "Short text." in short["body"]
    assert short["truncated"] is False
    for email in long:
        assert email["truncated"] is True
        assert email["body_cursor"]
        assert any("characters of text" in entry for entry in email["omitted"])
    bodies = [len(email["body"]) for email in long]
    assert max(bodies) - min(bodies) < 400


async def test_messages_that_do_not_fit_at_all_are_named_by_id(world: Any) -> None:
    person = await world.account(*(dated(write_mail("S" * 400), n) for n in range(1, 9)))
    answer = await person.use(list_emails, max_chars=2_000)
    shown = [email["id"] for email in answer["emails"]]
    assert 0 < len(shown) < 8
    assert shown + answer["omitted_ids"] == person.ids
    assert "omitted_ids" in answer["omitted"][0]


@pytest.mark.parametrize("n", [0, -1, 101])
async def test_a_page_size_out_of_bounds_asks_nothing_of_google(world: Any, n: int) -> None:
    person = await world.account()
    await world.forget_requests()
    failed = await person.fails(list_emails, n_emails=n)
    assert failed.code == "invalid_input"
    assert await world.requests() == []


# --- searches ------------------------------------------------------------------------------------


async def test_fields_are_all_met_and_values_of_one_field_are_alternatives(world: Any) -> None:
    person = await world.account(
        dated(write_mail("Invoice May", sender="a@example.org"), 1),
        dated(write_mail("Invoice June", sender="b@example.org"), 2),
        dated(write_mail("Party", sender="a@example.org"), 3),
    )
    answer = await person.use(
        list_emails_by_header, sender=["a@example.org", "b@example.org"], subject=["Invoice"]
    )
    assert [email["subject"] for email in answer["emails"]] == ["Invoice May", "Invoice June"]


async def test_operators_in_values_are_text(world: Any) -> None:
    person = await world.account(dated(write_mail("Secret plan"), 1))
    answer = await person.use(list_emails_by_header, subject=['x" OR subject:secret OR "'])
    assert answer["emails"] == []


async def test_a_date_range_is_a_day_of_the_persons_calendar(world: Any) -> None:
    person = await world.account(
        dated(write_mail("Just now"), 0), dated(write_mail("Long ago"), 40)
    )
    soon = datetime.now(UTC) + timedelta(minutes=2)
    zones = [
        zone
        for zone in ("UTC", "Pacific/Auckland", "America/Los_Angeles")
        if soon.astimezone(ZoneInfo(zone)).time() > time_of_day(0, 4)  # no midnight in between
    ]
    assert len(zones) >= 2
    for zone in zones:
        answer = await person.use(list_emails_by_header, date_range="today", time_zone=zone)
        assert [email["subject"] for email in answer["emails"]] == ["Just now"]


async def test_a_search_by_header_for_nothing_is_refused_before_any_request(world: Any) -> None:
    person = await world.account()
    await world.forget_requests()
    failed = await person.fails(list_emails_by_header)
    assert "at least one of" in failed.error.message
    assert await world.requests() == []


async def test_counting_is_exact_and_reads_no_message(world: Any) -> None:
    person = await world.account(*(dated(write_mail(f"Invoice {n}"), n) for n in range(1, 13)))
    await world.forget_requests()
    answer = await person.use(
        search_emails_by_query, query="subject:invoice", result_detail="count_only"
    )
    assert (answer["count"], answer["count_is_exact"], answer["emails"]) == (12, True, [])
    assert await world.methods() == ["users.messages.list"]


async def test_a_page_of_a_larger_result_says_that_its_count_is_not_all(world: Any) -> None:
    person = await world.account(*(dated(write_mail(f"Invoice {n}"), n) for n in range(1, 6)))
    first = await person.use(search_emails_by_query, query="subject:invoice", max_results=3)
    assert (first["count"], first["count_is_exact"]) == (3, False)
    rest = await person.use(
        search_emails_by_query,
        query="subject:invoice",
        max_results=3,
        page_token=first["next_page_token"],
    )
    assert [len(rest["emails"]), rest["count_is_exact"]] == [2, False]
    whole = await person.use(search_emails_by_query, query="subject:invoice")
    assert (whole["count"], whole["count_is_exact"]) == (5, True)


async def test_full_detail_brings_bodies_and_lightweight_none(world: Any) -> None:
    person = await world.account(write_mail("Invoice", "Pay by Friday.\n"))
    full = await person.use(search_emails_by_query, query="invoice", result_detail="full")
    light = await person.use(search_emails_by_query, query="invoice")
    assert "Pay by Friday." in full["emails"][0]["body"]
    assert "body" not in light["emails"][0]


@pytest.mark.parametrize("query", ["", "   ", "x" * 2_001])
async def test_a_query_that_cannot_be_sent_is_refused(world: Any, query: str) -> None:
    person = await world.account()
    failed = await person.fails(search_emails_by_query, query=query)
    assert failed.code == "invalid_query"


# --- one message ---------------------------------------------------------------------------------


async def test_a_long_body_can_be_read_to_its_end_with_the_cursor(world: Any) -> None:
    lines = [f"Line {n} of a long report." for n in range(400)]
    person = await world.account(write_mail("Report", "\n".join(lines) + "\n"))
    read = ""
    cursor = None
    for _ in range(40):
        email = await person.use(
            get_email, email_id=person.ids[0], body_cursor=cursor, max_chars=2_500
        )
        assert size(email) <= 2_600
        read += "\n".join(email["body"].splitlines()[1:-1]) + "\n"
        cursor = email.get("body_cursor")
        if cursor is None:
            break
        assert email["truncated"] is True
    assert email["truncated"] is False
    assert [line for line in lines if line not in read] == []


async def test_a_cursor_of_a_list_goes_on_where_the_list_stopped(world: Any) -> None:
    quoted = "".join(f"> earlier line {n}\n" for n in range(30))
    own = "".join(f"Own sentence number {n}.\n" for n in range(200))
    person = await world.account(write_mail("Re: Report", f"{own}\nOn Mon, X wrote:\n{quoted}"))
    [email] = (await person.use(list_emails, include_body=True, max_chars=2_500))["emails"]
    rest = await person.use(get_email, email_id=email["id"], body_cursor=email["body_cursor"])
    shown = email["body"].splitlines()[1:-1]
    last = next(line for line in reversed(shown) if line)
    number = int(last.removeprefix("Own sentence number ").rstrip("."))
    assert f"Own sentence number {number + 1}." in rest["body"]
    assert f"Own sentence number {number}." not in rest["body"]


async def test_html_is_returned_only_on_request_and_fenced(world: Any) -> None:
    person = await world.account(write_mail("News", "plain\n", html="<p>Hello <b>you</b></p>"))
    without = await person.use(get_email, email_id=person.ids[0])
    with_html = await person.use(get_email, email_id=person.ids[0], include_html=True)
    assert "html_body" not in without
    assert "<b>you</b>" in with_html["html_body"]
    assert "UNTRUSTED" in with_html["html_body"]


async def test_a_url_names_the_account_that_the_mail_was_delivered_to(world: Any) -> None:
    person = await world.account(write_mail(Delivered_To="me@example.com"))
    email = await person.use(get_email, email_id=person.ids[0])
    assert email["url"] == (
        f"https://mail.google.com/mail/?authuser=me@example.com#all/{email['thread_id']}"
    )


async def test_an_id_that_gmail_does_not_know_is_not_found(world: Any) -> None:
    person = await world.account()
    failed = await person.fails(get_email, email_id="18c2f0a1b2c3d4e5")
    assert failed.code == "not_found"
    assert failed.error.status_code == 404
    assert not failed.error.can_retry


async def test_what_cannot_be_an_id_asks_nothing_of_google(world: Any) -> None:
    person = await world.account()
    await world.forget_requests()
    failed = await person.fails(get_email, email_id="<abc@mail.gmail.com>")
    assert failed.code == "invalid_input"
    assert await world.requests() == []


async def test_a_cursor_of_another_message_is_refused(world: Any) -> None:
    person = await world.account(write_mail("A", "a b\n" * 2_000), write_mail("B", "c d\n" * 2_000))
    first = await person.use(get_email, email_id=person.ids[0], max_chars=1_500)
    failed = await person.fails(get_email, email_id=person.ids[1], body_cursor=first["body_cursor"])
    assert failed.code == "invalid_input"


# --- threads -------------------------------------------------------------------------------------


def conversation() -> list[dict[str, Any]]:
    root = write_mail(
        "Budget", "First.\n", sender="Ann <ann@example.org>", Message_ID="<root@x.org>"
    )
    answer = write_mail(
        "Re: Budget",
        "Second.\n\nOn Mon, 1 Sep 2025, Ann <ann@example.org> wrote:\n> First.\n",
        sender="Ben <ben@example.org>",
        Message_ID="<two@x.org>",
        In_Reply_To="<root@x.org>",
        References="<root@x.org>",
    )
    return [dated(root, 3), dated(answer, 1)]


async def test_a_thread_in_brief_has_subject_participants_count_and_date(world: Any) -> None:
    person = await world.account(*conversation(), dated(write_mail("Lunch"), 2))
    answer = await person.use(search_threads, subject=["Budget"], time_zone="Europe/Berlin")
    [thread] = answer["threads"]
    assert thread["subject"] == "Budget"
    assert thread["participants"] == ["Ann <ann@example.org>", "Ben <ben@example.org>"]
    assert thread["message_count"] == 2
    assert thread["last_message_id"] == person.ids[1]
    assert thread["last_date"][-6:] in {"+01:00", "+02:00"}
    assert thread["snippet"].startswith("Second.")


async def test_a_thread_is_read_oldest_first_with_quotes_folded(world: Any) -> None:
    person = await world.account(*conversation())
    [brief] = (await person.use(search_threads))["threads"]
    thread = await person.use(get_thread, thread_id=brief["id"])
    first, second = thread["messages"]
    assert "First." in first["body"]
    assert "Second." in second["body"]
    assert "> First." not in second["body"]
    assert any("quoted" in entry for entry in second["omitted"])
    assert thread["message_count"] == 2
    everything = await person.use(get_thread, thread_id=brief["id"], include_quotes=True)
    assert "> First." in everything["messages"][1]["body"]


async def test_a_thread_too_long_for_its_budget_keeps_the_newest_and_names_the_rest(
    world: Any,
) -> None:
    chain = [
        dated(
            write_mail(
                "Re: Long",
                f"Message {n}\n",
                Message_ID=f"<m{n}@x.org>",
                References=" ".join(f"<m{k}@x.org>" for k in range(n)) or "<m@x.org>",
            ),
            20 - n,
        )
        for n in range(12)
    ]
    person = await world.account(*chain)
    [brief] = (await person.use(search_threads))["threads"]
    thread = await person.use(get_thread, thread_id=brief["id"], max_chars=4_000)
    shown = [email["id"] for email in thread["messages"]]
    assert thread["omitted_ids"] + shown == person.ids
    assert thread["message_count"] == 12
    assert shown
    assert thread["omitted_ids"]
    assert thread["omitted"]


async def test_an_unknown_thread_is_not_found(world: Any) -> None:
    person = await world.account()
    failed = await person.fails(get_thread, thread_id="18c2f0a1b2c3d4e5")
    assert failed.code == "not_found"


async def test_more_labels_than_can_be_searched_for_are_refused(world: Any) -> None:
    person = await world.account()
    await world.forget_requests()
    assert (await person.fails(search_threads, label_ids=["INBOX"] * 101)).code == "invalid_input"
    assert await world.requests() == []


# --- labels and account --------------------------------------------------------------------------


async def test_labels_come_with_names_ids_and_types_and_counts_when_asked_for(
    world: Any,
) -> None:
    person = await world.account(dated(write_mail(), 1, "Receipts", "UNREAD"))
    plain = await person.use(list_labels)
    names = [label["name"] for label in plain["labels"]]
    assert names[-1] == "Receipts"
    assert "INBOX" in names
    assert "messages_total" not in plain["labels"][0]
    [counted] = (await person.use(list_labels, include_counts=True, name_contains="receipt"))[
        "labels"
    ]
    assert (counted["type"], counted["messages_total"], counted["messages_unread"]) == (
        "user",
        1,
        1,
    )


async def test_who_am_i_names_the_person_and_the_mailbox(world: Any) -> None:
    person = await world.account(write_mail(), name="Pat Muster")
    answer = await person.use(who_am_i)
    assert answer["email"] == person.email
    assert answer["name"] == "Pat Muster"
    assert answer["user_id"] == person.user_id
    assert answer["messages_total"] == 1
    assert answer["omitted"] == []
