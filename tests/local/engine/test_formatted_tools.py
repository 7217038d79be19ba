"""Tools as chat models want them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from arcade_core.catalog import ToolCatalog
from arcade_core.converters.anthropic import to_anthropic
from arcade_core.converters.openai import to_openai
from jsonschema import Draft202012Validator

import arcade_gmail_multiuser
from arcade_gmail_local.engine.execution.tool_entry import read_entry

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"


async def test_arcadepy_lists_every_tool_in_each_format(stack: Stack) -> None:
    stack.worker.tools = [stack.definition(f"Tool{n:03}", [READ]) for n in range(60)]
    client = stack.arcade()
    openai: list[Any] = [one async for one in client.tools.formatted.list(format="openai")]
    assert len(openai) == 60
    assert openai[0]["type"] == "function"
    assert openai[0]["function"]["name"] == "GmailMultiuser_Tool000"
    anthropic: list[Any] = [
        one async for one in client.tools.formatted.list(format="anthropic", user_id="alice")
    ]
    assert anthropic[59]["name"] == "GmailMultiuser_Tool059"
    assert anthropic[59]["input_schema"]["type"] == "object"


async def test_one_tool_is_formatted_by_any_of_its_names(stack: Stack) -> None:
    client = stack.arcade()
    for name in ("GmailMultiuser.SendEmail", "GmailMultiuser_SendEmail"):
        found: Any = await client.tools.formatted.get(name=name, format="anthropic")
        assert found["name"] == "GmailMultiuser_SendEmail"
    default: Any = await client.tools.formatted.get(name="GmailMultiuser.SendEmail")
    assert default["type"] == "function"


async def test_formatted_tools_are_paged_and_filtered(stack: Stack) -> None:
    page = (await stack.http().get("/v1/formatted_tools?limit=3&offset=2")).json()
    assert (len(page["items"]), page["total_count"], page["offset"]) == (2, 4, 2)
    none = (await stack.http().get("/v1/formatted_tools?toolkit=Nope")).json()
    assert none["items"] == []
    arcade = (await stack.http().get("/v1/formatted_tools?format=arcade")).json()
    assert arcade["items"][0]["qualified_name"] == "GmailMultiuser.AddNumbers"


@pytest.mark.parametrize(
    "query", ["format=gemini", "format=openai,anthropic", "user_id=", "limit=0"]
)
async def test_a_senseless_format_or_user_is_400(stack: Stack, query: str) -> None:
    assert (await stack.http().get(f"/v1/formatted_tools?{query}")).status_code == 400


async def test_include_format_adds_the_forms_to_the_definition(stack: Stack) -> None:
    client = stack.arcade()
    found = await client.tools.get(
        "GmailMultiuser.SendEmail", include_format=["openai", "anthropic"]
    )
    assert found.formatted_schema is not None
    assert set(found.formatted_schema) == {"openai", "anthropic"}
    listed = await client.tools.list(include_format=["openai"])
    assert all(one.formatted_schema for one in listed.items)
    plain = await client.tools.list(include_format=["arcade"])
    assert not any(one.formatted_schema for one in plain.items)
    assert (await stack.http().get("/v1/tools?include_format=xml")).status_code == 400


def _ours() -> list[Any]:
    catalog = ToolCatalog()
    catalog.add_module(arcade_gmail_multiuser)
    return list(catalog)


def test_every_tool_of_ours_becomes_a_schema_with_arcades_own_names_and_fields() -> None:
    for tool in _ours():
        entry = read_entry(tool.definition.model_dump(mode="json"))
        assert entry is not None
        mine = entry.formatted("openai")["function"]
        theirs = to_openai(tool)["function"]
        Draft202012Validator.check_schema(mine["parameters"])
        assert mine["name"] == theirs["name"]
        wanted = theirs["parameters"] or {}
        assert set(mine["parameters"]["properties"]) == set(wanted["properties"])
        anthropic = entry.formatted("anthropic")
        assert anthropic["name"] == to_anthropic(tool)["name"]
        assert anthropic["input_schema"] == mine["parameters"]
        required = to_anthropic(tool)["input_schema"].get("required", [])
        assert anthropic["input_schema"].get("required", []) == required


@pytest.mark.parametrize(
    "parameters",
    [
        None,
        7,
        [None, 3, {}],
        [{"name": "a", "value_schema": None}],
        [{"name": "a", "value_schema": {"val_type": "quantum"}}],
        [{"name": "a", "value_schema": {"val_type": "array"}, "required": "yes"}],
        [{"name": "a", "value_schema": {"val_type": "json", "properties": {"b": 7}}}],
    ],
)
def test_an_odd_definition_is_formatted_as_far_as_it_goes(parameters: Any) -> None:
    entry = read_entry(
        {"name": "T" * 80, "toolkit": {"name": "Ä t"}, "input": {"parameters": parameters}}
    )
    assert entry is not None
    found = entry.formatted("openai")["function"]
    assert len(found["name"]) == 64
    assert found["name"].startswith("__t_T")
    Draft202012Validator.check_schema(found["parameters"])
