"""What goes over the wire to chat models, and what comes back."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from arcadepy.types import ToolDefinition
from fake_engine import TOOLS

from arcade_gmail_multiuser.client import AnthropicModel, ChatModel, Message, OpenAIModel, ToolCall
from arcade_gmail_multiuser.client.model_http import ModelServer
from arcade_gmail_multiuser.errors import ModelFailed

TOOL = ToolDefinition.model_validate(TOOLS[0])
TALK = (
    Message("user", "What is new?"),
    Message("assistant", "", (ToolCall("1", "A", {"n": 1}), ToolCall("2", "B", None))),
    Message("tool", "mail", call_id="1"),
    Message("tool", "wrong", call_id="2", failed=True),
    Message("user", "And now?"),
)


class Server:
    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)

    @property
    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self))

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)


def openai(server: Server) -> OpenAIModel:
    return OpenAIModel("m", api_key="k", base_url="http://llm.test/v1/", http_client=server.client)


def anthropic(server: Server) -> AnthropicModel:
    return AnthropicModel("m", api_key="k", base_url="http://llm.test", http_client=server.client)


def openai_answer(**message: Any) -> dict[str, Any]:
    return {
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"total_tokens": 7},
    }


async def test_openai_is_asked_in_its_own_words() -> None:
    server = Server(openai_answer(content="hello"))
    model: ChatModel = openai(server)
    reply = await model.reply(system="sys", messages=TALK, tools=[TOOL])
    assert (reply.text, reply.calls, reply.tokens, reply.cut_off) == ("hello", (), 7, False)
    assert str(server.requests[0].url) == "http://llm.test/v1/chat/completions"
    assert server.requests[0].headers["authorization"] == "Bearer k"
    assert server.body["messages"] == [
        {"role": "system", "content": "sys"},
        {"role": "user", "content": "What is new?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "A", "arguments": '{"n": 1}'}},
                {"id": "2", "type": "function", "function": {"name": "B", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "mail"},
        {"role": "tool", "tool_call_id": "2", "content": "wrong"},
        {"role": "user", "content": "And now?"},
    ]
    assert server.body["tools"][0]["function"]["name"] == "GmailMultiuser_ListEmails"


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        ('{"n": 1}', {"n": 1}),
        ("", {}),
        ("{", None),
        ('{"n": NaN}', None),
        ("[1]", None),
        ({"n": 1}, {"n": 1}),
        (None, None),
    ],
)
async def test_openai_calls_are_read_and_broken_arguments_are_told_apart(
    arguments: Any, read: Any
) -> None:
    function = {"name": "A", "arguments": arguments}
    server = Server(openai_answer(content=None, tool_calls=[{"id": "x", "function": function}]))
    reply = await openai(server).reply(system="s", messages=TALK[:1], tools=[])
    assert (reply.calls[0].id, reply.calls[0].name, reply.calls[0].arguments) == ("x", "A", read)
    assert "tools" not in server.body


async def test_anthropic_is_asked_in_its_own_words() -> None:
    server = Server({"content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn"})
    reply = await anthropic(server).reply(system="sys", messages=TALK, tools=[TOOL])
    assert reply.text == "hello"
    assert str(server.requests[0].url) == "http://llm.test/v1/messages"
    assert server.requests[0].headers["x-api-key"] == "k"
    assert server.body["system"] == "sys"
    assert server.body["tools"][0]["input_schema"]["type"] == "object"
    assert server.body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "What is new?"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "1", "name": "A", "input": {"n": 1}},
                {"type": "tool_use", "id": "2", "name": "B", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": "mail", "is_error": False},
                {"type": "tool_result", "tool_use_id": "2", "content": "wrong", "is_error": True},
                {"type": "text", "text": "And now?"},
            ],
        },
    ]


async def test_anthropic_calls_tokens_and_cuts_are_read() -> None:
    server = Server(
        {
            "content": [
                {"type": "text", "text": "a"},
                {"type": "tool_use", "id": "x", "name": "A", "input": {"n": 1}},
            ],
            "usage": {"input_tokens": 3, "output_tokens": 4},
            "stop_reason": "max_tokens",
        }
    )
    reply = await anthropic(server).reply(system="s", messages=TALK[:1], tools=[])
    assert (reply.text, reply.tokens, reply.cut_off) == ("a", 7, True)
    assert reply.calls[0].arguments == {"n": 1}


UNREADABLE: list[Any] = [
    {},
    [],
    {"choices": []},
    {"choices": [{"message": None}]},
    {"choices": [{"message": {"tool_calls": [{}]}}]},
    {"content": 7},
    {"content": [{}]},
    httpx.Response(200, content=b"<html>"),
    httpx.Response(200, content=b"x" * (17 * 1024 * 1024)),
]


@pytest.mark.parametrize("answer", UNREADABLE, ids=range(len(UNREADABLE)))
async def test_an_answer_that_nobody_can_read_is_a_typed_error(answer: Any) -> None:
    for make in (openai, anthropic):
        with pytest.raises(ModelFailed):
            await make(Server(answer)).reply(system="s", messages=TALK[:1], tools=[])


async def asked(server: Server) -> tuple[Any, list[float]]:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    model = ModelServer(
        "http://llm.test/", {"k": "v"}, http_client=server.client, timeout_s=1, sleep=sleep
    )
    try:
        return await model.ask({"prompt": "canary"}), pauses
    except ModelFailed as problem:
        return problem, pauses


async def test_a_busy_model_is_asked_again_after_the_time_it_names() -> None:
    busy = httpx.Response(429, headers={"retry-after": "3"})
    answer, pauses = await asked(Server(busy, httpx.ReadTimeout("x"), {"ok": 1}))
    assert (answer, pauses) == ({"ok": 1}, [3.0, 1.0])


async def test_a_model_that_stays_away_is_given_up_after_three_times() -> None:
    server = Server(httpx.Response(503))
    problem, pauses = await asked(server)
    assert (len(server.requests), len(pauses), problem.can_retry) == (3, 2, True)


async def test_a_model_that_wants_a_long_pause_is_left_to_the_caller_with_the_time() -> None:
    server = Server(httpx.Response(429, headers={"retry-after": "120"}))
    problem, pauses = await asked(server)
    assert (len(server.requests), pauses) == (1, [])
    assert (problem.can_retry, problem.retry_after_ms) == (True, 120_000)


async def test_a_refusal_is_not_repeated_and_says_nothing_of_the_conversation() -> None:
    server = Server(httpx.Response(400, json={"error": "canary"}))
    problem, pauses = await asked(server)
    assert (len(server.requests), pauses, problem.can_retry) == (1, [], False)
    assert "canary" not in f"{problem}{problem.developer_message}"


async def test_connections_made_here_are_closed_and_given_ones_are_left() -> None:
    given = Server({}).client
    await OpenAIModel("m", api_key="k", http_client=given).aclose()
    assert not given.is_closed
    await given.aclose()
    for own in (OpenAIModel("m", api_key="k"), AnthropicModel("m", api_key="k")):
        await own.aclose()
        assert own._server._client.is_closed
