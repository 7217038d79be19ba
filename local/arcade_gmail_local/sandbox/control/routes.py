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
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from arcade_gmail_local.sandbox.control.bodies import (
    Account,
    Incoming,
    Latency,
    LimitChange,
    MailboxChange,
    Owner,
    Token,
    read_body,
)
from arcade_gmail_local.sandbox.control.fault_injection import Fault, FaultInjector
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
from arcade_gmail_local.sandbox.mail.store import Store
from arcade_gmail_local.sandbox.oauth.identity import Identity
from arcade_gmail_local.sandbox.oauth.people import People

Endpoint = Callable[[Request], Awaitable[Response]]


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
        # The whole body is decoded before anything is stored: a bad message leaves no account.
        body = await read_body(request, Account)
        person = self._people.add(body.email, body.name)
        mailbox = self._store.open_mailbox(person.email, person.name)
        ids = [
            self._store.put(
                mailbox, m.raw, labels=m.label_ids, internal_date_ms=m.internal_date_ms
            ).id
            for m in body.messages
        ]
        return JSONResponse({"email": person.email, "ids": ids}, status_code=201)

    async def receive(self, request: Request) -> Response:
        body = await read_body(request, Incoming)
        mailbox, mail = self._mailbox(body.email), RawMail(body.raw)
        sender = body.sender
        if sender is None:
            sender = next((address for _, address in addresses(mail.every("from"))), "")
        coming = await prepare_arrival(
            self._store, mailbox, mail, sender=sender, recipient=mailbox.email
        )
        arrived = store_arrival(self._store, coming)
        answer = short_message(arrived.message)
        await run_follow_ups(self._store, [arrived])
        return JSONResponse(answer, status_code=201)

    async def set_settings(self, request: Request) -> Response:
        body = await read_body(request, MailboxChange)
        settings = self._mailbox(body.email).settings
        for alias in body.send_as:
            status = "pending" if alias.pending else "accepted"
            settings.send_as.add(
                SendAs(alias.email, alias.name, alias.reply_to, alias.signature, status=status)
            )
        settings.forwarding |= {address.lower(): s for address, s in body.forwarding.items()}
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
        body = await read_body(request, Token)
        mailbox = self._mailbox(body.email)
        token = self._identity.issue_token(mailbox.email, body.scopes, body.expires_in)
        return JSONResponse({"access_token": token, "token_type": "Bearer"})

    async def expire(self, request: Request) -> Response:
        mailbox = self._mailbox((await read_body(request, Owner)).email)
        return JSONResponse({"ended": self._identity.expire_access(mailbox.email)})

    async def withdraw(self, request: Request) -> Response:
        mailbox = self._mailbox((await read_body(request, Owner)).email)
        return JSONResponse({"ended": self._identity.withdraw_every_consent(mailbox.email)})

    # Faults, latency, limits

    async def add_fault(self, request: Request) -> Response:
        fault_id = self._faults.add(await read_body(request, Fault))
        return JSONResponse({"id": fault_id}, status_code=201)

    async def clear_faults(self, _: Request) -> Response:
        left = len(self._faults)
        self._faults.clear()
        return JSONResponse({"left": left})

    async def set_latency(self, request: Request) -> Response:
        body = await read_body(request, Latency)
        self._middleware.latency_s = body.ms / 1000
        return JSONResponse({"ms": body.ms})

    async def set_limits(self, request: Request) -> Response:
        body = await read_body(request, LimitChange)
        for name, value in body.model_dump(exclude_unset=True).items():
            setattr(self._limits, name, value)
        return JSONResponse(asdict(self._limits))

    async def forget_history(self, request: Request) -> Response:
        self._mailbox((await read_body(request, Owner)).email).history.forget()
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
