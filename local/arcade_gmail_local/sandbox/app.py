"""A stand-in for Google on one machine: Gmail's API, OAuth and two mailboxes full of mail.

Start it with `arcade-gmail-multiuser sandbox`, or in a test with `create_sandbox()`, which returns
an ASGI application. All state is in memory. Point a client at it with
GMAIL_API_ENDPOINT=http://127.0.0.1:9100.

What it imitates
    - users.getProfile, messages, attachments, threads, drafts, labels and history, media uploads
      (`media`, `multipart`) and batches, by Gmail's discovery document: paths, parameters, the
      schema of every answer, and the scopes of every method.
    - Google's errors, word for word: the envelope, 400 for a malformed id and 404 for an unknown
      one, 401, the 403 of a missing scope, gmail.metadata's ban on searches, 409, 413.
    - Delivery: what one account sends arrives in the other's inbox, unread, without Bcc, with
      authentication results, in the thread it replies to. Message-IDs are replaced on sending.
    - Threads by reference and subject; drafts whose message changes at every update and which can
      be sent once; labels with their colours, reserved names and conflicts; history with gaps.
    - Snippets and search by the raw text, hidden text included; search by whole words, and inside
      runs of Japanese or Chinese.
    - Filters, which apply to arriving mail only; a vacation responder that replies once to each
      person and never to a machine; send-as addresses, of which the primary can be changed.
    - OAuth: a consent page, codes, refresh, revocation, userinfo (see `oauth/`).
    - Faults, through /_sandbox/ (see `control/`): errors, delays, dropped connections, truncated
      answers, latency, quota units, a limit of requests in flight.

What it does not imitate
    - Settings of language, IMAP, POP and automatic forwarding (they can be read), delegates,
      resumable uploads. Their paths answer 404, as unknown paths do at Google.
    - Push: a watch expires after seven days, but nothing is ever published.
    - Spam filtering, automatic categories, bounces: mail to an address without a mailbox here is
      accepted and listed at /_sandbox/outgoing.
    - `alt=media` or `proto`, JSONP, gzip, tokens in the query, indented answers.
    - Quotas, unless they are set; and a batch runs its parts one after another.
    - History expires after 20,000 records, not after a week.

It protects nothing: anyone who reaches it can issue tokens for any mailbox in it. It answers only
loopback clients and loopback Host names, unless told otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from arcade_gmail_local.sandbox.control.fault_injection import FaultInjector
from arcade_gmail_local.sandbox.control.request_log import RequestLog
from arcade_gmail_local.sandbox.control.routes import Control
from arcade_gmail_local.sandbox.http.batch import BatchRunner
from arcade_gmail_local.sandbox.http.dispatch import NOT_HERE, Dispatcher
from arcade_gmail_local.sandbox.http.limits import Limits
from arcade_gmail_local.sandbox.http.middleware import CONTROL_PREFIX, SandboxMiddleware
from arcade_gmail_local.sandbox.http.routes import GmailEndpoints
from arcade_gmail_local.sandbox.mail.store import Store
from arcade_gmail_local.sandbox.oauth.identity import Identity
from arcade_gmail_local.sandbox.oauth.people import People, Person, seeded_people
from arcade_gmail_local.sandbox.oauth.routes import oauth_routes
from arcade_gmail_local.sandbox.sample_mail.mailboxes import seeded_labels, seeded_messages

__all__ = ["Sandbox", "create_sandbox"]


class Sandbox(Starlette):
    """The ASGI application. Its parts are attributes, for tests in the same process."""

    def __init__(self, *, seeded: bool, clock: Callable[[], float], loopback_only: bool) -> None:
        self.store = Store(clock)
        self.identity = Identity(clock)
        self.people = seeded_people() if seeded else People()
        self.limits = Limits()
        self.request_log = RequestLog()
        self.faults = FaultInjector()
        dispatcher = Dispatcher(self.store, self.identity, self.limits)
        batches = BatchRunner(dispatcher, self.request_log, self.faults)
        self.request_middleware = SandboxMiddleware(
            super().__call__,
            dispatcher=dispatcher,
            request_log=self.request_log,
            faults=self.faults,
            limits=self.limits,
            loopback_only=loopback_only,
        )
        control = Control(
            store=self.store,
            identity=self.identity,
            people=self.people,
            faults=self.faults,
            request_log=self.request_log,
            limits=self.limits,
            middleware=self.request_middleware,
        )
        if seeded:
            for person in self.people:
                self._seed(person)
        super().__init__(
            routes=[
                *GmailEndpoints(dispatcher, batches).routes(),
                *oauth_routes(self.identity, self.people),
                *control.routes(),
            ],
            exception_handlers={404: _nothing_here},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.request_middleware(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def _seed(self, person: Person) -> None:
        mailbox = self.store.open_mailbox(person.email, person.name)
        made = {
            label.id: mailbox.labels.create({"name": label.name}).id
            for label in seeded_labels(person.email)
        }
        for message in seeded_messages(person.email, now=self.store.clock()):
            self.store.put(
                mailbox,
                message.raw,
                labels=[made.get(label, label) for label in message.label_ids],
                internal_date_ms=message.internal_date_ms,
            )


def create_sandbox(
    *,
    seeded: bool = True,
    clock: Callable[[], float] = time.time,
    loopback_only: bool = True,
) -> Sandbox:
    """Create a sandbox with mailboxes, tokens and faults of its own.

    Args:
        seeded: start with alice@example.com, bob@example.com and their mail, not empty.
        clock: seconds since the epoch, for ids, dates, expiries and quotas.
        loopback_only: refuse clients from other machines and Host names that are not loopback.
    """
    return Sandbox(seeded=seeded, clock=clock, loopback_only=loopback_only)


async def _nothing_here(request: Request, _: Exception) -> Response:
    if request.url.path.startswith(CONTROL_PREFIX):
        return JSONResponse({"error": "There is no such control endpoint."}, status_code=404)
    return Response(NOT_HERE, 404, media_type="text/html")
