"""Connecting Gmail in a real browser, over the pages of the sandbox and of the engine."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from arcadepy import AsyncArcade
from chromium import Person, tab_to
from playwright.async_api import BrowserContext

pytestmark = pytest.mark.asyncio(loop_scope="module")

NewPerson = Callable[..., Awaitable[Person]]
NUMBERS = itertools.count()
SEND = "GmailMultiuser.SendEmail"
READ = "GmailMultiuser.ListEmails"


async def link_for(arcade: AsyncArcade, user_id: str, tool: str = READ, **more: Any) -> str:
    started = await arcade.tools.authorize(tool_name=tool, user_id=user_id, **more)
    assert started.url is not None
    return started.url


def a_user() -> str:
    """Give a user whom no other test has connected."""
    return f"user-{next(NUMBERS)}"


async def consent(person: Person, url: str, account: str = "Alice") -> None:
    await person.page.goto(url)
    await person.choose_account(account)
    await person.press("Continue")


async def connect(person: Person, url: str, account: str = "Alice") -> None:
    await consent(person, url, account)
    await person.press("Yes, this is me: connect")
    assert await person.title() == "Gmail is connected"


async def test_two_people_connect_at_once_and_each_gets_the_own_account(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    people = {"Alice": await new_person(), "Bob": await new_person()}
    users = {name: a_user() for name in people}
    links = {name: await link_for(arcade, users[name], tool=READ) for name in people}
    await asyncio.gather(*(connect(people[name], links[name], name) for name in people))
    for name, user in users.items():
        found = await arcade.tools.execute(
            tool_name="GmailMultiuser.ListEmails", input={"n_emails": 1}, user_id=user
        )
        assert found.success, name
        connections = arcade.admin.user_connections.list(user={"id": user})
        mine = [one.provider_user_info async for one in connections]
        assert [info["email"] for info in mine if info] == [f"{name.lower()}@example.com"]  # type: ignore[index,misc]


async def test_every_page_on_the_way_is_accessible_and_fits_a_phone(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    await person.page.goto(await link_for(arcade, "alice@example.com", tool=SEND))
    await person.look("1-choose-account")
    await person.choose_account("Alice")
    await person.look("2-consent")
    await person.press("Continue")
    assert await person.title() == "Connect Gmail?"
    text = await person.page.inner_text("main")
    assert "signed in as alice@example.com" in text
    assert "Send mail in your name" in text
    await person.look("3-confirm")
    await person.press("Yes, this is me: connect")
    assert await person.title() == "Gmail is connected"
    await person.look("4-connected")


async def test_the_keyboard_alone_is_enough_and_no_script_is_needed(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    page = person.page
    await page.goto(await link_for(arcade, a_user(), tool=SEND))
    for words in ("Alice", "Continue", "Yes, this is me"):
        await tab_to(page, words)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
    assert await person.title() == "Gmail is connected"
    scriptless = await new_person(java_script_enabled=False)
    await connect(scriptless, await link_for(arcade, a_user()))


async def test_a_box_unticked_with_the_space_bar_connects_in_part(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    page = person.page
    link = await link_for(arcade, a_user(), tool="GmailMultiuser.MultiUserGmailSend")
    await page.goto(link)
    await person.choose_account("Bob")
    await tab_to(page, "Send email on your behalf")
    await page.keyboard.press("Space")
    await person.press("Continue")
    await person.press("Yes, this is me: connect")
    assert await person.title() == "Gmail is partly connected"
    await person.look("5-in-part")


async def test_back_and_reload_after_success_still_say_success(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    addresses: list[str] = []
    person.page.on("response", lambda reply: addresses.append(reply.url))
    await connect(person, await link_for(arcade, a_user()))
    await person.page.reload()
    assert await person.title() == "Gmail is connected"
    await person.page.go_back()
    assert await person.title() == "Gmail is connected"
    callback = next(url for url in addresses if "/v1/oauth/callback" in url)
    reply = await person.page.goto(callback)
    assert reply is not None
    assert reply.status == 400  # nothing was done again …
    assert await person.title() == "Gmail is connected"  # … and nothing is lost


async def test_a_reload_of_the_callback_leads_on_to_the_last_step(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    addresses: list[str] = []
    person.page.on("response", lambda reply: addresses.append(reply.url))
    await consent(person, await link_for(arcade, a_user()))
    await person.page.goto(next(url for url in addresses if "/v1/oauth/callback" in url))
    assert await person.title() == "This page was open before"
    await person.look("6-reloaded")
    await person.press("Continue to the last step", role="link")
    await person.press("Yes, this is me: connect")
    assert await person.title() == "Gmail is connected"


async def test_two_tabs_of_one_browser_do_not_disturb_each_other(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    one, two = a_user(), a_user()
    first = person.page
    await consent(person, await link_for(arcade, one))
    person.page = await person.context.new_page()
    await connect(person, await link_for(arcade, two))
    person.page = first
    await person.press("Yes, this is me: connect")
    assert await person.title() == "Gmail is connected"


async def test_the_same_link_in_a_second_tab_is_finished_once(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    link = await link_for(arcade, a_user())
    first = person.page
    await first.goto(link)
    second = await person.context.new_page()
    person.page = second
    await connect(person, link)
    person.page = first
    await person.choose_account("Alice")
    await person.press("Continue")
    assert await person.title() == "Gmail is connected"


async def test_a_link_preview_takes_nothing_from_the_person(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    link = await link_for(arcade, a_user())
    for _ in range(25):
        assert (await person.context.request.head(link)).status == 200
    await connect(person, link)


async def no_thanks(person: Person) -> None:
    await person.choose_account("Alice")
    await person.press("Cancel")


async def changed_mind(person: Person) -> None:
    await person.choose_account("Alice")
    await person.press("Continue")
    await person.press("Cancel")


@pytest.mark.parametrize("way", [no_thanks, changed_mind])
async def test_saying_no_connects_nothing_and_says_so(
    new_person: NewPerson, arcade: AsyncArcade, way: Callable[[Person], Awaitable[None]]
) -> None:
    person = await new_person()
    user = a_user()
    started = await arcade.tools.authorize(tool_name=READ, user_id=user)
    await person.page.goto(started.url or "")
    await way(person)
    assert await person.title() == "Nothing was connected"
    await person.look(f"7-{way.__name__}")
    found = await arcade.auth.status(id=started.id or "")
    assert found.status == "failed"
    await person.page.goto(started.url or "")
    assert await person.title() == "Nothing was connected"


async def test_another_browser_is_told_to_stay_in_one(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    alice, stranger = await new_person(), await new_person()
    await consent(alice, await link_for(arcade, a_user()))
    await stranger.page.goto(alice.page.url)
    assert await stranger.title() == "Please use one browser from start to end"
    await stranger.look("8-other-browser")
    await alice.press("Yes, this is me: connect")
    assert await alice.title() == "Gmail is connected"


async def test_another_account_is_refused_and_the_first_one_stays(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    user = a_user()
    await connect(person, await link_for(arcade, user), "user3@")
    # The hint of the account that is connected is only a hint: the person may choose another.
    url = await link_for(arcade, user, tool=SEND)
    reply = await person.context.request.get(url, max_redirects=0)
    asked = re.sub(r"&login_hint=[^&]*", "", reply.headers["location"])
    await person.page.goto(asked)
    await person.choose_account("Bob")
    await person.press("Continue")
    await person.press("Yes, this is me: connect")
    assert await person.title() == "Another Google account is connected"
    await person.look("9-other-account")
    connections = arcade.admin.user_connections.list(user={"id": user})
    assert [one.provider_user_info["email"] async for one in connections] == [  # type: ignore[index]
        "user3@example.com"
    ]


async def test_a_link_that_is_not_one_or_was_used_says_what_to_do(
    new_person: NewPerson, arcade: AsyncArcade, running: dict[str, str]
) -> None:
    person = await new_person()
    await person.page.goto(f"{running['engine']}/v1/oauth/start?flow_id=fl_nothing")
    assert await person.title() == "This link does not work"
    await person.look("10-no-link")
    link = await link_for(arcade, a_user())
    await connect(person, link)
    await person.page.goto(link)
    assert await person.title() == "Gmail is connected"
    await person.page.goto(f"{running['sandbox']}/o/oauth2/v2/auth?client_id=nobody")
    assert (await person.title()).startswith("Access blocked")
    await person.look("11-blocked")


INJECTED = """() => new Promise(done => {
  document.addEventListener('securitypolicyviolation', e => done(e.effectiveDirective));
  const it = document.createElement('script');
  it.textContent = 'window.taken = 1';
  document.head.append(it);
  setTimeout(() => done('nothing stopped it'), 3000);
})"""


async def test_a_script_that_gets_onto_a_page_is_stopped_by_the_browser(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()

    async def hold() -> None:
        assert await person.page.evaluate(INJECTED) == "script-src-elem"
        assert await person.page.evaluate("() => window.taken") is None
        assert any("Content Security Policy" in one for one in person.complaints)
        person.complaints.clear()

    await person.page.goto(await link_for(arcade, a_user()))
    await hold()
    await person.choose_account("Alice")
    await person.press("Continue")
    await hold()
    await person.press("Yes, this is me: connect")
    await hold()


async def test_no_cookie_is_left_that_a_script_could_read(
    new_person: NewPerson, arcade: AsyncArcade
) -> None:
    person = await new_person()
    await connect(person, await link_for(arcade, a_user()))
    assert await person.page.evaluate("() => document.cookie") == ""
    context: BrowserContext = person.context
    assert all(one["httpOnly"] for one in await context.cookies())
