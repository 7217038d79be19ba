"""The sample application's agent: what it asks before it sends, and what it does on failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fake_engine import URL, FakeEngine, broke, refused, worked
from pydantic_ai import (
    ModelHTTPError,
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from arcade_gmail_multiuser import MultiUserGmailAgent
from examples.fastapi_app.__main__ import chat_model
from examples.fastapi_app.conversations import Conversation
from examples.fastapi_app.gmail_agent import TOOLS, GmailAgent, gmail_agent
from examples.fastapi_app.sessions import local_path
from examples.fastapi_app.stand_in_model import PHRASES, reply, stand_in_model
from examples.fastapi_app.templating import doing

ALICE = "alice@example.com"
EXECUTE = "/v1/tools/execute"
LUNCH = "Send bob@example.com: Lunch? / At noon,\nthe usual place."
Said = ModelResponse | Exception


def says(text: str) -> ModelResponse:
    return ModelResponse([TextPart(text)])


def sends(*recipients: str) -> ModelResponse:
    letters = ({"recipient": one, "subject": "s", "body": "b"} for one in recipients)
    calls = [
        ToolCallPart("GmailMultiuser_SendEmail", letter, f"call-{letter['recipient']}")
        for letter in letters
    ]
    return ModelResponse(calls)


class Script:
    """A model whose words are written down; it records what it was told."""

    def __init__(self, *words: Said) -> None:
        self.words = list(words)
        self.told: list[Sequence[ModelMessage]] = []

    def __call__(self, messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        self.told.append(list(messages))
        said = self.words.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    def answers(self) -> list[tuple[str, Any]]:
        parts = (part for message in self.told[-1] for part in message.parts)
        return [(p.outcome, p.content) for p in parts if isinstance(p, ToolReturnPart)]


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    names = {one["name"] for one in engine.tools}
    missing = [name for name in TOOLS if name not in names]
    engine.tools += [{**engine.tools[-1], "name": name} for name in missing]
    for one in engine.tools:
        one["qualified_name"] = f"GmailMultiuser.{one['name']}"
        one["fully_qualified_name"] = f"{one['qualified_name']}@1.0.0"
    return engine


@pytest.fixture
def gmail(engine: FakeEngine) -> MultiUserGmailAgent:
    return MultiUserGmailAgent(engine.manager())


@pytest.fixture
def conversation() -> Conversation:
    return Conversation(ALICE)


def sent(engine: FakeEngine) -> list[str]:
    tool = "GmailMultiuser.SendEmail"
    asked = (one.body for one in engine.calls(EXECUTE) if one.body["tool_name"] == tool)
    return [body["input"]["recipient"] for body in asked]


def agent(function: Callable[[list[ModelMessage], AgentInfo], ModelResponse]) -> GmailAgent:
    return gmail_agent(FunctionModel(function))


async def test_nothing_is_sent_before_the_person_has_seen_it_and_said_yes(
    engine: FakeEngine, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    script = Script(sends("bob@example.com"), says("Sent."))
    model = agent(script)
    await conversation.ask(model, gmail, "Write to Bob")
    question = conversation.question
    assert question is not None
    assert question.args_as_dict()["recipient"] == "bob@example.com"
    assert sent(engine) == []
    await conversation.decide(model, gmail, question.tool_call_id, yes=True)
    assert sent(engine) == ["bob@example.com"]
    assert [turn.text for turn in conversation.turns()] == ["Write to Bob", "", "Sent."]


async def test_a_no_is_told_to_the_model_and_nothing_is_sent(
    engine: FakeEngine, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    script = Script(sends("bob@example.com"), says("I left it."))
    model = agent(script)
    await conversation.ask(model, gmail, "Write to Bob")
    await conversation.decide(model, gmail, "call-bob@example.com", yes=False)
    assert script.answers() == [("denied", "The person does not want this to be done.")]
    assert sent(engine) == []


async def test_each_of_several_letters_is_asked_about_and_a_form_sent_twice_answers_one(
    engine: FakeEngine, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    script = Script(sends("bob@example.com", "eve@example.com"), says("Done."))
    model = agent(script)
    await conversation.ask(model, gmail, "Write to both")
    for _ in range(2):
        await conversation.decide(model, gmail, "call-bob@example.com", yes=True)
    assert sent(engine) == []
    assert conversation.question is not None
    assert conversation.question.tool_call_id == "call-eve@example.com"
    await conversation.decide(model, gmail, "call-eve@example.com", yes=False)
    assert sent(engine) == ["bob@example.com"]
    assert [outcome for outcome, _ in script.answers()] == ["success", "denied"]


async def test_a_letter_that_met_a_missing_permission_is_sent_once_after_connecting(
    engine: FakeEngine, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    engine.on(EXECUTE, refused(403, {"authorization": {"url": URL}}))
    model = agent(Script(sends("bob@example.com"), says("Sent.")))
    await conversation.ask(model, gmail, "Write to Bob")
    await conversation.decide(model, gmail, "call-bob@example.com", yes=True)
    assert conversation.waits_for_connection
    engine.on(EXECUTE, worked({"id": "m1"}))
    await conversation.go_on(model, gmail)
    assert not conversation.waits_for_connection
    assert sent(engine) == ["bob@example.com"] * 2, "refused once, then sent"


async def test_going_on_does_not_stand_in_for_a_yes(
    engine: FakeEngine, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    engine.on(EXECUTE, refused(403, {"authorization": {"url": URL}}))
    read = ToolCallPart("GmailMultiuser_WhoAmI", {}, "call-read")
    both = ModelResponse([*sends("bob@example.com").parts, read])
    model = agent(Script(both, says("Done.")))
    await conversation.ask(model, gmail, "Write to Bob")
    await conversation.go_on(model, gmail)
    assert conversation.question is not None
    assert sent(engine) == []


async def test_asking_something_else_drops_what_waits(
    engine: FakeEngine, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    script = Script(sends("bob@example.com"), says("Never mind."))
    model = agent(script)
    await conversation.ask(model, gmail, "Write to Bob")
    await conversation.ask(model, gmail, "Forget it")
    assert script.answers()[0][0] == "denied"
    assert (conversation.question, sent(engine)) == (None, [])


async def test_after_a_failing_model_the_history_says_what_was_sent(
    engine: FakeEngine, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    script = Script(sends("bob@example.com"), ModelHTTPError(500, "m"), says("It was sent."))
    model = agent(script)
    await conversation.ask(model, gmail, "Write to Bob")
    await conversation.decide(model, gmail, "call-bob@example.com", yes=True)
    assert conversation.failed
    await conversation.ask(model, gmail, "Did it go out?")
    assert [outcome for outcome, _ in script.answers()] == ["success"]
    assert sent(engine) == ["bob@example.com"]
    assert not conversation.failed


async def test_a_model_that_never_stops_is_stopped(
    engine: FakeEngine, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    def again(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        return ModelResponse([ToolCallPart("GmailMultiuser_WhoAmI", {})])

    await conversation.ask(agent(again), gmail, "Who am I?")
    assert conversation.failed
    assert len(engine.calls(EXECUTE)) == 12


async def test_a_second_request_meanwhile_starts_nothing(
    gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    script = Script(says("One."), says("Two."))
    model = agent(script)
    await asyncio.gather(*(conversation.ask(model, gmail, "Hello") for _ in range(2)))
    assert len(script.told) == 1


@pytest.mark.parametrize("phrase", PHRASES)
async def test_the_stand_in_understands_every_phrase_that_it_names(
    phrase: str, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    await conversation.ask(gmail_agent(stand_in_model()), gmail, phrase)
    called = [tool for turn in conversation.turns() for tool in turn.tools]
    assert len(called) == 1
    assert not doing(called[0]).startswith("use ")


async def test_what_to_send_is_taken_apart_as_it_was_written(
    gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    await conversation.ask(gmail_agent(stand_in_model()), gmail, LUNCH)
    assert conversation.question is not None
    assert conversation.question.args_as_dict() == {
        "recipient": "bob@example.com",
        "subject": "Lunch?",
        "body": "At noon,\nthe usual place.",
    }


async def test_the_stand_in_admits_what_it_does_not_understand(
    gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    await conversation.ask(gmail_agent(stand_in_model()), gmail, "How is the weather?")
    assert "I know only a few phrases" in list(conversation.turns())[-1].text


async def test_a_failure_of_a_tool_is_told_and_nothing_is_claimed(
    engine: FakeEngine, gmail: MultiUserGmailAgent, conversation: Conversation
) -> None:
    engine.on(EXECUTE, broke("No such mail."))
    await conversation.ask(agent(reply), gmail, "Who am I?")
    assert list(conversation.turns())[-1].text == "That did not work: No such mail."


@pytest.mark.parametrize("absent", ["OPENAI_MODEL", "OPENAI_API_KEY"])
def test_without_a_model_or_a_key_the_stand_in_answers_and_says_what_it_knows(
    monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "m")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv(absent, "")
    model, phrases = chat_model()
    assert isinstance(model, FunctionModel)
    assert phrases == PHRASES


@pytest.mark.parametrize("elsewhere", ["//evil.example", "/\\evil.example", "https://e.x", "", "x"])
def test_after_signing_in_one_stays_on_this_site(elsewhere: str) -> None:
    assert local_path(elsewhere) == "/"
    assert local_path("/gmail/verify?flow_id=f") == "/gmail/verify?flow_id=f"
