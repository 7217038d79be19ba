"""Serve /_sandbox/…, through which a test or a person sets the sandbox up and inspects it.

- `POST accounts {"email", "name"?, "messages"?: [base64 RFC 822 | {"raw", "labelIds"?,
  "internalDate"?}]}` makes an account or adds to an existing one; returns
  `{"email", "ids"}`.
- `POST incoming {"email", "raw", "sender"?}` delivers mail from the world outside: through filters
  and vacation responder, unlike mail of `accounts`; returns `{"id", "threadId", "labelIds"}`.
- `POST settings {"email", "send_as"?: [{"email", "name"?, "reply_to"?, "signature"?, "pending"?}],
  "forwarding"?: {address: "accepted" | "pending"}}` sets what Gmail's API does not let users set.
- `GET accounts`; `GET outgoing` (mail accepted for addresses that have no mailbox here).
- `POST tokens {"email", "scopes": […], "expires_in"?}` returns `{"access_token"}`. Scopes are
  urls, or names such as gmail.readonly.
- `POST expirations {"email"}` ends the person's access tokens now, `POST withdrawals {"email"}` all
  they consented to, as they could in their Google account; `{"ended": how many}`.
- `GET messages?email=` returns everything in a mailbox, drafts, spam and trash included:
  `{"messages": [{"id", "threadId", "labelIds", "raw": base64}]}`.
- `POST faults {"match": {"method"?, "path"?, "user"?}, "action": {"status"?, "body"?, "headers"?,
  "delay_ms"?, "drop"?: "before"|"after", "truncate"?}, "times"?: 1}`; `DELETE faults`. `method` is
  GET or users.messages.get; `path` is a whole path, the end of one, or a pattern with `*`; `times`
  null is for ever. Parts of a batch are requests too. An error `status` without a `body` (which
  may be "") is answered as Google's APIs word it, on the OAuth routes with no body.
- `GET requests` returns `{"requests", "total", "max_in_flight", "max_in_flight_by_user"}`;
  `DELETE requests`.
- `POST latency {"ms"}` delays every request by that much, a batch once.
- `POST limits {"units_per_minute"?, "max_in_flight"?, "max_recipients"?}`; null is no limit.
- `POST forgotten-history {"email"}` makes every history id so far expire.

A bad request gets a 400 with `{"error": …}`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from arcade_gmail_local.sandbox.control.fault_injection import FaultInjector
from arcade_gmail_local.sandbox.control.request_log import RequestLog
from arcade_gmail_local.sandbox.errors import InvalidInput, NotFound
from arcade_gmail_local.sandbox.gmail.resources import short_message
from arcade_gmail_local.sandbox.google_error import GoogleError
from arcade_gmail_local.sandbox.http.limits import Limits
from arcade_gmail_local.sandbox.http.middleware import SandboxMiddleware
from arcade_gmail_local.sandbox.mail.arrival import prepare_arrival, run_follow_ups, store_arrival
from arcade_gmail_local.sandbox.mail.mailbox import Mailbox
from arcade_gmail_local.sandbox.mail.raw_mail import RawMail, addresses
from arcade_gmail_local.sandbox.mail.send_as_store import SendAs
from arcade_gmail_local.sandbox.mail.store import ARRIVED, Store
from arcade_gmail_local.sandbox.oauth.consent_scopes import full_scope
from arcade_gmail_local.sandbox.oauth.identity import Identity
from arcade_gmail_local.sandbox.oauth.people import People

MAX_LATENCY_MS = 60_000
_FORWARDING = {"accepted", "pending"}
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, repr=False)
class _Given:
    """A message for an account, decoded and not stored yet."""

    raw: bytes
    labels: Collection[str]
    internal_date_ms: int | None


class Control:
    def __init__(
        self,
        *,
        store: Store,
        identity: Identity,
        people: People,
        faults: FaultInjector,
        request_log: RequestLog,
        limits: Limits,
        middleware: SandboxMiddleware,
    ) -> None:
        self._store = store
        self._identity = identity
        self._people = people
        self._faults = faults
        self._request_log = request_log
        self._limits = limits
        self._middleware = middleware

    def routes(self) -> list[Route]:
        def route(path: str, method: str, endpoint: Endpoint) -> Route:
            return Route(f"/_sandbox/{path}", _answering_errors(endpoint), methods=[method])

        return [
            route("accounts", "POST", self.add_account),
            route("accounts", "GET", self.accounts),
            route("incoming", "POST", self.receive),
            route("settings", "POST", self.set_settings),
            route("outgoing", "GET", self.outgoing),
            route("tokens", "POST", self.issue_token),
            route("expirations", "POST", self.expire),
            route("withdrawals", "POST", self.withdraw),
            route("messages", "GET", self.messages),
            route("faults", "POST", self.add_fault),
            route("faults", "DELETE", self.clear_faults),
            route("requests", "GET", self.requests),
            route("requests", "DELETE", self.clear_requests),
            route("latency", "POST", self.set_latency),
            route("limits", "POST", self.set_limits),
            route("forgotten-history", "POST", self.forget_history),
        ]

    # Accounts and tokens

    async def add_account(self, request: Request) -> Response:
        given = await _body(request, {"email", "name", "messages"})
        messages = given.get("messages", [])
        if not isinstance(messages, list):
            raise InvalidInput("messages must be a list.")
        # Decode everything before storing anything, so a bad message leaves no half account.
        read = [_message(message, i) for i, message in enumerate(messages)]
        person = self._people.add(_text(given, "email"), _text(given, "name", ""))
        mailbox = self._store.open_mailbox(person.email, person.name)
        ids = [
            self._store.put(mailbox, m.raw, labels=m.labels, internal_date_ms=m.internal_date_ms).id
            for m in read
        ]
        return JSONResponse({"email": person.email, "ids": ids}, status_code=201)

    async def receive(self, request: Request) -> Response:
        given = await _body(request, {"email", "raw", "sender"})
        mailbox, mail = self._mailbox(_text(given, "email")), RawMail(_message(given, 0).raw)
        written_by = next((address for _, address in addresses(mail.every("from"))), "")
        sender = _text(given, "sender", written_by)
        coming = await prepare_arrival(
            self._store, mailbox, mail, sender=sender, recipient=mailbox.email
        )
        arrived = store_arrival(self._store, coming)
        answer = short_message(arrived.message)
        await run_follow_ups(self._store, [arrived])
        return JSONResponse(answer, status_code=201)

    async def set_settings(self, request: Request) -> Response:
        given = await _body(request, {"email", "send_as", "forwarding"})
        settings = self._mailbox(_text(given, "email")).settings
        for alias in _objects(given, "send_as"):
            status = "pending" if alias.get("pending") else "accepted"
            name, signature = _text(alias, "name", ""), _text(alias, "signature", "")
            email = _text(alias, "email")
            reply_to = _text(alias, "reply_to", "")
            settings.send_as.add(SendAs(email, name, reply_to, signature, status=status))
        forwarding = given.get("forwarding", {})
        if not isinstance(forwarding, dict) or not set(forwarding.values()) <= _FORWARDING:
            raise InvalidInput("forwarding must map addresses to accepted or pending.")
        settings.forwarding |= {address.lower(): status for address, status in forwarding.items()}
        return Response(status_code=204)

    async def accounts(self, _: Request) -> Response:
        boxes = [self._mailbox(email) for email in self._store.emails()]
        listed = [{"email": box.email, "messages": box.message_count} for box in boxes]
        return JSONResponse({"accounts": listed})

    async def messages(self, request: Request) -> Response:
        found = self._mailbox(request.query_params.get("email", "")).newest_first()
        listed = [
            {**short_message(message), "raw": base64.b64encode(message.raw).decode("ascii")}
            for message in found
        ]
        return JSONResponse({"messages": listed})

    async def outgoing(self, _: Request) -> Response:
        return JSONResponse({"outgoing": [asdict(sent) for sent in self._store.outgoing]})

    async def issue_token(self, request: Request) -> Response:
        given = await _body(request, {"email", "scopes", "expires_in"})
        mailbox = self._mailbox(_text(given, "email"))
        scopes, expires_in = given.get("scopes"), given.get("expires_in", 3600)
        if not isinstance(scopes, list) or not all(isinstance(s, str) and s for s in scopes):
            raise InvalidInput("scopes must be a list of scope urls or names.")
        full = [_scope(scope) for scope in scopes]
        if not isinstance(expires_in, int | float) or isinstance(expires_in, bool):
            raise InvalidInput("expires_in must be a number of seconds; 0 makes an expired token.")
        token = self._identity.issue_token(mailbox.email, full, expires_in)
        return JSONResponse({"access_token": token, "token_type": "Bearer"})

    async def expire(self, request: Request) -> Response:
        mailbox = self._mailbox(_text(await _body(request, {"email"}), "email"))
        return JSONResponse({"ended": self._identity.expire_access(mailbox.email)})

    async def withdraw(self, request: Request) -> Response:
        mailbox = self._mailbox(_text(await _body(request, {"email"}), "email"))
        return JSONResponse({"ended": self._identity.withdraw_every_consent(mailbox.email)})

    # Faults, latency, limits

    async def add_fault(self, request: Request) -> Response:
        fault = self._faults.add(await _body(request))
        return JSONResponse({"id": fault.id}, status_code=201)

    async def clear_faults(self, _: Request) -> Response:
        left = len(self._faults)
        self._faults.clear()
        return JSONResponse({"left": left})

    async def set_latency(self, request: Request) -> Response:
        ms = (await _body(request, {"ms"})).get("ms")
        if not isinstance(ms, int | float) or not 0 <= ms <= MAX_LATENCY_MS:
            raise InvalidInput(f"ms must be a number from 0 to {MAX_LATENCY_MS}.")
        self._middleware.latency_s = ms / 1000
        return JSONResponse({"ms": ms})

    async def set_limits(self, request: Request) -> Response:
        given = await _body(request, set(asdict(self._limits)))
        for name, value in given.items():
            if value is not None and (not isinstance(value, int) or value < 1):
                raise InvalidInput(f"{name} must be a positive whole number, or null for no limit.")
        for name, value in given.items():
            setattr(self._limits, name, value)
        return JSONResponse(asdict(self._limits))

    async def forget_history(self, request: Request) -> Response:
        given = await _body(request, {"email"})
        self._mailbox(_text(given, "email")).history.forget()
        return Response(status_code=204)

    # The request log

    async def requests(self, _: Request) -> Response:
        return JSONResponse(
            {
                "requests": [record.resource() for record in self._request_log.records],
                "total": self._request_log.total,
                "max_in_flight": self._request_log.max_in_flight,
                "max_in_flight_by_user": dict(self._request_log.max_by_user),
            }
        )

    async def clear_requests(self, _: Request) -> Response:
        self._request_log.clear()
        return Response(status_code=204)

    def _mailbox(self, email: str) -> Mailbox:
        mailbox = self._store.mailbox(email)
        if mailbox is None:
            raise NotFound("There is no such account; make it with POST /_sandbox/accounts.")
        return mailbox


def _answering_errors(endpoint: Endpoint) -> Endpoint:
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except NotFound as problem:
            return JSONResponse({"error": problem.message}, status_code=404)
        except (InvalidInput, GoogleError) as problem:
            return JSONResponse({"error": problem.message}, status_code=400)

    return answered


async def _body(request: Request, known: set[str] | None = None) -> dict[str, Any]:
    try:
        given = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise InvalidInput("The body must be JSON.") from None
    if not isinstance(given, dict):
        raise InvalidInput("The body must be a JSON object.")
    if known is not None and (unknown := set(given) - known):
        raise InvalidInput(f"Unknown field {min(unknown)!r}; use {', '.join(sorted(known))}.")
    return given


def _text(given: dict[str, Any], name: str, default: str | None = None) -> str:
    value = given.get(name, default)
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a string.")
    return value


def _scope(given: str) -> str:
    scope = full_scope(given)
    if scope is None:
        raise InvalidInput(
            f"{given!r} is not a scope: use a url, a Gmail scope's short name such as "
            "gmail.readonly, or openid, email or profile."
        )
    return scope


def _objects(given: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = given.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidInput(f"{name} must be a list of objects.")
    return value


def _message(given: Any, index: int) -> _Given:
    message = {"raw": given} if isinstance(given, str) else given
    if not isinstance(message, dict) or not isinstance(message.get("raw"), str):
        raise InvalidInput(f"messages[{index}] must be base64, or an object with raw.")
    try:
        plain = message["raw"].replace("-", "+").replace("_", "/").rstrip("=")
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        when = message.get("internalDate")
        return _Given(raw, message.get("labelIds", ARRIVED), None if when is None else int(when))
    except (binascii.Error, ValueError, TypeError):
        raise InvalidInput(f"messages[{index}] cannot be decoded.") from None
