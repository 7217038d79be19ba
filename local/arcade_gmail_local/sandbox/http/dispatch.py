"""Dispatch a request to a Gmail method once its token, scope, parameters and mailbox are checked.

The order is Google's: an unknown path is a page of HTML, then come the token (401), the scope
(403), the parameters (400) and the mailbox (403); only then does the method run.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

from arcade_gmail_local.sandbox.control.request_log import (
    RequestRecord,
    bearer,
    fingerprint,
    shown_query,
)
from arcade_gmail_local.sandbox.gmail import account, drafts, labels, messages, settings, threads
from arcade_gmail_local.sandbox.google_error import (
    GoogleError,
    bad_token,
    failed_precondition,
    forbidden,
    missing_scope,
    missing_token,
)
from arcade_gmail_local.sandbox.http.call import Call, Handler
from arcade_gmail_local.sandbox.http.field_mask import apply_mask, parse_mask
from arcade_gmail_local.sandbox.http.limits import Limits, UnitMeter
from arcade_gmail_local.sandbox.http.methods import Method, Route, RouteTable
from arcade_gmail_local.sandbox.http.multipart import read_upload
from arcade_gmail_local.sandbox.http.request_binding import bind_body, bind_query
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.store import Store
from arcade_gmail_local.sandbox.oauth.identity import Grant, canonical_email

HANDLERS: Mapping[str, Handler] = {
    **account.HANDLERS,
    **messages.HANDLERS,
    **threads.HANDLERS,
    **drafts.HANDLERS,
    **labels.HANDLERS,
    **settings.HANDLERS,
}

_METADATA = "https://www.googleapis.com/auth/gmail.metadata"
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

JSON = "application/json; charset=UTF-8"
OFF_LOOP_BYTES = 1024 * 1024
"""Bodies and answers above this size are decoded and encoded in a thread."""

NOT_HERE = b"""<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <title>Error 404 (Not Found)!!1</title>
  <p><b>404.</b> <ins>That\xe2\x80\x99s an error.</ins>
  <p>The requested URL was not found on this server.  <ins>That\xe2\x80\x99s all we know.</ins>
"""


class Grants(Protocol):
    """Say what an access token is good for."""

    def grant_of(self, token: str) -> Grant | None: ...


@dataclass(frozen=True, slots=True, repr=False)
class GmailRequest:
    """A request to Gmail or one part of a batch; header names in lower case."""

    http_method: str
    raw_path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Dispatcher:
    def __init__(self, store: Store, grants: Grants, limits: Limits) -> None:
        self._store = store
        self._grants = grants
        self._limits = limits
        self._meter = UnitMeter(limits, store.clock)
        self._routes = RouteTable(HANDLERS)

    def find(self, http_method: str, raw_path: str) -> Route | None:
        return self._routes.find(http_method, raw_path)

    def record_of(
        self,
        http_method: str,
        raw_path: str,
        query_string: str,
        authorization: str,
        *,
        in_batch: bool = False,
    ) -> RequestRecord:
        """Describe a request for the log: which method it means and whose token it carries."""
        token = bearer(authorization)
        grant = self._grants.grant_of(token) if token else None
        route = self.find(http_method, raw_path)
        return RequestRecord(
            method=http_method,
            path=raw_path,
            query=shown_query(query_string),
            user=grant.email if grant else None,
            token=fingerprint(token),
            gmail_method=route.method.name if route else None,
            accepted_scopes=tuple(sorted(route.method.scopes)) if route else (),
            in_batch=in_batch,
            started=self._store.clock(),
        )

    async def answer(self, request: GmailRequest, record: RequestRecord) -> Answer:
        """Answer one request and set the status on its record."""
        answer = await self._answer(request)
        record.status = answer.status
        return answer

    async def _answer(self, request: GmailRequest) -> Answer:
        route = self.find(request.http_method, request.raw_path)
        if route is None:
            return Answer(404, NOT_HERE, {"Content-Type": "text/html; charset=UTF-8"})
        pairs = parse_qsl(request.query_string, keep_blank_values=True, errors="replace")
        try:
            resource = await self._run(route, request, pairs)
        except GoogleError as refusal:
            without = ("$.xgafv", "2") in pairs
            headers = {"Content-Type": JSON, **refusal.headers}
            return Answer(refusal.code, refusal.body(without_errors=without), headers)
        if resource is None:
            return Answer(204)
        return Answer(200, await _rendered(resource), {"Content-Type": JSON})

    async def _run(
        self, route: Route, request: GmailRequest, pairs: list[tuple[str, str]]
    ) -> dict[str, Any] | None:
        method = route.method
        grant = self._grant(request, method)
        self._meter.spend(grant.email, method.units)
        if not grant.scopes & method.scopes:
            raise missing_scope(method.rpc, method.scopes)
        query = bind_query(method, pairs)
        common = dict(pairs)
        body, media = await _read_body(route, request, common.get("uploadType", ""))
        mailbox = self._mailbox(grant, route)
        _check_metadata_rule(grant, query)
        mask = parse_mask(common["fields"], method.response_schema) if "fields" in common else {}
        call = Call(
            method=method,
            store=self._store,
            mailbox=mailbox,
            path=route.path,
            query=query,
            body=body,
            media=media,
            limits=self._limits,
        )
        resource = await HANDLERS[method.name](call)
        masked: dict[str, Any] | None = apply_mask(mask, resource)
        return masked

    def _grant(self, request: GmailRequest, method: Method) -> Grant:
        authorization = request.headers.get("authorization", "")
        if not authorization:
            raise missing_token(method.rpc)
        token = bearer(authorization)
        grant = self._grants.grant_of(token) if token else None
        if grant is None:
            raise bad_token()
        return grant

    def _mailbox(self, grant: Grant, route: Route) -> Mailbox:
        """Return the token's own mailbox; another's is refused whether it exists or not."""
        user_id = route.path["userId"]
        if user_id != "me" and canonical_email(user_id) != grant.email:
            raise forbidden(f"Delegation denied for {grant.email}")
        mailbox = self._store.mailbox(grant.email)
        if mailbox is None:
            raise failed_precondition("Mail service not enabled")
        return mailbox


def _check_metadata_rule(grant: Grant, query: Mapping[str, Any]) -> None:
    """Refuse searches and bodies to gmail.metadata, even beside a scope that allows them."""
    if _METADATA not in grant.scopes:
        return
    if query.get("q"):
        raise forbidden("Metadata scope does not support 'q' parameter")
    if query.get("format") in ("full", "raw"):
        raise forbidden(f"Metadata scope doesn't allow format {query['format'].upper()}")


async def _read_body(
    route: Route, request: GmailRequest, upload_type: str
) -> tuple[dict[str, Any], bytes | None]:
    """Return the checked JSON body and the message of an upload."""
    given, media = request.body, None
    if route.upload:
        content_type = request.headers.get("content-type", "")
        given, media = read_upload(request.body, content_type, upload_type)
    if len(given) > OFF_LOOP_BYTES:
        return await asyncio.to_thread(bind_body, route.method, given), media
    return bind_body(route.method, given), media


async def _rendered(resource: dict[str, Any]) -> bytes:
    """Encode an answer compactly: Gmail indents, which no client depends on."""

    def write() -> bytes:
        return (_ENCODER.encode(resource) + "\n").encode("utf-8", "replace")

    big = any(len(resource.get(key, "")) > OFF_LOOP_BYTES for key in ("raw", "data"))
    return await asyncio.to_thread(write) if big else write()
