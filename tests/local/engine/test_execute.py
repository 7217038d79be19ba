"""Executing a tool: refused before it runs, run once, and answered in the client's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
LIST = "GmailMultiuser.ListLabels"
SEND_TOOL = "GmailMultiuser.SendEmail"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "wrong",
        "Bearer wrong",
        "Basic YTpi",
        "arc_canary-api-key-012345678",
        "ARC_CANARY-API-KEY-0123456789",
        "arc_canary-api-key-0123456789x",
        "é" * 20,
    ],
)
async def test_without_the_exact_key_everything_is_401_and_no_body_is_read(
    stack: Stack, header: str | None
) -> None:
    headers = {} if header is None else {b"Authorization": header.encode("latin-1")}
    client = stack.http(key=None)
    for method, path in (
        ("GET", "/v1/tools"),
        ("POST", "/v1/tools/execute"),
        ("POST", "/v1/auth/confirm_user"),
        ("DELETE", "/v1/admin/user_connections/x"),
        ("GET", "/v1/does-not-exist"),
    ):
        reply = await client.request(method, path, headers=headers)  # type: ignore[arg-type]
        assert reply.status_code == 401, (method, path)
        assert reply.json()["name"] == "unauthorized"


async def test_two_authorization_headers_are_401(stack: Stack) -> None:
    headers = [("Authorization", stack.API_KEY), ("Authorization", stack.API_KEY)]
    reply = await stack.http(key=None).get("/v1/tools", headers=headers)
    assert reply.status_code == 401


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}", "Bearer  {}"])
async def test_the_key_is_taken_raw_or_as_bearer(stack: Stack, form: str) -> None:
    headers = {"Authorization": form.format(stack.API_KEY)}
    assert (await stack.http(key=None).get("/v1/tools", headers=headers)).status_code == 200


async def test_health_needs_no_key_and_says_no_more_than_healthy(stack: Stack) -> None:
    reply = await stack.http(key=None).get("/v1/health")
    assert (reply.status_code, reply.json()) == (200, {"healthy": True})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"n": ' + b"9" * 10_000 + b"}",
        b'{"user_id": "\\ud800", "tool_name": "x"}',
        b'{"user_id": "alice"}',
        b'{"user_id": "alice", "tool_name": 7}',
        b'{"user_id": "alice", "tool_name": "GmailMultiuser.ListLabels", "input": []}',
        b'{"user_id": "alice", "tool_name": "GmailMultiuser.ListLabels", "input": "x"}',
    ],
)
async def test_an_unusable_body_is_400_and_is_not_repeated_in_the_answer(
    stack: Stack, body: bytes
) -> None:
    reply = await stack.http().post("/v1/tools/execute", content=body)
    assert reply.status_code == 400
    assert set(reply.json()) == {"name", "message"}
    assert stack.worker.invocations == []


async def test_a_body_above_the_limit_is_413_whatever_it_declares(make_stack: Any) -> None:
    stack = await make_stack(max_body_bytes=10_000)

    async def chunks() -> Any:
        for _ in range(20):
            yield b"x" * 1000

    for content in (b"x" * 10_001, chunks()):
        reply = await stack.http().post("/v1/tools/execute", content=content)
        assert (reply.status_code, reply.json()["name"]) == (413, "body_too_large")


async def test_thirty_megabytes_of_attachment_arrive_unchanged(stack: Stack) -> None:
    await stack.connect("alice", [SEND])
    content = "QUJD" * (30 * 1024 * 1024 // 4)
    reply = await stack.execute(SEND_TOOL, "alice", input={"attachment": content})
    assert reply.status_code == 200
    assert stack.worker.invocations[0]["inputs"]["attachment"] == content
    assert reply.json()["output"]["value"]["inputs"]["attachment"] == content


async def test_an_unknown_tool_or_version_is_404(stack: Stack) -> None:
    for tool in ("GmailMultiuser.Nope", "ListLabels", "", "Gmail.ListLabels", f"{LIST}@9.9"):
        reply = await stack.execute(tool or "-", "alice")
        assert (reply.status_code, reply.json()["name"]) == (404, "tool_not_found")
    reply = await stack.execute(LIST, "alice", tool_version="9.9")
    assert reply.status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "GmailMultiuser.ListLabels",
        "GmailMultiuser_ListLabels",
        "gmailmultiuser.listlabels",
        "GMAILMULTIUSER_LISTLABELS",
        "GmailMultiuser.ListLabels@0.1.0",
    ],
)
async def test_every_form_of_a_tools_name_is_taken(stack: Stack, name: str) -> None:
    await stack.connect("alice", [READ])
    assert (await stack.execute(name, "alice")).status_code == 200
    tool = stack.worker.invocations[0]["tool"]
    assert tool == {"name": "ListLabels", "toolkit": "GmailMultiuser", "version": "0.1.0"}


async def test_an_unauthorized_execute_is_403_with_the_url_to_open(stack: Stack) -> None:
    reply = await stack.execute(LIST, "alice")
    body = reply.json()
    assert reply.status_code == 403
    assert body["name"] == "tool_authorization_required"
    assert body["authorization"]["status"] == "pending"
    assert body["authorization"]["scopes"] == [READ]
    assert body["authorization"]["user_id"] == "alice"
    again = (await stack.execute(LIST, "alice")).json()
    assert again["authorization"]["url"] == body["authorization"]["url"]
    browser = stack.browser()
    await browser.answer(await browser.consent(body["url"]), "confirm")
    assert (await stack.execute(LIST, "alice")).status_code == 200


async def test_the_worker_gets_what_its_protocol_names(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    reply = await stack.execute(LIST, "alice", input={"q": "日本語"})
    call = stack.worker.invocations[0]
    assert set(call) == {"run_id", "execution_id", "created_at", "tool", "inputs", "context"}
    assert call["inputs"] == {"q": "日本語"}
    assert call["context"]["user_id"] == "alice"
    assert call["context"]["authorization"]["user_info"] == {
        "sub": "sub-alice@example.com",
        "email": "alice@example.com",
    }
    body = reply.json()
    assert body["execution_id"] == call["execution_id"]
    assert (body["success"], body["status"]) == (True, "success")
    assert body["execution_type"] == "immediate"
    assert "error" not in body["output"]


async def test_s49_each_worker_call_is_signed_for_less_than_a_minute(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    await stack.execute(LIST, "alice")
    assert len(stack.worker.claims) == 2
    for claims in stack.worker.claims:
        assert (claims["aud"], claims["ver"]) == ("worker", "1")
        assert 30 <= claims["exp"] - claims["iat"] <= 60


async def test_a_tool_without_authorization_gets_no_token(stack: Stack) -> None:
    reply = await stack.execute("GmailMultiuser.AddNumbers", "alice")
    assert reply.status_code == 200
    assert "authorization" not in stack.worker.invocations[0]["context"]
