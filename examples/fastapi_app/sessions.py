"""Keep who is signed in, and check that a form came from our own page.

The sign-in asks for a name and no password: it is a demonstration. Replace it with your own; the
rest needs only `signed_in`.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated

from fastapi import Depends, Form, HTTPException, Request

__all__ = [
    "CheckedForm",
    "SignedIn",
    "begin",
    "csrf_of",
    "local_path",
    "require_sign_in",
    "signed_in",
]


def signed_in(request: Request) -> str | None:
    """Return the id of the user who is signed in at this browser."""
    found = request.session.get("user_id")
    return found if isinstance(found, str) and found else None


def begin(request: Request, user_id: str) -> None:
    """Sign a user in, with nothing left of the session before."""
    request.session.clear()
    request.session["user_id"] = user_id


def csrf_of(request: Request) -> str:
    """Return the secret that this session's forms include."""
    if "csrf" not in request.session:
        request.session["csrf"] = secrets.token_urlsafe(24)
    return str(request.session["csrf"])


def local_path(given: str) -> str:
    """Return a path of this application to continue at; anything else leads to the home page.

    A browser takes "//evil.example" and "/\\evil.example" for other sites.
    """
    return given if given.startswith("/") and given[1:2] not in ("/", "\\") else "/"


async def _checked(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    if not hmac.compare_digest(csrf.encode(), csrf_of(request).encode()):
        raise HTTPException(403, "This page is out of date. Go back and reload it.")


async def require_sign_in(request: Request) -> str:
    user_id = signed_in(request)
    if user_id is None:
        raise HTTPException(401, "Sign in first.")
    return user_id


CheckedForm = Depends(_checked)
SignedIn = Annotated[str, Depends(require_sign_in)]
