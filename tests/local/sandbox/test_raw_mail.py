"""Header blocks, read and changed without touching the rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, addresses, date_ms, message_ids

FOLDED = b"Subject: one\r\n two\r\nX: 1\r\nx: 2\r\n\r\nbody\r\n\r\nmore"


def test_folded_lines_are_one_value_and_names_have_no_case() -> None:
    mail = RawMail(FOLDED)
    assert mail.first("SUBJECT") == "one two"
    assert mail.every("x") == ["1", "2"]
    assert mail.first("y") == ""


def test_a_rebuilt_message_keeps_every_other_byte() -> None:
    assert RawMail(FOLDED).rebuilt() == FOLDED
    changed = RawMail(FOLDED).rebuilt(without={"x"}, on_top=["A: 1"], below=["B: 2"])
    assert changed == b"A: 1\r\nSubject: one\r\n two\r\nB: 2\r\n\r\nbody\r\n\r\nmore"


def test_bare_line_feeds_stay_bare() -> None:
    assert RawMail(b"A: 1\nB: 2\n\nx\n").rebuilt(without={"a"}) == b"B: 2\n\nx\n"


def test_mail_without_a_body_or_without_a_header_can_be_added_to() -> None:
    assert RawMail(b"A: 1").rebuilt(on_top=["B: 2"]) == b"B: 2\r\nA: 1\r\n\r\n"
    assert RawMail(b"\r\nbody").rebuilt(on_top=["B: 2"]) == b"B: 2\r\n\r\nbody"
    assert RawMail(b"").rebuilt(on_top=["B: 2"]) == b"B: 2\r\n\r\n"


def test_values_are_decoded_and_rubbish_stays_what_it_is() -> None:
    assert RawMail(b"Subject: =?utf-8?b?5pel5pys?=\n\n").first("subject") == "日本"
    assert RawMail("Subject: 日本\n\n".encode()).first("subject") == "日本"
    assert RawMail(b"Subject: caf\xe9\n\n").first("subject") == "café"
    assert RawMail(b"Subject: =?nope?q?x?=\n\n").first("subject") == "=?nope?q?x?="


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(raw: bytes) -> None:
    mail = RawMail(raw)
    assert mail.rebuilt(on_top=["A: 1"]).startswith(b"A: 1")
    for field in mail.fields:
        mail.first(field.name)
        addresses(mail.every(field.name))


def test_ids_and_dates_are_read_or_nothing() -> None:
    assert message_ids("<a@b> (x) <c@d>") == ["a@b", "c@d"]
    assert message_ids("a@b") == []
    assert date_ms("Sun, 01 Nov 2026 10:00:00 +0000") == 1_793_527_200_000
    assert date_ms("yesterday") is None
    assert date_ms("") is None
