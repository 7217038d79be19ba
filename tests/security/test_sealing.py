"""A sealed value opens for the one it was sealed for, and for nobody else."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import ConfigurationError, StorageError
from arcade_gmail_multiuser.security.keys import new_key
from arcade_gmail_multiuser.security.sealing import Keyring

ALICE = ("default", "alice", "google", "access_token", "1")
RING = Keyring(new_key())


def test_s42_flipping_any_bit_or_cutting_anywhere_gives_one_generic_error() -> None:
    sealed = RING.seal(b"ya29.canary", bound_to=ALICE)
    broken = [sealed[:i] + bytes((sealed[i] ^ 1,)) + sealed[i + 1 :] for i in range(len(sealed))]
    broken += [sealed[:i] for i in range(len(sealed))] + [sealed + b"\0"]
    said = set()
    for one in broken:
        with pytest.raises(StorageError) as caught:
            RING.open(one, bound_to=ALICE)
        said.add((caught.value.message, caught.value.developer_message, caught.value.__cause__))
    assert said == {("A stored secret cannot be read.", None, None)}


def test_s42_an_unknown_key_gives_the_same_generic_error() -> None:
    stranger = Keyring(new_key())
    with pytest.raises(StorageError, match=r"^A stored secret cannot be read\.$"):
        stranger.open(RING.seal(b"x", bound_to=ALICE), bound_to=ALICE)


@pytest.mark.parametrize("changed", range(5))
def test_s41_a_value_moved_to_another_user_or_column_does_not_open(changed: int) -> None:
    other = tuple(f + "x" if i == changed else f for i, f in enumerate(ALICE))
    with pytest.raises(StorageError):
        RING.open(RING.seal(b"x", bound_to=ALICE), bound_to=other)


@given(st.lists(st.text(), max_size=4).map(tuple), st.lists(st.text(), max_size=4).map(tuple))
def test_s18_no_two_different_bindings_are_the_same(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    sealed = RING.seal(b"x", bound_to=one)
    if one == other:
        assert RING.open(sealed, bound_to=other) == b"x"
    else:
        with pytest.raises(StorageError):
            RING.open(sealed, bound_to=other)


@pytest.mark.parametrize(
    "pair",
    [(("ab", "c"), ("a", "bc")), (("a",), ("a", "")), (("é",), ("e\u0301",)), (("A",), ("a",))],
)
def test_s18_delimiter_case_and_unicode_variants_are_distinct(
    pair: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    with pytest.raises(StorageError):
        RING.open(RING.seal(b"x", bound_to=pair[0]), bound_to=pair[1])


@given(st.binary(max_size=300))
def test_what_is_sealed_opens_again(plaintext: bytes) -> None:
    assert RING.open(RING.seal(plaintext, bound_to=ALICE), bound_to=ALICE) == plaintext


def test_the_same_value_never_seals_to_the_same_bytes() -> None:
    assert len({RING.seal(b"x", bound_to=ALICE) for _ in range(50)}) == 50


def test_s43_the_newest_key_seals_and_the_older_ones_still_open() -> None:
    k1, k2 = new_key(), new_key()
    before = Keyring(k1)
    during = Keyring([k2, k1])
    after = Keyring(k2)
    old = before.seal(b"x", bound_to=ALICE)
    new = during.seal(during.open(old, bound_to=ALICE), bound_to=ALICE)
    assert during.key_id_of(new) == after.newest_id != during.key_id_of(old)
    assert after.open(new, bound_to=ALICE) == b"x"
    with pytest.raises(StorageError):
        after.open(old, bound_to=ALICE)


WEAK = {
    "zeros": bytes(32),
    "ones": b"\xff" * 32,
    "two values": b"\x01\x02" * 16,
    "counting": bytes(range(32)),
    "counting down": bytes(range(200, 200 - 96, -3)),
    "a pass phrase": b"correct horse battery staple 123",
    "short": os.urandom(31),
    "long": os.urandom(33),
    "empty": b"",
}


@pytest.mark.parametrize("weak", WEAK.values(), ids=WEAK.keys())
def test_s44_a_weak_key_is_refused_without_being_named(weak: bytes) -> None:
    encoded = base64.b64encode(weak).decode()
    with pytest.raises(ConfigurationError) as caught:
        Keyring([new_key(), encoded])
    if encoded:
        assert encoded not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("text", ["not base64 !!", "é" * 44, "=" * 44])
def test_s44_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Keyring(text)


def test_s44_no_key_or_the_same_key_twice_is_refused() -> None:
    key = new_key()
    with pytest.raises(ConfigurationError, match="At least one"):
        Keyring([])
    with pytest.raises(ConfigurationError, match="twice"):
        Keyring([key, key])


def test_a_key_as_new_key_makes_it_is_a_ring_of_its_own() -> None:
    old, new = new_key(), new_key()
    sealed = Keyring(old).seal(b"x", bound_to=ALICE)
    assert Keyring([new, old]).open(sealed, bound_to=ALICE) == b"x"
    assert Keyring([new, old]).newest_id == Keyring(new).newest_id


def test_both_base64_alphabets_are_the_same_key() -> None:
    raw = os.urandom(32)
    plain = Keyring([base64.b64encode(raw).decode()])
    url = Keyring([base64.urlsafe_b64encode(raw).decode().rstrip("=")])
    assert url.open(plain.seal(b"x", bound_to=ALICE), bound_to=ALICE) == b"x"


def test_s46_a_keyring_never_shows_its_keys() -> None:
    key = new_key()
    assert repr(Keyring(key)) == "<Keyring of 1 keys>"
