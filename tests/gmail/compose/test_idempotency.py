from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.gmail.addresses import Address
from arcade_gmail_multiuser.gmail.compose.idempotency import HEADER, Mark
from arcade_gmail_multiuser.gmail.compose.mime import OutgoingMessage

MESSAGE = OutgoingMessage(to=(Address("", "bob@example.com"),), subject="Lunch?", body="Noon?")
NAMES = st.text(max_size=8)


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_two_users_or_keys_never_share_a_mark(one: tuple[str, str], two: tuple[str, str]) -> None:
    same = Mark.of(*one, MESSAGE).key == Mark.of(*two, MESSAGE).key
    assert same is (one == two)


@pytest.mark.parametrize(("one", "two"), [(("a", "bc"), ("ab", "c")), (("", "ab"), ("ab", ""))])
def test_where_the_user_ends_and_the_key_begins_counts(
    one: tuple[str, str], two: tuple[str, str]
) -> None:
    assert Mark.of(*one, MESSAGE).key != Mark.of(*two, MESSAGE).key


def test_who_receives_a_message_cannot_test_guesses_about_its_content() -> None:
    assert Mark.of("a", "k1", MESSAGE).content != Mark.of("a", "k2", MESSAGE).content


def test_a_mark_is_read_back_as_it_was_put_on() -> None:
    mark = Mark.of("alice", "key", MESSAGE)
    value = mark.put_on(MESSAGE).headers[HEADER]
    resource = {"payload": {"headers": [{"name": HEADER.lower(), "value": f" {value} "}]}}
    assert Mark.read(resource) == mark
    assert Mark.read({"payload": {"headers": [{"name": "Subject", "value": value}]}}) is None
