"""The accounts that may sign in."""

from __future__ import annotations

import pytest

from arcade_gmail_local.sandbox.errors import InvalidInput
from arcade_gmail_local.sandbox.oauth.people import People, seeded_people


@pytest.mark.parametrize("email", ["", "@", "carol", "carol@", "@example.com", "a b@example.com"])
def test_what_is_no_address_gets_no_account(email: str) -> None:
    with pytest.raises(InvalidInput):
        People().add(email)


def test_alice_and_bob_are_there_from_the_start() -> None:
    assert [person.email for person in seeded_people()] == ["alice@example.com", "bob@example.com"]


def test_a_sub_has_21_digits_and_lasts() -> None:
    subs = {person.sub for person in seeded_people()} | {person.sub for person in seeded_people()}
    assert len(subs) == 2
    assert all(len(sub) == 21 and sub.isdecimal() for sub in subs)


def test_adding_an_account_twice_gives_the_same_one() -> None:
    people = seeded_people()
    carol = people.add("Carol.Jones@Example.com")
    assert people.add("carol.jones@example.com", "Somebody Else") is carol
    assert (carol.name, carol.given_name, carol.family_name) == ("Carol Jones", "Carol", "Jones")
    assert len(people) == 3


def test_an_account_is_found_by_address_or_by_sub() -> None:
    people = seeded_people()
    bob = people.get(" BOB@example.com ")
    assert bob is not None
    assert people.get(bob.sub) is bob
    assert people.get("1" * 21) is None
    assert people.get("") is None


def test_a_name_in_japanese_is_kept() -> None:
    person = People().add("hana@example.com", "佐藤 花")
    assert (person.name, person.family_name) == ("佐藤 花", "花")
