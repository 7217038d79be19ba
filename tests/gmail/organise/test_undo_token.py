"""An undo token says exactly what changed, for one user, and is refused when it was touched."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import InvalidInput
from arcade_gmail_multiuser.gmail.organise import undo_token
from arcade_gmail_multiuser.gmail.organise.undo_token import (
    MAX_MESSAGES,
    LabelStep,
    Step,
    open_token,
    seal,
    seal_label,
)

IDS = st.integers(0, 2**63 - 1).map(lambda n: f"{n:x}")
LABELS = st.sampled_from(["INBOX", "TRASH", "UNREAD", "Label_1", "Label_22"])
STEPS = st.lists(
    st.builds(
        Step,
        st.lists(LABELS, min_size=1, max_size=3).map(tuple),
        st.lists(LABELS, max_size=3).map(tuple),
        st.lists(IDS, min_size=1, max_size=20).map(tuple),
    ),
    min_size=1,
    max_size=5,
)


@given(STEPS, st.text(max_size=40))
def test_what_was_sealed_comes_back_for_the_same_user(steps: list[Step], user: str) -> None:
    assert open_token(f" {seal(steps, user=user)}\n", user=user) == tuple(steps)


@given(STEPS, st.integers(0), st.integers(0, 63))
def test_a_token_with_one_character_changed_is_refused(
    steps: list[Step], place: int, letter: int
) -> None:
    token = seal(steps, user="u")
    at = place % len(token)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    touched = token[:at] + alphabet[letter] + token[at + 1 :]
    padded = [t + "=" * (-len(t) % 4) for t in (token, touched)]
    if base64.urlsafe_b64decode(padded[0]) == base64.urlsafe_b64decode(padded[1]):
        return  # the last letter holds bits that mean nothing
    with pytest.raises(InvalidInput):
        open_token(touched, user="u")


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        open_token(text, user="u")


def test_the_largest_token_stays_within_its_bound() -> None:
    ids = tuple(f"{(n * 0x9E3779B97F4A7C15) % 2**63:x}" for n in range(MAX_MESSAGES))
    token = seal([Step(("TRASH",), ("INBOX",), ids)], user="u")
    assert len(token) < 13_000
    assert open_token(token, user="u") == (Step(("TRASH",), ("INBOX",), ids),)
    alone = [Step((f"Label_{n}",), ("INBOX",), (id_,)) for n, id_ in enumerate(ids)]
    assert len(seal(alone, user="u")) < undo_token.MAX_TOKEN_CHARS
    with pytest.raises(ValueError, match="more messages"):
        seal([Step(("A",), (), (*ids, "1"))], user="u")


LABEL = LabelStep(
    "deleted",
    "Label_7",
    "仕事/請求書",
    look={
        "labelListVisibility": "labelHide",
        "color": {"textColor": "#000000", "backgroundColor": "#ffffff"},
    },
    messages=3,
)


@pytest.mark.parametrize(
    "step",
    [LABEL, LabelStep("created", "Label_7", "x" * 225), LabelStep("renamed", "Label_7", "B", "A")],
)
def test_the_change_of_a_label_comes_back_for_the_same_user_only(step: LabelStep) -> None:
    token = seal_label(step, user="u")
    assert open_token(token, user="u") == step
    with pytest.raises(InvalidInput):
        open_token(token, user="v")


@pytest.mark.parametrize(
    "plain",
    [
        b"[]",
        b"{}",
        b"1",
        b'[[[],[],"1a"]]',
        b'[[["../x"],[],"1a"]]',
        b'[[["INBOX"],[],"1a/../b"]]',
        b'[[["INBOX"],[],""]]',
        b'[[[1],[],"1a"]]',
        b'[["INBOX",[],"1a"]]',
        b'[[["INBOX"],[],"' + b",".join([b"1a"] * 1_001) + b'"]]',
        b'[[["INBOX"],[],"' + b"1" * 1_000_000 + b'"]]',
        b"[" * 100_000,
        b'{"done":"deleted","id":"Label_7"}',
        b'{"done":"emptied","id":"Label_7","name":"A"}',
        b'{"done":"created","id":"../7","name":"A"}',
        b'{"done":"created","id":7,"name":"A"}',
        b'{"done":"created","id":"Label_7","name":""}',
        b'{"done":"created","id":"Label_7","name":"' + b"A" * 226 + b'"}',
        b'{"done":"renamed","id":"Label_7","name":"A"}',
        b'{"done":"renamed","id":"Label_7","name":"A","former_name":["B"]}',
        b'{"done":"created","id":"Label_7","name":"A","more":1}',
        b'{"done":"deleted","id":"Label_7","name":"A","messages":"many"}',
        b'{"done":"deleted","id":"Label_7","name":"A","look":[]}',
        b'{"done":"deleted","id":"Label_7","name":"A","look":{"type":"system"}}',
        b'{"done":"deleted","id":"Label_7","name":"A","look":{"labelListVisibility":"a b"}}',
        b'{"done":"deleted","id":"Label_7","name":"A","look":{"color":{"textColor":"red"}}}',
        b'{"done":"deleted","id":"Label_7","name":"A","look":{"color":"red"}}',
    ],
)
def test_a_forged_token_cannot_say_anything_that_a_real_one_could_not(plain: bytes) -> None:
    """Whoever knows the code can make the digest; what it may hold is checked all the same."""
    packed = zlib.compress(plain)
    digest = undo_token._digest(packed, "u")
    token = base64.urlsafe_b64encode(undo_token._VERSION + digest + packed).decode().rstrip("=")
    with pytest.raises(InvalidInput):
        open_token(token, user="u")
