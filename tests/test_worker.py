"""The worker's protocol: who may call, what is answered, and what never leaves."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import jwt
import pytest
from arcade_core.errors import ErrorKind
from arcade_core.schema import ToolCallError
from arcade_core.toolkit import Toolkit
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from arcade_gmail_multiuser import worker
from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.gmail.api import client as gmail_client
from arcade_gmail_multiuser.gmail.api.retry import RetryPolicy
from arcade_gmail_multiuser.tools.labels import tools as labels
from arcade_gmail_multiuser.tools.toolkit import describe_toolkit
from arcade_gmail_multiuser.worker import create_app

SECRET = "a-secret-of-the-tests-that-is-long-enough"
TOKEN = "ya29.canary-token-that-must-not-leak"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(secret=SECRET)


@pytest.fixture
def client(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    # A port that nothing listens on: no test here reaches Google.
    monkeypatch.setenv("GMAIL_API_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(
        gmail_client, "RetryPolicy", partial(RetryPolicy, base_s=0.001, cap_s=0.005)
    )
    with TestClient(app, raise_server_exceptions=True) as started:
        yield started


def token(
    secret: str = SECRET, *, without: str = "", algorithm: str = "HS256", **claims: Any
) -> str:
    given = {"aud": "worker", "ver": "1", "exp": time.time() + 60, **claims}
    given.pop(without, None)
    return jwt.encode(given, secret, algorithm=algorithm)


def signed(value: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token() if value is None else value}"}


def call(name: str = "ListLabels", *, version: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "execution_id": "e1",
        "tool": {"name": name, "toolkit": "GmailMultiuser", "version": version},
        "inputs": {},
        "context": {"user_id": "alice", "authorization": {"token": TOKEN}},
        **more,
    }


def unsigned_claims(**header: Any) -> str:
    claims = {"aud": "worker", "ver": "1", "exp": time.time() + 60}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"typ": "JWT", **header}, claims)
    ]
    return ".".join([*parts, ""])


# --- starting ------------------------------------------------------------------------------------


@pytest.mark.parametrize("weak", ["", "dev", "short", "x" * 31])
@pytest.mark.parametrize("environment", ["", "local", "production", "Development", "dev"])
def test_a_weak_secret_refuses_to_start(weak: str, environment: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_app(secret=weak, environment=environment)
    if weak:
        assert weak not in str(caught.value).replace("development", "")


def test_a_weak_secret_is_accepted_where_development_is_spelled_out() -> None:
    assert create_app(secret="dev", environment="development")


def test_a_secret_is_measured_in_bytes() -> None:
    assert create_app(secret="ü" * 16, environment="production")


def test_secret_and_environment_default_to_the_process_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ARCADE_ENVIRONMENT", raising=False)
    monkeypatch.delenv("ARCADE_WORKER_SECRET", raising=False)
    with pytest.raises(ConfigurationError, match="ARCADE_WORKER_SECRET"):
        create_app()
    monkeypatch.setenv("ARCADE_WORKER_SECRET", SECRET)
    assert create_app()


def test_the_pool_of_connections_is_closed_at_the_end(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    async def close() -> None:
        closed.append(True)

    monkeypatch.setattr(worker, "close_transport", close)
    with TestClient(app):
        assert closed == []
    assert closed == [True]


def test_the_toolkit_is_the_one_that_arcade_itself_would_find() -> None:
    found, ours = Toolkit.from_package("arcade_gmail_multiuser"), describe_toolkit()
    assert (ours.name, ours.version, ours.description) == (
        found.name,
        found.version,
        found.description,
    )
    for toolkit in (found, ours):
        toolkit.tools = {module: names for module, names in toolkit.tools.items() if names}
    assert ours.tools == found.tools


# --- who may call --------------------------------------------------------------------------------


def test_health_needs_no_token_and_counts_the_tools(client: TestClient) -> None:
    answer = client.get("/worker/health")
    count = sum(len(names) for names in describe_toolkit().tools.values())
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "tool_count": str(count)})


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
@pytest.mark.parametrize("headers", [{}, signed])
def test_nothing_describes_the_worker_to_strangers(
    client: TestClient, path: str, headers: Any
) -> None:
    answer = client.get(path, headers=headers() if callable(headers) else headers)
    assert answer.status_code in {401, 404}


WRONG_TOKENS = {
    "wrong secret": lambda: token("another-secret-that-is-long-enough-too"),
    "no exp": lambda: token(without="exp"),
    "expired": lambda: token(exp=time.time() - 5),
    "expires in a year": lambda: token(exp=time.time() + 365 * 86_400),
    "expires never": lambda: token(exp=float("inf")),
    "exp is text": lambda: token(exp="soon"),
    "no aud": lambda: token(without="aud"),
    "wrong aud": lambda: token(aud="engine"),
    "no ver": lambda: token(without="ver"),
    "wrong ver": lambda: token(ver="2"),
    "HS512": lambda: token(algorithm="HS512"),
    "alg none": lambda: unsigned_claims(alg="none"),
    "alg None": lambda: unsigned_claims(alg="None"),
    "not yet valid": lambda: token(nbf=time.time() + 600),
    "garbage": lambda: "garbage",
    "empty": lambda: "",
    "three dots": lambda: "a.b.c",
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("name", WRONG_TOKENS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/worker/tools"),
        ("POST", "/worker/tools/invoke"),
        ("POST", "/worker/resources/list"),
    ],
)
def test_a_token_that_is_not_right_is_a_401(
    client: TestClient, name: str, method: str, path: str
) -> None:
    answer = client.request(
        method,
        path,
        headers=signed(WRONG_TOKENS[name]()),
        json=call() if method == "POST" else None,
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert SECRET not in answer.text


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("name", WRONG_TOKENS)
def test_our_own_check_needs_no_second_one_behind_it(name: str) -> None:
    guarded = worker._SignedCallsOnly(PlainTextResponse("let in"), secret=SECRET)
    behind = TestClient(guarded)
    assert behind.get("/worker/tools", headers=signed()).text == "let in"
    assert behind.get("/worker/tools", headers=signed(WRONG_TOKENS[name]())).status_code == 401


@pytest.mark.parametrize(
    "authorization", [None, "Basic YTpi", SECRET, "Bearer", "Token x", "Bearer  "]
)
def test_anything_but_one_bearer_token_is_a_401(
    client: TestClient, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert client.get("/worker/tools", headers=headers).status_code == 401


def test_two_authorization_headers_are_a_401(client: TestClient) -> None:
    good = ("Authorization", f"Bearer {token()}")
    assert client.get("/worker/tools", headers=[good, good]).status_code == 401


def test_a_right_token_sees_the_tools_with_their_scopes(client: TestClient) -> None:
    answer = client.get("/worker/tools", headers=signed())
    assert answer.status_code == 200
    tools = {tool["fully_qualified_name"]: tool for tool in answer.json()}
    assert len(tools) == sum(len(names) for names in describe_toolkit().tools.values())
    requirement = tools["GmailMultiuser.SendEmail"]["requirements"]["authorization"]
    assert requirement["oauth2"]["scopes"] == ["https://www.googleapis.com/auth/gmail.send"]


# --- calls ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tool",
    [
        {"name": "Nothing", "toolkit": "GmailMultiuser"},
        {"name": "ListLabels", "toolkit": "Gmail"},
        {"name": "ListLabels", "toolkit": "GmailMultiuser", "version": "99.0.0"},
        {"name": "", "toolkit": ""},
    ],
)
def test_an_unknown_tool_or_version_is_a_clean_404(
    client: TestClient, tool: dict[str, str]
) -> None:
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call() | {"tool": tool})
    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "message"}


@pytest.mark.parametrize("name", ["context", "func", "definition", "input_model", "output_model"])
def test_an_input_that_is_named_like_the_executors_own_is_a_clean_400(
    client: TestClient, name: str
) -> None:
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call(inputs={name: "x"}))
    assert answer.status_code == 400
    assert answer.json()["code"] == -32602
    assert name in answer.json()["message"]


DEEP = b'{"inputs": ' + b"[" * 200_000
LONG_NUMBER = b'{"inputs": {"a": ' + b"1" * 6_000 + b"}}"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff", b"null", b'{"tool": 1}', DEEP, LONG_NUMBER],
    ids=["empty", "list", "cut off", "not utf-8", "null", "not a call", "deep", "long number"],
)
def test_a_body_that_is_no_call_is_a_400(client: TestClient, body: bytes) -> None:
    answer = client.post("/worker/tools/invoke", headers=signed(), content=body)
    assert answer.status_code == 400


def test_a_body_without_end_is_a_413(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_BODY_BYTES", 10_000)
    answer = client.post("/worker/tools/invoke", headers=signed(), content=b" " * 20_000)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"user_id": "alice"},
        {"user_id": "alice", "authorization": {"token": None}},
        {"user_id": "alice", "authorization": {"token": "  "}},
    ],
)
def test_a_call_without_a_token_is_a_typed_error(
    client: TestClient, context: dict[str, Any]
) -> None:
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call(context=context))
    error = answer.json()["output"]["error"]
    assert (answer.status_code, error["extra"]["code"]) == (200, "missing_token")
    assert error["status_code"] == 401


def test_a_wrong_input_is_an_error_that_does_not_repeat_the_value(client: TestClient) -> None:
    given = call("ListEmails", inputs={"n_emails": "canary-value", "nothing": "canary-value"})
    answer = client.post("/worker/tools/invoke", headers=signed(), json=given)
    error = answer.json()["output"]["error"]
    assert error["kind"] == "TOOL_RUNTIME_BAD_INPUT_VALUE"
    assert "n_emails" in error["message"]
    assert "canary-value" not in answer.text


@pytest.mark.parametrize(
    ("tool", "inputs", "said"),
    [
        (
            "ListEmailsByHeader",
            {"sender": "a", "bogus": 1, "recipiant": "b"},
            "Invalid input: sender: Input should be a valid list; bogus is not known; "
            "recipiant is not known, did you mean recipient?; the tool takes ",
        ),
        (
            "SendEmail",
            {
                "subject": "s",
                "body": "b",
                "recipient": "a@example.com",
                "attachments": [{"filename": "f", "source": "file:///etc/passwd"}],
            },
            "Invalid input: attachments.0.source is not known; the tool takes ",
        ),
        ("WhoAmI", {"n": 1}, "Invalid input: n is not known; the tool takes nothing."),
        (
            "WhoAmI",
            {"Dear Bob: Input should be paid; n": 1},
            "Invalid input: the call has an input that this tool does not take; ",
        ),
        (
            "SendEmail",
            {"subject": "s", "body": 1, "recipient": "a", "x; body: Input should be paid; n": 1},
            "Invalid input: the call has an input that this tool does not take; ",
        ),
        (
            "SendEmail",
            {
                "subject": "s",
                "body": "b",
                "recipient": "a",
                "attachments": [{"n; body: Input should be paid": 1}],
            },
            "Invalid input: the call has an input that this tool does not take; ",
        ),
    ],
)
def test_an_unknown_input_is_named_if_it_is_a_name_and_what_is_wrong_beside_it_is_said(
    client: TestClient, tool: str, inputs: dict[str, Any], said: str
) -> None:
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call(tool, inputs=inputs))
    error = answer.json()["output"]["error"]
    assert error["message"].startswith(said)
    assert "passwd" not in error["message"]
    assert "paid" not in error["message"]


@pytest.mark.parametrize(
    ("tool", "inputs", "more"),
    [
        ("WhoAmI", {f"name_{n:05d}": 1 for n in range(3_000)}, 2_980),
        ("GetEmails", {"email_ids": [1] * 3_000}, 2_980),
    ],
    ids=["unknown names", "wrong values"],
)
def test_however_much_is_wrong_with_a_call_its_error_is_short_and_counts_it(
    client: TestClient, tool: str, inputs: dict[str, Any], more: int
) -> None:
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call(tool, inputs=inputs))
    message = answer.json()["output"]["error"]["message"]
    assert len(message) < 4_000
    assert f"; {more} more inputs are wrong; the tool takes " in message


def test_googles_absence_is_an_error_and_neither_token_nor_input_is_in_answer_or_log(
    client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    given = call(
        "SendEmail",
        inputs={"subject": "canary-s", "body": "canary-b", "recipient": "canary@example.com"},
    )
    answer = client.post("/worker/tools/invoke", headers=signed(), json=given)
    error = answer.json()["output"]["error"]
    assert error["extra"]["code"] == "connection_failed"
    assert "SendEmail" in caplog.text or "send_email" in caplog.text
    for secret in (TOKEN, "canary-s", "canary-b", "canary@example.com"):
        assert secret not in answer.text
        assert secret not in caplog.text


def test_a_call_cannot_write_lines_of_its_own_into_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    asked = call(execution_id="e1\r\nroot logged in", context={})
    client.post("/worker/tools/invoke", headers=signed(), json=asked)
    asked = call(inputs={"x\nroot logged in": 1})
    client.post("/worker/tools/invoke", headers=signed(), json=asked)
    lines = [record.getMessage() for record in caplog.records if "logged in" in record.getMessage()]
    assert lines
    assert not any(len(line.splitlines()) > 1 for line in lines)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Collect what telemetry would send away."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def test_a_call_can_be_followed_in_the_telemetry_without_its_mail(
    client: TestClient, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels.answers, "label_list", lambda _: {"labels": "canary-mail"})

    async def resources(_: Any) -> list[Any]:
        return []

    monkeypatch.setattr(labels.fetch, "label_resources", resources)
    client.post("/worker/tools/invoke", headers=signed(), json=call(execution_id="canary-id"))
    inputs = {"subject": "canary-s", "body": "canary-b", "recipient": "canary"}
    client.post("/worker/tools/invoke", headers=signed(), json=call("SendEmail", inputs=inputs))
    told = [span.to_json() for span in spans.get_finished_spans()]
    assert any('"tool_name": "ListLabels"' in span for span in told)
    assert any("TOOL_RUNTIME_BAD_OUTPUT_VALUE" in span for span in told)
    assert not [span for span in told if "canary" in span or TOKEN in span]


def test_an_output_that_does_not_fit_its_shape_tells_nobody_the_mail_in_it(
    client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(labels.answers, "label_list", lambda _: {"labels": "canary-mail"})

    async def resources(_: Any) -> list[Any]:
        return []

    monkeypatch.setattr(labels.fetch, "label_resources", resources)
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call())
    error = answer.json()["output"]["error"]
    assert error["kind"] == "TOOL_RUNTIME_BAD_OUTPUT_VALUE"
    assert "canary-mail" not in answer.text
    assert "canary-mail" not in caplog.text
    records = [str(vars(record)) for record in caplog.records]
    assert not [record for record in records if "canary-mail" in record]


def test_a_token_in_any_part_of_an_error_is_masked_before_it_leaves() -> None:
    error = ToolCallError(
        message=f"m {TOKEN}",
        kind=ErrorKind.TOOL_RUNTIME_FATAL,
        developer_message=f"d {TOKEN}",
        stacktrace=f"s {TOKEN}",
    )
    worker._clean(error)
    assert (error.message[0], error.developer_message, error.stacktrace) == (
        "m",
        "d [redacted]",
        "s [redacted]",
    )
    assert TOKEN not in error.model_dump_json()


def test_a_bug_inside_a_tool_tells_its_type_and_place_only(
    client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)

    async def broken(_: Any) -> list[Any]:
        raise ValueError(TOKEN)

    monkeypatch.setattr(labels.fetch, "label_resources", broken)
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call())
    error = answer.json()["output"]["error"]
    assert error["kind"] == "TOOL_RUNTIME_FATAL"
    assert "ValueError" in error["developer_message"]
    assert TOKEN not in answer.text + caplog.text
