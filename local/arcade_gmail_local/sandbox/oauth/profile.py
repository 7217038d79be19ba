"""Who a token belongs to: userinfo in both of Google's shapes, and the People API's `me`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from arcade_gmail_local.sandbox.oauth.consent_scopes import OPENID
from arcade_gmail_local.sandbox.oauth.identity import Grant, Identity
from arcade_gmail_local.sandbox.oauth.json_answer import json_answer
from arcade_gmail_local.sandbox.oauth.people import People, Person
from arcade_gmail_multiuser.gmail.scopes import USERINFO_EMAIL, USERINFO_PROFILE

_SIGN_IN = frozenset({OPENID, USERINFO_EMAIL, USERINFO_PROFILE})
_SEE = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_NO_TOKEN = f"Request is missing required authentication credential. {_SEE}"
_BAD_TOKEN = f"Request had invalid authentication credentials. {_SEE}"
_TOO_LITTLE = "Request had insufficient authentication scopes."
_REALM = 'Bearer realm="https://accounts.google.com/"'

_PERSON_FIELDS = frozenset(
    {
        *("addresses", "ageRanges", "biographies", "birthdays", "calendarUrls", "clientData"),
        *("coverPhotos", "emailAddresses", "events", "externalIds", "genders", "imClients"),
        *("interests", "locales", "locations", "memberships", "metadata", "miscKeywords"),
        *("names", "nicknames", "occupations", "organizations", "phoneNumbers", "photos"),
        *("relations", "sipAddresses", "skills", "urls", "userDefined"),
    }
)


@dataclass(frozen=True, slots=True)
class _Refused:
    status: int
    message: str
    reason: str


class ProfileEndpoints:
    """Tell the caller about the person whose access token it shows, within the token's scopes."""

    def __init__(self, identity: Identity, people: People) -> None:
        self._identity = identity
        self._people = people

    async def userinfo_v2(self, request: Request) -> Response:
        """Answer www.googleapis.com/oauth2/v2/userinfo: `id` and `verified_email`."""
        found = self._who(request, _SIGN_IN)
        if isinstance(found, _Refused):
            return _google_error(found)
        person, grant = found
        body: dict[str, Any] = {"id": person.sub}
        if USERINFO_EMAIL in grant.scopes:
            body |= {"email": person.email, "verified_email": True}
        return json_answer({**body, **_names(person, grant), **_domain(person, grant)})

    async def userinfo_oidc(self, request: Request) -> Response:
        """Answer openidconnect.googleapis.com/v1/userinfo: `sub` and `email_verified`."""
        found = self._who(request, _SIGN_IN)
        if isinstance(found, _Refused):
            error = "insufficient_scope" if found.status == 403 else "invalid_request"
            text = found.message if found.status == 403 else "Invalid Credentials"
            return json_answer(
                {"error": error, "error_description": text}, found.status, _challenge(found)
            )
        person, grant = found
        body: dict[str, Any] = {"sub": person.sub}
        if USERINFO_EMAIL in grant.scopes:
            body |= {"email": person.email, "email_verified": True}
        return json_answer({**body, **_names(person, grant), **_domain(person, grant)})

    async def people_me(self, request: Request) -> Response:
        """Answer people.googleapis.com/v1/people/me: only the asked fields, if in scope."""
        found = self._who(request, frozenset({USERINFO_EMAIL, USERINFO_PROFILE}))
        if isinstance(found, _Refused):
            return _google_error(found)
        masks = request.query_params.getlist("personFields")
        fields = {name.strip() for mask in masks for name in mask.split(",") if name.strip()}
        problem = _problem_with_fields(fields)
        if problem:
            return _google_error(_Refused(400, problem, "badRequest"))
        return json_answer(_person_resource(*found, fields))

    def _who(self, request: Request, accepted: frozenset[str]) -> tuple[Person, Grant] | _Refused:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return _Refused(401, _NO_TOKEN, "required")
        grant = self._identity.grant_of(token.strip())
        person = self._people.get(grant.email) if grant else None
        if grant is None or person is None:
            return _Refused(401, _BAD_TOKEN, "authError")
        if not grant.scopes & accepted:
            return _Refused(403, _TOO_LITTLE, "insufficientPermissions")
        return person, grant


def _names(person: Person, grant: Grant) -> dict[str, Any]:
    if USERINFO_PROFILE not in grant.scopes:
        return {"picture": _picture(person)}
    names = {"name": person.name, "given_name": person.given_name}
    if person.family_name:
        names["family_name"] = person.family_name
    return {**names, "picture": _picture(person)}


def _domain(person: Person, grant: Grant) -> dict[str, Any]:
    return {"hd": person.domain} if USERINFO_EMAIL in grant.scopes else {}


def _picture(person: Person) -> str:
    return f"https://avatars.example.com/{hashlib.sha256(person.sub.encode()).hexdigest()[:24]}"


def _problem_with_fields(fields: set[str]) -> str | None:
    where = (
        "Valid paths are documented at https://developers.google.com/people/api/rest/v1/people/get."
    )
    if not fields:
        return f"personFields mask is required. Please specify one or more valid paths. {where}"
    unknown = sorted(fields - _PERSON_FIELDS)
    if unknown:
        return f'Invalid personFields mask path: "{unknown[0][:100]}". {where}'
    return None


def _person_resource(person: Person, grant: Grant, fields: set[str]) -> dict[str, Any]:
    profile = {"primary": True, "source": {"type": "PROFILE", "id": person.sub}}
    etag = hashlib.sha256(f"{person.sub}{person.name}".encode()).hexdigest()[:20]
    body: dict[str, Any] = {"resourceName": f"people/{person.sub}", "etag": f"%{etag}"}
    if "names" in fields and USERINFO_PROFILE in grant.scopes:
        last_first = f"{person.family_name}, {person.given_name}"
        name = {
            "metadata": {**profile, "sourcePrimary": True},
            "displayName": person.name,
            "givenName": person.given_name,
            "displayNameLastFirst": last_first if person.family_name else person.name,
            "unstructuredName": person.name,
        }
        if person.family_name:
            name["familyName"] = person.family_name
        body["names"] = [name]
    if "photos" in fields and USERINFO_PROFILE in grant.scopes:
        body["photos"] = [{"metadata": profile, "url": _picture(person), "default": True}]
    if "emailAddresses" in fields and USERINFO_EMAIL in grant.scopes:
        account = {"type": "ACCOUNT", "id": person.sub}
        metadata = {"primary": True, "verified": True, "source": account, "sourcePrimary": True}
        body["emailAddresses"] = [{"metadata": metadata, "value": person.email}]
    return body


def _challenge(refused: _Refused) -> dict[str, str]:
    if refused.reason == "required":
        return {"WWW-Authenticate": _REALM}
    error = "invalid_token" if refused.status == 401 else "insufficient_scope"
    return {"WWW-Authenticate": f'{_REALM}, error="{error}"'}


def _google_error(refused: _Refused) -> Response:
    short = {
        "required": "Login Required.",
        "authError": "Invalid Credentials",
        "insufficientPermissions": "Insufficient Permission",
    }.get(refused.reason, refused.message)
    entry: dict[str, str] = {"message": short, "domain": "global", "reason": refused.reason}
    if refused.status == 401:
        entry |= {"location": "Authorization", "locationType": "header"}
    error: dict[str, Any] = {
        "code": refused.status,
        "message": refused.message,
        "errors": [entry],
        "status": {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED"}.get(
            refused.status, "PERMISSION_DENIED"
        ),
    }
    if refused.status == 403:
        detail = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
        }
        error["details"] = [detail]
    headers = {} if refused.status == 400 else _challenge(refused)
    return json_answer({"error": error}, refused.status, headers)
