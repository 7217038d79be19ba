"""A call is answered in arcade-serve's form, and leaves no mail in log or telemetry."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from arcade_core.executor import ToolExecutor
from arcade_tdk import ToolContext
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from worker_calls import TOKEN, call, signed

from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY
from arcade_gmail_multiuser.tools.behavior import READS
from arcade_gmail_multiuser.tools.decorator import tool


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


@tool(GMAIL_READONLY, does=READS)
async def misshapen(context: ToolContext, **_inputs: Any) -> dict[str, Any]:
    """Answer what no tool's shape allows."""
    return {"labels": "canary-mail"}


@tool(GMAIL_READONLY, does=READS)
async def broken(context: ToolContext, **_inputs: Any) -> dict[str, Any]:
    """Have a bug."""
    raise ValueError(TOKEN)


def replace_every_tool(monkeypatch: pytest.MonkeyPatch, function: Callable[..., Any]) -> None:
    """Let arcade-core run this function in place of the tool that a call names."""
    run = ToolExecutor.run

    async def run_instead(_func: Any, *arguments: Any, **inputs: Any) -> Any:
        return await run(function, *arguments, **inputs)

    monkeypatch.setattr(ToolExecutor, "run", run_instead)


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
    replace_every_tool(monkeypatch, misshapen)
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
    replace_every_tool(monkeypatch, misshapen)
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call())
    error = answer.json()["output"]["error"]
    assert error["kind"] == "TOOL_RUNTIME_BAD_OUTPUT_VALUE"
    assert "canary-mail" not in answer.text
    assert "canary-mail" not in caplog.text
    records = [str(vars(record)) for record in caplog.records]
    assert not [record for record in records if "canary-mail" in record]


def test_a_bug_inside_a_tool_tells_its_type_and_place_only(
    client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    replace_every_tool(monkeypatch, broken)
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call())
    error = answer.json()["output"]["error"]
    assert error["kind"] == "TOOL_RUNTIME_FATAL"
    assert "ValueError" in error["developer_message"]
    assert TOKEN not in answer.text + caplog.text
