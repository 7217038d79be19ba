"""Answer whose token it is: userinfo in both of Google's shapes, and the People API's `me`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from arcade_gmail_local.sandbox.control.request_log import bearer
from arcade_gmail_local.sandbox.discovery import load_document
from arcade_gmail_local.sandbox.google_error import (
    GoogleError,
    bad_token,
    invalid,
    missing_scope,
    missing_token,
)
from arcade_gmail_local.sandbox.oauth.consent_scopes import (
    OPENID,
    USERINFO_EMAIL,
    USERINFO_PROFILE,
)
from arcade_gmail_local.sandbox.oauth.http_bodies import GoogleJSON
from arcade_gmail_local.sandbox.oauth.identity import Grant, Identity
from arcade_gmail_local.sandbox.oauth.people import People, Person

_SIGN_IN = frozenset({OPENID, USERINFO_EMAIL, USERINFO_PROFILE})


class ProfileEndpoints:
    """Describe the person behind an access token, within the token's scopes."""

    def __init__(self, identity: Identity, people: People) -> None:
        self._identity = identity
        self._people = people

    async def userinfo_v2(self, request: Request) -> Response:
        """Answer www.googleapis.com/oauth2/v2/userinfo: `id` and `verified_email`."""
        try:
            person, grant = self._caller(request, _SIGN_IN)
        except GoogleError as refusal:
            return _refused(refusal)
        email = {"email": person.email, "verified_email": True}
        return GoogleJSON({"id": person.sub, **_in_scope(person, grant, email)})

    async def userinfo_oidc(self, request: Request) -> Response:
        """Answer openidconnect.googleapis.com/v1/userinfo: `sub` and `email_verified`."""
        try:
            person, grant = self._caller(request, _SIGN_IN)
        except GoogleError as refusal:
            scarce = refusal.code == 403
            error = "insufficient_scope" if scarce else "invalid_request"
            text = refusal.message if scarce else "Invalid Credentials"
            body = {"error": error, "error_description": text}
            return GoogleJSON(body, refusal.code, refusal.headers)
        email = {"email": person.email, "email_verified": True}
        return GoogleJSON({"sub": person.sub, **_in_scope(person, grant, email)})

    async def people_me(self, request: Request) -> Response:
        """Answer people.googleapis.com/v1/people/me: only the fields asked for and in scope."""
        try:
            person, grant = self._caller(request, frozenset({USERINFO_EMAIL, USERINFO_PROFILE}))
            fields = _person_fields(request.query_params.getlist("personFields"))
        except GoogleError as refusal:
            return _refused(refusal)
        return GoogleJSON(_person_resource(person, grant, fields))

    def _caller(self, request: Request, accepted: frozenset[str]) -> tuple[Person, Grant]:
        token = bearer(request.headers.get("authorization", ""))
        if not token:
            raise missing_token()
        grant = self._identity.grant_of(token)
        person = self._people.get(grant.email) if grant else None
        if grant is None or person is None:
            raise bad_token()
        if not grant.scopes & accepted:
            raise missing_scope()
        return person, grant


def _in_scope(person: Person, grant: Grant, email: dict[str, Any]) -> dict[str, Any]:
    """Return what the token's scopes let its bearer see of the person."""
    seen: dict[str, Any] = {"picture": _picture(person)}
    if USERINFO_PROFILE in grant.scopes:
        seen |= {"name": person.name, "given_name": person.given_name}
        if person.family_name:
            seen["family_name"] = person.family_name
    if USERINFO_EMAIL in grant.scopes:
        seen |= {**email, "hd": person.domain}
    return seen


def _picture(person: Person) -> str:
    return f"https://avatars.example.com/{hashlib.sha256(person.sub.encode()).hexdigest()[:24]}"


def _person_fields(masks: Iterable[str]) -> frozenset[str]:
    fields = {name.strip() for mask in masks for name in mask.split(",")} - {""}
    where = (
        "Valid paths are documented at https://developers.google.com/people/api/rest/v1/people/get."
    )
    if not fields:
        raise invalid(
            f"personFields mask is required. Please specify one or more valid paths. {where}",
            "badRequest",
        )
    if unknown := fields - _valid_person_fields():
        shown = min(unknown)[:100]
        raise invalid(f'Invalid personFields mask path: "{shown}". {where}', "badRequest")
    return frozenset(fields)


@cache
def _valid_person_fields() -> frozenset[str]:
    get = load_document("people")["resources"]["people"]["methods"]["get"]
    return frozenset(re.findall(r"\* (\w+)", get["parameters"]["personFields"]["description"]))


def _person_resource(person: Person, grant: Grant, fields: Collection[str]) -> dict[str, Any]:
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


def _refused(refusal: GoogleError) -> Response:
    return Response(
        refusal.body(),
        refusal.code,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **refusal.headers},
    )
