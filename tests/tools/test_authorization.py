"""Tokens: none, expired, too narrow, and one person's beside another's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from calls import context, declared_scopes, failure
from mail import write_mail
from tool_rows import ROWS, Stage, functions

from arcade_gmail_multiuser.gmail.api.requests import accepted_scopes, described_methods
from arcade_gmail_multiuser.gmail.scopes import (
    GMAIL_METADATA,
    USERINFO_EMAIL,
    USERINFO_PROFILE,
)
from arcade_gmail_multiuser.tools import account, read
from arcade_gmail_multiuser.tools.search import tools as search

TOOLS = functions()
ASKING = [name for name, row in ROWS.items() if not row.silent]
PERSON = {USERINFO_EMAIL, USERINFO_PROFILE}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GMAIL_MULTIUSER_CONFIRMATION_KEY", "k" * 32)


@pytest.fixture
def staged(world: Any) -> Callable[..., Any]:
    """Give a person with a mailbox in which one tool can be called, and the inputs for that."""

    async def stage(name: str) -> tuple[Any, dict[str, Any]]:
        person = await world.account(name="Pat Example")
        inputs = await ROWS[name].inputs(Stage(person))
        await world.forget_requests()
        return person, inputs

    return stage


@pytest.mark.parametrize("token", [None, "", "   "])
@pytest.mark.parametrize("name", ROWS)
async def test_a_call_without_a_token_is_refused_before_any_request(
    world: Any, staged: Any, name: str, token: str | None
) -> None:
    person, inputs = await staged(name)
    failed = await failure(TOOLS[name], context(token, person.user_id), **inputs)
    assert failed.code == "missing_token"
    assert failed.error.status_code == 401
    assert await world.requests() == []


@pytest.mark.parametrize("name", ASKING)
async def test_an_expired_token_is_an_authorization_error_for_the_engine(
    staged: Any, name: str
) -> None:
    person, inputs = await staged(name)
    token = await person.token(declared_scopes(TOOLS[name]), expires_in=0)
    failed = await failure(TOOLS[name], context(token, person.user_id), **inputs)
    assert failed.code == "token_rejected"
    assert failed.error.status_code == 401
    assert not failed.error.can_retry


@pytest.mark.parametrize("name", ROWS)
async def test_declared_scopes_suffice_for_every_method_a_tool_calls(
    world: Any, staged: Any, name: str
) -> None:
    """Google, not we, says which scopes let a method be called: the discovery document does."""
    person, inputs = await staged(name)
    declared = set(declared_scopes(TOOLS[name]))
    await person.use(TOOLS[name], **inputs)
    called = set(await world.methods())
    assert bool(called) is not ROWS[name].silent
    for method in called:
        assert declared & accepted_scopes(method), method
    assert all(request["status"] != 403 for request in await world.requests())


MISSING = [
    (name, scope)
    for name in ASKING
    for scope in sorted(ROWS[name].scopes)
    if scope not in ROWS[name].spare
]


@pytest.mark.parametrize(
    ("name", "without"), MISSING, ids=[f"{n}-{s.rpartition('/')[2]}" for n, s in MISSING]
)
async def test_without_any_of_its_scopes_a_tool_is_told_which_would_do(
    staged: Any, name: str, without: str
) -> None:
    person, inputs = await staged(name)
    token = await person.token({*ROWS[name].scopes, USERINFO_EMAIL} - {without})
    failed = await failure(TOOLS[name], context(token, person.user_id), **inputs)
    assert failed.code == "missing_scope"
    assert failed.error.status_code == 403
    assert without in (failed.error.extra or {})["accepted_scopes"]


SPARE = [(name, scope) for name, row in ROWS.items() for scope in sorted(row.spare)]


@pytest.mark.parametrize(
    ("name", "without"), SPARE, ids=[f"{n}-{s.rpartition('/')[2]}" for n, s in SPARE]
)
async def test_a_scope_that_is_said_to_be_spare_really_is(
    staged: Any, name: str, without: str
) -> None:
    """Otherwise the table would excuse a tool from the claim above."""
    person, inputs = await staged(name)
    declared = ROWS[name].scopes
    await person.use_with(declared - {without}, TOOLS[name], **inputs)
    assert ROWS[name].spare[without]


@pytest.mark.parametrize("name", ASKING)
async def test_no_narrower_single_scope_would_do(world: Any, staged: Any, name: str) -> None:
    """Narrower: it opens some of the methods that the declared scopes open, and no others.

    Left out: the scopes of Workspace add-ons, which no other application is granted, and
    gmail.metadata, because a token that also holds it can neither search nor read in full.
    """
    person, inputs = await staged(name)
    await person.use(TOOLS[name], **inputs)
    called = set(await world.methods())
    declared = set(declared_scopes(TOOLS[name])) - PERSON
    opened = set().union(*(opens(scope) for scope in declared))
    narrower = {
        scope
        for scope in every_scope() - declared - {GMAIL_METADATA}
        if opens(scope) < opened and "gmail.addons" not in scope
    }
    for scope in narrower:
        assert any(scope not in accepted_scopes(method) for method in called), scope
    for scope in declared - set(ROWS[name].spare):
        others = declared - {scope}
        assert any(not others & accepted_scopes(method) for method in called), scope


def every_scope() -> set[str]:
    return set().union(*(accepted_scopes(method) for method in described_methods()))


def opens(scope: str) -> set[str]:
    return {method for method in described_methods() if scope in accepted_scopes(method)}


async def test_a_metadata_scope_beside_the_right_one_breaks_nothing_silently(
    world: Any,
) -> None:
    """Google refuses `q` to a token that also holds gmail.metadata; that has to be said."""
    person = await world.account(write_mail())
    token = await person.token([*declared_scopes(search.search_emails_by_query), GMAIL_METADATA])
    failed = await failure(
        search.search_emails_by_query, context(token, person.user_id), query="subject:hello"
    )
    assert failed.error.status_code == 403


async def test_many_people_at_once_see_only_their_own(world: Any) -> None:
    people = [await world.account() for _ in range(12)]
    for person in people:
        await person.receive(
            *(write_mail(f"For {person.email}", f"{person.email}\n") for _ in range(6))
        )

    async def look(person: Any) -> None:
        listed, found, who = await asyncio.gather(
            person.use(search.list_emails, include_body=True),
            person.use(search.search_emails_by_query, query="for"),
            person.use(account.who_am_i),
        )
        assert who["email"] == person.email
        assert {email["id"] for email in listed["emails"]} == set(person.ids)
        for email in (*listed["emails"], *found["emails"]):
            assert email["subject"] == f"For {person.email}"

    await asyncio.gather(*(look(person) for person in people))
    requests = await world.requests()
    by_token: dict[str, set[str]] = {}
    for request in requests:
        by_token.setdefault(request["token"], set()).add(request["user"])
    assert all(len(users) == 1 for users in by_token.values())


async def test_an_id_of_another_person_is_not_found(world: Any) -> None:
    alice, bob = await world.account(write_mail("Private")), await world.account()
    failed = await bob.fails(read.get_email, email_id=alice.ids[0])
    assert failed.code == "not_found"


@pytest.mark.parametrize("trouble", [{"status": 500}, {"status": 400}, {"drop": "after"}])
@pytest.mark.parametrize(
    "name", ["GetEmail", "SendEmail", "MultiUserGmailSend", "WhoAmI", "GetAttachment"]
)
async def test_neither_token_nor_mail_nor_search_is_in_a_log_or_an_error(
    world: Any,
    caplog: pytest.LogCaptureFixture,
    name: str,
    trouble: dict[str, Any],
) -> None:
    caplog.set_level(logging.DEBUG)
    person = await world.account()
    given = await ROWS[name].inputs(Stage(person))
    token = await person.token_for(TOOLS[name])
    await world.control("faults", {"match": {}, "action": trouble, "times": None})
    if "body" in given:
        given |= {"subject": "canary-subject", "body": "canary-body"}
    failed = await failure(TOOLS[name], context(token, person.user_id), **given)
    told = failed.error.model_dump_json() + caplog.text
    for secret in (token, "canary-subject", "canary-body"):
        assert secret not in told


async def test_a_search_text_is_in_no_error(world: Any) -> None:
    person = await world.account()
    await world.fault(
        "users.messages.list",
        status=400,
        times=None,
        body={
            "error": {
                "code": 400,
                "message": "Invalid query: canary-search",
                "errors": [{"reason": "invalidArgument"}],
                "status": "INVALID_ARGUMENT",
            }
        },
    )
    failed = await person.fails(search.search_emails_by_query, query="canary-search")
    assert "canary-search" not in failed.error.model_dump_json()
