"""The sample application's chat model: any OpenAI-compatible server, or else the stand-in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from arcade_gmail_multiuser.client import Message, ToolCall
from examples.fastapi_app.__main__ import chat_model
from examples.fastapi_app.sessions import local_path
from examples.fastapi_app.stand_in_model import PHRASES, StandInModel
from examples.fastapi_app.templating import doing


class Tool:
    """As much of a tool's definition as the stand-in looks at."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.qualified_name = f"GmailMultiuser.{name}"


TOOLS: Any = [Tool(n) for n in ("WhoAmI", "ListEmails", "SearchEmailsByQuery", "SendEmail")]
TOOLS.append(Tool("ListLabels"))


async def said(prompt: str) -> ToolCall | None:
    reply = await StandInModel().reply(system="", messages=[Message("user", prompt)], tools=TOOLS)
    return reply.calls[0] if reply.calls else None


async def test_a_server_named_in_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []

    async def complete(request: web.Request) -> web.Response:
        asked.append((request.headers["Authorization"], await request.json()))
        return web.json_response({"choices": [{"message": {"content": "Hello."}}]})

    application = web.Application()
    application.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("OPENAI_MODEL", "local-model")
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
    model, phrases = chat_model()
    try:
        reply = await model.reply(system="s", messages=[Message("user", "Hi")], tools=[])
    finally:
        await model.aclose()  # type: ignore[attr-defined]
        await runner.cleanup()
    assert (reply.text, phrases) == ("Hello.", ())
    assert asked[0][0] == "Bearer key"
    assert asked[0][1]["model"] == "local-model"


@pytest.mark.parametrize("absent", ["OPENAI_MODEL", "OPENAI_API_KEY"])
def test_without_a_model_or_a_key_the_stand_in_answers_and_says_what_it_knows(
    monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "m")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv(absent, "")
    model, phrases = chat_model()
    assert isinstance(model, StandInModel)
    assert phrases == PHRASES


@pytest.mark.parametrize("phrase", PHRASES)
async def test_the_stand_in_understands_every_phrase_that_it_names(phrase: str) -> None:
    call = await said(phrase)
    assert call is not None
    assert not doing(call.name).startswith("use ")


async def test_what_to_send_is_taken_apart_as_it_was_written() -> None:
    call = await said("Send bob@example.com: Lunch? / At noon,\nthe usual place.")
    assert call is not None
    assert call.arguments == {
        "recipient": "bob@example.com",
        "subject": "Lunch?",
        "body": "At noon,\nthe usual place.",
    }


async def test_the_stand_in_admits_what_it_does_not_understand() -> None:
    reply = await StandInModel().reply(
        system="", messages=[Message("user", "How is the weather?")], tools=TOOLS
    )
    assert "I know only a few phrases" in reply.text


async def test_a_failure_of_a_tool_is_told_and_nothing_is_claimed() -> None:
    failed = Message("tool", json.dumps({"message": "No such mail."}), failed=True)
    reply = await StandInModel().reply(system="", messages=[failed], tools=TOOLS)
    assert reply.text == "That did not work: No such mail."


@pytest.mark.parametrize("elsewhere", ["//evil.example", "/\\evil.example", "https://e.x", "", "x"])
def test_after_signing_in_one_stays_on_this_site(elsewhere: str) -> None:
    assert local_path(elsewhere) == "/"
    assert local_path("/gmail/verify?flow_id=f") == "/gmail/verify?flow_id=f"
