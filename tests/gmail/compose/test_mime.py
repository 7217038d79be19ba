"""Composing: what is written is what is read, and nothing breaks out of its place."""

from __future__ import annotations

import re
import time
from email import message_from_bytes
from email.header import decode_header
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import (
    InvalidAddress,
    InvalidHeader,
    InvalidInput,
    MessageTooLarge,
)
from arcade_gmail_multiuser.gmail.addresses import Address, read_addresses
from arcade_gmail_multiuser.gmail.compose.mime import (
    MAX_CONTENT_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_RECIPIENTS,
    OutgoingAttachment,
    OutgoingMessage,
    compose,
)

JANE = Address("Jane Doe", "jane@example.com")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
INJECTION = ["\r\nBcc: eve@evil.com", "\nX: y", "\r", "\x00", "\t", "\x0b", "\x85", "\u2028"]
INJECTION += ["\ud800"]
NOT_OURS = ["Bcc", "from", "Date", "Message-ID", "Content-Type", "Sender", "Received", "Subject"]
MAY_APPEAR = {"To", "Subject", "In-Reply-To", "References", "X-Extra", "MIME-Version"}
JAPANESE_NAME = "令和八年十一月二十三日付け請求書および納品書の控え（修正版その三）最終確定.pdf"
LONG_ID = f"<{'AM9PR04MB' * 9}xyz@eurprd04.prod.outlook.com>"

header_texts = st.text().map(lambda text: CONTROL.sub("", text))
ids = st.from_regex(r"<[A-Za-z0-9.+=$-]{1,120}@[A-Za-z0-9.-]{1,60}>", fullmatch=True)
TRICKY = ["From here", ".", "-- ", "--=_mixed_", "日本語", "مرحبا بالعالم", "🎉", "a" * 1200]
TRICKY += ["é", "\r", "\n", "\r\n", " ", "\t", "=20", "x "]
bodies = st.text().map(lambda text: text.replace("\0", ""))
bodies |= st.lists(st.sampled_from(TRICKY)).map("".join)


def mail(**given_fields: Any) -> OutgoingMessage:
    return OutgoingMessage(**({"to": (JANE,), "subject": "s", "body": "b"} | given_fields))


def composed(**given_fields: Any) -> bytes:
    mime = compose(mail(**given_fields)).mime
    assert_well_formed(mime)
    return mime


def read(**given_fields: Any) -> EmailMessage:
    message = message_from_bytes(composed(**given_fields), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(part: Any) -> str:
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def lines_unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def head_of(mime: bytes) -> bytes:
    return mime.partition(b"\r\n\r\n")[0]


def unfolded(mime: bytes, name: str) -> str:
    head = head_of(mime).replace(b"\r\n ", b" ").decode("ascii")
    return next(v for k, _, v in (h.partition(": ") for h in head.split("\r\n")) if k == name)


def assert_well_formed(mime: bytes) -> None:
    assert b"\r" not in mime.replace(b"\r\n", b"")
    assert b"\n" not in mime.replace(b"\r\n", b"")
    assert max(map(len, mime.split(b"\r\n"))) <= 998
    for line in head_of(mime).split(b"\r\n"):
        assert line.strip(), "no header line is blank"
        assert line.isascii()
        one_token = len(line.split()) <= (1 if line.startswith(b" ") else 2)
        assert len(line) <= 78 or one_token


# --- read back


@given(header_texts)
def test_any_subject_is_read_back(subject: str) -> None:
    assert read(subject=subject)["Subject"] == subject


@pytest.mark.parametrize(
    "subject", ["", " ", " a  b ", "=?utf-8?q?a?=", "a" * 3000, "件名" * 500, "=?", "a " * 600]
)
def test_an_odd_subject_is_read_back(subject: str) -> None:
    assert read(subject=subject)["Subject"] == subject


@given(bodies)
def test_any_plain_body_is_read_back(body: str) -> None:
    message = read(body=body)
    assert message.get_content_type() == "text/plain"
    assert text_of(message) == lines_unified(body)


@given(bodies)
@settings(max_examples=40)
def test_any_body_is_read_back_beside_attachments(body: str) -> None:
    attachment = OutgoingAttachment("a.bin", "application/octet-stream", b"\0\r\n--=_mixed_")
    message = read(body=body, attachments=(attachment,))
    text, attached = message.iter_parts()
    assert text_of(text) == lines_unified(body)
    assert attached.get_payload(decode=True) == attachment.content


@given(header_texts)
def test_any_display_name_is_read_back_and_the_address_stays_plain(name: str) -> None:
    mime = composed(to=(Address(name, "jane@example.com"), Address("", "b@x.com")))
    assert b"jane@example.com" in head_of(mime)
    tidy = " ".join(name.split())
    to = unfolded(mime, "To")
    assert read_addresses(to) == (Address(tidy, "jane@example.com"), Address("", "b@x.com"))
    if len(name.encode()) <= 40 and name == tidy:
        # The standard library of Python 3.11 puts blanks between the words of longer names.
        read_back = message_from_bytes(mime, policy=default)["To"].addresses
        assert [a.addr_spec for a in read_back] == ["jane@example.com", "b@x.com"]
        assert read_back[0].display_name == name


@given(st.text(min_size=1).map(lambda text: CONTROL.sub("x", text)), st.binary())
def test_any_file_name_and_content_are_read_back(filename: str, content: bytes) -> None:
    filename = "f" + filename + "f"
    attachment = OutgoingAttachment(filename, "application/pdf", content)
    attached = next(read(attachments=(attachment,)).iter_attachments())
    assert attached.get_filename() == filename
    assert attached.get_content() == content


def test_a_long_japanese_file_name_is_read_by_both_conventions() -> None:
    name = JAPANESE_NAME * 4
    mime = composed(attachments=(OutgoingAttachment(name, "application/pdf", b"%PDF"),))
    attached = next(message_from_bytes(mime, policy=default).iter_attachments())
    assert attached.get_filename() == name  # RFC 2231, in Content-Disposition
    old = re.search(rb'name="(=\?.*?)"', mime, re.DOTALL)  # RFC 2047, in Content-Type
    assert old
    decoded = decode_header(old.group(1).decode("ascii").replace("\r\n", ""))
    assert "".join(text.decode(charset or "") for text, charset in decoded) == name


@given(st.lists(ids, max_size=60), ids)
@settings(max_examples=40)
def test_message_ids_are_read_back_in_order_and_never_encoded(
    chain: list[str], parent: str
) -> None:
    mime = composed(in_reply_to=parent, references=tuple(chain))
    assert unfolded(mime, "In-Reply-To") == parent
    if chain:
        assert unfolded(mime, "References").split(" ") == chain
    assert b"=?" not in head_of(mime)


def test_a_message_id_of_outlooks_length_is_never_encoded() -> None:
    assert len(LONG_ID) >= 85
    mime = composed(in_reply_to=LONG_ID, references=(LONG_ID,) * 30)
    assert f"In-Reply-To: {LONG_ID}\r\n".encode() in mime
    assert mime.count(LONG_ID.encode()) == 31


def test_an_id_without_brackets_gets_them() -> None:
    assert read(in_reply_to="a@b")["In-Reply-To"] == "<a@b>"


def test_all_headers_arrive() -> None:
    message = read(
        from_=Address("Ünal", "u@x.com"),
        cc=(Address("", "c@x.com"),),
        bcc=(Address("Doe, John", "b@x.com"),),
        reply_to=(Address("", "r@x.com"),),
        headers={"X-Request": "42", "Auto-Submitted": "auto-generated", "X-Long": "é" * 90},
    )
    assert message["From"] == "Ünal <u@x.com>"
    assert message["Cc"] == "c@x.com"
    assert message["Bcc"] == '"Doe, John" <b@x.com>', "Gmail reads Bcc here and removes it"
    assert message["Reply-To"] == "r@x.com"
    assert message["X-Request"] == "42"
    assert message["X-Long"] == "é" * 90
    assert message["MIME-Version"] == "1.0"
    assert message["Date"] is None
    assert message["Message-ID"] is None


# --- nothing can be injected


@pytest.mark.parametrize("value", INJECTION)
@pytest.mark.parametrize(
    ("field", "header"),
    [
        ("subject", "Subject"),
        ("to", "To"),
        ("cc", "Cc"),
        ("bcc", "Bcc"),
        ("from_", "From"),
        ("reply_to", "Reply-To"),
        ("email", "To"),
        ("in_reply_to", "In-Reply-To"),
        ("references", "References"),
        ("headers", "X-Extra"),
        ("filename", "Content-Type"),
    ],
)
def test_no_header_can_be_injected(field: str, header: str, value: str) -> None:
    text = f"secret{value}"
    named = Address(text, "a@x.com")
    fields: dict[str, Any] = {
        "subject": {"subject": text},
        "from_": {"from_": named},
        "email": {"to": (Address("", f"a@x.com{value}"),)},
        "in_reply_to": {"in_reply_to": f"<secret{value}@x>"},
        "references": {"references": ("<a@b>", f"<secret{value}@x>")},
        "headers": {"headers": {"X-Extra": text}},
        "filename": {"attachments": (OutgoingAttachment(text, "text/csv", b""),)},
    }.get(field, {field: (named,)})
    with pytest.raises(InvalidHeader, match=header) as raised:
        compose(mail(**fields))
    assert "secret" not in str(raised.value)
    assert value not in str(raised.value)


@given(
    st.text(alphabet=st.sampled_from('\r\n: aB<>,"\\=?é\0')),
    st.sampled_from(["subject", "name", "id", "extra", "file", "body", "mime"]),
)
def test_hostile_text_is_refused_or_stays_where_it_belongs(text: str, place: str) -> None:
    hostile = f"a{text}Bcc: eve@evil.com"
    fields: dict[str, Any] = {
        "subject": {"subject": hostile},
        "name": {"to": (Address(hostile, "a@x.com"),)},
        "id": {"in_reply_to": hostile, "references": (hostile,)},
        "extra": {"headers": {"X-Extra": hostile}},
        "file": {"attachments": (OutgoingAttachment(hostile, "text/csv", b""),)},
        "mime": {"attachments": (OutgoingAttachment("a", f"text/csv{text}; a=b", b""),)},
        "body": {"body": hostile},
    }[place]
    try:
        message = read(**fields)
    except InvalidInput:
        return
    assert set(message.keys()) <= MAY_APPEAR | {"Content-Type", "Content-Transfer-Encoding"}
    assert len(message["To"].addresses) == 1


@pytest.mark.parametrize("name", NOT_OURS)
def test_a_header_that_others_own_cannot_be_set(name: str) -> None:
    with pytest.raises(InvalidHeader, match=name):
        compose(mail(headers={name: "x"}))


@pytest.mark.parametrize("name", ["", "X-A: b\r\nBcc", "X A", "X-é", "X-" + "a" * 60, "X-A\n"])
def test_a_header_name_that_is_none_is_refused_unrepeated(name: str) -> None:
    with pytest.raises(InvalidHeader) as raised:
        compose(mail(headers={name: "x"}))
    assert not name or name not in str(raised.value)


def test_a_body_cannot_forge_a_part() -> None:
    attachment = OutgoingAttachment("a.txt", "text/plain", b"real")
    mime = composed(attachments=(attachment,))
    boundary = re.search(rb'boundary="([^"]+)"', mime)
    assert boundary
    forged = f"hi\n--{boundary.group(1).decode()}\nContent-Type: text/html\n\n<script>\n"
    message = read(body=forged, attachments=(attachment,))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain"] * 2
    assert text_of(next(message.iter_parts())) == forged


def test_an_attached_mail_cannot_forge_a_part_even_one_composed_here() -> None:
    message = composed(attachments=(OutgoingAttachment("a.txt", "text/plain", b"inner"),))
    for _ in range(3):
        attached = OutgoingAttachment("mail.eml", "message/rfc822", message)
        message = composed(body="outer", attachments=(attached,))
        outer = message_from_bytes(message, policy=default)
        assert [p.get_content_type() for p in outer.iter_parts()] == [
            "text/plain",
            "message/rfc822",
        ]


# --- bodies


def test_from_lines_and_long_lines_survive_mail_stores() -> None:
    mime = composed(body="From me\n" + "x" * 3000 + "\nFrom you " + "y" * 69)
    body = mime.partition(b"\r\n\r\n")[2]
    assert not re.search(rb"^From ", body, re.MULTILINE)
    assert max(map(len, body.split(b"\r\n"))) <= 76


def test_simple_english_stays_readable_and_japanese_small() -> None:
    assert composed(body="Hello\n").endswith(b"7bit\r\n\r\nHello\r\n")
    assert b"quoted-printable" in composed(body="Hello from the café")
    assert b"base64" in composed(body="こんにちは、世界")


@pytest.mark.parametrize("body", ["half \ud83d", "nul \0"])
@pytest.mark.parametrize("content_type", ["plain", "html"])
def test_a_body_that_cannot_be_written_is_an_error_that_does_not_repeat_it(
    body: str, content_type: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        compose(mail(body=body, content_type=content_type))
    assert "half \ud83d" not in str(raised.value)
    assert "nul \0" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_html_has_a_plain_alternative_with_its_words_and_links() -> None:
    html = '<p>Grüße, <b>世界</b></p><p>See <a href="https://x.com/a">this</a></p>'
    message = read(body=html, content_type="html")
    plain, rich = message.iter_parts()
    assert message.get_content_type() == "multipart/alternative"
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert text_of(rich) == html
    assert "Grüße, 世界" in text_of(plain)
    assert "https://x.com/a" in text_of(plain)
    assert "<" not in text_of(plain)


@given(bodies | bodies.map(lambda text: f"<p>{text}&#0;&#xd800;</p>"))
@settings(max_examples=40)
def test_any_html_is_read_back_beside_its_alternative(body: str) -> None:
    plain, rich = read(body=body, content_type="html").iter_parts()
    assert text_of(rich) == lines_unified(body)
    assert isinstance(text_of(plain), str)


def test_html_with_attachments_nests_the_alternatives() -> None:
    files = (OutgoingAttachment("a.txt", "text/plain; charset=utf-8", b"x"),)
    message = read(body="<p>x</p>", content_type="html", attachments=files)
    types = [part.get_content_type() for part in message.walk()]
    assert types == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/plain",
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<p>Hello</p>", "multipart/alternative"),
        ("one<br>two", "multipart/alternative"),
        ("one<BR/>two", "multipart/alternative"),
        ("<!DOCTYPE html>hi", "multipart/alternative"),
        ('<img alt="" src="https://x.com/a.png">', "multipart/alternative"),
        ('see <a href="https://x.com">x</a>', "multipart/alternative"),
        ("Jane <jane@x.com> and <https://x.com>", "text/plain"),
        ("if a <b and c> d", "text/plain"),
        ("a List<I> of Map<A>", "text/plain"),
        ("1 < 2 > 0", "text/plain"),
        ("", "text/plain"),
        ("<" * 50_000, "text/plain"),
        ("<img " * 20_000, "text/plain"),
        ("</a " + " " * 50_000, "text/plain"),
    ],
)
def test_auto_takes_for_html_only_what_closes_or_breaks_like_it(body: str, kind: str) -> None:
    assert read(body=body, content_type="auto").get_content_type() == kind


def test_an_unknown_content_type_is_refused() -> None:
    with pytest.raises(InvalidInput, match="content_type"):
        compose(mail(content_type="rtf"))


# --- attachments


def test_a_mail_is_attached_as_it_is() -> None:
    inner = "Subject: 件名\n\nBody with é\nand more\n".encode()
    mime = composed(attachments=(OutgoingAttachment("m.eml", "message/rfc822", inner),))
    assert inner.replace(b"\n", b"\r\n") in mime
    assert b"Content-Transfer-Encoding: 8bit" in head_of(mime)
    attached = list(message_from_bytes(mime, policy=default).iter_parts())[1]
    assert attached.get_content_type() == "message/rfc822"
    assert attached.get_content()["Subject"] is not None


@pytest.mark.parametrize("inner", [b"Subject: x\n\n" + b"y" * 2000, b"Subject: x\n\n\0"])
def test_a_mail_that_cannot_travel_as_it_is_travels_as_a_file(inner: bytes) -> None:
    attached = list(
        read(attachments=(OutgoingAttachment("m.eml", "message/rfc822", inner),)).iter_parts()
    )[1]
    assert attached.get_content_type() == "application/octet-stream"
    assert attached.get_filename() == "m.eml"
    assert attached.get_payload(decode=True) == inner


@pytest.mark.parametrize(
    "mime_type",
    [
        "",
        "pdf",
        "application/",
        "/pdf",
        "application/pdf\r\nBcc: a@b.com",
        "text/csv;\r\n\r\nx=y",
        "text/csv; a",
        "multipart/mixed",
        "Multipart/Related; boundary=x",
        "message/partial",
        "message/rfc822x",
        "text/csv; name=x",
        "text/csv; boundary=x",
        "text/ü",
        "a/b; c=" + "d" * 300,
    ],
)
def test_a_wrong_mime_type_is_refused(mime_type: str) -> None:
    with pytest.raises(InvalidInput, match="Attachment 1"):
        compose(mail(attachments=(OutgoingAttachment("a", mime_type, b"x"),)))


def test_an_attachment_needs_a_name() -> None:
    with pytest.raises(InvalidInput, match="Attachment 2"):
        compose(
            mail(
                attachments=(
                    OutgoingAttachment("a", "text/csv", b""),
                    OutgoingAttachment(" ", "text/csv", b""),
                )
            )
        )


# --- recipients


def test_a_mail_to_nobody_is_refused() -> None:
    with pytest.raises(InvalidAddress, match="no recipient"):
        compose(mail(to=()))
    assert read(to=(), bcc=(JANE,))["To"] is None, "a hidden recipient is one"


def test_one_mailbox_is_written_once_where_it_comes_first() -> None:
    again = Address("J.", "JANE@Example.com")
    message = read(to=(JANE, again), cc=(again, Address("", "c@x.com")), bcc=(again,))
    assert message["To"] == "Jane Doe <jane@example.com>"
    assert message["Cc"] == "c@x.com"
    assert message["Bcc"] is None


def test_too_many_recipients_are_refused() -> None:
    many = tuple(Address("", f"a{n}@x.com") for n in range(MAX_RECIPIENTS + 1))
    with pytest.raises(InvalidAddress, match="501 recipients"):
        compose(mail(to=many))
    assert len(read(to=many[:-1])["To"].addresses) == MAX_RECIPIENTS
    with pytest.raises(InvalidAddress, match="at most 2"):
        compose(mail(to=many[:3]), max_recipients=2)


@pytest.mark.parametrize("email", ["", "jane", "a@x.com, b@x.com", "a@x.com> <b@x.com", "é@x.com"])
def test_an_address_that_is_none_is_refused_unrepeated(email: str) -> None:
    with pytest.raises(InvalidAddress, match="Cc") as raised:
        compose(mail(cc=(Address("", email),)))
    assert not email or email not in str(raised.value)


def test_an_international_domain_is_written_as_punycode() -> None:
    assert b"<taro@xn--r8jz45g.jp>" in composed(to=(Address("太郎", "taro@例え.jp"),))


# --- size, speed, secrecy


def test_what_gmail_does_not_take_is_refused_before_it_is_encoded() -> None:
    start = time.process_time()
    for fields in (
        {"body": "x" * 30_000_000},
        {"attachments": (OutgoingAttachment("a", "a/b", bytes(MAX_CONTENT_BYTES)),)},
    ):
        with pytest.raises(MessageTooLarge, match="25 MB"):
            compose(mail(**fields))
    assert time.process_time() - start < 0.5


def test_the_encoded_size_counts() -> None:
    with pytest.raises(MessageTooLarge):
        compose(mail(body="あ" * 10_000_000))


def test_25_mib_fit_and_take_no_quadratic_time() -> None:
    attachment = OutgoingAttachment("a", "a/b", bytes(MAX_CONTENT_BYTES - 10))
    start = time.process_time()
    mime = compose(mail(attachments=(attachment,))).mime
    assert MAX_CONTENT_BYTES < len(mime) <= MAX_MESSAGE_BYTES
    assert time.process_time() - start < 5


def test_a_small_mail_takes_well_below_a_millisecond() -> None:
    message = mail(subject="件名", body="Hello\n" * 20)
    compose(message)
    start = time.process_time()
    for _ in range(200):
        compose(message)
    assert (time.process_time() - start) / 200 < 0.001


def test_the_same_message_gives_the_same_bytes() -> None:
    fields: dict[str, Any] = {"body": "<p>x</p>", "content_type": "html"}
    assert composed(**fields) == composed(**fields)


def test_no_repr_shows_mail() -> None:
    message = mail(subject="secret", attachments=(OutgoingAttachment("secret", "a/b", b"secret"),))
    assert "secret" not in repr(message)
    assert "secret" not in repr(message.attachments)
