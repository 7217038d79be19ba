"""Requests of applications: which tool is meant, whether the parameters fit, what comes back."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from arcadepy.types import ToolDefinition
from fake_engine import TOOLS, URL, FakeEngine, broke, definition, parameter, refused, worked

from arcade_gmail_multiuser.client import MultiUserGmailAgent, MultiUserGmailManager
from arcade_gmail_multiuser.client.arguments import check_arguments
from arcade_gmail_multiuser.client.naming import ACTIONS
from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    InvalidInput,
    InvalidParameters,
    UnknownTool,
)

ALICE = "alice@example.com"
EXECUTE = "/v1/tools/execute"
LETTER = {"recipient": "bob@example.com", "subject": "s", "body": "canary"}


@pytest.fixture
def agent(manager: MultiUserGmailManager) -> MultiUserGmailAgent:
    return MultiUserGmailAgent(manager)


async def test_without_a_user_id_nothing_is_done(
    engine: FakeEngine, agent: MultiUserGmailAgent
) -> None:
    for nobody in ("", " ", None):
        with pytest.raises(InvalidInput):
            await agent.process_email_request(nobody, {"action": "list"})  # type: ignore[arg-type]
        with pytest.raises(InvalidInput):
            await agent.initialize_user_tools(nobody)  # type: ignore[arg-type]
    assert engine.asked == []


async def test_a_users_tools_are_all_pages_loaded_once(
    engine: FakeEngine, agent: MultiUserGmailAgent
) -> None:
    engine.tools = [definition(f"Get{n}") for n in range(120)]
    first = await agent.initialize_user_tools(ALICE)
    again = await agent.initialize_user_tools(ALICE)
    assert first == again
    assert (len(first["tools"]), first["client"], first["user_id"]) == (
        120, agent.manager.client, ALICE
    )  # fmt: skip
    assert len(engine.asked) == 2


async def test_a_request_comes_back_as_success_as_authorization_or_as_error(
    engine: FakeEngine, agent: MultiUserGmailAgent
) -> None:
    request = {"action": "send", "parameters": LETTER}
    assert await agent.process_email_request(ALICE, request) == {
        "success": True,
        "data": {"for": ALICE, "input": LETTER},
    }
    engine.on(EXECUTE, refused(403, {"authorization": {"url": URL}}))
    assert await agent.process_email_request(ALICE, request) == {
        "success": False,
        "authRequired": True,
        "authUrl": URL,
    }
    engine.on(EXECUTE, broke("Wait.", can_retry=True, retry_after_ms=9, extra={"code": "slow"}))
    assert await agent.process_email_request(ALICE, request) == {
        "success": False,
        "error": {
            "code": "slow",
            "message": "Wait.",
            "can_retry": True,
            "retry_after_ms": 9,
            "kind": "TOOL_RUNTIME_FATAL",
        },
    }


async def test_an_engine_that_refuses_our_key_is_raised_for_the_operator(
    engine: FakeEngine, agent: MultiUserGmailAgent
) -> None:
    engine.on("/v1/tools", refused(401))
    with pytest.raises(ConfigurationError):
        await agent.process_email_request(ALICE, {"action": "list"})


@pytest.mark.parametrize(
    ("request_", "tool"),
    [
        ({"action": "send"}, "SendEmail"),
        ({"action": "draft"}, "WriteDraftEmail"),
        ({"action": "list"}, "ListEmails"),
        ({"action": "search", "parameters": {"query": "x"}}, "SearchEmailsByQuery"),
        ({"action": "search", "parameters": {"sender": ["x"]}}, "ListEmailsByHeader"),
        ({"action": " Send "}, "SendEmail"),
        ("send", "SendEmail"),
        ({"action": "send", "recipient": "x"}, "SendEmail"),
    ],
)
def test_the_short_words_mean_the_tools_they_name(
    agent: MultiUserGmailAgent, request_: dict[str, Any] | str, tool: str
) -> None:
    definitions = [ToolDefinition.model_validate(one) for one in TOOLS]
    for tools in (None, definitions):
        assert agent.determine_gmail_tool(request_, tools) == f"GmailMultiuser.{tool}"


@pytest.mark.parametrize("form", [{"to": "x"}, {"parameters": {"to": "x"}}])
def test_a_send_with_a_to_is_the_tool_that_calls_its_recipient_so(
    agent: MultiUserGmailAgent, form: dict[str, Any]
) -> None:
    request = {"action": "send", **form}
    assert agent.determine_gmail_tool(request) == "GmailMultiuser.MultiUserGmailSend"
    assert agent.parse_request_parameters(request) == {"to": "x"}


def test_every_tool_is_meant_by_each_of_its_names(agent: MultiUserGmailAgent) -> None:
    definitions = [ToolDefinition.model_validate(one) for one in TOOLS]
    for one in definitions:
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in one.name).lstrip("_")
        for name in (one.name, snake, one.qualified_name, one.qualified_name.replace(".", "_")):
            assert agent.determine_gmail_tool({"action": name}, definitions) == one.qualified_name


def test_every_short_word_means_a_known_tool(agent: MultiUserGmailAgent) -> None:
    for word, tool in ACTIONS.items():
        request = {"action": word, "parameters": {"query": "x"}}
        assert agent.determine_gmail_tool(request) == f"GmailMultiuser.{tool}"


@pytest.mark.parametrize("action", ["sendd", "lst", "delete everything", "Slack.Send", 7, ["send"]])
async def test_an_unknown_action_is_an_error_and_never_a_list(
    engine: FakeEngine, agent: MultiUserGmailAgent, action: Any
) -> None:
    with pytest.raises(UnknownTool):
        agent.determine_gmail_tool({"action": action})
    found = await agent.process_email_request(ALICE, {"action": action})
    assert found["error"]["code"] == "unknown_tool"
    assert engine.calls(EXECUTE) == []


@pytest.mark.parametrize("request_", [{}, {"action": ""}, [], "send", {"parameters": {}}, None])
async def test_what_is_no_request_is_an_error(
    engine: FakeEngine, agent: MultiUserGmailAgent, request_: Any
) -> None:
    found = await agent.process_email_request(ALICE, request_)
    assert found["error"]["code"] == "invalid_input"


@pytest.mark.parametrize(
    ("action", "parameters", "problems"),
    [
        ("send", {}, ["recipient is missing", "subject is missing", "body is missing"]),
        ("send", {**LETTER, "boddy": "canary"}, ["boddy is unknown (did you mean body?)"]),
        ("send", {**LETTER, "canary letter": 1}, ["a parameter is unknown"]),
        ("send", {**LETTER, "body": ["canary"]}, ["body must be a string"]),
        ("list", {"n_emails": "5"}, ["n_emails must be an integer"]),
        ("list", {"n_emails": True}, ["n_emails must be an integer"]),
        ("list", {"n_emails": 1.5}, ["n_emails must be an integer"]),
        ("search", {"sender": "x"}, ["sender must be an array"]),
        ("search", {"sender": ["x", 1]}, ["sender[1] must be a string"]),
        ("search", {"date_range": "canary"}, ["date_range must be one of today, yesterday"]),
    ],
)
async def test_parameters_that_do_not_fit_are_named_before_any_call_and_never_repeated(
    engine: FakeEngine,
    agent: MultiUserGmailAgent,
    action: str,
    parameters: dict[str, Any],
    problems: list[str],
) -> None:
    request = {"action": action, "parameters": parameters}
    tools = (await agent.initialize_user_tools(ALICE))["tools"]
    name = agent.determine_gmail_tool(request, tools)
    tool = next(one for one in tools if one.qualified_name == name)
    with pytest.raises(InvalidParameters) as caught:
        agent.parse_request_parameters(request, tool)
    assert list(caught.value.problems) == problems
    found = await agent.process_email_request(ALICE, request)
    assert found["error"]["code"] == "invalid_parameters"
    assert "canary" not in json.dumps(found)
    assert engine.calls(EXECUTE) == []


async def test_parameters_that_are_no_object_are_an_error(agent: MultiUserGmailAgent) -> None:
    found = await agent.process_email_request(ALICE, {"action": "list", "parameters": [1]})
    assert found["error"]["code"] == "invalid_input"


def test_null_means_left_out_and_is_not_sent(agent: MultiUserGmailAgent) -> None:
    tool = ToolDefinition.model_validate(TOOLS[0])
    request = {"action": "list", "parameters": {"n_emails": None}}
    assert agent.parse_request_parameters(request, tool) == {}


def test_objects_inside_parameters_are_checked_too() -> None:
    attachment = {"filename": {"val_type": "string"}, "size": {"val_type": "integer"}}
    tool = ToolDefinition.model_validate(
        definition(
            "SendEmail",
            parameter(
                "attachments",
                "array",
                inner_val_type="json",
                inner_properties=attachment,
                inner_required_keys=["filename"],
            ),
            parameter("anything", "json"),
            parameter("future", "hologram"),
        )
    )
    good = {"attachments": [{"filename": "x", "size": None}], "anything": {"a": 1}, "future": 1}
    assert check_arguments(tool, good) == good
    with pytest.raises(InvalidParameters) as caught:
        check_arguments(tool, {"attachments": [{"size": "x", "color": 1}], "anything": [1]})
    assert caught.value.problems == (
        "attachments[0].filename is missing",
        "attachments[0].size must be an integer",
        "attachments[0].color is unknown",
        "anything must be an object",
    )


async def test_definitions_are_what_each_kind_of_model_takes(agent: MultiUserGmailAgent) -> None:
    openai = await agent.tool_definitions(ALICE, "openai")
    anthropic = await agent.tool_definitions(ALICE, "anthropic", only=["send", "ListEmails"])
    assert len(openai) == len(TOOLS)
    assert [one["name"] for one in anthropic] == [
        "GmailMultiuser_ListEmails", "GmailMultiuser_SendEmail"
    ]  # fmt: skip
    for one in openai:
        assert one["type"] == "function"
        jsonschema.Draft202012Validator.check_schema(one["function"]["parameters"])
    send = anthropic[1]["input_schema"]
    assert send["required"] == ["recipient", "subject", "body"]
    assert send["additionalProperties"] is False
    jsonschema.validate(LETTER, send)


async def test_of_several_versions_of_a_tool_only_the_one_listed_last_counts(
    engine: FakeEngine, agent: MultiUserGmailAgent
) -> None:
    newer = definition("GetEmail", parameter("message_id", required=True), reads=True)
    engine.tools.append({**newer, "fully_qualified_name": "GmailMultiuser.GetEmail@2.0.0"})
    described = await agent.tool_definitions(ALICE)
    names = [one["function"]["name"] for one in described]
    assert len(names) == len(set(names))
    request = {"action": "read", "parameters": {"message_id": "m"}}
    assert (await agent.process_email_request(ALICE, request))["success"]


async def test_a_model_has_no_say_in_whom_a_call_is_for(agent: MultiUserGmailAgent) -> None:
    (one,) = await agent.tool_definitions(ALICE, only=["MultiUserGmailSend"])
    assert list(one["function"]["parameters"]["properties"]) == ["to"]
    assert "required" not in one["function"]["parameters"]


async def test_a_toolkit_that_the_engine_does_not_have_is_an_error(engine: FakeEngine) -> None:
    engine.tools = []
    found = await MultiUserGmailAgent(engine.manager()).process_email_request(
        ALICE, {"action": "list"}
    )
    assert found["error"]["code"] == "unknown_tool"


@pytest.mark.parametrize(
    ("action", "parameters", "needed"),
    [
        ("list", {}, False),
        ("WhoAmI", {}, False),
        ("draft", {"body": "b"}, False),
        ("send", {"recipient": "b@x.org", "subject": "s", "body": "b"}, True),
        ("send", {"to": "b@x.org"}, True),
        ("TrashEmail", {"email_id": "1"}, True),
    ],
)
async def test_what_may_reach_others_or_throws_something_away_needs_approval(
    agent: MultiUserGmailAgent, action: str, parameters: dict[str, Any], needed: bool
) -> None:
    request = {"action": action, "parameters": parameters}
    assert await agent.needs_approval(ALICE, request) is needed


async def test_a_preview_needs_no_approval_where_the_tool_has_previews(engine: FakeEngine) -> None:
    engine.tools += [
        definition("ForwardEmail", parameter("dry_run", "boolean"), reads=False),
        definition("SnoozeEmail", reads=False),
    ]
    agent = MultiUserGmailAgent(engine.manager())

    async def needed(action: str, dry_run: Any) -> bool:
        request = {"action": action, "parameters": {"dry_run": dry_run}}
        return await agent.needs_approval(ALICE, request)

    assert not await needed("ForwardEmail", True)
    assert await needed("ForwardEmail", False)
    assert await needed("ForwardEmail", "yes"), "only a true that the tool will take counts"
    assert await needed("SnoozeEmail", True), "a write that is not known may do anything"


async def test_an_output_that_looks_like_a_request_for_consent_is_an_output(
    engine: FakeEngine, agent: MultiUserGmailAgent
) -> None:
    odd = {"authorization_required": True, "url": URL, "message": "m"}
    engine.on("/v1/tools/execute", worked(odd))
    answer = await agent.process_email_request(ALICE, {"action": "WhoAmI"})
    assert answer == {"success": True, "data": odd}
