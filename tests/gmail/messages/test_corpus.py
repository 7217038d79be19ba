"""Real mail, well formed and not, is read without an error and says what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest
from gmail_answers import GmailAnswers

from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message


@dataclass(frozen=True)
class Mail:
    name: str
    raw: bytes
    answer: dict[str, Any]
    """What Gmail answers of it."""
    message: ReadMessage


@pytest.fixture(scope="module")
def gmail(sandbox_url: str) -> Iterator[GmailAnswers]:
    with GmailAnswers(sandbox_url) as gmail:
        yield gmail


@pytest.fixture(scope="module")
def mails(corpus: Path, gmail: GmailAnswers) -> dict[str, Mail]:
    """Every message of the corpus, by name."""
    raw = {path.stem: path.read_bytes() for path in sorted(corpus.glob("mail-fixtures/*.eml"))}
    assert len(raw) > 90
    answers = dict(zip(raw, gmail.messages(raw.values()), strict=True))
    return {
        name: Mail(name, raw[name], answer, read_message(answer))
        for name, answer in answers.items()
    }


@dataclass(frozen=True)
class Says:
    """What a message must say; an empty field is not checked."""

    subject: str = ""
    sender: str = ""
    begins: str = ""
    has: str = ""
    files: tuple[str, ...] | None = None
    date: str = ""


EXPECTED = {
    "multi_charset__japanese": Says(
        subject="まみむめも", sender="raasdnil@gmail.com", begins="かきくえこ\n\n-- \n", files=()
    ),
    "multi_charset__japanese_iso_2022": Says(subject="まみむめも", begins="すみません。"),
    "multi_charset__japanese_shift_jis": Says(
        subject="test", begins="あいうえお\n\nこのメールはテスト用のメールです。"
    ),
    "multi_charset__ks_c_5601-1987": Says(begins="스티해"),
    "multi_charset__japanese_attachment": Says(begins="testing\n\n-- \n", files=("てすと.txt",)),
    "multi_charset__japanese_attachment_long_name": Says(
        subject="まみむめも" * 10, files=("かきくけこ" * 5 + ".txt",)
    ),
    "rfc2822__example14": Says(subject="Re: TEST  テストテスト", begins="Hello"),
    "rfc6532__utf8_headers": Says(subject="Säying Hello", sender="jdöe@mächine.example"),
    "plain_emails__raw_email": Says(subject="NOTE: 한국말로 하는 것", begins="대부분의 마찬가지로"),
    "plain_emails__raw_email_with_partially_quoted_subject": Says(
        subject='Re: Test: "漢字" mid "漢字" tail'
    ),
    "plain_emails__basic_email": Says(
        subject="Testing 123", begins="Plain email.\n\nHope it works well!\n\nMikel"
    ),
    "plain_emails__basic_email_lf": Says(begins="Plain email.\n\nHope it works well!\n\nMikel"),
    "plain_emails__raw_email10": Says(has="Envoyé par le servi"),
    "attachment_emails__attachment_content_disposition": Says(
        begins="This is the first part.", files=("api.rb",), date="2005-06-06T22:21:22+02:00"
    ),
    "attachment_emails__attachment_nonascii_filename": Says(files=("ciële.txt",)),
    "attachment_emails__attachment_with_unquoted_name": Says(files=("This is a test.txt",)),
    "attachment_emails__attachment_with_base64_encoded_name": Says(files=("This is a test.pdf",)),
    "attachment_emails__attachment_with_quoted_filename": Says(
        subject="Eelanalüüsi päring", files=("Eelanalüüsi päring.jpg",)
    ),
    "attachment_emails__attachment_only_email": Says(files=("blah.gz",)),
    "attachment_emails__attachment_content_location": Says(files=("",)),
    "attachment_emails__attachment_pdf": Says(
        subject="Another PDF with 🎉 Unicode chars in it 🍿", files=("broken.pdf",)
    ),
    "attachment_emails__attachment_message_rfc822": Says(
        begins="This is the first part.\n\n---------- Forwarded message ----------\nFrom: Test",
        has="Just attaching another PDF",
        files=("ForwardedMessage.eml", "broken.pdf"),
    ),
    "attachment_emails__attachment_message_rfc822_inline_image": Says(
        files=("img.png", "Testmail.eml")
    ),
    "mime_emails__raw_email_with_nested_attachment": Says(
        begins="Here is a test of an attachment via email.", files=("truncated.png", "smime.p7s")
    ),
    "mime_emails__raw_email7": Says(
        begins="This is the first part.", files=("test.rb", "test.pdf", "smime.p7s")
    ),
    "mime_emails__raw_email4": Says(begins="Some text\n\n--\nThis Orange Multi Media Message"),
    "mime_emails__raw_email11": Says(begins="XXXXX Xxxxx", files=()),
    "mime_emails__email_with_similar_boundaries": Says(begins="Test", files=("LOGO.png",)),
    "mime_emails__sig_only_email": Says(
        begins="This is random text, not what", files=("signature.asc",)
    ),
    "mime_emails__raw_email_encoded_stack_level_too_deep": Says(
        subject="Nicolas Fouché has accepted your invitation to Gmail",
        has="Nicolas Fouché has accepted",
    ),
    "mime_emails__raw_email_with_illegal_boundary": Says(
        begins="Hello\nThis is an outlook test\n\nSo there.\n\nMe."
    ),
    "mime_emails__raw_email_with_mimepart_without_content_type": Says(
        subject="Warning: could not send message for past 1 day",
        has="Warning: message still undelivered after 1 day",
        files=("", ""),
    ),
    "multipart_report_emails__multi_address_bounce1": Says(
        subject="Undelivered Mail Returned to Sender",
        begins="This is the mail system at host lvmail01.LL.com.",
        has="---------- Forwarded message ----------",
    ),
    "multipart_report_emails__report_422": Says(has="THIS IS A WARNING MESSAGE ONLY"),
    "multipart_report_emails__report_530": Says(begins="The original message was received at"),
    "error_emails__bad_encoded_subject": Says(subject="TEST", begins="TEST"),
    "error_emails__bad_subject": Says(
        subject="MySurvey.com:  You have a survey waiting!  91123105",
        sender="carol@mysurvey.com",
    ),
    "error_emails__invalid_subject_characters": Says(
        subject="Formação FrenetikPolis: Mega Campanha Final Verão | Cursos de Setembro",
        begins="TEST",
    ),
    "error_emails__trademark_character_in_subject": Says(subject="GA.comô has a lead for you"),
    "error_emails__header_fields_with_empty_values": Says(has="Jørn Støylen"),
    "error_emails__new_line_in_to_header": Says(begins='<?xml version="1.0" encoding="UTF-8"?>'),
    "error_emails__content_transfer_encoding_7-bit": Says(begins="DISCOVERÆ CARD <http://"),
    "error_emails__content_transfer_encoding_with_8bits": Says(has="unsubscribe"),
    "error_emails__content_transfer_encoding_x_uuencode": Says(
        begins="Attached are the comments", files=("PGP_Cmts_on_12-14-01_Pkg.doc",)
    ),
    "error_emails__missing_body": Says(subject="REDACTED", files=()),
    "error_emails__multiple_content_types": Says(begins="foo", files=()),
    "error_emails__cant_parse_from": Says(sender="News@InsideApple.Apple.com"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_message_says_what_it_says(mails: dict[str, Mail], name: str) -> None:
    expected, message = EXPECTED[name], mails[name].message
    if expected.subject:
        assert message.subject == expected.subject
    if expected.sender:
        assert message.from_ is not None
        assert message.from_.email == expected.sender
    assert message.body.startswith(expected.begins)
    assert expected.has in message.body
    if expected.files is not None:
        assert tuple(a.filename for a in message.attachments) == expected.files
    if expected.date:
        assert message.date == datetime.fromisoformat(expected.date)


# Headers only, pictures only, files only, or nothing at all behind the headers.
WITHOUT_TEXT = {
    "attachment_emails__attachment_only_email",
    "attachment_emails__attachment_with_quoted_filename",
    "error_emails__bad_date_header",
    "error_emails__bad_date_header2",
    "error_emails__empty_in_reply_to",
    "error_emails__missing_body",
    "error_emails__missing_content_disposition",
    "error_emails__must_supply_encoding",
    "mime_emails__raw_email_with_binary_encoded",
    "multi_charset__japanese_attachment_long_name",
}


def test_every_message_with_text_is_readable(mails: dict[str, Mail]) -> None:
    assert {name for name, mail in mails.items() if not mail.message.body} == WITHOUT_TEXT


def test_every_message_can_be_written_as_json(mails: dict[str, Mail]) -> None:
    for message in (mail.message for mail in mails.values()):
        json.dumps([message.subject, message.body, message.html_body, dict(message.headers)])
        message.body.encode("utf-8")


def test_every_date_has_an_offset(mails: dict[str, Mail]) -> None:
    for mail in mails.values():
        date = mail.message.date
        assert date is None or date.utcoffset() is not None, mail.name


def test_no_warning_repeats_the_text(mails: dict[str, Mail]) -> None:
    for mail in mails.values():
        assert all(len(warning) < 200 for warning in mail.message.warnings), mail.name


def test_every_attachment_has_its_bytes(mails: dict[str, Mail], gmail: GmailAnswers) -> None:
    for mail in mails.values():
        for attachment in mail.message.attachments:
            content = gmail.content(mail.answer, attachment.part_id)
            assert len(content) == attachment.size, mail.name


def test_every_file_python_finds_is_listed(mails: dict[str, Mail]) -> None:
    for mail in mails.values():
        ours = {a.mime_type for a in mail.message.attachments}
        for part in message_from_bytes(mail.raw).walk():
            if part.get_content_disposition() == "attachment":
                assert part.get_content_type() in ours, mail.name


def test_every_sender_python_finds_is_found(mails: dict[str, Mail]) -> None:
    for mail in mails.values():
        header = str(message_from_bytes(mail.raw).get("From", ""))
        theirs = getaddresses([header])
        if len(theirs) == 1 and re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", theirs[0][1]):
            assert mail.message.from_ is not None, mail.name
            assert mail.message.from_.email == theirs[0][1], mail.name


def test_every_text_python_decodes_is_in_gmails_answer(
    mails: dict[str, Mail], gmail: GmailAnswers
) -> None:
    compared = 0
    for mail in mails.values():
        theirs = message_from_bytes(mail.raw)
        if theirs.is_multipart() or theirs.get_content_type() != "text/plain":
            continue
        if theirs.get_filename() or theirs.defects:
            continue
        payload = theirs.get_payload(decode=True)
        assert isinstance(payload, bytes)
        with suppress(UnicodeDecodeError, LookupError):  # the charset it names is another's
            text = payload.decode(theirs.get_content_charset("ascii"))
            assert gmail.content(mail.answer, "").decode() == text, mail.name
            compared += 1
    assert compared > 20
