"""Our errors reach Arcade typed, and without anything private."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from arcade_tdk import tool
from arcade_tdk.errors import (
    ErrorKind,
    FatalToolError,
    RetryableToolError,
    ToolRuntimeError,
    UpstreamRateLimitError,
)

from arcade_gmail_multiuser import errors
from arcade_gmail_multiuser.tools import decorator
from arcade_gmail_multiuser.tools.behavior import READS
from arcade_gmail_multiuser.tools.error_adapter import GmailErrorAdapter

CANARY = "ya29.canary-token-or-mail"


def translated(error: Exception) -> ToolRuntimeError:
    return GmailErrorAdapter().from_exception(error)


@pytest.mark.parametrize(
    ("error", "kind", "status", "can_retry"),
    [
        (errors.InvalidInput("x"), ErrorKind.TOOL_RUNTIME_RETRY, 400, True),
        (errors.MissingToken("x"), ErrorKind.UPSTREAM_RUNTIME_AUTH_ERROR, 401, False),
        (errors.TokenWithheld("x"), ErrorKind.UPSTREAM_RUNTIME_AUTH_ERROR, 403, False),
        (errors.TokenRejected("x"), ErrorKind.UPSTREAM_RUNTIME_AUTH_ERROR, 401, False),
        (errors.MissingScope("x"), ErrorKind.UPSTREAM_RUNTIME_AUTH_ERROR, 403, False),
        (errors.WrongUser("x"), ErrorKind.UPSTREAM_RUNTIME_AUTH_ERROR, 403, False),
        (errors.NotFound("x"), ErrorKind.UPSTREAM_RUNTIME_NOT_FOUND, 404, False),
        (errors.Conflict("x"), ErrorKind.UPSTREAM_RUNTIME_BAD_REQUEST, 409, False),
        (errors.RequestRefused("x"), ErrorKind.UPSTREAM_RUNTIME_BAD_REQUEST, 400, False),
        (errors.RateLimited("x"), ErrorKind.UPSTREAM_RUNTIME_RATE_LIMIT, 429, True),
        (errors.Unavailable("x"), ErrorKind.UPSTREAM_RUNTIME_SERVER_ERROR, 503, True),
        (errors.AnswerTooLarge("x"), ErrorKind.UPSTREAM_RUNTIME_SERVER_ERROR, 503, False),
        (
            errors.ConnectionFailed("x", sent=False),
            ErrorKind.NETWORK_TRANSPORT_RUNTIME_UNREACHABLE,
            None,
            True,
        ),
        (errors.DeadlineExceeded("x"), ErrorKind.NETWORK_TRANSPORT_RUNTIME_TIMEOUT, None, True),
        (errors.OutcomeUnknown("x"), ErrorKind.NETWORK_TRANSPORT_RUNTIME_UNMAPPED, None, False),
        (errors.ConfigurationError("x"), ErrorKind.TOOL_RUNTIME_FATAL, 500, False),
        (ValueError("x"), ErrorKind.TOOL_RUNTIME_FATAL, 500, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_error_has_its_own_kind_and_says_whether_to_repeat(
    error: Exception, kind: ErrorKind, status: int | None, can_retry: bool
) -> None:
    found = translated(error)
    assert (found.kind, found.status_code, found.can_retry) == (kind, status, can_retry)
    assert (found.extra or {})["code"] == getattr(error, "code", "internal_error")


def test_every_class_of_the_tree_is_translated_with_its_message() -> None:
    def below(kind: type[errors.GmailMultiuserError]) -> list[type[errors.GmailMultiuserError]]:
        return [kind, *(deeper for child in kind.__subclasses__() for deeper in below(child))]

    for kind in below(errors.GmailMultiuserError):
        arguments = {"sent": True} if kind is errors.ConnectionFailed else {}
        found = translated(kind("Do this next.", **arguments))
        assert found.message == "Do this next."
        assert (found.extra or {})["code"] == kind.code


def test_an_unknown_label_brings_the_closest_names_along() -> None:
    found = translated(errors.UnknownLabel("No such label.", closest=("Work", "Works")))
    assert isinstance(found, RetryableToolError)
    assert "Work, Works" in (found.additional_prompt_content or "")


def test_a_missing_scope_names_the_scopes_that_would_do() -> None:
    found = translated(errors.MissingScope("Grant more.", accepted=("scope-a",)))
    assert (found.extra or {})["accepted_scopes"] == ["scope-a"]


def test_a_rate_limit_keeps_googles_waiting_time_and_has_one_of_its_own_otherwise() -> None:
    told, untold = (
        translated(errors.RateLimited("Wait.", retry_after_ms=given)) for given in (17, None)
    )
    assert isinstance(told, UpstreamRateLimitError)
    assert isinstance(untold, UpstreamRateLimitError)
    assert told.retry_after_ms == 17
    assert untold.retry_after_ms >= 1_000


def test_each_tool_has_adapters_of_its_own_and_ours_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[list[Any]] = []
    monkeypatch.setattr(
        decorator,
        "arcade_tool",
        lambda *, adapters, **_: given.append(adapters) or (lambda function: function),
    )

    async def one() -> None: ...

    decorator.tool("scope", does=READS)(one)
    decorator.tool("scope", does=READS)(one)
    assert [type(adapter) for adapters in given for adapter in adapters] == [GmailErrorAdapter] * 2
    assert given[0] is not given[1]


class Talkative(Exception):
    """Prints what it holds whatever its args are, as aiohttp's errors do."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.secret = secret

    def __str__(self) -> str:
        return self.secret


async def test_nothing_of_an_unforeseen_error_leaves_but_its_type_and_where_it_was_raised() -> None:
    @tool(adapters=[GmailErrorAdapter()])
    async def failing() -> str:
        """Fail with a chain of causes that all name a secret."""
        raise Talkative(CANARY) from KeyError(CANARY)

    with pytest.raises(FatalToolError) as caught:
        await failing()
    error = caught.value
    assert "Talkative" in (error.developer_message or "")
    assert "failing" in (error.stacktrace() or "")
    for text in (error.message, error.developer_message, error.stacktrace(), repr(error)):
        assert CANARY not in str(text)


async def test_a_typed_errors_cause_and_frames_are_cut_off() -> None:
    @tool(adapters=[GmailErrorAdapter()])
    async def failing() -> str:
        """Raise a typed error from one that names a secret."""
        raise errors.NotFound("No such message.") from ValueError(CANARY)

    with pytest.raises(ToolRuntimeError) as caught:
        await failing()
    printed = "".join(traceback.format_exception(caught.value))
    assert CANARY not in printed
    assert CANARY not in (caught.value.stacktrace() or "")
