from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.security.tokens.record import (
    DEFAULT_LIFETIME_S,
    HiddenText,
    TokenKey,
    first_generation,
    lifetime_of,
)


@pytest.mark.parametrize(
    ("given_value", "seconds"),
    [
        (3599, 3599.0),
        ("3599", 3599.0),
        ("3599.5", 3599.5),
        (None, DEFAULT_LIFETIME_S),
        ("soon", DEFAULT_LIFETIME_S),
        ({}, DEFAULT_LIFETIME_S),
        (True, DEFAULT_LIFETIME_S),
        (math.nan, DEFAULT_LIFETIME_S),
        ("inf", DEFAULT_LIFETIME_S),
        ("1e999", DEFAULT_LIFETIME_S),
        (10**400, DEFAULT_LIFETIME_S),
        (-5, 0.0),
        (0, 0.0),
        (10**9, 86_400.0),
    ],
)
def test_037_any_expires_in_becomes_a_safe_lifetime(given_value: object, seconds: float) -> None:
    assert lifetime_of(given_value) == seconds


@pytest.mark.parametrize("user_id", ["", "a\0b", "\ud800", "x" * 513, None, 7])
def test_a_user_id_that_no_store_can_keep_is_refused(user_id: object) -> None:
    with pytest.raises(InvalidInput):
        TokenKey("p1", user_id, "google")  # type: ignore[arg-type]


@given(st.text(min_size=1, max_size=40).filter(lambda text: "\0" not in text))
def test_018_a_key_keeps_an_id_as_it_is(user_id: str) -> None:
    try:
        key = TokenKey("p1", user_id, "google")
    except InvalidInput:
        assert any("\ud800" <= sign <= "\udfff" for sign in user_id)
    else:
        assert key.user_id == user_id


def test_046_a_key_does_not_show_whose_it_is() -> None:
    assert "ann@example.com" not in repr(TokenKey("p1", "ann@example.com", "google"))


def test_046_a_hidden_text_is_itself_but_its_repr_is_a_mask() -> None:
    token = HiddenText("canary")
    assert "canary" not in repr({"token": token})
    assert (f"Bearer {token}", json.dumps(token)) == ("Bearer canary", '"canary"')


def test_generations_begin_where_no_earlier_connection_ended() -> None:
    drawn = {first_generation() for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(0 < one < 2**53 for one in drawn)
