"""Sign ID tokens, JWTs that say who signed in, with a key made for this run."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from arcade_gmail_local.sandbox.oauth.consent_scopes import USERINFO_EMAIL, USERINFO_PROFILE
from arcade_gmail_local.sandbox.oauth.identity import Issued
from arcade_gmail_local.sandbox.oauth.people import Person

ID_TOKEN_LIFETIME_S = 3600


class IdTokenSigner:
    """Sign ID tokens with RS256, as Google does, and publish the key to check them by.

    The key is generated on first use, in a thread, because that takes a while.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._key: RSAPrivateKey | None = None

    async def sign(self, person: Person, issued: Issued, *, issuer: str, client_id: str) -> str:
        now = int(self._clock())
        claims: dict[str, Any] = {
            "iss": issuer,
            "azp": client_id,
            "aud": client_id,
            "sub": person.sub,
            "at_hash": _half_hash(issued.access_token),
            "iat": now,
            "exp": now + ID_TOKEN_LIFETIME_S,
        }
        if USERINFO_EMAIL in issued.scopes:
            claims |= {"email": person.email, "email_verified": True, "hd": person.domain}
        if USERINFO_PROFILE in issued.scopes:
            claims |= {
                "name": person.name,
                "given_name": person.given_name,
                "family_name": person.family_name,
            }
        if issued.nonce is not None:
            claims["nonce"] = issued.nonce
        key = await asyncio.to_thread(self._private_key)
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": _key_id(key)})

    async def key_set(self) -> dict[str, Any]:
        """Return the public half as a JWK set."""
        key = await asyncio.to_thread(self._private_key)
        jwk = _public_jwk(key)
        return {"keys": [{**jwk, "use": "sig", "alg": "RS256", "kid": _key_id(key)}]}

    def _private_key(self) -> RSAPrivateKey:
        with self._lock:
            if self._key is None:
                self._key = generate_private_key(public_exponent=65537, key_size=2048)
            return self._key


def _public_jwk(key: RSAPrivateKey) -> dict[str, Any]:
    jwk: dict[str, Any] = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    jwk.pop("key_ops", None)
    return jwk


def _key_id(key: RSAPrivateKey) -> str:
    canonical = json.dumps(_public_jwk(key), sort_keys=True).encode()
    return hashlib.sha256(canonical).hexdigest()[:40]


def _half_hash(token: str) -> str:
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
