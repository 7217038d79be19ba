"""Do what people do, and check every answer they get."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from arcade_gmail_multiuser.client import MultiUserGmailAgent, MultiUserGmailManager
from arcade_gmail_multiuser.errors import GmailMultiuserError, OutcomeUnknown
from bench.soak.people import Letter, Outcome, People, Person
from bench.soak.sign_in import SignInFailed, sign_in
from bench.soak.trouble import Controls

__all__ = ["Figures", "Life", "StillAsked"]

TOOLS = ("ListEmails", "MultiUserGmailSend", "ChangeThreadLabels", "WhoAmI")
"""Their scopes together cover everything that is done here."""
CONNECT_S = 40.0
ATTEMPTS = 4
PATIENCE_S = (0.01, 0.4)
"""When a hurried caller gives up on a send."""


@dataclass(slots=True)
class Figures:
    """Count what happened; the lists have a line for each thing that must not."""

    calls: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)
    """For each kind of error, what one of them said; our messages hold no mail."""
    events: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    untyped: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def error(self, doing: str, code: str, message: str) -> None:
        kind = f"{doing}: {code}"
        self.errors[kind] += 1
        self.said.setdefault(kind, message)


class StillAsked(GmailMultiuserError):
    """Authorization is asked for again right after the person gave it, or could not give it."""

    code = "not_connected"


class Life:
    """Do things for people, through the manager, and look at every answer."""

    def __init__(
        self,
        manager: MultiUserGmailManager,
        controls: Controls,
        people: People,
        chance: random.Random,
        connector: aiohttp.BaseConnector,
    ) -> None:
        self.figures = Figures()
        self._manager = manager
        self._agent = MultiUserGmailAgent(manager)
        self._controls = controls
        self._people = people
        self._chance = chance
        self._connector = connector
        self._doings: tuple[tuple[Callable[[Person], Awaitable[None]], float], ...] = (
            (self.who, 8), (self.list, 14), (self.search, 14), (self.read, 14),
            (self.read_anothers, 4), (self.labels, 6), (self.ask_agent, 6), (self.star, 4),
            (self.send, 8), (self.send_exactly_once, 6), (self.send_twice_at_once, 2),
            (self.draft, 4), (self.reply, 6), (self.send_in_a_hurry, 2),
            (self.disconnect, 1.5), (self.withdraw, 1), (self.expire, 2),
        )  # fmt: skip

    async def do_something(self, person: Person) -> None:
        doings, weights = zip(*self._doings, strict=True)
        [doing] = self._chance.choices(doings, weights)
        try:
            await doing(person)
        except GmailMultiuserError:
            pass  # counted where it was raised
        except Exception as problem:  # noqa: BLE001 - an untyped error is a finding, not a crash
            self.figures.untyped.append(f"{doing.__name__}: {type(problem).__name__}: {problem}")

    # Calls

    async def call(self, person: Person, action: str, **params: Any) -> Any:
        """Run a tool; when the person is asked to agree they do, and it is run again."""
        for last in (False, True):
            answer = await self._once(person, action, params)
            if not asks(answer):
                return answer
            if not last:
                await self.connect(person)
        again = StillAsked("Asked to connect once more, right after connecting.")
        self.figures.error(action, again.code, again.message)
        raise again

    async def _once(self, person: Person, action: str, params: dict[str, Any]) -> Any:
        self.figures.calls[action] += 1
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answer = await self._manager.execute_gmail_action(person.user_id, action, params)
        except GmailMultiuserError as problem:
            self.figures.error(action, problem.code, problem.message)
            self._people.look(person, [problem.message, problem.developer_message], action)
            raise
        self.figures.seconds.append(loop.time() - began)
        self._people.look(person, answer, action)
        if asks(answer):
            self.figures.events["asked to connect"] += 1
        return answer

    # Connections

    async def connect(self, person: Person) -> None:
        """Go through the pages, unless the person has just done so in another tab."""
        async with person.at_the_browser:
            asked = await self._manager.authenticate_user(person.user_id, TOOLS)
            if not asks(asked):
                return
            waiting = asyncio.ensure_future(
                self._manager.wait_for_authorization(person.user_id, timeout_s=CONNECT_S)
            )
            try:
                await sign_in(asked["url"], person.email, self._connector)
                await waiting
            except (SignInFailed, aiohttp.ClientError, TimeoutError, GmailMultiuserError) as failed:
                name = getattr(failed, "code", None) or type(failed).__name__
                self.figures.error("connecting", name, str(failed))
                raise StillAsked("Could not connect.") from None
            finally:
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
            self.figures.events["connected"] += 1

    async def disconnect(self, person: Person) -> None:
        async with person.at_the_browser:
            await self._counted("disconnect", self._manager.disconnect(person.user_id))
            self.figures.events["disconnected"] += 1
            await self._must_be_asked(person, "disconnecting")

    async def withdraw(self, person: Person) -> None:
        async with person.at_the_browser:
            ended = await self._controls.post("withdrawals", {"email": person.email})
            self.figures.events["consents withdrawn"] += ended["ended"]
            await self._must_be_asked(person, "withdrawing")

    async def expire(self, person: Person) -> None:
        """End the access token alone: the engine has to get another without the person."""
        ended = await self._controls.post("expirations", {"email": person.email})
        self.figures.events["tokens expired"] += ended["ended"]
        await self.call(person, "list_emails", n_emails=1)

    async def _must_be_asked(self, person: Person, after: str) -> None:
        answer = await self._once(person, "list_emails", {"n_emails": 1})
        if not asks(answer):
            self.figures.served.append(f"{person.email} was served after {after}")

    async def _counted(self, name: str, call: Awaitable[Any]) -> Any:
        try:
            return await call
        except GmailMultiuserError as problem:
            self.figures.error(name, problem.code, problem.message)
            raise

    # Reading

    async def who(self, person: Person) -> None:
        answer = await self.call(person, "who_am_i")
        if answer["email"] != person.email:
            self._people.crossed.append(f"{person.email} was told to be {answer['email']}")

    async def list(self, person: Person) -> None:
        answer = await self.call(person, "ListEmails", n_emails=12)
        for email in answer["emails"]:
            self._note_letter(person, email)

    async def search(self, person: Person) -> None:
        answer = await self.call(
            person, "GmailMultiuser.SearchEmailsByQuery", query=person.canary, max_results=20
        )
        named = {one["id"] for one in (*answer["emails"], *answer.get("failed", ()))}
        if not named >= set(person.own_ids):
            self.figures.wrong.append(f"{person.email}: a search missed mail without saying so")

    async def read(self, person: Person) -> None:
        one = self._chance.choice(person.own_ids)
        answer = await self.call(person, "GmailMultiuser_GetEmail", email_id=one)
        if answer["id"] != one or person.canary not in answer["body"]:
            self.figures.wrong.append(f"{person.email}: got another message than was asked for")

    async def read_anothers(self, person: Person) -> None:
        """Name the id of a message in somebody else's mailbox."""
        one = self._chance.choice(self._people.another(person).own_ids)
        try:
            await self.call(person, "get_email", email_id=one)
        except GmailMultiuserError as refused:
            self.figures.events["others' ids refused"] += refused.code == "not_found"
            raise
        self._people.crossed.append(f"{person.email} read a message by another's id")

    async def labels(self, person: Person) -> None:
        await self.call(person, "list_labels")

    async def ask_agent(self, person: Person) -> None:
        request = {"action": "search", "parameters": {"query": person.canary}}
        self.figures.calls["agent: search"] += 1
        answer = await self._agent.process_email_request(person.user_id, request)
        self._people.look(person, answer, "agent: search")
        if answer.get("authRequired"):
            await self.connect(person)
        elif not answer["success"]:
            self.figures.error("agent", answer["error"]["code"], answer["error"]["message"])

    async def star(self, person: Person) -> None:
        add = self._chance.choice((["STARRED"], ["IMPORTANT"], []))
        await self.call(
            person,
            "ChangeThreadLabels",
            thread_id=self._chance.choice(person.own_ids),
            labels_to_add=add,
            labels_to_remove=[] if add else ["STARRED"],
        )

    def _note_letter(self, person: Person, email: dict[str, Any]) -> None:
        arrived = "INBOX" in email["label_ids"] and person.email not in email["from_"]
        if arrived and "letter" in email["subject"]:
            person.replies_to = [*person.replies_to[-4:], email["id"]]

    # Sending

    async def send(self, person: Person) -> None:
        letter, words = self._letter(person, "SendEmail")
        recipient = letter.recipient
        letter.outcome = await self._deliver(person, "send_email", recipient=recipient, **words)

    async def send_exactly_once(self, person: Person) -> None:
        """Repeat with one key while the outcome is open or the call may be repeated."""
        letter, once = self._keyed(person, "MultiUserGmailSend")
        outcomes: set[Outcome] = set()
        for attempt in range(ATTEMPTS):
            outcomes.add(await once())
            if "sent" in outcomes:
                break
            await asyncio.sleep(0.2 * attempt)
        letter.outcome = taken_together(outcomes)

    async def send_twice_at_once(self, person: Person) -> None:
        letter, once = self._keyed(person, "MultiUserGmailSend twice at once")
        letter.outcome = taken_together(set(await asyncio.gather(once(), once())))

    async def draft(self, person: Person) -> None:
        letter, words = self._letter(person, "SendDraftEmail")
        letter.outcome = "not sent"
        draft = await self.call(person, "WriteDraftEmail", recipient=letter.recipient, **words)
        letter.outcome = await self._deliver(person, "send_draft_email", email_id=draft["id"])

    async def reply(self, person: Person) -> None:
        if not person.replies_to:
            await self.list(person)
            return
        one = self._chance.choice(person.replies_to)
        original = await self.call(person, "get_email", email_id=one)
        recipient = original["from_"].rpartition("<")[2].strip(">")
        letter, words = self._letter(person, "ReplyToEmail", recipient)
        letter.outcome = await self._deliver(
            person,
            "reply_to_email",
            reply_to_message_id=one,
            body=words["body"],
            include_quote=False,
        )

    async def send_in_a_hurry(self, person: Person) -> None:
        """Stop waiting at any moment; the outcome stays unknown."""
        letter, words = self._letter(person, "SendEmail given up")
        sending = self._deliver(person, "send_email", recipient=letter.recipient, **words)
        try:
            outcome = await asyncio.wait_for(sending, self._chance.uniform(*PATIENCE_S))
        except TimeoutError:
            self.figures.events["sends given up"] += 1
            return
        letter.outcome = outcome

    def _letter(
        self, person: Person, way: str, recipient: str = ""
    ) -> tuple[Letter, dict[str, str]]:
        letter = self._people.letter(person, recipient or self._people.another(person).email, way)
        words = {"subject": f"About {letter.tag}", "body": f"Mark: {letter.tag}\nWarm regards."}
        return letter, words

    def _keyed(self, person: Person, way: str) -> tuple[Letter, Callable[[], Awaitable[Outcome]]]:
        letter, words = self._letter(person, way)
        more = {"to": letter.recipient, "idempotency_key": letter.tag, **words}
        return letter, lambda: self._deliver(person, "MultiUserGmailSend", **more)

    async def _deliver(self, person: Person, action: str, **params: Any) -> Outcome:
        """Send, and give what the caller has been told became of it."""
        try:
            answer = await self.call(person, action, **params)
        except OutcomeUnknown:
            return "unknown"
        except GmailMultiuserError:
            return "not sent"
        return "sent" if answer["status"] == "sent" else "unknown"


def taken_together(outcomes: set[Outcome]) -> Outcome:
    """Return what is known after several attempts at one letter."""
    return next(one for one in ("sent", "unknown", "not sent") if one in outcomes)


def asks(answer: Any) -> bool:
    return isinstance(answer, dict) and "authorization_required" in answer
