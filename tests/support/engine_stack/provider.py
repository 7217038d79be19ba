"""Google's OAuth, standing in."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from engine_stack.facts import CLIENT_SECRET, IDENTITY, Clock


@dataclass
class FakeProvider:
    """Google's OAuth with every consent granted, and knobs to misbehave."""

    clock: Clock
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, tuple[str, set[str]]] = field(default_factory=dict)
    refresh_tokens: dict[str, tuple[str, set[str]]] = field(default_factory=dict)
    granted: dict[str, set[str]] = field(default_factory=dict)
    account: str = "alice@example.com"
    grants: set[str] | None = None  # what the person ticks; None: everything
    answers_token_with: Callable[[], Response] | None = None
    answers_userinfo_with: Callable[[], Response] | None = None
    answers_revoke_with: Callable[[], Response] | None = None
    token_extra: dict[str, Any] = field(default_factory=dict)
    gives_refresh_token: bool = True
    before_token: Callable[[], Any] | None = None

    def count(self, kind: str) -> int:
        return sum(name == kind for name, _ in self.calls)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/o/oauth2/v2/auth", self.consent),
                Route("/token", self.token, methods=["POST"]),
                Route("/oauth2/v2/userinfo", self.userinfo),
                Route("/revoke", self.revoke, methods=["POST"]),
            ]
        )

    async def consent(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.calls.append(("consent", asked))
        code = f"4/0Acanary{secrets.token_urlsafe(30)}"
        scopes = set(asked["scope"].split())
        if self.grants is not None:
            scopes &= self.grants | IDENTITY
        self.codes[code] = {**asked, "account": self.account, "granted": scopes}
        answer = {"code": code, "state": asked["state"], "scope": " ".join(scopes)}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 303)

    async def token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        self.calls.append((given["grant_type"], given))
        if self.before_token is not None:
            await self.before_token()
        if self.answers_token_with is not None:
            return self.answers_token_with()
        if given["client_secret"] != CLIENT_SECRET:
            return JSONResponse({"error": "invalid_client"}, 401)
        if given["grant_type"] == "refresh_token":
            found = self.refresh_tokens.get(given["refresh_token"])
            if found is None:
                return JSONResponse({"error": "invalid_grant"}, 400)
            return self._issue(*found, refresh=False)
        held = self.codes.pop(given["code"], None)
        made = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest())
        if held is None or held["code_challenge"] != made.rstrip(b"=").decode():
            return JSONResponse({"error": "invalid_grant"}, 400)
        assert given["redirect_uri"] == held["redirect_uri"]
        scopes = self.granted.setdefault(held["account"], set())
        scopes |= held["granted"]
        return self._issue(held["account"], set(scopes), refresh=self.gives_refresh_token)

    def _issue(self, account: str, scopes: set[str], *, refresh: bool) -> Response:
        access = f"ya29.canary-{secrets.token_urlsafe(24)}"
        self.tokens[access] = (account, scopes)
        body: dict[str, Any] = {
            "access_token": access,
            "expires_in": 3600,
            "scope": " ".join(sorted(scopes)),
            "token_type": "Bearer",
        }
        if refresh:
            body["refresh_token"] = f"1//canary-{secrets.token_urlsafe(24)}"
            self.refresh_tokens[body["refresh_token"]] = (account, scopes)
        body = {k: v for k, v in {**body, **self.token_extra}.items() if v is not ...}
        return JSONResponse(body)

    async def userinfo(self, request: Request) -> Response:
        self.calls.append(("userinfo", {}))
        if self.answers_userinfo_with is not None:
            return self.answers_userinfo_with()
        token = request.headers["authorization"].removeprefix("Bearer ")
        account, _ = self.tokens[token]
        return JSONResponse({"id": f"sub-{account}", "email": account, "verified_email": True})

    async def revoke(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        self.calls.append(("revoke", given))
        if self.answers_revoke_with is not None:
            return self.answers_revoke_with()
        known = self.refresh_tokens.pop(given["token"], None) or self.tokens.pop(
            given["token"], None
        )
        return JSONResponse({} if known else {"error": "invalid_token"}, 200 if known else 400)
