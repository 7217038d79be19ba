"""How a mail says it can be left, and when that is believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.gmail.unsubscribe.list_headers import HEADERS, read_list

SIGNED = {
    "Authentication-Results": "mx.google.com; dkim=pass header.i=@shop.example header.s=k; "
    "spf=pass smtp.mailfrom=shop.example",
    "DKIM-Signature": "v=1; a=rsa-sha256; d=shop.example; s=k; h=From:Subject:\r\n "
    "List-Unsubscribe:List-Unsubscribe-Post; b=abc",
    "List-Unsubscribe": "<https://shop.example/u?1>, <mailto:u@shop.example?subject=stop>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "From": "Shop <news@shop.example>",
    "List-Id": "News <news.shop.example>",
}


def resource(**changes: str | None) -> dict[str, Any]:
    given = {**SIGNED, **{name.replace("_", "-"): value for name, value in changes.items()}}
    headers = [{"name": n, "value": v} for n, v in given.items() if v is not None]
    return {"payload": {"headers": headers}}


def test_a_signed_list_mail_offers_one_click_and_mail() -> None:
    found = read_list(resource())
    assert found.one_click == ("https://shop.example/u?1",)
    assert found.mail is not None
    assert (found.mail.to.email, found.mail.subject) == ("u@shop.example", "stop")
    assert (found.sender, found.list_id) == ("news@shop.example", "news.shop.example")


@pytest.mark.parametrize(
    "changes",
    [
        {"List_Unsubscribe_Post": None},
        {"List_Unsubscribe_Post": "something else"},
        {"DKIM_Signature": None},
        {"DKIM_Signature": "d=shop.example; h=From:List-Unsubscribe; b=x"},
        {"DKIM_Signature": "d=other.example; h=List-Unsubscribe:List-Unsubscribe-Post"},
        {"Authentication_Results": None},
        {"Authentication_Results": "mx.google.com; dkim=fail header.i=@shop.example"},
        {"Authentication_Results": "mx.google.com; dkim=pass header.i=@other.example"},
        {"Authentication_Results": "mx.evil.example; dkim=pass header.i=@shop.example"},
        {"Authentication_Results": "mx.google.com; spf=pass (dkim=pass header.i=@shop.example)"},
        {"List_Unsubscribe": "<http://shop.example/u>"},
    ],
)
def test_without_the_header_or_a_good_signature_over_it_there_is_no_one_click(
    changes: dict[str, str | None],
) -> None:
    assert read_list(resource(**changes)).one_click == ()


def test_only_the_topmost_result_counts_because_the_others_came_with_the_mail() -> None:
    mail = resource(Authentication_Results="mx.google.com; dkim=fail header.i=@shop.example")
    forged = {"name": "Authentication-Results", "value": SIGNED["Authentication-Results"]}
    mail["payload"]["headers"].append(forged)
    assert read_list(mail).one_click == ()


@pytest.mark.parametrize(
    ("way", "to", "subject", "body"),
    [
        ("mailto:u@x.example", "u@x.example", "unsubscribe", ""),
        ("mailto:u@x.example?subject=a%20b&body=x%0Ay", "u@x.example", "a b", "x\ny"),
        ("MAILTO:u%2B1@x.example?Subject=a+b", "u+1@x.example", "a+b", ""),
        ("mailto:u@x.example?subject=a%0D%0ABcc:eve@x.org", "u@x.example", "a Bcc:eve@x.org", ""),
        ("mailto:u@x.example?cc=eve@x.org&bcc=eve@x.org", "u@x.example", "unsubscribe", ""),
        ("mailto:u@x.example?subject=" + "s" * 900, "u@x.example", "s" * 200, ""),
    ],
)
def test_of_a_mail_address_only_subject_and_body_count(
    way: str, to: str, subject: str, body: str
) -> None:
    mail = read_list(resource(List_Unsubscribe=f"<{way}>")).mail
    assert mail is not None
    assert (mail.to.email, mail.subject, mail.body) == (to, subject, body)


@pytest.mark.parametrize(
    "way",
    ["mailto:", "mailto:nobody", "mailto:a@x.org,b@x.org", "mailto:a@x.org%0D%0ACc:b@x.org", "x"],
)
def test_what_is_no_single_address_is_no_way_to_leave(way: str) -> None:
    assert read_list(resource(List_Unsubscribe=f"<{way}>")).mail is None


@given(st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=200)))
def test_no_headers_make_it_raise(headers: dict[str, str]) -> None:
    read_list({"payload": {"headers": [{"name": n, "value": v} for n, v in headers.items()]}})
