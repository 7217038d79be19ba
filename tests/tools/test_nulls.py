"""A model in strict mode sends every parameter; null is for the one that it would leave out."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from arcade_core.catalog import create_func_models
from mail import write_mail
from tool_rows import ROWS, Stage, catalog, functions

from arcade_gmail_multiuser.tools.search.tools import list_emails, list_emails_by_header


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GMAIL_MULTIUSER_CONFIRMATION_KEY", "k" * 32)


def optional(name: str) -> list[Any]:
    return [p for p in catalog()[name].definition.input.parameters if not p.required]


def read(name: str, **inputs: Any) -> dict[str, Any]:
    """Give the arguments that Arcade would call the tool with."""
    tool = functions()[name]
    input_model, _ = create_func_models(tool)
    return dict(input_model(**inputs).model_dump())


def required(name: str) -> dict[str, Any]:
    """Make up values: what they are does not matter where nothing is called."""
    made: dict[str, Any] = {"string": "x", "boolean": True, "array": [], "integer": 1}
    return {
        p.name: p.value_schema.enum[0] if p.value_schema.enum else made[p.value_schema.val_type]
        for p in catalog()[name].definition.input.parameters
        if p.required
    }


@pytest.mark.parametrize("name", ROWS)
def test_null_is_the_default_of_every_optional_parameter(name: str) -> None:
    defaults = {
        p.name: p.default
        for p in inspect.signature(functions()[name]).parameters.values()
        if p.default is not inspect.Parameter.empty
    }
    given = dict.fromkeys((p.name for p in optional(name)), None)
    assert set(given) == set(defaults)
    found = read(name, **required(name), **given)
    assert {key: found[key] for key in given} == defaults


@pytest.mark.parametrize("name", [n for n in ROWS if any(p.value_schema.enum for p in optional(n))])
def test_the_word_none_is_null_where_it_is_no_choice(name: str) -> None:
    """Arcade's evals write the null of an optional choice so."""
    given = {p.name: "None" for p in optional(name) if p.value_schema.enum}
    assert read(name, **required(name), **given) == read(name, **required(name))


def test_the_word_none_stays_a_word_elsewhere() -> None:
    found = read("ListEmailsByHeader", label="None", subject=["None"])
    assert (found["label"], found["subject"]) == ("None", ["None"])


@pytest.mark.parametrize("given", [{"n_emails": "many"}, {"n_emails": [1]}, {"include_body": 7}])
def test_what_is_no_value_is_still_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        read("ListEmails", **given)


def test_a_required_parameter_cannot_be_null() -> None:
    with pytest.raises(ValueError, match="action"):
        read("TriageEmails", action=None)


@pytest.mark.parametrize("name", ROWS)
async def test_a_call_with_every_other_parameter_null_succeeds(world: Any, name: str) -> None:
    person = await world.account(name="Pat Example")
    inputs = await ROWS[name].inputs(Stage(person))
    nulls = dict.fromkeys({p.name for p in optional(name)} - set(inputs))
    await person.use(functions()[name], **inputs, **nulls)


async def test_nulls_answer_as_leaving_out_does(world: Any) -> None:
    person = await world.account(write_mail(), write_mail("Other"))
    nulls = dict.fromkeys(p.name for p in optional("ListEmails"))
    assert await person.use(list_emails, **nulls) == await person.use(list_emails)
    found = await person.use(list_emails_by_header, subject=["Other"], date_range="None")
    assert len(found["emails"]) == 1
