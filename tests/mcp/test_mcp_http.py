"""Over HTTP everybody brings a token of their own, and sees their own mail and nobody else's."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from mcp_stage import Issuer, answer_of, over_http, said

from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY, GMAIL_SEND

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": f"GmailMultiuser_{tool}", "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}


async def post(url: str, body: Any, token: str | None = None, **headers: str) -> httpx.Response:
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        return await client.post(url, json=body, headers={**ACCEPT, **bearer, **headers})


async def mail_of(url: str, token: str) -> tuple[str, set[str]]:
    """Open a session and say whose it is and which mails it shows, several calls at once."""
    async with over_http(url, token) as (session, _):
        asked = [session.call_tool("GmailMultiuser_ListEmails", {"n_emails": 5}) for _ in range(4)]
        who, *lists = await asyncio.gather(session.call_tool("GmailMultiuser_WhoAmI"), *asked)
        ids = [{mail["id"] for mail in answer_of(one)["emails"]} for one in lists]
        assert all(one == ids[0] for one in ids)
        return json.dumps(answer_of(who)), ids[0]


async def test_two_people_at_once_see_only_their_own_mail(
    front: str, issuer: Issuer, connected: tuple[str, str]
) -> None:
    alice, bob = connected
    seen = await asyncio.gather(
        *(mail_of(front, issuer.token(person)) for person in (alice, bob, alice, bob))
    )
    for (who, ids), (own, other) in zip(seen, [(alice, bob), (bob, alice)] * 2, strict=True):
        assert own in who
        assert other not in who
        assert ids
    assert seen[0][1] == seen[2][1]
    assert seen[1][1] == seen[3][1]
    assert not seen[0][1] & seen[1][1]


async def test_somebody_who_is_not_connected_is_given_an_address_of_their_own(
    front: str, issuer: Issuer
) -> None:
    async with over_http(front, issuer.token("user3@example.com")) as (session, _):
        told = said(await session.call_tool("GmailMultiuser_WhoAmI"))
    assert "/v1/oauth/start?flow_id=" in told


async def test_a_session_does_not_exist_for_anybody_but_the_person_who_opened_it(
    front: str, issuer: Issuer, connected: tuple[str, str]
) -> None:
    alice, bob = (issuer.token(person) for person in connected)
    async with over_http(front, alice) as (session, session_id):
        stolen = {"Mcp-Session-Id": session_id()}
        for body in (call("WhoAmI"), INITIALIZE):
            refused = await post(front, body, bob, **stolen)
            assert refused.status_code == 404
            assert connected[0] not in refused.text
        async with httpx.AsyncClient(trust_env=False) as thief:
            headers = {**ACCEPT, **stolen, "Authorization": f"Bearer {bob}"}
            assert (await thief.get(front, headers=headers)).status_code == 404
            assert (await thief.delete(front, headers=headers)).status_code == 404
        # A renewed token of the same person goes on where the old one stopped.
        renewed = issuer.token(connected[0], iat=int(time.time()) - 1)
        assert (await post(front, call("WhoAmI"), renewed, **stolen)).status_code == 200
        assert connected[0] in json.dumps(
            answer_of(await session.call_tool("GmailMultiuser_WhoAmI"))
        )


def unsigned(issuer: Issuer) -> str:
    claims = jwt.decode(issuer.token("alice@example.com"), options={"verify_signature": False})
    return jwt.encode(claims, "", "none", headers={"kid": "front-1"})


def signed_with_the_public_key(issuer: Issuer) -> str:
    keys = httpx.get(f"{issuer.url}/keys", trust_env=False).content
    claims = jwt.decode(issuer.token("alice@example.com"), options={"verify_signature": False})
    return jwt.encode(claims, base64.b64encode(keys), "HS256", headers={"kid": "front-1"})


WRONG: dict[str, Callable[[Issuer], str | None]] = {
    "none": lambda issuer: None,
    "rubbish": lambda issuer: "rubbish",
    "forged": lambda issuer: issuer.token("alice@example.com", forged=True),
    "unsigned": unsigned,
    "signed with the public key": signed_with_the_public_key,
    "expired": lambda issuer: issuer.token("alice@example.com", exp=int(time.time()) - 5),
    "without an expiry": lambda issuer: issuer.token("alice@example.com", exp=None),
    "from the future": lambda issuer: issuer.token("a@example.com", nbf=int(time.time()) + 60),
    "for another audience": lambda issuer: issuer.token("a@example.com", aud="https://other"),
    "for no audience": lambda issuer: issuer.token("a@example.com", aud=None),
    "of another issuer": lambda issuer: issuer.token("a@example.com", iss="https://other"),
    "for nobody": lambda issuer: issuer.token("  "),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_a_token_that_is_not_right_opens_nothing(
    front: str, issuer: Issuer, kind: str
) -> None:
    token = WRONG[kind](issuer)
    refused = await post(front, INITIALIZE, token)
    assert refused.status_code == 401
    challenge = refused.headers["www-authenticate"]
    assert challenge.startswith("Bearer resource_metadata=")
    assert token is None or token not in refused.text + challenge
    assert "mcp-session-id" not in refused.headers


async def test_a_token_without_the_tools_scopes_is_told_which_ones_it_needs(
    front: str, issuer: Issuer, connected: tuple[str, str]
) -> None:
    token = issuer.token(connected[0], scope=GMAIL_READONLY)
    opened = await post(front, INITIALIZE, token)
    session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
    await post(front, {"jsonrpc": "2.0", "method": "notifications/initialized"}, token, **session)
    letter = {"recipient": "bob@example.com", "subject": "x", "body": "y"}
    refused = await post(front, call("SendEmail", **letter), token, **session)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == -32043
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert GMAIL_SEND in refused.headers["www-authenticate"]


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://127.0.0.1"])
async def test_a_page_of_another_origin_is_refused_even_with_a_good_token(
    front: str, issuer: Issuer, connected: tuple[str, str], origin: str
) -> None:
    refused = await post(front, INITIALIZE, issuer.token(connected[0]), Origin=origin)
    assert refused.status_code == 403


async def test_a_client_learns_where_tokens_come_from(front: str, issuer: Issuer) -> None:
    origin = front.removesuffix("/mcp")
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as client:
        found = await client.get(f"{origin}/.well-known/oauth-protected-resource/mcp")
        assert (await client.get(f"{origin}/worker/tools")).status_code == 404
    assert found.json()["resource"] == front
    assert found.json()["authorization_servers"] == [issuer.url]
