"""People, their mail, an engine that has their tokens, and an issuer of front-door tokens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult
from processes import announced

from arcade_gmail_multiuser.gmail import scopes

SCOPES = " ".join((scopes.GMAIL_READONLY, scopes.USERINFO_EMAIL, scopes.USERINFO_PROFILE))


@dataclass
class Running:
    """What is up: an engine with two API keys, one of them granted token reading."""

    engine: str
    granted: str
    plain: str
    sandbox: str
    data: Path
    environment: dict[str, str]

    def as_person(self, user_id: str, **changed: str) -> dict[str, str]:
        """Give a host's environment of one person's server."""
        return {
            **self.environment,
            "ARCADE_API_URL": self.engine,
            "ARCADE_API_KEY": self.granted,
            "ARCADE_USER_ID": user_id,
            **changed,
        }


@dataclass
class Issuer:
    """An authorization server, as far as a resource server sees one."""

    url: str
    key: rsa.RSAPrivateKey
    resource: str = ""
    other_key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(65537, 2048)
    )

    def token(self, person: str, *, forged: bool = False, **changed: Any) -> str:
        """Sign a token; a claim given as None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": person,
            "aud": self.resource,
            "iat": now,
            "exp": now + 600,
            "scope": SCOPES,
            **changed,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        key = self.other_key if forged else self.key
        return jwt.encode(present, key, "RS256", headers={"kid": "front-1"})


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Serve an issuer's public key on loopback."""
    key = rsa.generate_private_key(65537, 2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    keys = json.dumps({"keys": [{**public, "kid": "front-1", "alg": "RS256", "use": "sig"}]})

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(keys.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Issuer(f"http://127.0.0.1:{server.server_port}", key)
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving_http(environment: dict[str, str], issuer: Issuer, log: Path) -> Iterator[str]:
    """Serve MCP over HTTP for whoever the issuer vouches for; give the address of /mcp."""
    arguments = ["mcp", "http", "--port", "0", "--announce"]
    arguments += ["--issuer", issuer.url, "--jwks-uri", f"{issuer.url}/keys"]
    with (
        log.open("w") as errors,
        announced(*arguments, environment=environment, stderr=errors) as told,
    ):
        issuer.resource = told["url"] + "/mcp"
        yield issuer.resource


@asynccontextmanager
async def over_stdio(argv: list[str], environment: dict[str, str], log: Any) -> AsyncIterator[Any]:
    """Start a server as an MCP host does, and talk to it through the official client."""
    server = StdioServerParameters(command=argv[0], args=argv[1:], env=environment)
    async with (
        stdio_client(server, errlog=log) as (read, write),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


@asynccontextmanager
async def over_http(url: str, token: str) -> AsyncIterator[tuple[ClientSession, Any]]:
    """Open a session at `url` with this front-door token; give it and what tells its id."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(headers=headers, timeout=30, trust_env=False) as http,
        streamable_http_client(url, http_client=http) as (read, write, session_id),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session, session_id


def answer_of(result: CallToolResult) -> dict[str, Any]:
    """Give what a tool answered."""
    assert not result.isError, result.content
    assert result.structuredContent is not None
    return result.structuredContent


def said(result: CallToolResult) -> str:
    """Give the text of an error."""
    assert result.isError
    return "\n".join(part.text for part in result.content if part.type == "text")
