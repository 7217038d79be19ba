"""What a tool or its worker gives back, also in trouble, and what may be repeated."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from arcade_gmail_multiuser.errors import ConnectionFailed, DeadlineExceeded, Unavailable

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
LIST = "GmailMultiuser.ListLabels"
SEND_TOOL = "GmailMultiuser.SendEmail"
INVOKE = "/worker/tools/invoke"


# A tool's own errors


async def test_a_tools_error_is_a_200_that_keeps_what_an_agent_needs(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.worker.answer = lambda _call: {
        "error": {
            "message": "Too fast; Bearer abcdefghijklmnop0123456789 was used.",
            "kind": "UPSTREAM_RUNTIME_RATE_LIMIT",
            "can_retry": True,
            "retry_after_ms": 1200,
            "status_code": 429,
            "additional_prompt_content": "Wait.",
            "extra": {"service": "gmail", "sent": "ya29.abcdef"},
            "developer_message": "internal",
            "stacktrace": "Traceback",
        }
    }
    reply = await stack.execute(LIST, "alice", include_error_stacktrace=True)
    body = reply.json()
    assert (reply.status_code, body["success"], body["status"]) == (200, False, "failed")
    assert body["output"]["error"] == {
        "message": "Too fast; Bearer [redacted] was used.",
        "kind": "UPSTREAM_RUNTIME_RATE_LIMIT",
        "can_retry": True,
        "retry_after_ms": 1200,
        "status_code": 429,
        "additional_prompt_content": "Wait.",
        "extra": {"service": "gmail", "sent": "[redacted]"},
    }
    assert "value" not in body["output"]


async def test_s47_developer_messages_and_stacktraces_are_redacted_even_when_wanted(
    make_stack: Any,
) -> None:
    stack = await make_stack(expose_developer_messages=True)
    await stack.connect("alice", [READ])

    def fail(call: dict[str, Any]) -> dict[str, Any]:
        token = call["context"]["authorization"]["token"]
        error = {"message": "x", "kind": "TOOL_RUNTIME_FATAL", "can_retry": False}
        said = f"token={token} and 1//another-refresh-token"
        return {"error": {**error, "developer_message": said, "stacktrace": f"line\n{said}"}}

    stack.worker.answer = fail
    plain = (await stack.execute(LIST, "alice")).json()["output"]["error"]
    assert "stacktrace" not in plain
    full = await stack.execute(LIST, "alice", include_error_stacktrace=True)
    error = full.json()["output"]["error"]
    assert error["stacktrace"].startswith("line\n")
    for text in (error["stacktrace"], error["developer_message"], plain["developer_message"]):
        assert "canary" not in text
        assert "another-refresh-token" not in text


@pytest.mark.parametrize("error", [None, "text", {}, {"message": 7, "kind": None}])
async def test_an_error_nobody_can_read_is_still_an_error(stack: Stack, error: Any) -> None:
    await stack.connect("alice", [READ])
    stack.worker.answer = lambda _call: {"error": error}
    body = (await stack.execute(LIST, "alice")).json()
    assert body["success"] is False
    assert body["output"]["error"]["message"] == "The tool failed."
    assert body["output"]["error"]["can_retry"] is False


REJECTED = {
    "message": "Google refused the token.",
    "kind": "UPSTREAM_RUNTIME_AUTH_ERROR",
    "can_retry": False,
    "status_code": 401,
}


async def test_s40_a_401_of_gmail_costs_one_refresh_and_one_retry(stack: Stack) -> None:
    await stack.connect("alice", [SEND])
    tokens = []

    def once(call: dict[str, Any]) -> dict[str, Any]:
        tokens.append(call["context"]["authorization"]["token"])
        return {"error": REJECTED} if len(tokens) == 1 else {"value": "sent"}

    stack.worker.answer = once
    reply = await stack.execute(SEND_TOOL, "alice")
    assert reply.json()["output"]["value"] == "sent"
    assert len(set(tokens)) == 2
    assert stack.provider.count("refresh_token") == 1


async def test_s40_a_refresh_that_fails_for_a_moment_after_a_401_is_no_reason_to_connect_again(
    stack: Stack,
) -> None:
    await stack.connect("alice", [SEND])
    stack.worker.answer = lambda _call: {"error": REJECTED}
    stack.provider.answers_token_with = lambda: JSONResponse({}, 500)
    reply = await stack.execute(SEND_TOOL, "alice")
    assert (reply.status_code, reply.json()["name"]) == (503, "unavailable")
    assert "x-should-retry" not in reply.headers
    assert len(stack.worker.invocations) == 1
    stack.provider.answers_token_with = None
    stack.worker.answer = None
    assert (await stack.execute(SEND_TOOL, "alice")).status_code == 200


async def test_s40_a_connection_renewed_while_google_refused_its_token_is_kept(
    stack: Stack,
) -> None:
    await stack.connect("alice", [SEND])

    async def refuse_while_the_person_connects_again(_call: Any) -> None:
        if len(stack.worker.invocations) == 2:
            await stack.connect("alice", [READ, SEND])

    stack.worker.answer = lambda _call: {"error": REJECTED}
    stack.worker.before_answer = refuse_while_the_person_connects_again
    reply = await stack.execute(SEND_TOOL, "alice")
    assert (reply.status_code, reply.json()["name"]) == (503, "unavailable")
    listed = (await stack.http().get("/v1/admin/user_connections")).json()["items"]
    assert [one["connection_status"] for one in listed] == ["active"]


async def test_s40_a_token_refused_again_asks_the_person(stack: Stack) -> None:
    await stack.connect("alice", [SEND])
    stack.worker.answer = lambda _call: {"error": REJECTED}
    reply = await stack.execute(SEND_TOOL, "alice")
    assert reply.status_code == 403
    assert reply.json()["authorization"]["status"] == "pending"
    assert len(stack.worker.invocations) == 2
    assert (await stack.execute(SEND_TOOL, "alice")).status_code == 403
    assert len(stack.worker.invocations) == 2


async def test_s40_a_withdrawn_grant_asks_the_person_without_a_retry(stack: Stack) -> None:
    await stack.connect("alice", [SEND])
    stack.provider.refresh_tokens.clear()
    stack.worker.answer = lambda _call: {"error": REJECTED}
    assert (await stack.execute(SEND_TOOL, "alice")).status_code == 403
    assert len(stack.worker.invocations) == 1


async def test_s40_many_401s_at_once_refresh_once(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    first = next(iter(stack.provider.tokens))

    def refuse_the_first(call: dict[str, Any]) -> dict[str, Any]:
        used = call["context"]["authorization"]["token"]
        return {"error": REJECTED} if used == first else {"value": 1}

    stack.worker.answer = refuse_the_first
    replies = await asyncio.gather(*(stack.execute(LIST, "alice") for _ in range(20)))
    assert {r.json()["success"] for r in replies} == {True}
    assert stack.provider.count("refresh_token") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"extra": {"may_have_acted": True}},
        {"status_code": 403},
        {"kind": "TOOL_RUNTIME_FATAL"},
    ],
)
async def test_what_may_have_acted_or_is_no_401_of_the_upstream_is_not_retried(
    stack: Stack, change: dict[str, Any]
) -> None:
    await stack.connect("alice", [SEND])
    stack.worker.answer = lambda _call: {"error": {**REJECTED, **change}}
    reply = await stack.execute(SEND_TOOL, "alice")
    assert (reply.status_code, reply.json()["success"]) == (200, False)
    assert len(stack.worker.invocations) == 1
    assert stack.provider.count("refresh_token") == 0


# A worker in trouble


@pytest.mark.parametrize(
    "failure",
    [ConnectionFailed("x", sent=True), DeadlineExceeded("x"), Unavailable("too large")],
)
async def test_s50_a_call_that_may_have_acted_is_502_and_not_to_be_repeated(
    stack: Stack, failure: Any
) -> None:
    await stack.connect("alice", [SEND])
    stack.outbound.fail_with[INVOKE] = failure
    reply = await stack.execute(SEND_TOOL, "alice")
    assert (reply.status_code, reply.json()["name"]) == (502, "outcome_unknown")
    assert reply.headers["x-should-retry"] == "false"
    assert "may or may not have acted" in reply.json()["message"]


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: PlainTextResponse("boom", 500),
        lambda: PlainTextResponse("busy", 503),
        lambda: PlainTextResponse("not json", 200),
        lambda: JSONResponse([], 200),
        lambda: JSONResponse({"success": "yes"}, 200),
        lambda: PlainTextResponse("", 302, headers={"location": "http://evil.example"}),
    ],
)
async def test_s50_an_unusable_answer_of_the_worker_may_have_acted(
    stack: Stack, trouble: Any
) -> None:
    await stack.connect("alice", [SEND])
    stack.worker.answer = lambda _call: trouble()
    reply = await stack.execute(SEND_TOOL, "alice")
    assert (reply.status_code, reply.headers["x-should-retry"]) == (502, "false")
    assert len(stack.worker.invocations) == 1


async def test_a_worker_that_was_not_reached_did_nothing_and_may_be_tried_again(
    stack: Stack,
) -> None:
    await stack.connect("alice", [SEND])
    stack.outbound.fail_with[INVOKE] = ConnectionFailed("x", sent=False)
    reply = await stack.execute(SEND_TOOL, "alice")
    assert (reply.status_code, reply.json()["name"]) == (503, "unavailable")
    assert "x-should-retry" not in reply.headers
    assert reply.headers["retry-after"] == "1"


async def test_a_tool_that_only_reads_may_be_tried_again(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.outbound.fail_with[INVOKE] = DeadlineExceeded("x")
    reply = await stack.execute(LIST, "alice")
    assert reply.status_code == 503
    assert "x-should-retry" not in reply.headers


async def test_a_worker_with_another_secret_is_the_operators_problem(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    await stack.connect("alice", [SEND])
    stack.worker.answer = lambda _call: JSONResponse({"detail": "Invalid token"}, 401)
    reply = await stack.execute(SEND_TOOL, "alice")
    assert (reply.status_code, reply.headers["x-should-retry"]) == (500, "false")
    assert "same secret" in caplog.text


@pytest.mark.parametrize(("status", "expected"), [(404, 404), (400, 400), (422, 400)])
async def test_what_the_worker_refuses_unrun_is_the_callers_error(
    stack: Stack, status: int, expected: int
) -> None:
    await stack.connect("alice", [SEND])
    stack.worker.answer = lambda _call: JSONResponse({"detail": "secret detail"}, status)
    reply = await stack.execute(SEND_TOOL, "alice")
    assert reply.status_code == expected
    assert "secret detail" not in reply.text


async def test_numbers_that_json_does_not_know_become_null(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    text = json.dumps({"success": True, "output": {"value": {"n": float("nan"), "s": "\ud800"}}})
    stack.worker.answer = lambda _call: PlainTextResponse(text, 200)
    reply = await stack.execute(LIST, "alice")
    assert reply.status_code == 200
    assert b'"n":null' in reply.content


async def test_a_tool_of_another_provider_or_with_secrets_is_a_clear_400(stack: Stack) -> None:
    other = stack.definition("Other", ["x"])
    other["requirements"]["authorization"]["provider_id"] = "slack"
    needy = stack.definition("Needy", None)
    needy["requirements"]["secrets"] = [{"key": "MISSING"}]
    stack.worker.tools += [other, needy]
    for tool, name in (("Other", "no_provider"), ("Needy", "secrets_unsupported")):
        reply = await stack.execute(f"GmailMultiuser.{tool}", "alice")
        assert (reply.status_code, reply.json()["name"]) == (400, name)
    assert stack.worker.invocations == []


async def test_s39_a_lost_database_is_503_and_calls_nobody(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    for path in stack.database.parent.glob("engine.db*"):
        path.write_bytes(b"not a database " * 1000)
    reply: httpx.Response = await stack.execute(LIST, "alice")
    assert (reply.status_code, reply.json()["name"]) == (503, "storage_unavailable")
    assert "SELECT" not in reply.text
    assert stack.worker.invocations == []
