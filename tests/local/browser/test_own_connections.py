"""The page of connections in a real browser: look, disconnect, close."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest
from arcadepy import AsyncArcade
from chromium import Person, tab_to

pytestmark = pytest.mark.asyncio(loop_scope="module")

NewPerson = Callable[..., Awaitable[Person]]
TOOLS = ("GmailMultiuser.ListEmails", "GmailMultiuser.SendEmail", "GmailMultiuser.CreateLabel")


async def connect(person: Person, arcade: AsyncArcade, user_id: str, account: str) -> None:
    for tool in TOOLS:
        started = await arcade.tools.authorize(tool_name=tool, user_id=user_id)
        if started.status == "completed":
            continue
        await person.page.goto(started.url or "")
        if await person.title() == "Choose an account":
            await person.press(re.compile(account))
        await person.press("Continue")
        await person.press("Yes, this is me: connect")
    await arcade.tools.execute(tool_name=TOOLS[0], input={"n_emails": 1}, user_id=user_id)


async def open_connections(person: Person, arcade: AsyncArcade, user_id: str) -> str:
    """Ask for a link as the application's server does, and follow it."""
    asked = await arcade.post(
        "/v1/connections_page", cast_to=dict[str, str], body={"user_id": user_id}
    )
    await person.page.goto(asked["url"])
    assert await person.title() == "Your connections"
    return str(asked["url"])


async def test_a_person_looks_disconnects_with_the_keyboard_and_locks_it(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    page = person.page
    await connect(person, arcade, "looker", "user1@")
    await open_connections(person, arcade, "looker")
    assert "link=" not in page.url
    section = page.get_by_role("region", name="user1@example.com")
    for words in ("Read your mail", "Send mail in your name", "Connected since", "Last used"):
        assert words in await section.inner_text()
    assert "Not yet" not in await section.inner_text()
    await person.look("20-connections")
    await tab_to(page, "Disconnect user1@example.com")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert await person.title() == "Disconnect this account?"
    await person.look("21-disconnect")
    await tab_to(page, "Yes, disconnect")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert "Disconnected." in await page.get_by_role("status").inner_text()
    await person.look("22-disconnected")
    await page.reload()
    assert await person.title() == "Your connections"
    again = await arcade.tools.authorize(tool_name=TOOLS[0], user_id="looker")
    assert again.status == "pending"
    await person.press("I am done: lock this page")
    assert await person.title() == "This page is locked"
    await person.look("23-locked")
    await page.go_back()
    assert await person.title() == "Please open this page again"


async def test_keeping_it_keeps_it(new_person: NewPerson, arcade: AsyncArcade) -> None:
    person = await new_person()
    await connect(person, arcade, "keeper", "user2@")
    await open_connections(person, arcade, "keeper")
    await person.press(re.compile("Disconnect user2@"), role="link")
    await person.press("No, keep it", role="link")
    assert "user2@example.com" in await person.page.inner_text("main")


async def test_a_link_is_of_no_use_to_another_browser_once_it_was_followed(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person, stranger = await new_person(), await new_person()
    url = await open_connections(person, arcade, "somebody")
    await stranger.page.goto(url)
    assert await stranger.title() == "Please open this page again"
    await stranger.look("24-used-link")
    await person.page.goto(url)
    assert await person.title() == "Your connections"


async def test_two_people_see_only_their_own(new_person: NewPerson, arcade: AsyncArcade) -> None:
    one, other = await new_person(), await new_person()
    await connect(one, arcade, "one", "user3@")
    await connect(other, arcade, "other", "user4@")
    await open_connections(one, arcade, "one")
    await open_connections(other, arcade, "other")
    assert "user4@" not in await one.page.inner_text("body")
    assert "user3@" not in await other.page.inner_text("body")
