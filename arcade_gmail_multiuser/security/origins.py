"""Check configured URLs: https, or plain http on loopback; secrets go to Google only."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["check_provider_url", "check_url", "is_loopback", "origin_of", "split_url"]

_GOOGLE_HOSTS = frozenset(
    {
        "accounts.google.com",
        "gmail.googleapis.com",
        "oauth2.googleapis.com",
        "openidconnect.googleapis.com",
        "www.googleapis.com",
    }
)


def split_url(url: str) -> SplitResult | None:
    """Split an absolute http(s) URL; None for anything a browser might read differently."""
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url or len(url) > 2048:
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    # An IPv6 zone (%…) may contain any character, even one that ends a header's directive.
    strange = "@" in parts.netloc or "%" in parts.netloc
    if parts.scheme not in {"http", "https"} or not host or strange:
        return None
    return parts


def is_loopback(url: str) -> bool:
    """Say whether a URL can only mean this machine."""
    parts = split_url(url)
    if parts is None or parts.hostname is None:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Return scheme, host and port, as a Content-Security-Policy writes them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def check_url(name: str, url: str) -> None:
    """Refuse a URL that is not https; plain http is for loopback only.

    Raises:
        ConfigurationError: names the setting, never its value.
    """
    parts = split_url(url)
    if parts is None or parts.fragment:
        raise ConfigurationError(f"{name} must be an absolute http(s) address.")
    if parts.scheme == "http" and not is_loopback(url):
        raise ConfigurationError(f"{name} must use https; plain http is for loopback only.")


def check_provider_url(name: str, url: str) -> None:
    """Refuse a URL outside Google and loopback: client secrets and tokens are sent there."""
    check_url(name, url)
    if urlsplit(url).hostname not in _GOOGLE_HOSTS and not is_loopback(url):
        raise ConfigurationError(f"{name} must be a Google host, or loopback for a sandbox.")
