"""Run what the agent does for Alice and Bob, step by step, always for both at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from arcadepy import APIError, APIStatusError, AsyncArcade

from arcade_gmail_local.commands.demo.person import TOOLKIT, Person, StepFailed
from arcade_gmail_local.commands.sign_in import sign_in

__all__ = ["Outcome", "Story"]

CONNECT_S = 15.0
NEWEST = 10


@dataclass(slots=True, repr=False)
class Outcome:
    """What happened to one person's letter, as both mailboxes show it."""

    subject: str
    sent_id: str = ""
    sent_thread: str = ""
    copies_sent: int = 0
    copies_received: int = 0
    received_id: str = ""
    received_thread: str = ""
    thread_seen_by_sender: list[dict[str, Any]] = field(default_factory=list)
    thread_seen_by_recipient: list[dict[str, Any]] = field(default_factory=list)
    draft_subject: str = ""
    draft_copies: int = 0
    drafts_left: int = 0
    labels_after: list[str] = field(default_factory=list)
    trashed_id: str = ""
    trash_left_in_inbox: int = 0
    trash_in_trash: int = 0


class Story:
    """Two people, their letters to each other, and the steps in order."""

    def __init__(self, alice: Person, bob: Person, arcade: AsyncArcade) -> None:
        self.alice = alice
        self.bob = bob
        self.letters = {
            alice.email: Outcome("Lunch on Thursday?", draft_subject="The recipe I promised"),
            bob.email: Outcome("Slides for Monday", draft_subject="Keys are with the neighbours"),
        }
        self.asked_to_connect: set[str] = set()
        self.names: dict[str, str] = {}
        self._arcade = arcade

    @property
    def steps(self) -> tuple[tuple[str, Callable[[Person, Person], Awaitable[None]]], ...]:
        return (
            ("Call a tool before anyone is connected: refused, with a link", self.ask_too_early),
            ("Connect both through OAuth: choose, consent, confirm", self.connect),
            ("Look around: who am I, labels, newest mail", self.look_around),
            ("Search for their own project, and for the other's", self.search),
            ("Send each other a letter at the same moment", self.send),
            ("Find the other's letter in the inbox and read it", self.receive),
            ("Reply to it", self.reply),
            ("Read the whole thread, from both sides", self.read_threads),
            ("Write a draft, then send it", self.draft),
            ("Star a thread, and trash a mail", self.organise),
            ("Count every copy", self.count),
        )

    async def run(self, step: Callable[[Person, Person], Awaitable[None]]) -> None:
        """Run one step for both at once; the first failure cancels it for the other too."""
        both = [
            asyncio.ensure_future(step(self.alice, self.bob)),
            asyncio.ensure_future(step(self.bob, self.alice)),
        ]
        try:
            await asyncio.gather(*both)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def ask_too_early(self, me: Person, _other: Person) -> None:
        """Call a tool before the person has connected. The engine may refuse in two ways."""
        try:
            answer = await self._arcade.tools.execute(
                tool_name=f"{TOOLKIT}.ListLabels", input={}, user_id=me.email
            )
        except APIStatusError as refused:
            if refused.status_code == 403:
                self.asked_to_connect.add(me.email)
            return
        authorization = answer.output.authorization if answer.output else None
        if not answer.success and authorization is not None and authorization.url:
            self.asked_to_connect.add(me.email)

    async def connect(self, me: Person, _other: Person) -> None:
        """Grant every scope the tools declare, while arcadepy waits for completion."""
        try:
            scopes = await self._scopes()
            asked = await self._arcade.auth.start(me.email, "google", scopes=scopes)
            if not asked.url:
                raise StepFailed(f"The engine returned no link for {me.name} to connect with.")
            waiting = asyncio.ensure_future(self._arcade.auth.wait_for_completion(asked))
            try:
                await sign_in(asked.url, me.email)
                await asyncio.wait_for(waiting, CONNECT_S)
            finally:
                waiting.cancel()
        except TimeoutError:
            raise StepFailed(f"{me.name}'s connection was not completed in time.") from None
        except APIError as failed:
            raise StepFailed(f"Connecting {me.name}: {type(failed).__name__}.") from None

    async def _scopes(self) -> list[str]:
        scopes: set[str] = set()
        async for tool in self._arcade.tools.list(toolkit=TOOLKIT, limit=100):
            authorization = tool.requirements.authorization if tool.requirements else None
            if authorization is not None and authorization.oauth2 is not None:
                scopes.update(authorization.oauth2.scopes or ())
        return sorted(scopes)

    async def look_around(self, me: Person, _other: Person) -> None:
        who, labels, newest = await asyncio.gather(
            me.use("WhoAmI"),
            me.use("ListLabels"),
            me.use("ListEmails", n_emails=NEWEST),
        )
        self.names[me.email] = who["email"]
        me.labels = len(labels["labels"])
        me.listed = len(newest["emails"])

    async def search(self, me: Person, other: Person) -> None:
        mine, others, threads, by_header = await asyncio.gather(
            me.use("SearchEmailsByQuery", query=f'"{me.marker}"', max_results=50),
            me.use("SearchEmailsByQuery", query=f'"{other.marker}"', max_results=50),
            me.use("SearchThreads", subject=[me.marker], max_results=20),
            me.use("ListEmailsByHeader", subject=[me.marker], max_results=20),
        )
        me.found = len(mine["emails"])
        me.found_of_the_other = len(others["emails"])
        me.threads |= {thread["id"] for thread in threads["threads"]}
        for email in by_header["emails"][:2]:
            await self._read(me, email["id"])

    async def send(self, me: Person, other: Person) -> None:
        letter = self.letters[me.email]
        body = f"Dear {other.name},\n\nthis one is for you alone.\n\n{me.name}"
        if me is self.alice:
            sent = await me.use(
                "MultiUserGmailSend",
                to=other.email,
                subject=letter.subject,
                body=body,
                user_id=me.email,
            )
            letter.sent_id = sent["message_id"]
        else:
            sent = await me.use(
                "SendEmail", recipient=other.email, subject=letter.subject, body=body
            )
            letter.sent_id = sent["id"]
        me.sent.append(letter.subject)
        letter.sent_thread = (await self._read(me, letter.sent_id))["thread_id"]

    async def receive(self, me: Person, other: Person) -> None:
        letter = self.letters[other.email]
        arrived = await self._find(me, f'in:inbox subject:"{letter.subject}"')
        letter.copies_received = len(arrived)
        if not arrived:
            raise StepFailed(f"{other.name}'s letter did not reach {me.name}.")
        letter.received_id, letter.received_thread = arrived[0]["id"], arrived[0]["thread_id"]
        await self._read(me, letter.received_id)
        me.received.append(letter.subject)
        me.threads.add(letter.received_thread)

    async def reply(self, me: Person, other: Person) -> None:
        letter = self.letters[other.email]
        await me.use(
            "ReplyToEmail",
            body=f"Thank you, {other.name}. Gladly.",
            reply_to_message_id=letter.received_id,
            reply_to_whom="only_the_sender",
        )
        me.sent.append(f"Re: {letter.subject}")

    async def read_threads(self, me: Person, other: Person) -> None:
        mine, theirs = self.letters[me.email], self.letters[other.email]
        own, others = await asyncio.gather(
            me.use("GetThread", thread_id=mine.sent_thread),
            me.use("GetThread", thread_id=theirs.received_thread),
        )
        mine.thread_seen_by_sender = own["messages"]
        theirs.thread_seen_by_recipient = others["messages"]
        me.threads |= {mine.sent_thread, theirs.received_thread}
        if len(own["messages"]) > 1:
            me.received.append(f"Re: {mine.subject}")

    async def draft(self, me: Person, other: Person) -> None:
        letter = self.letters[me.email]
        written = await me.use(
            "WriteDraftEmail",
            recipient=other.email,
            subject=letter.draft_subject,
            body="Thought over, then sent.",
        )
        await me.use("SendDraftEmail", email_id=written["id"])
        me.sent.append(letter.draft_subject)

    async def organise(self, me: Person, other: Person) -> None:
        """Star the other's letter, and trash the other's draft that arrived."""
        theirs = self.letters[other.email]
        await me.use(
            "ChangeThreadLabels",
            thread_id=theirs.received_thread,
            labels_to_add=["STARRED"],
            labels_to_remove=["UNREAD"],
        )
        theirs.labels_after = list((await self._read(me, theirs.received_id))["label_ids"])
        arrived = await self._find(me, f'in:inbox subject:"{theirs.draft_subject}"')
        theirs.draft_copies = len(arrived)
        if arrived:
            me.received.append(theirs.draft_subject)
            theirs.trashed_id = arrived[0]["id"]
            await me.use("TrashEmail", email_id=theirs.trashed_id)

    async def count(self, me: Person, other: Person) -> None:
        mine, theirs = self.letters[me.email], self.letters[other.email]
        sent, left, inbox, trash = await asyncio.gather(
            self._find(me, f'in:sent subject:"{mine.subject}"'),
            self._find(me, f'in:drafts subject:"{mine.draft_subject}"'),
            self._find(me, f'in:inbox subject:"{theirs.draft_subject}"'),
            self._find(me, f'in:trash subject:"{theirs.draft_subject}"'),
        )
        mine.copies_sent, mine.drafts_left = len(sent), len(left)
        theirs.trash_left_in_inbox, theirs.trash_in_trash = len(inbox), len(trash)

    async def _read(self, me: Person, email_id: str) -> dict[str, Any]:
        email = await me.use("GetEmail", email_id=email_id)
        me.read += 1
        return email

    async def _find(self, me: Person, query: str) -> list[dict[str, Any]]:
        emails: list[dict[str, Any]] = (await me.use("SearchEmailsByQuery", query=query))["emails"]
        return emails
