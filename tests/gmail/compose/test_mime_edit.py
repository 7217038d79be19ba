"""A mail is taken apart and put together without a byte of its files changing. Nothing raises."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.gmail.compose.mime import compose_text
from arcade_gmail_multiuser.gmail.compose.mime_edit import (
    header_values,
    put_together,
    split_mail,
    take_apart,
    with_fields,
)

PICTURE = b"\x89PNG" + bytes(range(256))


def rich(*, crlf: bool = True) -> bytes:
    mail = EmailMessage(policy=policy.SMTP if crlf else policy.default)
    mail["Subject"], mail["To"] = "Plan", "a@example.com"
    mail.set_content("old text\n")
    mail.add_alternative('<p>old <img src="cid:pic@x"></p>', subtype="html")
    html = mail.get_payload()[1]  # type: ignore[index] # it is a list here
    html.add_related(PICTURE, "image", "png", cid="<pic@x>")  # type: ignore[union-attr]
    mail.add_attachment(b"\0\1binary", maintype="application", subtype="pdf", filename="表.pdf")
    mail.add_attachment("a,b\n", subtype="csv", filename="a.csv")
    return mail.as_bytes()


def put(raw: bytes, text: str, *, html: bool) -> Any:
    mime = put_together(
        b"Subject: New\r\n",
        compose_text(text, "html" if html else "plain").mime,
        take_apart(raw),
        is_html=html,
    )
    return message_from_bytes(mime, policy=policy.default)


@pytest.mark.parametrize("crlf", [True, False])
@pytest.mark.parametrize("html", [True, False])
def test_files_and_pictures_are_the_same_under_a_new_text(crlf: bool, html: bool) -> None:
    mail = put(rich(crlf=crlf), "<p>new</p>" if html else "new", html=html)
    assert mail["Subject"] == "New"
    body = mail.get_body(("html",) if html else ("plain",))
    assert "new" in body.get_content()
    assert "old" not in mail.as_string()
    leaves = {part.get_filename(): part for part in mail.walk() if part.get_filename()}
    assert leaves["表.pdf"].get_content() == b"\0\1binary"
    assert leaves["a.csv"].get_content().splitlines() == ["a,b"]
    [picture] = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert picture.get_content() == PICTURE
    assert picture["Content-ID"] == "<pic@x>"
    if html:
        related = [p for p in mail.walk() if p.get_content_type() == "multipart/related"]
        assert picture in related[0].get_payload()


def test_a_mail_that_is_one_file_keeps_it_as_an_attachment() -> None:
    raw = (
        b"Subject: x\r\nContent-Type: application/pdf; name=a.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n"
    )
    mail = put(raw, "see below", html=False)
    [file] = list(mail.iter_attachments())
    assert (file.get_content_type(), file.get_content()) == ("application/pdf", b"ABC")
    assert file["Subject"] is None


def test_a_forwarded_mail_inside_and_an_invitation_are_kept_as_they_are() -> None:
    inner = b"Subject: inner\r\n\r\nhello\r\n"
    raw = (
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n--b\r\n'
        b'Content-Type: multipart/alternative; boundary="bb"\r\n\r\n'
        b"--bb\r\nContent-Type: text/plain\r\n\r\nold\r\n"
        b"--bb\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n--bb--\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\nepilogue"
    )
    taken = take_apart(raw)
    assert len(taken.attached) == 2
    assert taken.attached[0].endswith(b"BEGIN:VCALENDAR")
    assert taken.attached[1].endswith(inner)


def test_a_line_that_only_begins_like_a_boundary_is_none() -> None:
    raw = (
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: application/x\r\n\r\n--bcd\r\nx --b\r\n--b--\r\n"
    )
    assert [part.partition(b"\r\n\r\n")[2] for part in take_apart(raw).attached] == [
        b"--bcd\r\nx --b"
    ]


def test_the_signature_of_a_text_that_is_replaced_does_not_stay() -> None:
    raw = (
        b'Content-Type: multipart/signed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nold\r\n"
        b"--b\r\nContent-Type: application/pkcs7-signature; name=s.p7s\r\n\r\nQUJD\r\n--b--\r\n"
    )
    assert take_apart(raw).attached == []


def test_fields_are_replaced_where_they_stand_and_folded_ones_are_whole() -> None:
    fields, body = split_mail(b"A: 1\r\nTo: a@x.org,\r\n b@x.org\r\nB: 2\r\nTo: c\r\n\r\nbody")
    assert fields == [b"A: 1\r\n", b"To: a@x.org,\r\n b@x.org\r\n", b"B: 2\r\n", b"To: c\r\n"]
    assert body == b"body"
    assert header_values(fields, "to") == "a@x.org, b@x.org"
    changed = with_fields(fields, {"to": b"To: z\r\n", "a": b"", "cc": b"Cc: y\r\n"})
    assert changed == [b"To: z\r\n", b"B: 2\r\n", b"Cc: y\r\n"]


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    taken = take_apart(raw)
    put_together(b"", b"\r\n", taken, is_html=True)
    split_mail(raw)
    wrapped = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' + raw + b"\r\n--b--"
    take_apart(wrapped)


def test_a_multipart_that_never_shows_its_boundary_is_text_and_no_attachment() -> None:
    raw = b'Subject: x\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\nonly text\r\n'
    assert take_apart(raw).attached == []


def test_a_mail_nested_without_end_is_kept_and_costs_little() -> None:
    raw = b"Content-Type: text/plain\r\n\r\nx"
    for n in range(200):
        mark = b"b%d" % n
        raw = (
            b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n' % (mark, mark)
            + raw
            + b"\r\n--%s--" % mark
        )
    assert len(take_apart(raw).attached) == 1
