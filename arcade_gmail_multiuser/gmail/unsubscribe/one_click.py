"""Make one request to an address that a stranger chose, so that it can reach nothing inside.

RFC 8058 lets a mail name an https address where a POST ends a subscription. The mail's sender
chose it, so it may point at this machine, its network or a cloud's metadata service. Therefore:
https on port 443 and a public name only; no user or password in it; every address the name
resolves to has to be public, and the connection goes to one of those just checked, so that a
second answer of the name server cannot change it; redirects are not followed; no proxy, no cookie,
no token of Google's; little is read, and time is short.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import idna
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from arcade_gmail_multiuser.errors import ConnectionFailed, DeadlineExceeded, InvalidInput

__all__ = [
    "OneClick",
    "Pinned",
    "PinnedPoster",
    "Poster",
    "Resolver",
    "SystemResolver",
    "target_of",
]

TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 64 * 1024
MAX_URL = 2_000
PORT = 443
BODY = b"List-Unsubscribe=One-Click"
"""The whole body, as RFC 8058 has it."""

_URL = re.compile(r"https://([^/?#\\@:\s]{1,253})(?::0*443)?([/?][!-~]*)?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOP = re.compile(r"[a-z][a-z0-9-]*")  # a last label of digits would be an IPv4 address
_INSIDE = frozenset(
    {"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private",
     "arpa", "onion", "test", "invalid", "example", "alt"}
)  # fmt: skip
# Python before 3.12 takes parts of these for public.
_SPECIAL = tuple(ipaddress.IPv4Network(net) for net in ("192.0.0.0/24", "192.88.99.0/24"))
# Public by their form, but each carries an IPv4 address that need not be.
_CARRIERS = tuple(
    ipaddress.IPv6Network(net)
    for net in (
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
    )
)


@dataclass(frozen=True, slots=True, repr=False)
class Pinned:
    """Where a request goes: the name for TLS and Host, and the address that was checked."""

    host: str
    path: str
    address: str


class Resolver(Protocol):
    """Turns a name into addresses; tests replace it."""

    async def addresses(self, host: str) -> list[str]:
        """Return every address the name has, [] if it has none."""
        ...


class Poster(Protocol):
    """Makes one POST to a checked address; tests replace it."""

    async def post(self, where: Pinned, body: bytes) -> int:
        """Return the answer's status, whatever it is; follow no redirect.

        Raises:
            ConnectionFailed: no answer came.
            DeadlineExceeded: none came in time.
        """
        ...


class SystemResolver:
    """Ask the machine's own resolver."""

    async def addresses(self, host: str) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                found = await loop.getaddrinfo(host, PORT, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError):
            return []
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class PinnedPoster:
    """Post over a connection of its own, to the checked address and no other.

    Args:
        port, tls: for tests; a server has to hold a certificate for the name either way.
    """

    def __init__(self, *, port: int = PORT, tls: ssl.SSLContext | None = None) -> None:
        self._port = port
        self._tls = tls

    async def post(self, where: Pinned, body: bytes) -> int:
        failure: ConnectionFailed | DeadlineExceeded
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._post(where, body)
        except TimeoutError:
            failure = DeadlineExceeded("The list's server did not answer in time.")
        except (aiohttp.ClientError, OSError, ValueError) as caught:
            failure = ConnectionFailed(
                "The list's server could not be reached.",
                sent=True,
                developer_message=type(caught).__name__,
            )
        # Out here, so that an error that shows the address is not even its context.
        raise failure

    async def _post(self, where: Pinned, body: bytes) -> int:
        connector = aiohttp.TCPConnector(
            resolver=_Fixed(where), ssl=True if self._tls is None else self._tls, force_close=True
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                headers={"User-Agent": "arcade-gmail-multiuser", "Accept-Encoding": "identity"},
            ) as session,
            session.post(
                URL(f"https://{where.host}:{self._port}{where.path}", encoded=True),
                data=body,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                allow_redirects=False,
            ) as answer,
        ):
            # Some servers only act once they could answer; more than this is not waited for.
            await answer.content.read(MAX_ANSWER_BYTES)
            return answer.status


class _Fixed(AbstractResolver):
    """Answers with the one address that was checked."""

    def __init__(self, where: Pinned) -> None:
        self._where = where

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 # the address has its own
    ) -> list[ResolveResult]:
        if host != self._where.host:
            raise OSError("another name than the one that was checked")
        version = ipaddress.ip_address(self._where.address).version
        return [
            ResolveResult(
                hostname=host,
                host=self._where.address,
                port=port,
                family=socket.AF_INET if version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


class OneClick:
    """Ends a subscription by one POST."""

    def __init__(self, resolver: Resolver | None = None, poster: Poster | None = None) -> None:
        self._resolver = SystemResolver() if resolver is None else resolver
        self._poster = PinnedPoster() if poster is None else poster

    async def ask(self, url: str) -> int:
        """Post to the address and return the status of the answer; 200 to 299 means accepted.

        Raises:
            InvalidInput: it is not an address that may be asked; nothing was sent.
            ConnectionFailed, DeadlineExceeded: no answer came.
        """
        host, path = target_of(url)
        found = await self._resolver.addresses(host)
        if not found:
            raise InvalidInput("The list's address leads nowhere: its name is unknown.")
        # One that is not public among them is enough: an honest list has none.
        if not all(_is_public(address) for address in found):
            raise InvalidInput("The list's address leads into a private network; it is not asked.")
        return await self._poster.post(Pinned(host, path, found[0]), BODY)


def target_of(url: str) -> tuple[str, str]:
    """Return host and path of an address that may be asked.

    Raises:
        InvalidInput: not https, a port other than 443, a user in it, no public name, or too long.
    """
    url = url.strip()
    match = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if match is None:
        raise _refused()
    # What follows "#" is for a browser and never sent.
    host, path = match.group(1), (match.group(2) or "/").partition("#")[0]
    try:
        host = idna.encode(host, uts46=True, transitional=False).decode("ascii").lower()
    except UnicodeError:
        raise _refused() from None
    labels = host.rstrip(".").split(".")
    valid = all(_LABEL.fullmatch(label) for label in labels) and _TOP.fullmatch(labels[-1])
    if len(labels) < 2 or not valid or labels[-1] in _INSIDE:
        raise _refused()
    return ".".join(labels), path if path.startswith("/") else f"/{path}"


def _is_public(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False  # one with a scope, such as fe80::1%eth0, is none either
    networks = _CARRIERS if isinstance(ip, ipaddress.IPv6Address) else _SPECIAL
    if any(ip in network for network in networks):
        return False
    inside = ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local
    return ip.is_global and not (inside or ip.is_private or ip.is_unspecified)


def _refused() -> InvalidInput:
    return InvalidInput("The list's address is not one that may be asked: no public https address.")
