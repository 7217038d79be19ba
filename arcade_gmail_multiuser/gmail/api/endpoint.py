"""Where Google is: the public endpoint, or the one that GMAIL_API_ENDPOINT names."""

from __future__ import annotations

import functools
import ipaddress
import os
from urllib.parse import SplitResult, urlsplit

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["gmail_endpoint", "userinfo_url"]

VARIABLE = "GMAIL_API_ENDPOINT"
DEFAULT = "https://gmail.googleapis.com"
USERINFO_PATH = "/oauth2/v2/userinfo"

GOOGLE_HOSTS = frozenset({"gmail.googleapis.com", "www.googleapis.com"})
"""Tokens go to these and to loopback; not to any `*.googleapis.com`: others are served there."""


def gmail_endpoint() -> str:
    """Return the base url of the Gmail API, without a slash at its end.

    GMAIL_API_ENDPOINT is read at every call, so a test may set it after the import.

    Raises:
        ConfigurationError: it names a host that no token may be sent to.
    """
    return _checked(os.environ.get(VARIABLE, "").strip() or DEFAULT)


def userinfo_url() -> str:
    """Return the url that tells who a token belongs to; a loopback endpoint answers it itself."""
    endpoint = gmail_endpoint()
    if urlsplit(endpoint).hostname in GOOGLE_HOSTS:
        return f"https://www.googleapis.com{USERINFO_PATH}"
    return endpoint + USERINFO_PATH


@functools.lru_cache(maxsize=16)
def _checked(given: str) -> str:
    refusal = _refusal(given)
    if refusal is not None:
        # The value stays out of the message: someone may have put a password into it.
        raise ConfigurationError(f"{VARIABLE} {refusal}")
    return given.rstrip("/")


def _refusal(given: str) -> str | None:
    try:
        url = urlsplit(given)
        port = url.port
    except ValueError:
        return "is not a url."
    if url.scheme not in {"https", "http"} or not url.hostname or not given.isascii():
        return "must be a url that begins with https://."
    if url.username is not None or url.password is not None:
        return "must not hold a user name or a password."
    if url.path.strip("/") or "?" in given or "#" in given or "\\" in given:
        return "must be a scheme, a host and a port, and nothing after them."
    return _host_refusal(url, port)


def _host_refusal(url: SplitResult, port: int | None) -> str | None:
    host = url.hostname or ""
    if _is_loopback(host):
        return None
    if host not in GOOGLE_HOSTS:
        return (
            "may name loopback or one of "
            + ", ".join(sorted(GOOGLE_HOSTS))
            + "; the tokens of users are sent there."
        )
    if url.scheme != "https":
        return "must begin with https:// for any host but loopback."
    if port not in {None, 443}:
        return "must use port 443 for Google."
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
