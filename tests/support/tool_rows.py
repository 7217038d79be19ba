"""One row a tool: its scopes, what the hosted toolkit calls its parameters, and a call that works.

Every claim that holds for the whole toolkit is tested row by row, and a tool without a row fails
`test_every_tool_has_a_row`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from arcade_core.catalog import MaterializedTool, ToolCatalog
from mail import write_mail

from arcade_gmail_multiuser.gmail.scopes import (
    GMAIL_COMPOSE,
    GMAIL_LABELS,
    GMAIL_MODIFY,
    GMAIL_READONLY,
    GMAIL_SEND,
    GMAIL_SETTINGS_BASIC,
    USERINFO_EMAIL,
    USERINFO_PROFILE,
)
from arcade_gmail_multiuser.tools.toolkit import describe_toolkit

__all__ = ["ROWS", "Row", "Stage", "catalog", "functions"]


@dataclass
class Stage:
    """A person whose mailbox a call is made in, and what the person's other tools can prepare."""

    person: Any

    async def message(self, **more: Any) -> str:
        raw = write_mail(**more)
        labels = ["INBOX", "UNREAD", "Work"]
        return str((await self.person.receive({"raw": raw, "labelIds": labels}))[0])

    async def use(self, tool: str, **inputs: Any) -> Any:
        return await self.person.use(functions()[tool], **inputs)

    async def draft(self) -> str:
        return str((await self.use("WriteDraftEmail", **LETTER))["id"])


Inputs = Callable[[Stage], Awaitable[dict[str, Any]]]

LETTER = {"subject": "Hi", "body": "Hello", "recipient": "bob@example.com"}
TOPIC = "projects/my-project/topics/gmail"


def just(**inputs: Any) -> Inputs:
    async def prepare(_: Stage) -> dict[str, Any]:
        return dict(inputs)

    return prepare


def message(
    name: str = "email_id", *, mail: Mapping[str, Any] | None = None, **more: Any
) -> Inputs:
    async def prepare(stage: Stage) -> dict[str, Any]:
        return {name: await stage.message(**(mail or {})), **more}

    return prepare


def messages(name: str = "email_ids", **more: Any) -> Inputs:
    async def prepare(stage: Stage) -> dict[str, Any]:
        return {name: [await stage.message(), await stage.message()], **more}

    return prepare


def draft(name: str, **more: Any) -> Inputs:
    async def prepare(stage: Stage) -> dict[str, Any]:
        return {name: await stage.draft(), **more}

    return prepare


async def a_filter(stage: Stage) -> dict[str, Any]:
    made = await stage.use("CreateFilter", sender=["x@example.org"], labels_to_add=["STARRED"])
    return {"filter_id": made["filter"]["id"]}


async def a_trashed_message(stage: Stage) -> dict[str, Any]:
    id_ = await stage.message()
    await stage.use("TrashEmail", email_id=id_)
    return {"email_id": id_}


async def a_change(stage: Stage) -> dict[str, Any]:
    id_ = await stage.message()
    return {"undo_token": (await stage.use("TrashEmail", email_id=id_))["undo_token"]}


async def a_label(stage: Stage) -> dict[str, Any]:
    await stage.message()  # it carries the label, which makes the label
    return {"label_name": "Work"}


async def a_label_to_rename(stage: Stage) -> dict[str, Any]:
    await stage.message()
    return {"current_name": "Work", "new_name": "Play"}


async def a_letter(stage: Stage) -> dict[str, Any]:
    letter = {"to": "bob@example.com", "subject": "Hi", "body": "Hello"}
    return {**letter, "user_id": stage.person.user_id, "idempotency_key": "k"}


async def a_history(stage: Stage) -> dict[str, Any]:
    cursor = (await stage.use("ListMailboxChanges"))["cursor"]
    await stage.message()
    return {"cursor": cursor}


@dataclass(frozen=True)
class Row:
    """What is true of one tool.

    `hosted`: the hosted toolkit's parameters; "!" marks what is required, a list is an
    enumeration; None for a tool that it does not have. `spare`: declared scopes that a call works
    without, each with the reason why it is declared. `silent`: it asks Google for nothing.
    """

    scopes: frozenset[str]
    inputs: Inputs
    hosted: Mapping[str, str | list[str]] | None = None
    spare: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reads_only: bool = False
    silent: bool = False


def row(*scopes: str, inputs: Inputs, **more: Any) -> Row:
    return Row(frozenset(scopes), inputs, **more)


def reads(*scopes: str, inputs: Inputs, **more: Any) -> Row:
    return Row(frozenset(scopes or (GMAIL_READONLY,)), inputs, reads_only=True, **more)


TEXT, TEXTS, NUMBER, FLAG, FILES = "string", "array[string]", "integer", "boolean", "array[json]"
ID = {"email_id": "string!"}
REPLY_TO_WHOM = ["every_recipient", "only_the_sender"]
CONTENT_TYPES = ["plain", "html", "auto"]
DATE_RANGES = [
    "today",
    "yesterday",
    "last_7_days",
    "last_30_days",
    "this_month",
    "last_month",
    "this_year",
]
COPIES = {"cc": TEXTS, "bcc": TEXTS}
MESSAGE = {
    "subject": "string!",
    "body": "string!",
    "recipient": "string!",
    **COPIES,
    "content_type": CONTENT_TYPES,
    "attachments": FILES,
}
REPLY = {
    "body": "string!",
    "reply_to_message_id": "string!",
    "reply_to_whom": REPLY_TO_WHOM,
    **COPIES,
    "content_type": CONTENT_TYPES,
    "attachments": FILES,
}
PAGES = {"page_token": TEXT, "max_results": NUMBER}
FIELDS = {
    "sender": TEXTS,
    "recipient": TEXTS,
    "subject": TEXTS,
    "body": TEXTS,
    "date_range": DATE_RANGES,
    "exclude_automated": FLAG,
    **PAGES,
}
BATCH = {"email_ids": TEXTS, "query": TEXT, "include_full_ledger": FLAG}
TRIAGE = [
    "mark_read",
    "mark_unread",
    "star",
    "unstar",
    "unarchive",
    "untrash",
    "mark_important",
    "mark_not_important",
    "mark_not_spam",
]
PROMISED = "an application asks for these three scopes of MultiUserGmailSend, as was promised"
EITHER = "Google's user information needs one of the two; with both it has name and address"
COVERED = "gmail.modify lets one send as well; the hosted tool declares both"

ROWS: dict[str, Row] = {
    "ArchiveEmail": row(GMAIL_MODIFY, inputs=message(), hosted=ID),
    "ChangeEmailLabels": row(
        GMAIL_MODIFY,
        inputs=messages(action="add", label_name="STARRED"),
        hosted={"action": ["add", "remove"], "label_name": "string!", **BATCH},
    ),
    "ChangeThreadLabels": row(
        GMAIL_MODIFY,
        inputs=message("thread_id", labels_to_add=["STARRED"], labels_to_remove=[]),
        hosted={
            "thread_id": "string!",
            "labels_to_add": "array[string]!",
            "labels_to_remove": "array[string]!",
        },
    ),
    "CreateFilter": row(
        GMAIL_SETTINGS_BASIC,
        GMAIL_READONLY,
        inputs=just(sender=["x@example.org"], labels_to_add=["STARRED"]),
    ),
    "CreateLabel": row(
        GMAIL_LABELS, inputs=just(label_name="New"), hosted={"label_name": "string!"}
    ),
    "DeleteDraftEmail": row(
        GMAIL_COMPOSE, inputs=draft("draft_email_id"), hosted={"draft_email_id": "string!"}
    ),
    "DeleteFilter": row(GMAIL_SETTINGS_BASIC, inputs=a_filter),
    "DeleteLabel": row(GMAIL_LABELS, inputs=a_label, hosted={"label_name": "string!"}),
    "FindUnanswered": reads(inputs=just()),
    "ForwardEmail": row(
        GMAIL_SEND,
        GMAIL_READONLY,
        inputs=message(recipient="bob@example.com"),
        hosted={**ID, "recipient": "string!", "note": TEXT, **COPIES},
    ),
    "GetAttachment": reads(inputs=message(mail={"files": [("a.txt", b"hello", "text/plain")]})),
    "GetEmail": reads(inputs=message(), hosted=ID),
    "GetEmails": reads(inputs=messages()),
    "GetThread": reads(inputs=message("thread_id"), hosted={"thread_id": "string!"}),
    "GetVacationResponder": reads(inputs=just()),
    "ListDraftEmails": reads(inputs=just(), hosted={"n_drafts": NUMBER, "page_token": TEXT}),
    "ListEmailAttachmentMetadata": reads(inputs=message(), hosted=ID),
    "ListEmails": reads(
        inputs=just(include_body=True, label_name="INBOX"),
        hosted={
            "n_emails": NUMBER,
            "page_token": TEXT,
            "exclude_automated": FLAG,
            "include_body": FLAG,
        },
    ),
    "ListEmailsByHeader": reads(
        inputs=just(sender=["x"], label="INBOX"),
        hosted={**FIELDS, "label": TEXT, "include_body": FLAG},
    ),
    "ListFilters": reads(inputs=just()),
    "ListLabels": reads(inputs=just(include_counts=True), hosted={}),
    "ListMailboxChanges": reads(inputs=a_history),
    "ListSendAsAliases": reads(inputs=just()),
    "ListThreads": reads(
        inputs=just(), hosted={**PAGES, "include_spam_trash": FLAG, "exclude_automated": FLAG}
    ),
    "MultiUserGmailSend": row(
        GMAIL_SEND,
        GMAIL_COMPOSE,
        GMAIL_READONLY,
        inputs=a_letter,
        # Not a hosted tool; the shape is the one its users were promised.
        hosted={"to": "string!", "subject": "string!", "body": "string!", "user_id": "string!"},
        spare={GMAIL_SEND: PROMISED},
    ),
    "PrepareEmail": row(GMAIL_SEND, inputs=just(**LETTER), reads_only=True, silent=True),
    "ReplyToEmail": row(
        GMAIL_SEND,
        GMAIL_READONLY,
        inputs=message("reply_to_message_id", body="Hello"),
        hosted=REPLY,
    ),
    "ReportSpam": row(GMAIL_MODIFY, inputs=message(), hosted=ID),
    "RestoreEmail": row(GMAIL_MODIFY, inputs=a_trashed_message),
    "SearchEmailsByQuery": reads(
        inputs=just(query="in:anywhere"),
        hosted={
            "query": "string!",
            "result_detail": ["count_only", "lightweight", "full"],
            **PAGES,
            "include_spam_trash": FLAG,
        },
    ),
    "SearchThreads": reads(
        inputs=just(label_ids=["INBOX"]),
        hosted={**FIELDS, "label_ids": TEXTS, "include_spam_trash": FLAG},
    ),
    "SendDraftEmail": row(GMAIL_COMPOSE, inputs=draft("email_id"), hosted=ID),
    "SendEmail": row(GMAIL_SEND, inputs=just(**LETTER), hosted=MESSAGE),
    "SetThreadTrashStatus": row(
        GMAIL_MODIFY,
        inputs=message("thread_id", in_trash=True),
        hosted={"thread_id": "string!", "in_trash": "boolean!"},
    ),
    "SetVacationResponder": row(
        GMAIL_SETTINGS_BASIC, inputs=just(enabled=True, body="Away", subject="Away")
    ),
    "StopWatchingMailbox": row(GMAIL_READONLY, inputs=just()),
    "TrashEmail": row(GMAIL_MODIFY, inputs=message(), hosted=ID),
    "TriageEmails": row(
        GMAIL_MODIFY, inputs=messages(action="star"), hosted={"action": TRIAGE, **BATCH}
    ),
    "UndoChange": row(GMAIL_MODIFY, inputs=a_change),
    "UnsubscribeFromEmail": row(
        GMAIL_MODIFY,
        GMAIL_SEND,
        inputs=message(mail={"List_Unsubscribe": "<mailto:u@example.com>"}, trash_existing=True),
        hosted={**ID, "trash_existing": FLAG},
        spare={GMAIL_SEND: COVERED},
    ),
    "UpdateDraftEmail": row(
        GMAIL_COMPOSE,
        inputs=draft("draft_email_id", subject="New"),
        hosted={
            "draft_email_id": "string!",
            "subject": TEXT,
            "body": TEXT,
            "recipient": TEXT,
            **COPIES,
        },
    ),
    "UpdateLabel": row(
        GMAIL_LABELS,
        inputs=a_label_to_rename,
        hosted={"current_name": "string!", "new_name": "string!"},
    ),
    "WatchMailbox": row(GMAIL_READONLY, inputs=just(topic_name=TOPIC, label_names=["INBOX"])),
    "WhoAmI": reads(
        GMAIL_READONLY,
        USERINFO_PROFILE,
        USERINFO_EMAIL,
        inputs=just(),
        hosted={},
        spare={USERINFO_PROFILE: EITHER, USERINFO_EMAIL: EITHER},
    ),
    "WriteDraftEmail": row(GMAIL_COMPOSE, inputs=just(**LETTER), hosted=MESSAGE),
    "WriteDraftReplyEmail": row(
        GMAIL_COMPOSE,
        GMAIL_READONLY,
        inputs=message("reply_to_message_id", body="Hello"),
        hosted=REPLY,
    ),
}


@cache
def catalog() -> dict[str, MaterializedTool]:
    """Return every tool of the toolkit by name, as Arcade sees it."""
    loaded = ToolCatalog()
    loaded.add_toolkit(describe_toolkit())
    return {tool.definition.name: tool for tool in loaded}


def functions() -> dict[str, Callable[..., Any]]:
    """Return every tool's function by the tool's name."""
    return {name: tool.tool for name, tool in catalog().items()}
