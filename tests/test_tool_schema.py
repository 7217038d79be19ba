"""The one writer of tool descriptions, on definitions that another engine or worker may send."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.tool_schema import FORMATS, describe_tool, input_schema, model_name


def parameter(name: Any = "p", **schema: Any) -> dict[str, Any]:
    return {"name": name, "required": True, "value_schema": schema}


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"val_type": "string"}, {"type": "string"}),
        ({"val_type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        (
            {"val_type": "array", "inner_val_type": "string", "enum": ["a"]},
            {"type": "array", "items": {"type": "string", "enum": ["a"]}},
        ),
        ({"val_type": "json"}, {"type": "object"}),
        (
            {
                "val_type": "json",
                "properties": {"n": {"val_type": "integer", "description": "d"}},
                "required_keys": ["n"],
            },
            {
                "type": "object",
                "properties": {"n": {"type": "integer", "description": "d"}},
                "additionalProperties": False,
                "required": ["n"],
            },
        ),
        ({"val_type": "a type of next year"}, {}),
        ({}, {}),
    ],
)
def test_a_value_schema_becomes_json_schema(given: Any, written: Any) -> None:
    schema = input_schema([parameter(**given)])
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"] == {"p": written}
    assert schema["required"] == ["p"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "given",
    [
        None,
        7,
        "parameters",
        [None, 7, {"name": 7}, {"value_schema": {"val_type": "string"}}],
    ],
)
def test_what_is_no_list_of_parameters_is_an_empty_object(given: Any) -> None:
    assert input_schema(given) == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }


@pytest.mark.parametrize("schema", [None, 7, [], {"val_type": {}}, {"val_type": "json", "enum": 7}])
def test_a_broken_value_schema_harms_only_itself(schema: Any) -> None:
    broken = {"name": "broken", "value_schema": schema, "description": 7}
    written = input_schema([broken, parameter(val_type="string")])
    jsonschema.Draft202012Validator.check_schema(written)
    assert written["properties"]["p"] == {"type": "string"}


def test_nesting_is_bounded() -> None:
    inner: dict[str, Any] = {"val_type": "string"}
    for _ in range(10_000):
        inner = {"val_type": "json", "properties": {"n": inner}}
    assert input_schema([parameter(**inner)])["properties"]["p"]["type"] == "object"


def test_names_and_descriptions_fit_what_model_servers_take() -> None:
    long = describe_tool("Tool.kit", "N" * 100, "d" * 2000, {}, "openai")["function"]
    assert long["name"] == f"Tool_kit_{'N' * 55}"
    assert len(long["description"]) == 1024
    assert model_name("GmailMultiuser", "SendEmail") == "GmailMultiuser_SendEmail"
    assert describe_tool("T", "Name", None, {}, "anthropic")["description"] == "Name"


def test_there_are_two_formats() -> None:
    assert FORMATS == ("openai", "anthropic")
    with pytest.raises(InvalidInput):
        describe_tool("T", "N", "d", {}, "gemini")
