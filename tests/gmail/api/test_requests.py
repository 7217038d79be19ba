from __future__ import annotations

import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.api import requests
from arcade_gmail_multiuser.gmail.api.requests import (
    accepted_scopes,
    build,
    described_methods,
    http_method,
    load_document,
)
from arcade_gmail_multiuser.gmail.scopes import GMAIL_COMPOSE, GMAIL_SEND


def test_a_read_is_written_as_gmail_describes_it() -> None:
    request = build(
        "users.messages.get",
        userId="me",
        id="18c2f0a1b2c3d4e5",
        format="metadata",
        metadataHeaders=("From", "To"),
    )
    url = urlsplit(request.path)
    assert request.http_method == "GET"
    assert url.path == "/gmail/v1/users/me/messages/18c2f0a1b2c3d4e5"
    query = parse_qs(url.query)
    assert query["metadataHeaders"] == ["From", "To"]
    assert query["format"] == ["metadata"]
    assert request.body is None


def test_a_write_carries_its_body_as_json() -> None:
    request = build("users.messages.send", userId="me", body={"raw": "abc", "threadId": "1"})
    assert request.http_method == "POST"
    assert json.loads(request.body or b"") == {"raw": "abc", "threadId": "1"}
    assert request.headers["content-type"] == "application/json"


def test_gzip_is_asked_for_in_the_way_google_wants() -> None:
    headers = build("users.getProfile", userId="me").headers
    assert "gzip" in headers["accept-encoding"]
    assert "gzip" in headers["user-agent"]


def test_no_credentials_are_looked_for() -> None:
    headers = build("users.getProfile", userId="me").headers
    assert not {"authorization", "cookie"} & {name.lower() for name in headers}


def test_a_search_in_japanese_survives() -> None:
    request = build("users.messages.list", userId="me", q='subject:"請求書" & a+b=c')
    assert parse_qs(urlsplit(request.path).query)["q"] == ['subject:"請求書" & a+b=c']


@pytest.mark.parametrize("method", sorted(described_methods()))
def test_every_described_method_can_be_written(method: str) -> None:
    description = described_methods()[method]
    params = {
        name: "1" if about["type"] in {"string", "integer"} else True
        for name, about in description.get("parameters", {}).items()
        if about.get("required")
    }
    assert build(method, **params).http_method == description["httpMethod"]


@pytest.mark.parametrize(
    "bad_id",
    [
        "",
        "  ",
        "..",
        ".",
        "../x",
        "a/b",
        "a\\b",
        "a?b",
        "a#b",
        "%2e%2e",
        "a\nb",
        "a\x00b",
        "x" * 5_000,
    ],
)
def test_an_id_that_cannot_be_one_is_refused_here(bad_id: str) -> None:
    with pytest.raises(InvalidInput, match=r"^id "):
        build("users.messages.get", userId="me", id=bad_id)


@pytest.mark.parametrize("odd_id", ["日本", "é", "a:b@c+d", "-1", "<x@mail.example>"])
def test_an_odd_id_is_percent_encoded_into_one_segment(odd_id: str) -> None:
    path = urlsplit(build("users.messages.trash", userId="me", id=odd_id).path).path
    assert path.isascii()
    assert path.count("/") == "/gmail/v1/users/me/messages/x/trash".count("/")


@pytest.mark.parametrize(
    ("method", "params", "says"),
    [
        ("users.messages.fetch", {}, "no such method"),
        ("messages.get", {}, "no such method"),
        ("__class__", {}, "no such method"),
        ("users.messages.get", {}, "needs id"),
        ("users.messages.get", {"id": None}, "needs id"),
        ("users.messages.list", {"query": "x"}, "does not take query"),
        ("users.messages.list", {"body": {}}, "does not take body"),
        ("users.messages.list", {"access_token": "x"}, "does not take access_token"),
        ("users.messages.list", {"key": "x"}, "does not take key"),
        ("users.messages.list", {"quotaUser": "x"}, "does not take quotaUser"),
        ("users.messages.get", {"id": "1", "format": "fancy"}, "format must be one of"),
        ("users.messages.get", {"id": ["1", "2"]}, "one value"),
        ("users.messages.get", {"id": 7}, "id is empty"),
        ("users.messages.list", {"maxResults": "many"}, "cannot take"),
        ("users.messages.list", {"q": "\ud800"}, "cannot take"),
        ("users.messages.send", {"body": {"raw": b"bytes"}}, "cannot take"),
        ("users.messages.list", {"q": "x" * 20_000}, "too long"),
    ],
)
def test_a_wrong_parameter_is_a_clear_error(
    method: str, params: dict[str, object], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        build(method, userId="me", **params)


def test_a_refused_value_is_not_in_the_error_nor_in_its_context() -> None:
    with pytest.raises(InvalidInput) as refused:
        build("users.messages.list", userId="me", maxResults="canary")
    error = refused.value
    assert error.__context__ is None
    assert error.__cause__ is None
    assert "canary" not in f"{error} {error.developer_message}"


def test_a_built_request_shows_nothing_of_itself() -> None:
    request = build("users.messages.list", userId="me", q="canary")
    assert "canary" not in repr(request)


def test_building_logs_no_search_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        build("users.messages.list", userId="me", q="canary")
    assert "canary" not in caplog.text


def test_accepted_scopes_are_those_of_the_description() -> None:
    assert GMAIL_SEND in accepted_scopes("users.messages.send")
    assert GMAIL_SEND not in accepted_scopes("users.drafts.send")
    assert GMAIL_COMPOSE in accepted_scopes("users.drafts.send")
    with pytest.raises(InvalidInput):
        accepted_scopes("users.nothing")


def test_building_leaves_the_shared_document_as_it_was() -> None:
    before = json.dumps(load_document())
    build("users.messages.list", userId="me", q="x", maxResults=5)
    assert json.dumps(load_document()) == before
    assert "body" not in described_methods()["users.messages.send"]["parameters"]


def test_the_resources_are_built_once_even_when_threads_begin_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built = []
    original = requests.build_from_document
    for cached in (requests._service, requests._resource, requests._resource_method_once):
        cached.cache_clear()
    monkeypatch.setattr(requests, "_ready", {})
    monkeypatch.setattr(
        requests,
        "build_from_document",
        lambda *a, **k: built.append(1) or original(*a, **k),
    )
    with ThreadPoolExecutor(8) as threads:
        paths = set(threads.map(lambda _: build("users.getProfile", userId="me").path, range(32)))
    assert len(built) == 1
    assert len(paths) == 1


def test_methods_of_http_are_known() -> None:
    assert http_method("users.messages.get") == "GET"
    assert http_method("users.messages.send") == "POST"
    assert http_method("users.settings.updateVacation") == "PUT"


def test_importing_the_client_builds_nothing() -> None:
    code = (
        "import arcade_gmail_multiuser.gmail.api.client\n"
        "from arcade_gmail_multiuser.gmail.api import requests, transport\n"
        "assert requests._service.cache_info().currsize == 0\n"
        "assert requests.load_document.cache_info().currsize == 0\n"
        "assert transport.open_pools() == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
