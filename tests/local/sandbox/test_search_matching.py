"""What a search finds, over the API."""

from __future__ import annotations

import base64
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

Mail = Callable[..., bytes]


def with_file(name: str, *, inline: bool = False) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "d@example.org", "a@example.com", "A file"
    message.set_content("see the file")
    cid = "<pic@example.org>" if inline else None
    disposition = "inline" if inline else "attachment"
    message.add_attachment(
        b"\x00\x01", "application", "pdf", filename=name, cid=cid, disposition=disposition
    )
    return message.as_bytes()


def html(body: str) -> bytes:
    kind = "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8"
    head = f"From: d@example.org\r\nTo: a@example.com\r\nSubject: web\r\n{kind}"
    return f"{head}\r\n\r\n{body}".encode()


REPORT = {
    "subject": "Quarterly report",
    "body": "Numbers are up since Monday morning.",
    "from_": "Jane Doe <jane.doe@sales.example.org>",
    "to": "a@example.com",
    "cc": "Max <max@example.net>",
    "message_id": "<abc@sales.example.org>",
    "list_id": "<announce.example.org>",
    "delivered_to": "a+news@example.com",
}
FINDS = [
    "",
    "report",
    "numbers",
    "quarterly numbers",
    '"numbers are up"',
    "from:jane",
    'from:"jane doe"',
    "from:jane.doe@sales.example.org",
    "from:example.org",
    "to:me",
    "to:max",
    "cc:max@example.net",
    "subject:report",
    "subject:(quarterly report)",
    "deliveredto:a+news@example.com",
    "list:announce.example.org",
    "rfc822msgid:abc@sales.example.org",
    "rfc822msgid:<abc@sales.example.org>",
    "in:inbox",
    "label:INBOX",
    "is:unread",
    "in:anywhere",
    "-is:starred",
    "nothing OR report",
    "{nothing report}",
    "report -nothing",
    "has:nouserlabels",
    "smaller:1M",
    "larger:10",
    "size:10",
    "newer_than:1d",
    "numbers AROUND 2 since",
    "up AROUND numbers",
]
MISSES = [
    "repor",
    "reports",
    '"up are numbers"',
    "from:max",
    "from:ane",
    "from:me",
    "cc:me",
    "bcc:max",
    "subject:numbers",
    "to:jane",
    "deliveredto:b@example.com",
    "list:other",
    "rfc822msgid:bc@sales.example.org",
    "rfc822msgid:",
    "is:read",
    "is:starred",
    "is:muted",
    "in:sent",
    "label:nosuchlabel",
    "category:promotions",
    "has:attachment",
    "has:userlabels",
    "has:yellow-star",
    "has:red-bang",
    "has:drive",
    "has:nonsense",
    "filename:pdf",
    "smaller:10",
    "larger:1M",
    "older_than:1d",
    "report -numbers",
    "after:soon",
    "numbers AROUND 1 morning",
    "unknown:report",
]


@pytest.mark.parametrize("q", FINDS)
async def test_a_search_finds(google: Any, write_mail: Mail, q: str) -> None:
    alice = google.person("a@example.com", write_mail(**REPORT))
    assert len(await google.ids(alice, q)) == 1


@pytest.mark.parametrize("q", MISSES)
async def test_a_search_does_not_find(google: Any, write_mail: Mail, q: str) -> None:
    alice = google.person("a@example.com", write_mail(**REPORT))
    assert await google.ids(alice, q) == []


async def test_dates_are_inclusive_at_their_beginning(google: Any, write_mail: Mail) -> None:
    alice = google.person("a@example.com", write_mail(date="Sun, 01 Nov 2026 00:00:00 -0700"))
    assert await google.ids(alice, "after:2026/11/01")
    assert not await google.ids(alice, "before:2026/11/01")
    assert await google.ids(alice, "before:11/02/2026")
    assert await google.ids(alice, "after:1793516400 before:1793516401")
    assert not await google.ids(alice, "after:1793516401")


async def test_japanese_is_found_inside_a_sentence(google: Any, write_mail: Mail) -> None:
    subject = "=?utf-8?b?" + base64.b64encode("来週の会議について".encode()).decode() + "?="
    alice = google.person("a@example.com", write_mail(subject, "資料を添付します。"))
    assert await google.ids(alice, "subject:会議")
    assert await google.ids(alice, "添付")
    assert not await google.ids(alice, "先週")


async def test_attachments_are_found_by_having_them_and_by_name(google: Any) -> None:
    alice = google.person("a@example.com", with_file("Q3_Report final.pdf"))
    for q in ("has:attachment", "filename:pdf", 'filename:"Q3_Report final.pdf"', "final"):
        assert await google.ids(alice, q), q
    for q in ("filename:doc", "filename:repo", "has:document"):
        assert not await google.ids(alice, q), q


async def test_the_picture_of_a_signature_is_no_attachment(google: Any) -> None:
    alice = google.person("a@example.com", with_file("logo.pdf", inline=True))
    assert not await google.ids(alice, "has:attachment")


async def test_html_is_searched_by_its_words_alone(google: Any) -> None:
    page = "<style>hidden</style><p>one<b>two</b></p><div>three</div> caf&eacute; "
    link = '<a href="https://docs.google.com/document/d/1">doc</a>'
    alice = google.person("a@example.com", html(page + link))
    for q in ("onetwo", "three", "cafe", "has:document", "has:drive"):
        assert await google.ids(alice, q), q
    for q in ("hidden", "style", "div", "onetwothree", "has:youtube"):
        assert not await google.ids(alice, q), q


async def test_text_that_no_reader_sees_is_found_and_shown_in_the_snippet(google: Any) -> None:
    page = "<div style='display:none'>Quartz orders.</div><p style='color:#fff'>Zinc</p>Hello"
    alice = google.person("a@example.com", html(page))
    (found,) = await google.ids(alice, "quartz zinc")
    assert await google.ids(alice, '"orders zinc"') == [found]
    read = await google.get(alice, f"messages/{found}", format="minimal")
    assert read["snippet"] == "Quartz orders. Zinc Hello"


async def test_html_full_of_brackets_does_not_stop_the_sandbox(google: Any) -> None:
    alice = google.person("a@example.com", html("<" * 300_000 + " needle"))
    assert await google.ids(alice, "in:inbox nosuchword") == []


async def test_spam_and_trash_stay_out_until_they_are_named(google: Any, write_mail: Mail) -> None:
    alice = google.person("a@example.com", write_mail("one"), write_mail("two"))
    one = (await google.ids(alice, "subject:one"))[0]
    await google.post(alice, f"messages/{one}/trash")
    assert len(await google.ids(alice)) == 1
    assert await google.ids(alice, "in:trash") == [one]
    assert await google.ids(alice, labelIds="TRASH") == [one]
    assert len(await google.ids(alice, "in:anywhere")) == 2
    assert len(await google.ids(alice, includeSpamTrash="true")) == 2
    assert one not in await google.ids(alice, "-in:trash", includeSpamTrash="true")


@pytest.mark.parametrize("q", ["label:Work/Q3", "label:work-q3", 'label:"work/q3"', "in:WORK-Q3"])
async def test_a_label_is_named_with_dashes(google: Any, write_mail: Mail, q: str) -> None:
    alice = google.person("a@example.com", write_mail(), write_mail())
    label = (await google.post(alice, "labels", {"name": "Work/Q3"}))["id"]
    found = (await google.ids(alice))[0]
    await google.post(alice, f"messages/{found}/modify", {"addLabelIds": [label]})
    assert await google.ids(alice, q) == [found]
    assert await google.ids(alice, "has:userlabels") == [found]
    assert await google.ids(alice, "label:work") == []


async def test_all_terms_have_to_be_in_one_message(google: Any, write_mail: Mail) -> None:
    first = write_mail("Plan", "apples", message_id="<1@x>")
    second = write_mail("Re: Plan", "pears", message_id="<2@x>", in_reply_to="<1@x>")
    alice = google.person("a@example.com", first, second)
    assert "threads" not in await google.get(alice, "threads", q="apples pears")
    assert len((await google.get(alice, "threads", q="apples OR pears"))["threads"]) == 1
