"""Addresses: strict for callers, lenient for received mail."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import InvalidAddress
from arcade_gmail_multiuser.gmail.addresses import (
    Address,
    ascii_email,
    display,
    is_usable,
    parse_addresses,
    read_addresses,
    same_mailbox,
)

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
TWO = [Address("", "a@x.com"), Address("", "b@x.com")]
HOSTILE = ['"\\', "(", "<", "a", "a@", ",a", '"a', ":;", '"@', '""@', "=?", "(\\", "a@ ", "<a>"]

names = st.text().map(lambda text: " ".join(CONTROL.sub(" ", text).split()))
emails = st.from_regex(
    r"[a-z0-9+_]{1,20}(\.[a-z0-9]{1,9})?@([a-z0-9]{1,20}\.){1,3}[a-z]{2,9}", fullmatch=True
)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("jane@example.com", [Address("", "jane@example.com")]),
        ("Jane Doe <jane@Example.COM>", [Address("Jane Doe", "jane@example.com")]),
        (
            "Jane Doe <jane@x.com>, b@y.com; <c@z.com>,",
            [Address("Jane Doe", "jane@x.com"), Address("", "b@y.com"), Address("", "c@z.com")],
        ),
        ('"Doe, Jane" <jane@x.com>', [Address("Doe, Jane", "jane@x.com")]),
        ("山田 太郎 <taro@例え.jp>", [Address("山田 太郎", "taro@xn--r8jz45g.jp")]),
        ("j@straße.de", [Address("", "j@xn--strae-oqa.de")]),
        ('"john doe"@x.com', [Address("", '"john doe"@x.com')]),
        ("jane@x.com <jane@x.com>", [Address("jane@x.com", "jane@x.com")]),
        ("=?utf-8?q?a?= <a@x.com>", [Address("=?utf-8?q?a?=", "a@x.com")]),
        (["a@x.com, b@x.com", "", "C <c@x.com>"], [*TWO, Address("C", "c@x.com")]),
        ("", []),
        ("  ", []),
        (None, []),
        ([], []),
    ],
)  # fmt: skip
def test_what_a_caller_types_is_read(given_text: str, expected: list[Address]) -> None:
    assert parse_addresses(given_text) == tuple(expected)


@pytest.mark.parametrize(
    "wrong",
    [
        "somebody",
        "somebody@",
        "@x.com",
        "jane@localhost",
        "jane@x..com",
        "jane@-x.com",
        "jane..doe@x.com",
        "jane@x.com bob@y.com",
        "Doe, Jane <jane@x.com>",
        "<jane@x.com> trailing",
        "<a@x.com> <b@y.com>",
        "jane@x.com (a comment)",
        "group: a@x.com, b@x.com;",
        'unterminated" <a@x.com>',
        "<a@x.com",
        "jáne@x.com",
        "jane@x.com\r\nBcc: eve@x.com",
        "jane@x.com\x00",
        "jane@x\u2028.com",
        "\ud800 <jane@x.com>",
        "jane@\ud800.com",
        "jane@💩💩",
        "a" * 65 + "@x.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b.c" * 100_000,
    ],
)
def test_a_wrong_address_is_an_error_that_does_not_repeat_it(wrong: str) -> None:
    with pytest.raises(InvalidAddress) as raised:
        parse_addresses(["fine@example.org", wrong])
    assert "fine@example.org" not in str(raised.value)
    assert wrong not in str(raised.value)
    assert "jane@example.com" in str(raised.value), "the message shows how to write one"


def test_the_error_says_which_of_the_addresses_is_wrong() -> None:
    with pytest.raises(InvalidAddress, match="Address 2 of 3"):
        parse_addresses("a@x.com, nobody, c@x.com")


@given(names, emails)
def test_what_is_shown_can_be_typed_back(name: str, email: str) -> None:
    address = Address(name, email)
    assert parse_addresses(display(address)) == (address,)
    assert read_addresses(display(Address("x", email))) == (Address("x", email),)


@pytest.mark.parametrize(
    ("header", "email"),
    [
        ("Pete(A \\) chap) <pete(his account)@silly.test(his host)>", "pete@silly.test"),
        ("<(a (nested) one)jane@x.com>", "jane@x.com"),
        ('<"a(b)"@x.com>', '"a(b)"@x.com'),
        ("<jane(never closed@x.com>", "jane(never closed@x.com"),
    ],
)
def test_a_comment_inside_an_address_is_no_part_of_it(header: str, email: str) -> None:
    [address] = read_addresses(header)
    assert address.email == email.replace(" ", "")


def test_a_shown_name_cannot_pass_for_an_address() -> None:
    shown = display(Address("boss@bank.com> <boss@bank.com", "eve@evil.com"))
    assert [a.email for a in parse_addresses(shown)] == ["eve@evil.com"]
    assert [a.email for a in read_addresses(shown)] == ["eve@evil.com"]


def test_nothing_is_shown_encoded() -> None:
    assert display(Address("山田 太郎", "t@x.com")) == "山田 太郎 <t@x.com>"
    assert display(Address("", "t@x.com")) == "t@x.com"
    assert display(Address("Mail Delivery", "")) == "Mail Delivery"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Jane Doe <j@x.com>, b@y.com", [Address("Jane Doe", "j@x.com"), Address("", "b@y.com")]),
        ('"Doe, Jane" <j@x>', [Address("Doe, Jane", "j@x")]),
        ("Doe, Jane <j@x>, b@y", [Address("Doe, Jane", "j@x"), Address("", "b@y")]),
        ("=?utf-8?q?Doe=2C_J=C3=A4ne?= <j@x>", [Address("Doe, Jäne", "j@x")]),
        ("=?utf-8?b?5bGx?=\r\n =?utf-8?b?55Sw?= <j@x>", [Address("山田", "j@x")]),
        ("=?utf-8?q?eve=40evil.com=3E=2C?= <j@x>", [Address("eve@evil.com>,", "j@x")]),
        ("j@x (Jane Doe)", [Address("Jane Doe", "j@x")]),
        ("Acme (Tokyo) <a@x>", [Address("Acme (Tokyo)", "a@x")]),
        ("Meeting 10:30 <a@x>", [Address("Meeting 10:30", "a@x")]),
        ("Team: a@x, B <b@y>;", [Address("", "a@x"), Address("B", "b@y")]),
        ("undisclosed-recipients:;", []),
        ("Mail Delivery Subsystem", [Address("Mail Delivery Subsystem", "")]),
        ('"open <j@x.com>, b@y', [Address('"open', "j@x.com"), Address("", "b@y")]),
        ("<@relay:j@x>", [Address("", "j@x")]),
        ("mailto:j@x", [Address("", "j@x")]),
        ("Jane <j @ x>", [Address("Jane", "j@x")]),
        ("A\r\n\tB <a@x>", [Address("A B", "a@x")]),
        ("\ud800 <a@x>", [Address("?", "a@x")]),
        ("<>", []),
        ("", []),
        (None, []),
    ],
)
def test_what_others_wrote_is_read_as_far_as_possible(
    header: str | None, expected: list[Address]
) -> None:
    assert read_addresses(header) == tuple(expected)


@given(st.text(alphabet=st.sampled_from('ab@.,;:<>()"\\ =?\r\n\ud800é山')) | st.text())
def test_reading_never_raises_and_loses_no_address(header: str) -> None:
    for address in read_addresses(header):
        assert address.name or address.email
        assert not CONTROL.search(address.name)
        display(address)


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hostile_header_costs_time_in_proportion_to_its_length(unit: str) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        read_addresses(unit * count)
        return time.process_time() - start

    assert seconds(40_000) < 20 * seconds(4_000) + 0.5


def test_case_and_punycode_make_no_other_mailbox() -> None:
    assert same_mailbox("Jane.Doe@Example.com", "jane.doe@example.COM ")
    assert same_mailbox("a@例え.jp", "A@xn--r8jz45g.jp")
    assert not same_mailbox("jane.doe@example.com", "janedoe@example.com")
    assert not same_mailbox("jane+a@example.com", "jane@example.com")
    assert not same_mailbox("@", "")


def test_a_header_form_is_ascii_or_refused() -> None:
    assert ascii_email("a@例え.jp") == "a@xn--r8jz45g.jp"
    assert not is_usable(Address("Mail Delivery Subsystem", ""))
    assert not is_usable(Address("", "a@x.com>\r\nBcc: b@x.com"))
    assert is_usable(Address("", "a_b@under_score.com"))


def test_every_sender_of_the_corpus_is_read(corpus: Path) -> None:
    for mail in sorted((corpus / "mail-fixtures").glob("*.eml")):
        head = re.split(rb"\r?\n\r?\n", mail.read_bytes(), maxsplit=1)[0].decode("latin-1")
        for value in re.findall(r"(?im)^(?:from|to|cc):(.*(?:\r?\n[ \t].*)*)", head):
            found = read_addresses(value)
            bracketed = set(re.findall(r"<(?:@[^<>:]*:)?([^<>\s]+@[^<>\s]+)>", value))
            assert bracketed <= {address.email for address in found}, mail.name
