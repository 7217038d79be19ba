"""Arcade finds the toolkit, with the tools and parameters that agents in the field call."""

from __future__ import annotations

import inspect
import re

import pytest
from arcade_core.catalog import ToolCatalog
from arcade_core.schema import ValueSchema
from arcade_core.toolkit import Toolkit
from tool_rows import ROWS, catalog, functions

HOSTED = sorted(name for name, row in ROWS.items() if row.hosted is not None)
HOSTED_TOOLS = 30


def test_every_tool_has_a_row() -> None:
    """A new tool needs a row in tests/support/tool_rows.py, and gets all these tests with it."""
    assert sorted(catalog()) == sorted(ROWS)


def test_arcade_finds_the_same_tools_by_the_packages_entry_point() -> None:
    toolkit = Toolkit.from_package("arcade_gmail_multiuser")
    assert toolkit.name == "gmail_multiuser"
    found = ToolCatalog()
    found.add_toolkit(toolkit)
    names = sorted(str(tool.definition.fully_qualified_name) for tool in found)
    assert names == sorted(f"GmailMultiuser.{name}" for name in catalog())


def test_every_tool_of_the_hosted_toolkit_is_there() -> None:
    # MultiUserGmailSend has a promised shape too, but is nobody else's.
    assert len(HOSTED) == HOSTED_TOOLS + 1


@pytest.mark.parametrize("name", HOSTED)
def test_a_hosted_tools_parameters_keep_name_type_and_whether_required(name: str) -> None:
    parameters = {p.name: p for p in catalog()[name].definition.input.parameters}
    wanted_ones = ROWS[name].hosted or {}
    for parameter, wanted in wanted_ones.items():
        found = parameters[parameter]
        if isinstance(wanted, list):
            assert found.value_schema.enum == wanted
            assert found.required == (parameter == "action")
            continue
        assert _type(found.value_schema) == wanted.rstrip("!")
        assert found.required == wanted.endswith("!")


@pytest.mark.parametrize("name", HOSTED)
def test_added_parameters_are_optional(name: str) -> None:
    for parameter in catalog()[name].definition.input.parameters:
        assert parameter.name in (ROWS[name].hosted or {}) or not parameter.required


@pytest.mark.parametrize("name", ROWS)
def test_a_tool_declares_exactly_its_scopes(name: str) -> None:
    authorization = catalog()[name].definition.requirements.authorization
    assert authorization is not None
    assert authorization.provider_id == "google"
    assert authorization.oauth2 is not None
    assert set(authorization.oauth2.scopes or ()) == ROWS[name].scopes


@pytest.mark.parametrize("name", ROWS)
def test_every_key_of_an_answer_is_described(name: str) -> None:
    schema = catalog()[name].definition.output.value_schema
    assert schema is not None
    assert schema.properties
    assert _undescribed(schema) == []


@pytest.mark.parametrize("name", ROWS)
def test_what_a_tool_does_to_a_mailbox_is_declared(name: str) -> None:
    metadata = catalog()[name].definition.metadata
    assert metadata is not None
    behavior = metadata.behavior
    assert behavior is not None
    assert behavior.read_only is ROWS[name].reads_only
    assert not (behavior.read_only and behavior.destructive)
    assert behavior.open_world is True


@pytest.mark.parametrize("name", ROWS)
def test_a_default_is_said_in_the_description_because_the_schema_has_none(name: str) -> None:
    signature = inspect.signature(functions()[name])
    assert "context" in signature.parameters
    for parameter in catalog()[name].definition.input.parameters:
        default = signature.parameters[parameter.name].default
        said = re.search(r"Default: ([^.]+)", parameter.description or "")
        assert bool(said) is not parameter.required, parameter.name
        if said and default not in (None, ""):
            words = said[1].replace(",", "").split()
            assert words[0].strip('";').lower() == str(default).lower(), parameter.name


@pytest.mark.parametrize("name", ROWS)
def test_a_number_states_its_bounds(name: str) -> None:
    for parameter in catalog()[name].definition.input.parameters:
        if parameter.value_schema.val_type == "integer":
            bounds = re.search(
                r"\d[\d,]* to \d[\d,]*|from \d|at (?:most|least) \d", parameter.description or ""
            )
            assert bounds, parameter.name


@pytest.mark.parametrize("name", ROWS)
def test_a_list_and_a_search_state_how_much_they_hold(name: str) -> None:
    for parameter in catalog()[name].definition.input.parameters:
        if parameter.value_schema.val_type == "array" or parameter.name == "query":
            bounds = re.search(r"\d to \d|(?i:at most|up to) \d", parameter.description or "")
            assert bounds, parameter.name


@pytest.mark.parametrize("name", ROWS)
def test_every_parameter_is_described(name: str) -> None:
    for parameter in catalog()[name].definition.input.parameters:
        assert 10 <= len(parameter.description or "") <= 400, parameter.name


def _type(schema: ValueSchema) -> str:
    if schema.val_type == "array":
        return f"array[{schema.inner_val_type}]"
    return str(schema.val_type)


def _undescribed(schema: ValueSchema, path: str = "") -> list[str]:
    """Look into nested answers too: a model is shown every level."""
    missing = []
    for inner in (schema.properties or {}, schema.inner_properties or {}):
        for key, value in inner.items():
            if not value.description:
                missing.append(path + key)
            missing += _undescribed(value, f"{path}{key}.")
    return missing
