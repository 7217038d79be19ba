"""The token, revocation and profile endpoints, driven over HTTP."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from arcade_gmail_local.sandbox.oauth.identity import Identity
from arcade_gmail_local.sandbox.oauth.people import seeded_people

BASE = "http://127.0.0.1:9100"
AUTH = "/o/oauth2/v2/auth"
CALLBACK = "http://127.0.0.1:9099/callback"
ALICE = "alice@example.com"
READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
PROFILE = "https://www.googleapis.com/auth/userinfo.profile"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


async def code_for(http: httpx.AsyncClient, email: str = ALICE, **changes: str) -> str:
    """Consent to everything as `email` and give the code."""
    query = {
        "client_id": "sandbox-client",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": f"openid email {READ} {SEND}",
        "access_type": "offline",
        "prompt": "consent",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "login_hint": email,
        **changes,
    }
    page = (await http.get(AUTH, params=query)).text
    request_id = page.split('name="request" value="')[1].split('"')[0]
    scopes = [scope for scope in query["scope"].split() if "/gmail." in scope]
    fields = {"request": request_id, "account": email, "scope": scopes, "decision": "allow"}
    response = await http.post(AUTH, data=fields)
    return parse_qs(urlsplit(response.headers["location"]).query)["code"][0]


async def exchange(http: httpx.AsyncClient, code: str, /, **changes: str) -> httpx.Response:
    fields = {
        **CLIENT,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **changes,
    }
    return await http.post("/token", data={name: v for name, v in fields.items() if v})


async def sign_in(http: httpx.AsyncClient, email: str = ALICE, **changes: str) -> dict[str, Any]:
    response = await exchange(http, await code_for(http, email, **changes))
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


async def refresh(http: httpx.AsyncClient, token: str, **changes: str) -> httpx.Response:
    fields = {**CLIENT, "grant_type": "refresh_token", "refresh_token": token, **changes}
    return await http.post("/token", data=fields)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# The token endpoint refuses


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_secret": "guess"}, 401, "invalid_client"),
        ({"client_secret": ""}, 400, "invalid_request"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"code": ""}, 400, "invalid_request"),
        ({"code": "4/0Aforged"}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"code_verifier": "guess"}, 400, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:1/"}, 400, "redirect_uri_mismatch"),
    ],
)
async def test_a_bad_exchange_is_refused_in_googles_words(
    http: httpx.AsyncClient, changes: dict[str, str], status: int, error: str
) -> None:
    response = await exchange(http, await code_for(http), **changes)
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert set(response.json()) == {"error", "error_description"}
    assert response.headers["cache-control"] == "no-store"


async def test_fifty_exchanges_at_once_yield_one_token_and_then_none(
    http: httpx.AsyncClient, identity: Identity
) -> None:
    code = await code_for(http)
    responses = await asyncio.gather(*(exchange(http, code) for _ in range(50)))
    good = [response for response in responses if response.status_code == 200]
    assert len(good) == 1
    assert identity.grant_of(good[0].json()["access_token"]) is None, "the replays revoked it"
    assert identity.token_calls == 50


async def test_a_field_given_twice_is_refused(http: httpx.AsyncClient) -> None:
    body = "grant_type=refresh_token&grant_type=refresh_token"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    response = await http.post("/token", content=body, headers=kind)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_client_credentials_may_come_in_the_header_but_not_twice(
    http: httpx.AsyncClient,
) -> None:
    fields = {"grant_type": "refresh_token", "refresh_token": "none"}
    right = httpx.BasicAuth("sandbox-client", "sandbox-secret")
    good = await http.post("/token", data=fields, auth=right)
    twice = await http.post("/token", data={**fields, **CLIENT}, auth=right)
    broken = await http.post("/token", data=fields, headers={"authorization": "Basic %%%"})
    errors = [response.json()["error"] for response in (good, twice, broken)]
    assert errors == ["invalid_grant", "invalid_request", "invalid_client"]


async def test_every_call_of_the_token_endpoint_is_counted(
    http: httpx.AsyncClient, identity: Identity
) -> None:
    await sign_in(http)
    await refresh(http, "forged")
    await http.post("/token", content=b"")
    assert identity.token_calls == 3


# The token endpoint gives


async def test_a_sign_in_yields_what_google_yields(
    http: httpx.AsyncClient, identity: Identity
) -> None:
    body = await sign_in(http)
    keys = {"access_token", "expires_in", "scope", "token_type", "refresh_token", "id_token"}
    assert set(body) == keys
    assert (body["expires_in"], body["token_type"]) == (3599, "Bearer")
    assert set(body["scope"].split()) == {"openid", EMAIL, READ, SEND}
    grant = identity.grant_of(body["access_token"])
    assert grant is not None
    assert (grant.email, grant.expires_at) == (ALICE, 1_800_003_599)


async def test_an_online_sign_in_yields_no_refresh_token(http: httpx.AsyncClient) -> None:
    body = await sign_in(http, access_type="online", scope=READ)
    assert not {"refresh_token", "id_token"} & set(body)


async def test_the_id_token_checks_out_against_the_published_key(
    http: httpx.AsyncClient,
) -> None:
    body = await sign_in(http, nonce="n-1", scope="openid email profile")
    configuration = (await http.get("/.well-known/openid-configuration")).json()
    assert configuration["issuer"] == BASE
    keys = jwt.PyJWKSet.from_dict((await http.get(configuration["jwks_uri"])).json())
    key = keys[jwt.get_unverified_header(body["id_token"])["kid"]]
    claims = jwt.decode(
        body["id_token"],
        key,
        algorithms=["RS256"],
        audience="sandbox-client",
        issuer=BASE,
        # The sandbox's clock is not the machine's.
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["email"], claims["email_verified"], claims["nonce"]) == (ALICE, True, "n-1")
    assert (claims["name"], claims["exp"]) == ("Alice Anderson", 1_800_003_600)
    assert claims["sub"] == seeded_people().get(ALICE).sub  # type: ignore[union-attr]


async def test_a_refresh_gives_a_new_access_token_and_no_refresh_token(
    http: httpx.AsyncClient, identity: Identity, clock: Any
) -> None:
    body = await sign_in(http)
    clock.now += 3600
    assert identity.grant_of(body["access_token"]) is None
    again = (await refresh(http, body["refresh_token"])).json()
    narrowed = (await refresh(http, body["refresh_token"], scope=READ)).json()
    assert "refresh_token" not in again
    assert again["scope"] == body["scope"]
    assert narrowed["scope"] == READ
    assert identity.grant_of(again["access_token"]) is not None


async def test_a_refresh_cannot_widen_the_scopes(http: httpx.AsyncClient) -> None:
    body = await sign_in(http)
    response = await refresh(http, body["refresh_token"], scope="https://mail.google.com/")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")


# Revocation


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("where", ["data", "params"])
async def test_a_revoked_grant_is_gone_for_every_token(
    http: httpx.AsyncClient, kind: str, where: str
) -> None:
    body = await sign_in(http)
    sent: dict[str, Any] = {where: {"token": body[kind]}}
    assert (await http.post("/revoke", **sent)).status_code == 200
    refused = await refresh(http, body["refresh_token"])
    assert refused.json() == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }
    info = await http.get("/oauth2/v2/userinfo", headers=bearer(body["access_token"]))
    assert info.status_code == 401
    again = await http.post("/revoke", **sent)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")


async def test_revoking_nothing_is_a_mistake(http: httpx.AsyncClient) -> None:
    response = await http.post("/revoke")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


# Who a token belongs to

PROFILE_PATHS = ["/oauth2/v2/userinfo", "/v1/userinfo", "/v1/people/me?personFields=names"]


@pytest.mark.parametrize("path", PROFILE_PATHS)
@pytest.mark.parametrize("headers", [{}, bearer("ya29.forged"), {"Authorization": "Bearer "}])
async def test_without_a_good_token_nobody_is_named(
    http: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    response = await http.get(path, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer realm=")


@pytest.mark.parametrize("path", PROFILE_PATHS)
async def test_a_token_for_mail_alone_names_nobody(
    http: httpx.AsyncClient, identity: Identity, path: str
) -> None:
    response = await http.get(path, headers=bearer(identity.issue_token(ALICE, [READ])))
    assert response.status_code == 403
    assert ALICE not in response.text


async def test_a_token_of_an_account_that_is_not_there_names_nobody(
    http: httpx.AsyncClient, identity: Identity
) -> None:
    token = identity.issue_token("ghost@example.com", [EMAIL])
    response = await http.get("/oauth2/v2/userinfo", headers=bearer(token))
    assert response.json()["error"]["status"] == "UNAUTHENTICATED"


Ask = Callable[[str, list[str]], Any]


@pytest.fixture
def ask(http: httpx.AsyncClient, identity: Identity) -> Ask:
    async def get(path: str, scopes: list[str]) -> dict[str, Any]:
        response = await http.get(path, headers=bearer(identity.issue_token(ALICE, scopes)))
        assert response.status_code == 200
        body: dict[str, Any] = response.json()
        return body

    return get


async def test_the_two_userinfos_each_have_their_own_shape(ask: Ask) -> None:
    alice = seeded_people().get(ALICE)
    assert alice is not None
    v2 = await ask("/oauth2/v2/userinfo", [EMAIL, PROFILE])
    oidc = await ask("/v1/userinfo", [EMAIL, PROFILE])
    assert (v2["id"], v2["verified_email"], v2["email"]) == (alice.sub, True, ALICE)
    assert (oidc["sub"], oidc["email_verified"], oidc["email"]) == (alice.sub, True, ALICE)
    assert "sub" not in v2
    assert "id" not in oidc
    assert v2["given_name"] == oidc["given_name"] == "Alice"


async def test_userinfo_keeps_to_the_scopes_of_the_token(ask: Ask) -> None:
    assert set(await ask("/v1/userinfo", ["openid"])) == {"sub", "picture"}
    assert "name" not in await ask("/oauth2/v2/userinfo", [EMAIL])
    assert "email" not in await ask("/oauth2/v2/userinfo", [PROFILE])


async def test_people_me_gives_the_fields_asked_for_within_the_scopes(ask: Ask) -> None:
    both = "/v1/people/me?personFields=names,emailAddresses"
    full = await ask(both, [EMAIL, PROFILE])
    assert full["names"][0]["displayName"] == "Alice Anderson"
    assert full["emailAddresses"][0]["value"] == ALICE
    assert full["emailAddresses"][0]["metadata"]["primary"] is True
    assert set(await ask(both, [EMAIL])) == {"resourceName", "etag", "emailAddresses"}


@pytest.mark.parametrize("query", ["", "?personFields=", "?personFields=names,shoeSize"])
async def test_people_me_needs_a_known_field(
    http: httpx.AsyncClient, identity: Identity, query: str
) -> None:
    token = identity.issue_token(ALICE, [PROFILE])
    response = await http.get(f"/v1/people/me{query}", headers=bearer(token))
    assert (response.status_code, response.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "personFields" in response.json()["error"]["message"]
