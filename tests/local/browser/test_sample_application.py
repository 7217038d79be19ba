"""The sample application from end to end: sign in, connect, ask, see the answer, disconnect."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from chromium import Person, tab_to
from processes import clean_environment

pytestmark = pytest.mark.asyncio(loop_scope="module")

NewPerson = Callable[..., Awaitable[Person]]
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def app(executable: Path) -> Iterator[str]:
    """Start it with the one command that its page names; give its address."""
    command = [sys.executable, "-m", "examples.fastapi_app", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield re.findall(r"http://[\d.:]+", process.stdout.readline())[0]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0


async def sign_in(person: Person, app: str, user_id: str) -> None:
    await person.page.goto(app)
    assert await person.title() == "Sign in"
    await person.page.get_by_label("Your name here").fill(user_id)
    await person.press("Sign in")


async def agree(person: Person, account: str) -> None:
    await person.press(re.compile(account))
    await person.press("Continue")


async def connect(person: Person, account: str) -> None:
    await person.press("Connect Gmail", role="link")
    await agree(person, account)
    assert await person.title() == "Ask your mailbox"
    assert "Gmail is connected" in await person.page.inner_text("main")


async def ask(person: Person, prompt: str) -> str:
    """Ask, and give what the agent said last."""
    await person.page.get_by_label("What would you like").fill(prompt)
    await person.press("Ask")
    return (await person.page.locator("ol li").all_inner_texts())[-1]


async def test_two_people_at_once_connect_ask_send_and_see_only_their_own(
    new_person: NewPerson, app: str
) -> None:
    alice, bob = await new_person(), await new_person()

    async def settle(person: Person, user_id: str, account: str) -> str:
        await sign_in(person, app, user_id)
        await connect(person, account)
        assert user_id in await ask(person, "Who am I?")
        return await ask(person, "Show my latest 3 mails")

    mine, theirs = await asyncio.gather(
        settle(alice, "alice@example.com", "Alice"), settle(bob, "bob@example.com", "Bob")
    )
    assert mine.count("•") == theirs.count("•") == 3
    assert mine != theirs
    wished = await ask(alice, "Send bob@example.com: Lunch 4711? / At noon, the usual place.")
    assert "wants to send a mail" in wished
    assert "Lunch 4711?" in await alice.page.get_by_role("status").inner_text()
    assert "No mail was found" in await ask(bob, "Search for 4711")
    await alice.press("Yes, do it")
    assert "the mail was sent" in await alice.page.locator("ol li").last.inner_text()
    assert "Lunch 4711?" in await ask(bob, "Search for 4711")
    assert "bob@example.com" not in (await alice.page.inner_text("header"))


async def test_every_page_of_it_is_accessible_and_fits_a_phone(
    new_person: NewPerson, app: str
) -> None:
    person = await new_person()
    await person.page.goto(app)
    await person.look("30-sign-in")
    await sign_in(person, app, "carol")
    await person.look("31-not-connected")
    await connect(person, "Alice")
    await person.look("32-connected")
    await ask(person, "Search for invoice")
    await person.look("33-answer")
    await ask(person, "Send bob@example.com: Tea? / At four.")
    await person.look("34-question")
    await person.press("No, don't")
    assert "does not want" in await person.page.locator("ol li").last.inner_text()
    await person.press("See what is connected", role="link")
    assert await person.title() == "Your connections"
    assert "alice@example.com" in await person.page.inner_text("main")
    await person.page.goto(f"{app}/disconnect")
    await person.look("35-disconnect")
    await person.press("Yes, disconnect")
    assert await person.page.get_by_role("link", name="Connect Gmail").count() == 1
    assert await person.page.locator("ol li").count() == 0
    await person.page.goto(f"{app}/gmail/verify?flow_id=fl_nothing")
    await person.look("36-no-flow")
    await person.page.goto(f"{app}/gmail/verify/done")
    await person.look("37-done")


async def test_the_keyboard_alone_gets_from_sign_in_to_an_answer(
    new_person: NewPerson, app: str
) -> None:
    person = await new_person(java_script_enabled=True)
    page = person.page

    async def enter() -> None:
        async with page.expect_navigation():
            await page.keyboard.press("Enter")

    await page.goto(app)
    await tab_to(page, "Your name here")
    await page.keyboard.type("dora")
    await enter()
    for words in ("Connect Gmail", "Bob", "Continue"):
        await tab_to(page, words)
        await enter()
    await tab_to(page, "What would you like")
    await page.keyboard.type("Which labels do I have?")
    await tab_to(page, "Ask")
    await enter()
    assert "Your labels" in await page.locator("ol li").last.inner_text()


async def test_a_link_that_another_user_opens_connects_nobody(
    new_person: NewPerson, app: str
) -> None:
    mallory, victim = await new_person(), await new_person()
    await sign_in(mallory, app, "mallory")
    link = await mallory.page.get_by_role("link", name="Connect Gmail").get_attribute("href")
    await sign_in(victim, app, "victim")
    await victim.page.goto(link or "")
    await agree(victim, "Alice")
    assert await victim.title() == "This is not your connection"
    await victim.look("38-not-yours")
    await mallory.page.goto(app)
    assert await mallory.page.get_by_role("link", name="Connect Gmail").count() == 1


async def test_who_was_signed_out_on_the_way_signs_in_and_arrives(
    new_person: NewPerson, app: str
) -> None:
    person = await new_person()
    await sign_in(person, app, "erin")
    await person.press("Connect Gmail", role="link")
    await person.context.clear_cookies(name="sample_session")
    await agree(person, "Bob")
    assert await person.title() == "Sign in"
    await person.page.get_by_label("Your name here").fill("erin")
    await person.press("Sign in")
    assert await person.title() == "Ask your mailbox"
    assert "Gmail is connected" in await person.page.inner_text("main")


async def test_asking_before_connecting_leads_through_it_and_goes_on(
    new_person: NewPerson, app: str
) -> None:
    person = await new_person()
    await sign_in(person, app, "frank")
    await ask(person, "Who am I?")
    assert "cannot go on without your permission" in await person.page.inner_text("main")
    await person.look("39-permission-first")
    await person.press("Connect Gmail", role="link")
    await agree(person, "Bob")
    await person.look("40-go-on")
    await person.press("Go on")
    assert "bob@example.com" in await person.page.locator("ol li").last.inner_text()


async def test_a_form_of_another_site_does_nothing(new_person: NewPerson, app: str) -> None:
    person = await new_person()
    await sign_in(person, app, "grace")
    for path in ("ask", "decide", "disconnect", "go-on", "sign-out"):
        data = {"prompt": "Who am I?", "decision": "yes", "csrf": "forged"}
        reply = await person.context.request.post(f"{app}/{path}", form=data, max_redirects=0)
        assert reply.status == 403
    for address in ("//evil.example", "/\\evil.example", "https://evil.example"):
        await person.context.clear_cookies()
        await person.page.goto(f"{app}/sign-in?next={address}")
        await person.page.get_by_label("Your name here").fill("grace")
        await person.press("Sign in")
        assert person.page.url.startswith(f"{app}/")
