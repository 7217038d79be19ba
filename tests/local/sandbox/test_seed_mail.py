"""The seeded mailboxes: realistic, steady, and never mixed up."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import re
import zipfile
import zlib
from collections import Counter
from datetime import datetime
from email.message import EmailMessage
from functools import cache
from itertools import pairwise

import pytest

from arcade_gmail_local.sandbox.oauth.people import seeded_people
from arcade_gmail_local.sandbox.sample_mail.mailboxes import (
    PROJECTS,
    SeedMessage,
    seeded_labels,
    seeded_messages,
)

NOW = 1_800_000_000.0
DAY = 86_400
ALICE, BOB = "alice@example.com", "bob@example.com"
BOTH = pytest.mark.parametrize("owner", [ALICE, BOB])
MADE_UP = re.compile(r"(^|\.)(example\.(com|org|net)|example|test)$")
HOST = re.compile(
    r"(?:@|https?://)([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
    r"|\b((?:[A-Za-z0-9-]+\.)+(?:com|org|net|io|dev|jp|de|uk))\b"
)
AT_LEAST = (
    {"INBOX": 40, "UNREAD": 8, "SENT": 6, "DRAFT": 3, "TRASH": 2, "SPAM": 3}
    | {"STARRED": 2, "IMPORTANT": 3, "CATEGORY_PROMOTIONS": 6, "CATEGORY_UPDATES": 8}
    | {"CATEGORY_SOCIAL": 2, "CATEGORY_FORUMS": 3}
)


@cache
def mailbox(owner: str) -> list[SeedMessage]:
    return list(seeded_messages(owner, now=NOW))


@cache
def parsed(message: SeedMessage) -> EmailMessage:
    mail = email.message_from_bytes(message.raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def leaves(mail: EmailMessage) -> list[EmailMessage]:
    return [part for part in mail.walk() if not part.is_multipart()]  # type: ignore[misc]


def readable(mail: EmailMessage) -> str:
    texts = [
        part.get_content()
        for part in leaves(mail)
        if part.get_content_maintype() == "text" and not part.is_attachment()
    ]
    return "\n".join([mail["Subject"] or "", *texts])


def ids_of(value: str | None) -> list[str]:
    return (value or "").split()


def attachments(owner: str, mime_type: str) -> list[EmailMessage]:
    parts = [part for message in mailbox(owner) for part in leaves(parsed(message))]
    return [p for p in parts if p.get_content_type() == mime_type and p.get_filename()]


# Whose is it


@BOTH
def test_every_message_names_its_owners_project_and_never_the_others(owner: str) -> None:
    [other] = {ALICE, BOB} - {owner}
    for message in mailbox(owner):
        text = readable(parsed(message))
        assert PROJECTS[owner] in text
        assert PROJECTS[other].split()[1] not in text
        assert PROJECTS[other].encode() not in message.raw


@BOTH
def test_no_real_domain_is_named(owner: str) -> None:
    for message in mailbox(owner):
        mail = parsed(message)
        text = readable(mail) + "\n".join(f"{k}: {v}" for k, v in mail.items())
        for part in leaves(mail):
            text += str(part["Content-ID"] or "")
        hosts = {one or other for one, other in HOST.findall(text)}
        strange = {host for host in hosts if not MADE_UP.search(host)}
        # Gmail signs its verdicts with its name, and readers look for it there.
        assert strange <= {"mx.google.com"}, mail["Subject"]
        assert "google" not in text.replace(mail["Authentication-Results"] or "-", "")


def test_nobody_else_has_mail() -> None:
    assert mailbox("carol@example.com") == []
    assert seeded_labels("carol@example.com") == ()


def test_the_seeded_mailboxes_are_those_of_the_seeded_people() -> None:
    assert [person.email for person in seeded_people()] == list(PROJECTS)
    assert len(mailbox(" Alice@Example.com ")) == len(mailbox(ALICE))


# What is in it


@BOTH
def test_a_mailbox_holds_at_least_sixty_messages_of_every_kind(owner: str) -> None:
    messages = mailbox(owner)
    labels = Counter(label for message in messages for label in message.label_ids)
    assert len(messages) >= 60
    at_least = dict.fromkeys((label.id for label in seeded_labels(owner)), 3) | AT_LEAST
    assert {label: labels[label] for label in at_least if labels[label] < at_least[label]} == {}
    assert [label.name for label in seeded_labels(owner)] == ["Work/Q3", "Receipts", "旅行"]


@BOTH
def test_a_user_label_has_a_resource_and_a_message_goes_to_one_place(owner: str) -> None:
    known = {label.id for label in seeded_labels(owner)}
    for message in mailbox(owner):
        used = {label for label in message.label_ids if label.startswith("Label_")}
        assert used <= known
        assert len({"SENT", "DRAFT", "INBOX", "TRASH", "SPAM"} & set(message.label_ids)) <= 1


@BOTH
def test_every_message_parses_without_a_defect(owner: str) -> None:
    for message in mailbox(owner):
        mail = parsed(message)
        for part in mail.walk():
            assert part.defects == []
            assert all(not value.defects for value in part.values() if hasattr(value, "defects"))
        assert message.raw.isascii()
        assert b"\n" not in message.raw.replace(b"\r\n", b"")
        assert max(map(len, message.raw.split(b"\r\n"))) <= 998


@BOTH
def test_the_mail_lies_within_sixty_days_and_the_newest_is_of_today(owner: str) -> None:
    messages = mailbox(owner)
    dates = [message.internal_date_ms / 1000 for message in messages]
    assert dates == sorted(dates)
    assert NOW - 60 * DAY <= dates[0] < NOW - 50 * DAY
    assert NOW - 600 < dates[-1] < NOW
    for message in messages:
        date: datetime = parsed(message)["Date"].datetime
        assert date.timestamp() * 1000 == message.internal_date_ms


def test_the_same_now_gives_the_same_bytes_and_another_moves_the_dates() -> None:
    def content(now: float) -> list[tuple[bytes, tuple[str, ...], int]]:
        return [(m.raw, m.label_ids, m.internal_date_ms) for m in seeded_messages(ALICE, now=now)]

    assert content(NOW) == content(NOW)
    moved = [date + DAY * 1000 for _, _, date in content(NOW)]
    assert [date for _, _, date in content(NOW + DAY)] == moved


# Threads


@BOTH
def test_an_answer_names_what_it_answers_and_comes_after_it(owner: str) -> None:
    before: dict[str, EmailMessage] = {}
    for mail in map(parsed, mailbox(owner)):
        assert mail["Message-ID"] not in before
        before[mail["Message-ID"]] = mail
        if mail["In-Reply-To"] is None:
            continue
        parent = before[mail["In-Reply-To"]]
        chain = [*ids_of(parent["References"]), parent["Message-ID"]]
        assert ids_of(mail["References"]) == chain
        assert mail["Subject"] == "Re: " + parent["Subject"].removeprefix("Re: ")
        assert parent["Date"].datetime < mail["Date"].datetime


def test_one_long_thread_lies_in_both_mailboxes() -> None:
    mine, theirs = (
        {mail["Message-ID"]: mail for mail in map(parsed, mailbox(owner))} for owner in (ALICE, BOB)
    )
    shared = [mine[message_id] for message_id in mine if message_id in theirs]
    assert len(shared) == 13
    assert {mail["Subject"].removeprefix("Re: ") for mail in shared} == {
        "Joint pilot at the Larkfield site"
    }
    for first, second in pairwise(shared):
        assert second["In-Reply-To"] == first["Message-ID"]
        assert second["From"] != first["From"]
    for mail in shared:
        other = theirs[mail["Message-ID"]]
        assert [mail[name] for name in ("From", "To", "Cc", "Date", "Subject", "References")] == [
            other[name] for name in ("From", "To", "Cc", "Date", "Subject", "References")
        ]
        people = f"{mail['From']}{mail['To']}{mail['Cc']}"
        assert ALICE in people
        assert BOB in people


@BOTH
def test_some_message_ids_are_as_long_as_outlooks(owner: str) -> None:
    lengths = [len(parsed(message)["Message-ID"]) for message in mailbox(owner)]
    assert lengths.count(85) >= 4


@BOTH
def test_replies_quote_in_text_and_some_in_html(owner: str) -> None:
    replies = [mail for mail in map(parsed, mailbox(owner)) if mail["In-Reply-To"]]
    assert sum("\n> " in readable(mail) for mail in replies) >= 10
    assert any('<div class="gmail_quote">' in readable(mail) for mail in replies)
    assert not any("\n> > > > " in readable(mail) for mail in replies)


# Particular kinds


@BOTH
def test_several_newsletters_are_html_of_30_to_60_kb(owner: str) -> None:
    parts = [part for message in mailbox(owner) for part in leaves(parsed(message))]
    pages = [part.get_content() for part in parts if part.get_content_type() == "text/html"]
    large = [page for page in pages if 30_000 <= len(page) <= 60_000]
    assert len(large) >= 5
    assert len(set(large)) == len(large)


@BOTH
def test_the_attachments_are_real_files(owner: str) -> None:
    for pdf in attachments(owner, "application/pdf"):
        content = pdf.get_content()
        start = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
        assert content.startswith(b"%PDF-1.4")
        assert content[start:].startswith(b"xref")
    for sheet in attachments(owner, "text/csv"):
        rows = list(csv.reader(io.StringIO(sheet.get_content())))
        assert len(rows) == 40
        assert {len(row) for row in rows} == {5}
    for picture in attachments(owner, "image/png"):
        content = picture.get_content()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        length = int.from_bytes(content[33:37], "big")
        assert len(zlib.decompress(content[41 : 41 + length])) == 120 * (240 * 3 + 1)
    for document in attachments(
        owner, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ):
        with zipfile.ZipFile(io.BytesIO(document.get_content())) as archive:
            assert archive.testzip() is None
            assert PROJECTS[owner] in archive.read("word/document.xml").decode()


@BOTH
def test_each_kind_of_attachment_is_there(owner: str) -> None:
    parts = [part for message in mailbox(owner) for part in leaves(parsed(message))]
    names = {part.get_filename() for part in parts} - {None}
    wanted = {"invoice.pdf", "figures.csv", "chart.png", "invite.ics", "agreement.docx"}
    assert names == wanted | {"見積書.pdf"}


@BOTH
def test_japanese_comes_in_utf_8_and_in_iso_2022_jp(owner: str) -> None:
    found: Counter[str] = Counter()
    for mail in map(parsed, mailbox(owner)):
        if re.search("[ぁ-ん]", readable(mail)):
            found[str(leaves(mail)[0].get_content_charset())] += 1
            assert re.search("[ぁ-んァ-ン一-龥]", mail["Subject"])
    assert found["utf-8"] >= 2
    assert found["iso-2022-jp"] >= 2


@BOTH
def test_a_failed_delivery_is_reported_in_the_standard_form(owner: str) -> None:
    [report] = [
        mail
        for mail in map(parsed, mailbox(owner))
        if mail.get_content_type() == "multipart/report"
    ]
    status, original = (list(report.iter_parts())[n] for n in (1, 2))
    assert report["Return-Path"] == "<>"
    assert status.get_content_type() == "message/delivery-status"
    assert status.get_payload(1)["Status"] == "5.1.1"  # type: ignore[index,call-overload]
    assert owner in original.get_content()["From"]


@BOTH
def test_one_mail_hides_orders_from_people(owner: str) -> None:
    pages = [
        readable(mail) for mail in map(parsed, mailbox(owner)) if "display:none" in readable(mail)
    ]
    [page] = pages
    assert "ignore all former instructions" in page
    assert all(way in page for way in ("font-size:0", "color:#ffffff", "left:-9999px"))


@BOTH
def test_an_impostor_in_the_inbox_fails_dmarc_and_diverts_the_answer(owner: str) -> None:
    frauds = [
        parsed(message)
        for message in mailbox(owner)
        if b"dmarc=fail" in message.raw and "INBOX" in message.label_ids
    ]
    [fraud] = frauds
    domains = [fraud[name].addresses[0].domain for name in ("From", "Reply-To")]
    assert domains[0] != domains[1]


@BOTH
def test_machines_say_that_they_are_machines(owner: str) -> None:
    messages = mailbox(owner)
    automated = [mail for mail in map(parsed, messages) if mail["Auto-Submitted"]]
    listed = [mail for mail in map(parsed, messages) if mail["List-Id"]]
    assert len(automated) >= 20
    assert all(m["List-Unsubscribe"] for m in automated if not m["X-Failed-Recipients"])
    assert len(listed) == 3
    assert {str(mail["Precedence"]) for mail in listed} == {"list"}


@BOTH
def test_what_was_sent_carries_no_trace_of_delivery(owner: str) -> None:
    for message in mailbox(owner):
        mail = parsed(message)
        own = bool({"SENT", "DRAFT"} & set(message.label_ids))
        assert (mail["From"].addresses[0].addr_spec == owner) == own
        assert (mail["Received"] is None) == own
        assert mail["Bcc"] is None or own
