from __future__ import annotations

import pytest

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.gmail.api.requests import gmail_endpoint, userinfo_url


def test_without_the_variable_it_is_google(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GMAIL_API_ENDPOINT", raising=False)
    assert gmail_endpoint() == "https://gmail.googleapis.com"
    assert userinfo_url() == "https://www.googleapis.com/oauth2/v2/userinfo"


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_variable_is_no_variable(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    monkeypatch.setenv("GMAIL_API_ENDPOINT", blank)
    assert gmail_endpoint() == "https://gmail.googleapis.com"


@pytest.mark.parametrize(
    "loopback",
    [
        "http://127.0.0.1:9100",
        "http://localhost:9100/",
        "http://[::1]:9100",
        "https://127.8.8.8:1",
    ],
)
def test_loopback_may_be_plain_http_and_answers_userinfo_itself(
    monkeypatch: pytest.MonkeyPatch, loopback: str
) -> None:
    monkeypatch.setenv("GMAIL_API_ENDPOINT", loopback)
    assert gmail_endpoint() == loopback.rstrip("/")
    assert userinfo_url() == f"{loopback.rstrip('/')}/oauth2/v2/userinfo"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://gmail.googleapis.com",
        "https://gmail.googleapis.com.evil.example",
        "https://evil.example",
        "https://storage.googleapis.com",
        "https://gmail.googleapis.com@evil.example",
        "https://evil.example#gmail.googleapis.com",
        "https://evil.example\\@gmail.googleapis.com",
        "https://someone:pa55word@gmail.googleapis.com",
        "https://gmail.googleapis.com:8443",
        "https://gmail.googleapis.com/other",
        "https://gmail.googleapis.com?x=1",
        "https://gmail.googleapis.com?",
        "https://gmaıl.googleapis.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://0x7f000001",
        "http://169.254.169.254",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "127.0.0.1:9100",
        "http://127.0.0.1:port",
        "http://[::1",
        "http://",
    ],
)
def test_no_token_is_sent_anywhere_else(monkeypatch: pytest.MonkeyPatch, elsewhere: str) -> None:
    monkeypatch.setenv("GMAIL_API_ENDPOINT", elsewhere)
    with pytest.raises(ConfigurationError) as refused:
        gmail_endpoint()
    assert refused.value.message.startswith("GMAIL_API_ENDPOINT ")
    assert "pa55word" not in refused.value.message
    assert "evil" not in refused.value.message


def test_it_is_read_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GMAIL_API_ENDPOINT", "http://127.0.0.1:1")
    first = gmail_endpoint()
    monkeypatch.setenv("GMAIL_API_ENDPOINT", "http://127.0.0.1:2")
    assert (first, gmail_endpoint()) == ("http://127.0.0.1:1", "http://127.0.0.1:2")
