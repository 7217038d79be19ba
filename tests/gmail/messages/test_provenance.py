"""What speaks against a mail's stated sender is said, and nothing is said without reason."""

from __future__ import annotations

import pytest

from arcade_gmail_multiuser.gmail.addresses import Address
from arcade_gmail_multiuser.gmail.messages.message import provenance_warnings

ANN = Address("Ann", "ann@example.com")


def results(text: str) -> tuple[str, ...]:
    return provenance_warnings(ANN, headers={"authentication-results": text})


def test_an_ordinary_mail_raises_no_suspicion() -> None:
    passed = (
        "mx.google.com; dkim=pass header.i=@example.com header.s=s1 header.b=x;\r\n"
        " spf=pass (google.com: domain of ann@example.com designates 1.2.3.4 as permitted"
        " sender) smtp.mailfrom=ann@example.com; dmarc=pass (p=REJECT sp=REJECT dis=NONE)"
        " header.from=example.com"
    )
    assert (
        provenance_warnings(ANN, reply_to=[ANN], headers={"authentication-results": passed}) == ()
    )


def test_a_reply_to_another_domain_is_said() -> None:
    (warning,) = provenance_warnings(ANN, reply_to=[Address("", "ann@evil.example.org")])
    assert warning == "Replies go to evil.example.org, but the mail is from example.com."


@pytest.mark.parametrize("email", ["ann@example.com", "x@mail.example.com", "X@EXAMPLE.COM", ""])
def test_a_reply_to_the_same_house_is_not(email: str) -> None:
    assert provenance_warnings(ANN, reply_to=[Address("", email)]) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mx.google.com; spf=fail (bad) smtp.mailfrom=x", ["SPF"]),
        ("mx.google.com; spf=softfail; dkim=fail; dmarc=fail (p=NONE)", ["SPF", "DKIM", "DMARC"]),
        ("mx.google.com;\r\n\tDKIM = FAIL reason=x", ["DKIM"]),
        ("mx.google.com; dkim=fail header.i=@a; dkim=pass header.i=@b", []),
        ("mx.google.com; spf=neutral (neither permitted nor denied); dkim=none", []),
        ("mx.google.com; spf=pass (a comment; dmarc=fail) x=y", []),
        ("mx.google.com; spf=pass (nested (dkim=fail) spf=fail) x=y", []),
        ("rubbish ((((" * 2000, []),
        ("", []),
    ],
)
def test_failed_checks_are_said(text: str, names: list[str]) -> None:
    assert [warning.split()[0] for warning in results(text)] == names


def test_a_name_that_shows_another_address_is_said() -> None:
    sender = Address("boss@example.com", "boss@evil.test")
    assert provenance_warnings(sender) == (
        "The sender's name shows boss@example.com, but the mail is from boss@evil.test.",
    )


@pytest.mark.parametrize("name", ["ann@example.com", "ANN@EXAMPLE.COM", "Ann @ work", "a@b"])
def test_a_name_that_shows_ones_own_address_is_not(name: str) -> None:
    assert provenance_warnings(Address(name, "ann@example.com")) == ()


@pytest.mark.parametrize(
    ("domain", "reads"),
    [
        ("pаypal.com", "paypal.com"),  # a Cyrillic а
        ("xn--pypal-4ve.com", "paypal.com"),
        ("аррӏе.com", "apple.com"),  # Cyrillic throughout
        ("gοοgle.com", "google.com"),  # Greek omicrons
        ("раураӏ.com", "paypal.com"),
    ],
)
def test_letters_that_imitate_others_are_said(domain: str, reads: str) -> None:
    (warning,) = provenance_warnings(Address("", f"x@{domain}"))
    assert f"reads like {reads}" in warning
    assert "xn--" in warning
    assert warning.isascii()


def test_a_domain_of_mixed_scripts_is_said() -> None:
    (warning,) = provenance_warnings(Address("", "x@bankж.com"))
    assert "mixes" in warning


@pytest.mark.parametrize(
    "domain",
    [
        "example.com",
        "пример.рф",
        "münchen.de",
        "xn--mnchen-3ya.de",
        "日本語.jp",
        "東京tower.jp",
        "xn--.com",
    ],
)
def test_honest_international_domains_are_not(domain: str) -> None:
    assert provenance_warnings(Address("", f"x@{domain}")) == ()


@pytest.mark.parametrize("imitation", ["exarnple.com", "examp1e.com", "exampie.com"])
def test_a_domain_that_looks_like_ones_own_is_said(imitation: str) -> None:
    (warning,) = provenance_warnings(Address("", f"x@{imitation}"), known=[ANN])
    assert warning == (f"The sender's domain {imitation} looks like example.com but is another.")


def test_nothing_is_said_of_a_mail_without_a_sender() -> None:
    assert provenance_warnings(None, reply_to=[ANN]) == ()
    assert provenance_warnings(Address("Ann", ""), reply_to=[ANN]) == ()


@pytest.mark.parametrize("email", ["@", "x@" + "a." * 5000, "x@xn--" + "9" * 60, "x@\ud800.com"])
def test_no_sender_makes_it_raise(email: str) -> None:
    provenance_warnings(Address("x" * 10_000, email), known=[ANN], reply_to=[ANN])
