from __future__ import annotations

import json
from typing import Any

import pytest

from arcade_gmail_multiuser import errors
from arcade_gmail_multiuser.errors import (
    AccessDenied,
    Conflict,
    GmailMultiuserError,
    InvalidAddress,
    InvalidInput,
    MessageTooLarge,
    MissingScope,
    NotFound,
    RateLimited,
    RequestRefused,
    TokenRejected,
    Unavailable,
    UnknownLabel,
)
from arcade_gmail_multiuser.gmail.api.client import read_answer, read_json
from arcade_gmail_multiuser.gmail.api.error_mapping import USERINFO, error_of
from arcade_gmail_multiuser.gmail.api.requests import build
from arcade_gmail_multiuser.gmail.api.transport import Answer
from arcade_gmail_multiuser.gmail.scopes import (
    GMAIL_METADATA,
    GMAIL_READONLY,
    GMAIL_SEND,
    USERINFO_EMAIL,
)

NOW = 1_787_727_600.0  # 2026-08-26T07:00:00Z
GET = "users.messages.get"
SEND = "users.messages.send"

SCOPE_403 = {
    "error": {
        "code": 403,
        "message": "Request had insufficient authentication scopes.",
        "errors": [
            {
                "message": "Insufficient Permission",
                "domain": "global",
                "reason": "insufficientPermissions",
            }
        ],
        "status": "PERMISSION_DENIED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": {"service": "gmail.googleapis.com"},
            }
        ],
    }
}


def google(status: int, message: str, reason: str = "", state: str = "", **headers: str) -> Answer:
    entry = {"message": message, "domain": "global", "reason": reason}
    error = {"code": status, "message": message, "errors": [entry], "status": state}
    return Answer(status, dict(headers), json.dumps({"error": error}).encode())


def bad(message: str) -> Answer:
    return google(400, message, "invalidArgument", "INVALID_ARGUMENT")


def error(answer: Answer, method: str = GET) -> GmailMultiuserError:
    return error_of(answer, method, now=NOW)


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        (GET, google(401, "Request had invalid…", "authError", "UNAUTHENTICATED"), TokenRejected),
        (GET, Answer(401, {}, b""), TokenRejected),
        (GET, Answer(401, {}, b"<html>401</html>"), TokenRejected),
        (USERINFO, Answer(401, {}, b'{"error": "invalid_token"}'), TokenRejected),
        (GET, Answer(403, {}, json.dumps(SCOPE_403).encode()), MissingScope),
        (GET, google(403, "Delegation denied for bob@example.com", "forbidden"), AccessDenied),
        (GET, google(403, "The domain administrators have…", "domainPolicy"), AccessDenied),
        (GET, google(403, "Access Not Configured…", "accessNotConfigured"), AccessDenied),
        (GET, google(403, "anything else", "forbidden"), AccessDenied),
        (GET, google(404, "Requested entity was not found.", "notFound", "NOT_FOUND"), NotFound),
        (GET, google(410, "gone"), NotFound),
        (GET, bad("Invalid id value"), InvalidInput),
        (GET, bad("Invalid attachment token"), InvalidInput),
        (GET, bad("something new"), InvalidInput),
        (SEND, bad("Recipient address required"), InvalidAddress),
        (SEND, bad("Invalid To header"), InvalidAddress),
        (SEND, bad("Invalid to header"), InvalidAddress),
        (SEND, bad("Invalid thread_id value"), InvalidInput),
        ("users.messages.modify", bad("Invalid label: SENT"), UnknownLabel),
        ("users.labels.create", bad("Invalid label name"), InvalidInput),
        (GET, google(400, "Mail service not enabled", "failedPrecondition"), AccessDenied),
        (GET, google(400, "Precondition check failed.", "failedPrecondition"), RequestRefused),
        (GET, google(400, "Filter already exists", "failedPrecondition"), Conflict),
        ("users.labels.create", google(409, "Label name exists or…", "aborted"), Conflict),
        (SEND, google(413, "…", "uploadTooLarge"), MessageTooLarge),
        (SEND, Answer(413, {}, b"<html>Request Entity Too Large</html>"), MessageTooLarge),
        (GET, Answer(414, {}, b"<html>Request-URI Too Large</html>"), InvalidInput),
        (GET, google(418, "teapot"), RequestRefused),
        (GET, google(429, "Too many concurrent requests for user", "r"), RateLimited),
        (GET, google(429, "Resource has been exhausted (e.g. check quota).", "r"), RateLimited),
        (GET, Answer(429, {}, b"<html>slow down</html>"), RateLimited),
        (GET, google(403, "Quota exceeded…", "rateLimitExceeded"), RateLimited),
        (GET, google(403, "User Rate Limit Exceeded", "userRateLimitExceeded"), RateLimited),
        (GET, google(403, "Daily Limit Exceeded", "dailyLimitExceeded"), RateLimited),
        (GET, google(500, "Backend Error", "backendError"), Unavailable),
        (GET, google(503, "The service is currently unavailable.", "", "UNAVAILABLE"), Unavailable),
        (GET, Answer(502, {}, b"<html>502. That's an error.</html>"), Unavailable),
        (GET, Answer(404, {}, b"<html>404. That's an error.</html>"), Unavailable),
        (GET, Answer(404, {}, b'{"detail": "Not Found"}'), Unavailable),
        (GET, Answer(403, {}, b"<html>our proxy says no</html>"), Unavailable),
        (GET, Answer(302, {"location": "https://evil.example"}, b""), Unavailable),
        (GET, Answer(500, {}, b'{"error": {"code": 5'), Unavailable),
        (
            GET,
            Answer(400, {}, b'{"error": {"errors": {"reason": 1}, "message": []}}'),
            RequestRefused,
        ),
    ],
)
def test_each_answer_of_googles_is_one_error(
    method: str, answer: Answer, expected: type[GmailMultiuserError]
) -> None:
    assert type(error(answer, method)) is expected


def test_every_error_has_a_sentence_and_a_detail() -> None:
    for status in (400, 401, 403, 404, 409, 413, 418, 429, 500):
        got = error(google(status, "x", "someReason", "SOME_STATE"))
        assert got.message.endswith(".")
        assert got.developer_message is not None
        assert f"{status} to {GET} (SOME_STATE someReason)" in got.developer_message


def test_a_missing_scope_names_those_that_would_do() -> None:
    got = error(Answer(403, {}, json.dumps(SCOPE_403).encode()), SEND)
    assert isinstance(got, MissingScope)
    assert GMAIL_SEND in got.accepted
    userinfo = error(Answer(403, {}, json.dumps(SCOPE_403).encode()), USERINFO)
    assert isinstance(userinfo, MissingScope)
    assert USERINFO_EMAIL in userinfo.accepted


def test_the_metadata_scope_is_not_what_would_help_against_itself() -> None:
    refused = google(403, "Metadata scope does not support 'q' parameter", "forbidden")
    got = error(refused, "users.messages.list")
    assert isinstance(got, MissingScope)
    assert GMAIL_READONLY in got.accepted
    assert GMAIL_METADATA not in got.accepted


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        (GET, "message"),
        ("users.threads.get", "thread"),
        ("users.drafts.get", "draft"),
        ("users.labels.get", "label"),
        ("users.settings.filters.get", "filter"),
        (SEND, "thread"),
    ],
)
def test_a_wrong_id_says_of_what_kind_it_should_be(method: str, kind: str) -> None:
    assert f"a {kind} id" in error(bad("Invalid id value"), method).message
    missing = google(404, "Requested entity was not found.", "notFound")
    assert f"no such {kind}" in error(missing, method).message


def test_an_expired_history_says_to_begin_anew() -> None:
    got = error(google(404, "Requested entity was not found.", "notFound"), "users.history.list")
    assert isinstance(got, NotFound)
    assert "anew" in got.message


def test_the_time_to_wait_is_taken_from_the_sentence() -> None:
    message = "User-rate limit exceeded.  Retry after 2026-08-26T07:02:47.506Z (Mail sending)"
    for status, reason in ((429, "rateLimitExceeded"), (403, "userRateLimitExceeded")):
        got = error(google(status, message, reason))
        assert got.retry_after_ms == 167_506
        assert "3 minutes" in got.message


def test_the_time_to_wait_is_taken_from_the_header() -> None:
    got = error(google(429, "slow down", "x", **{"retry-after": "7"}))
    assert got.retry_after_ms == 7_000
    assert "7 s" in got.message


def test_a_daily_limit_says_to_come_back_tomorrow() -> None:
    got = error(google(403, "Daily Limit Exceeded", "dailyLimitExceeded"))
    assert got.retry_after_ms == 24 * 3600 * 1000
    assert "tomorrow" in got.message


@pytest.mark.parametrize(
    "message",
    [
        "Invalid label: canary",
        "Delegation denied for canary@example.com",
        "Invalid value at 'message.raw' (TYPE_BYTES), canary",
        "Cannot bind query parameter. Field 'canary' could not be found",
        "Invalid id value canary",
        "Requested entity was not found. canary",
        "canary",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500])
def test_googles_sentence_is_shown_only_where_it_can_hold_nothing(
    status: int, message: str
) -> None:
    got = error(google(status, message, "forbidden"))
    assert "canary" not in f"{got!r} {got} {got.message} {got.developer_message}"


def test_a_fixed_sentence_of_googles_is_for_the_developer() -> None:
    got = error(google(429, "Too many concurrent requests for user", "rateLimitExceeded"))
    assert "Too many concurrent requests for user" in (got.developer_message or "")
    assert "concurrent" not in got.message


def test_all_errors_this_map_makes_are_of_the_tree() -> None:
    assert {c.__name__ for c in (Unavailable, NotFound, MissingScope)} <= set(errors.__all__)


# --- what is not an error ------------------------------------------------------------------------


def request_of(method: str) -> Any:
    params: dict[str, Any] = {"userId": "me"}
    if method != SEND:
        params["id"] = "1"
    return build(method, **params)


def read(answer: Answer, method: str = GET) -> dict[str, Any]:
    return read_answer(answer, request_of(method), now=NOW)


def test_a_resource_is_returned_as_it_is() -> None:
    assert read(Answer(200, {}, '{"snippet": "日本"}'.encode())) == {"snippet": "日本"}


def test_no_content_is_an_empty_object() -> None:
    assert read(Answer(204, {}, b""), "users.messages.delete") == {}
    assert read(Answer(200, {}, b""), "users.messages.delete") == {}
    assert read(Answer(200, {}, b"\n"), "users.drafts.delete") == {}
    assert read(Answer(204, {}, b"")) == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"id": "canary',
        b"[]",
        b'"canary"',
        b"null",
        b"<html>canary</html>",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=["empty", "cut", "list", "string", "null", "html", "bytes", "deep"],
)
@pytest.mark.parametrize("method", [GET, SEND])
def test_an_answer_that_is_no_object_is_unavailable_and_says_nothing(
    body: bytes, method: str
) -> None:
    with pytest.raises(Unavailable) as unreadable:
        read(Answer(200, {}, body), method)
    assert "canary" not in f"{unreadable.value} {unreadable.value.developer_message}"
    assert unreadable.value.__context__ is None  # a JSONDecodeError holds the whole document
    with pytest.raises(Unavailable):
        read_json(Answer(200, {}, body), USERINFO)
