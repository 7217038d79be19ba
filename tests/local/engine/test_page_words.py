"""What pages say is for people: every scope in words, and words for every way a flow can end."""

from __future__ import annotations

import pytest

from arcade_gmail_local.engine.authorization import confirmation
from arcade_gmail_local.engine.pages.permissions import in_words
from arcade_gmail_local.engine.pages.templating import REASONS, text_of
from arcade_gmail_multiuser.gmail import scopes


@pytest.mark.parametrize("name", scopes.__all__)
def test_a_scope_that_a_tool_may_ask_for_is_put_into_words(name: str) -> None:
    (words,) = in_words([getattr(scopes, name)])
    assert "googleapis" not in words
    assert "google.com" not in words


def test_the_same_words_are_not_said_twice_and_an_unknown_scope_is_named() -> None:
    found = in_words(["openid", scopes.USERINFO_EMAIL, "https://example.com/new"])
    assert len(found) == 2
    assert found[1].endswith("https://example.com/new")


def test_the_order_of_permissions_does_not_depend_on_the_order_of_scopes() -> None:
    one = in_words([scopes.GMAIL_SEND, scopes.GMAIL_READONLY])
    assert one == in_words([scopes.GMAIL_READONLY, scopes.GMAIL_SEND])


@pytest.mark.parametrize("reason", sorted(confirmation._REASONS))
def test_every_way_in_which_a_confirmation_fails_has_words_of_its_own(reason: str) -> None:
    assert reason in REASONS


@pytest.mark.parametrize("reason", [*sorted(REASONS), None, "something_new"])
def test_an_end_says_what_happened_and_what_to_do(reason: str | None) -> None:
    text = text_of(reason)
    assert text.title
    assert text.title[-1] not in ".!"
    assert text.happened.endswith(".")
    assert text.then.endswith(".")
