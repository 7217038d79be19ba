"""A confirmation token: whose, for what, until when; and everything that is none."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import ConfirmationRequired
from arcade_gmail_multiuser.tools.send.confirmation_token import (
    LIFETIME_S,
    MAX_CLOCK_DIFFERENCE_S,
    Signer,
    derived_key,
)

SIGNER = Signer(b"k" * 32)
NOW = 1_795_000_000.0
CONTENT = b"c" * 32


def token(user: str = "alice", content: bytes = CONTENT) -> str:
    return SIGNER.sign(user=user, content=content, now=NOW)[0]


def test_a_token_holds_for_its_person_its_content_and_ten_minutes() -> None:
    made, expires = SIGNER.sign(user="alice", content=CONTENT, now=NOW)
    assert expires == NOW + 600
    first = SIGNER.check(made, user="alice", content=CONTENT, now=NOW)
    last = SIGNER.check(made, user="alice", content=CONTENT, now=NOW + LIFETIME_S)
    assert first == last
    assert len(first) == 32


def test_two_tokens_for_the_same_are_two_sends() -> None:
    nonces = {SIGNER.check(token(), user="alice", content=CONTENT, now=NOW) for _ in range(5)}
    assert len(nonces) == 5


@pytest.mark.parametrize(
    ("user", "content", "later", "word"),
    [
        ("bob", CONTENT, 0, "another user"),
        ("Alice", CONTENT, 0, "another user"),
        ("", CONTENT, 0, "another user"),
        ("alice", b"d" * 32, 0, "differs"),
        ("alice", CONTENT, LIFETIME_S + 1, "expired"),
        ("alice", CONTENT, -MAX_CLOCK_DIFFERENCE_S - 1, "expired"),
    ],
)
def test_another_person_other_content_or_another_time_is_refused(
    user: str, content: bytes, later: float, word: str
) -> None:
    with pytest.raises(ConfirmationRequired, match=word):
        SIGNER.check(token(), user=user, content=content, now=NOW + later)


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(ConfirmationRequired, match="not made here"):
        Signer(b"j" * 32).check(token(), user="alice", content=CONTENT, now=NOW)


def test_every_changed_byte_is_noticed() -> None:
    made = base64.urlsafe_b64decode(token() + "==")
    for place in range(len(made)):
        changed = bytearray(made)
        changed[place] ^= 1
        forged = base64.urlsafe_b64encode(bytes(changed)).decode()
        with pytest.raises(ConfirmationRequired):
            SIGNER.check(forged, user="alice", content=CONTENT, now=NOW)


def test_every_shortened_token_is_refused() -> None:
    made = token()
    for length in range(len(made)):
        with pytest.raises(ConfirmationRequired):
            SIGNER.check(made[:length], user="alice", content=CONTENT, now=NOW)


@given(st.text(max_size=500))
def test_rubbish_is_refused_and_raises_nothing_else(rubbish: str) -> None:
    with pytest.raises(ConfirmationRequired):
        SIGNER.check(rubbish, user="alice", content=CONTENT, now=NOW)


def test_a_token_does_not_let_its_content_be_guessed() -> None:
    assert CONTENT not in base64.urlsafe_b64decode(token() + "==")
    assert "k" * 8 not in repr(SIGNER)


def test_the_derived_key_is_hkdf() -> None:
    """RFC 5869 with an empty salt; computed by another implementation."""
    info = b"arcade_gmail_multiuser confirmation v1"
    other = HKDF(SHA256(), 32, salt=None, info=info).derive(b"secret" * 8)
    assert derived_key(b"secret" * 8) == other
