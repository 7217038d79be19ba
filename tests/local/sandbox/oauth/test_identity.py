"""Codes, tokens and consents, without HTTP."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from arcade_gmail_local.sandbox.errors import InvalidInput
from arcade_gmail_local.sandbox.oauth.identity import (
    CODE_LIFETIME_S,
    MAX_CODES,
    MAX_REFRESH_TOKENS_PER_GRANT,
    SANDBOX_CLIENT_ID,
    Consent,
    Identity,
    Issued,
    Refusal,
)

CALLBACK = "http://127.0.0.1:9099/callback"
ALICE = "alice@example.com"
READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
VERIFIER = "v" * 64


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def consent(email: str = ALICE, *scopes: str, **changes: object) -> Consent:
    fields: dict[str, object] = {
        "client_id": SANDBOX_CLIENT_ID,
        "redirect_uri": CALLBACK,
        "email": email,
        "scopes": frozenset(scopes or (READ,)),
        "offline": True,
        **changes,
    }
    return Consent(**fields)  # type: ignore[arg-type]


def redeem(identity: Identity, code: str, **changes: str | None) -> Issued | Refusal:
    fields: dict[str, str | None] = {
        "client_id": SANDBOX_CLIENT_ID,
        "redirect_uri": CALLBACK,
        "code_verifier": None,
        **changes,
    }
    return identity.redeem(code, **fields)  # type: ignore[arg-type]


def issued(identity: Identity, given: Consent | None = None) -> Issued:
    result = redeem(identity, identity.issue_code(given or consent()))
    assert isinstance(result, Issued)
    return result


# Forged, replayed, expired and somebody else's


def test_a_forged_token_stands_for_nobody(identity: Identity) -> None:
    identity.issue_token(ALICE, [READ])
    assert identity.grant_of("ya29.forged") is None
    assert identity.grant_of("") is None
    assert identity.grant_of("\ud800") is None


def test_a_forged_code_yields_nothing(identity: Identity) -> None:
    result = redeem(identity, "4/0Aforged")
    assert result == Refusal("invalid_grant", "Malformed auth code.")


def test_replaying_a_code_revokes_every_token_it_led_to(identity: Identity) -> None:
    code = identity.issue_code(consent())
    first = redeem(identity, code)
    assert isinstance(first, Issued)
    assert first.refresh_token is not None
    second = identity.refresh(first.refresh_token, client_id=SANDBOX_CLIENT_ID)
    assert isinstance(second, Issued)

    replay = redeem(identity, code)

    assert isinstance(replay, Refusal)
    assert replay.error == "invalid_grant"
    assert identity.grant_of(first.access_token) is None
    assert identity.grant_of(second.access_token) is None
    refused = identity.refresh(first.refresh_token, client_id=SANDBOX_CLIENT_ID)
    assert isinstance(refused, Refusal)


def test_replaying_a_code_leaves_other_sign_ins_alone(identity: Identity) -> None:
    code = identity.issue_code(consent())
    redeem(identity, code)
    other = issued(identity, consent(prompted=True))
    redeem(identity, code)
    assert identity.grant_of(other.access_token) is not None


def test_a_code_expires_after_ten_minutes(identity: Identity, clock: Any) -> None:
    code = identity.issue_code(consent())
    clock.now += CODE_LIFETIME_S
    assert isinstance(redeem(identity, code), Refusal)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "another"}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "/"}, "redirect_uri_mismatch"),
        ({"code_verifier": "unasked"}, "invalid_grant"),
    ],
)
def test_a_code_is_bound_to_its_client_and_redirect(
    identity: Identity, changes: dict[str, str], error: str
) -> None:
    code = identity.issue_code(consent())
    result = redeem(identity, code, **changes)
    assert isinstance(result, Refusal)
    assert result.error == error


@pytest.mark.parametrize("verifier", [None, "", "w" * 64, challenge_of(VERIFIER), "\ud800"])
def test_a_wrong_verifier_uses_the_code_up(identity: Identity, verifier: str | None) -> None:
    code = identity.issue_code(consent(code_challenge=challenge_of(VERIFIER)))
    assert isinstance(redeem(identity, code, code_verifier=verifier), Refusal)
    assert isinstance(redeem(identity, code, code_verifier=VERIFIER), Refusal)


def test_the_right_verifier_opens_the_code(identity: Identity) -> None:
    code = identity.issue_code(consent(code_challenge=challenge_of(VERIFIER)))
    assert isinstance(redeem(identity, code, code_verifier=VERIFIER), Issued)


def test_a_refresh_token_works_for_its_own_client_only(identity: Identity) -> None:
    identity.register_client("another", "secret")
    token = issued(identity).refresh_token
    assert token is not None
    result = identity.refresh(token, client_id="another")
    assert result == Refusal("unauthorized_client", "Unauthorized", 401)


# What a token is good for


def test_a_token_stops_being_good_at_its_expiry(identity: Identity, clock: Any) -> None:
    token = identity.issue_token(ALICE, [READ], expires_in=60)
    clock.now += 59.9
    grant = identity.grant_of(token)
    assert grant is not None
    assert (grant.email, grant.scopes) == (ALICE, {READ})
    clock.now += 0.1
    assert identity.grant_of(token) is None


def test_a_token_can_be_minted_expired(identity: Identity) -> None:
    assert identity.grant_of(identity.issue_token(ALICE, [READ], expires_in=0)) is None


def test_a_token_without_an_account_is_refused(identity: Identity) -> None:
    with pytest.raises(InvalidInput):
        identity.issue_token(" ", [READ])


def test_scopes_may_be_given_as_one_string(identity: Identity) -> None:
    grant = identity.grant_of(identity.issue_token(ALICE, f"{READ} {SEND}"))
    assert grant is not None
    assert grant.scopes == {READ, SEND}


# Refreshing


def test_a_refresh_keeps_or_narrows_the_scopes_and_never_widens_them(identity: Identity) -> None:
    token = issued(identity, consent(ALICE, READ, SEND)).refresh_token
    assert token is not None
    kept = identity.refresh(token, client_id=SANDBOX_CLIENT_ID)
    narrowed = identity.refresh(token, client_id=SANDBOX_CLIENT_ID, scopes=frozenset({READ}))
    widened = identity.refresh(
        token, client_id=SANDBOX_CLIENT_ID, scopes=frozenset({READ, "https://mail.google.com/"})
    )
    assert isinstance(kept, Issued)
    assert isinstance(narrowed, Issued)
    assert (kept.scopes, narrowed.scopes) == ({READ, SEND}, {READ})
    assert kept.refresh_token is None
    assert isinstance(widened, Refusal)


def test_only_the_first_offline_consent_yields_a_refresh_token(identity: Identity) -> None:
    assert issued(identity, consent(offline=False)).refresh_token is None
    assert issued(identity).refresh_token is not None
    assert issued(identity).refresh_token is None
    assert issued(identity, consent(prompted=True)).refresh_token is not None


def test_one_more_than_100_refresh_tokens_silences_the_oldest(identity: Identity) -> None:
    bobs = issued(identity, consent("bob@example.com")).refresh_token
    tokens = [
        issued(identity, consent(prompted=True)).refresh_token or ""
        for _ in range(MAX_REFRESH_TOKENS_PER_GRANT + 1)
    ]
    alive = [
        isinstance(identity.refresh(token, client_id=SANDBOX_CLIENT_ID), Issued)
        for token in [*tokens, bobs or ""]
    ]
    assert alive == [False, *[True] * MAX_REFRESH_TOKENS_PER_GRANT, True]


# Revoking


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_revoking_one_token_ends_the_whole_grant_of_that_person_alone(
    identity: Identity, kind: str
) -> None:
    hers, hers_again = issued(identity), issued(identity)
    his = issued(identity, consent("bob@example.com"))
    waiting = identity.issue_code(consent())
    token = hers.access_token if kind == "access" else hers.refresh_token

    assert identity.revoke(token or "")

    assert identity.grant_of(hers_again.access_token) is None
    assert identity.granted_scopes(ALICE, SANDBOX_CLIENT_ID) == frozenset()
    assert isinstance(redeem(identity, waiting), Refusal)
    assert identity.grant_of(his.access_token) is not None
    assert issued(identity).refresh_token is not None, "the next consent counts as the first"


def test_revoking_what_is_unknown_expired_or_revoked_already_changes_nothing(
    identity: Identity, clock: Any
) -> None:
    token = identity.issue_token(ALICE, [READ])
    other = identity.issue_token(ALICE, [READ])
    assert identity.revoke(token)
    assert not identity.revoke(token)
    assert not identity.revoke("nothing")
    assert identity.grant_of(other) is not None
    clock.now += 3600
    assert not identity.revoke(other)


# Bounds and secrecy


def test_codes_beyond_the_bound_push_out_the_oldest(identity: Identity) -> None:
    first = identity.issue_code(consent())
    for _ in range(MAX_CODES):
        last = identity.issue_code(consent())
    assert isinstance(redeem(identity, first), Refusal)
    assert isinstance(redeem(identity, last), Issued)


def test_neither_the_object_nor_what_it_yields_shows_a_secret(identity: Identity) -> None:
    code = identity.issue_code(consent())
    result = redeem(identity, code)
    assert isinstance(result, Issued)
    token = identity.issue_token(ALICE, [READ])
    client = identity.client(SANDBOX_CLIENT_ID)
    held = repr(vars(identity)) + repr(identity) + repr(result) + repr(client)
    for secret in (code, result.access_token, result.refresh_token, token, "sandbox-secret"):
        assert secret
        assert secret not in held


def test_a_client_needs_an_id_and_a_secret(identity: Identity) -> None:
    with pytest.raises(InvalidInput):
        identity.register_client("other", "")


def test_scopes_granted_to_one_client_are_not_another_clients(identity: Identity) -> None:
    identity.issue_code(consent(ALICE, READ))
    identity.issue_code(consent(ALICE, SEND))
    assert identity.granted_scopes("Alice@Example.com", SANDBOX_CLIENT_ID) == {READ, SEND}
    assert identity.granted_scopes(ALICE, "another") == frozenset()
