"""Every end that a page can tell of, also those that are hard to reach, is readable for all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from chromium import PHONE, Person, no_horizontal_scroll, passes_axe

from arcade_gmail_local.engine.pages.permissions import in_words
from arcade_gmail_local.engine.pages.templating import REASONS, end_page, page, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

NewPerson = Callable[..., Awaitable[Person]]


@pytest.mark.parametrize("reason", [*sorted(REASONS), None])
async def test_an_end_is_told_accessibly_with_what_to_do_next(
    new_person: NewPerson, reason: str | None
) -> None:
    person = await new_person(color_scheme="dark" if reason and len(reason) % 2 else "light")
    await person.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await person.page.set_content(bytes(end_page(reason).body).decode())
    text = text_of(reason)
    assert await person.title() == text.title
    assert text.happened in await person.page.inner_text("main")
    assert text.then in await person.page.inner_text("main")
    await passes_axe(person.page)
    await no_horizontal_scroll(person.page)


async def test_a_word_without_spaces_does_not_widen_the_page(new_person: NewPerson) -> None:
    person = await new_person()
    long = in_words(["https://example.com/auth/" + "x" * 400])[0]
    shown = page(
        "confirm.html",
        "Connect Gmail?",
        user_id="y" * 500,
        permissions=[long],
        action="/",
        flow_id="f",
        csrf="c",
    )
    await person.page.set_content(bytes(shown.body).decode())
    await no_horizontal_scroll(person.page)
    await passes_axe(person.page)
