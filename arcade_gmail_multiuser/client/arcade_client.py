"""Prepare arcadepy's client for many users: no shared cookies, no mail in its log."""

from __future__ import annotations

import logging
from http.cookiejar import CookieJar, DefaultCookiePolicy

from arcadepy import Arcade, ArcadeError, AsyncArcade, DefaultAsyncHttpxClient

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.redaction import MailFreeFilter

__all__ = ["check_client", "keep_mail_out_of_arcadepys_log", "own_client"]


def own_client() -> AsyncArcade:
    """Make a client from ARCADE_API_KEY and ARCADE_BASE_URL.

    Raises:
        ConfigurationError: there is no key.
    """
    # One client serves all users, so a cookie given to one must not go out with another's call.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    try:
        return AsyncArcade(http_client=DefaultAsyncHttpxClient(cookies=no_cookies))
    except ArcadeError:
        raise ConfigurationError("Set ARCADE_API_KEY, or pass a client.") from None


def check_client(client: AsyncArcade | Arcade) -> AsyncArcade:
    """Refuse arcadepy's synchronous client.

    Raises:
        ConfigurationError: it is an Arcade.
    """
    if isinstance(client, Arcade):
        raise ConfigurationError("Pass an AsyncArcade: an Arcade would block the event loop.")
    return client


def keep_mail_out_of_arcadepys_log() -> None:
    """Filter arcadepy's log, which has whole requests at DEBUG: mail, searches, flow ids."""
    logger = logging.getLogger("arcadepy._base_client")
    if not any(isinstance(present, MailFreeFilter) for present in logger.filters):
        logger.addFilter(MailFreeFilter())
