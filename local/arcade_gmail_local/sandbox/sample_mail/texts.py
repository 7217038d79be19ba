"""Read the seeded mail from the TOML files here, before it becomes messages.

A `[[mail]]` table has `key` (unique in its mailbox), `days` (its age), `body` and:

- `from`, or `outgoing` for mail of the mailbox's owner, or `draft`; `to`, `cc`, `bcc` (the owner
  if none is given), `reply_to`, `subject`;
- `parent`: the key of the mail it answers, which gives it subject and references; `quote`: the
  parent's text below its own;
- `labels`: names, INBOX if absent; `attach`: pdf, csv, png, ics or docx; `filename`;
- `layout`: plain (the default), receipt, notice, newsletter, hidden or bounce;
- `encoding`: the charset; `list`: a mailing list it came through; `dmarc`: pass (the default) or
  fail; `automated`: a machine wrote it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

_LISTS = ("to", "cc", "bcc", "labels")
_AUTOMATED_LAYOUTS = frozenset({"receipt", "notice", "newsletter"})


@dataclass(frozen=True, slots=True, repr=False)
class SeedText:
    """One mail as written; the module's docstring describes the fields."""

    key: str
    days: float
    body: str
    sender: str = ""
    outgoing: bool = False
    draft: bool = False
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: str = ""
    subject: str = ""
    parent: str = ""
    quote: bool = False
    labels: tuple[str, ...] = ("INBOX",)
    attach: str = ""
    filename: str = ""
    layout: str = "plain"
    encoding: str = "utf-8"
    list_name: str = ""
    dmarc: str = "pass"
    automated: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Article:
    title: str
    paragraphs: tuple[str, ...]


@cache
def private_texts(name: str) -> tuple[SeedText, ...]:
    """Return the mail of one mailbox alone: `name` is alice or bob."""
    return _texts(f"{name}.toml")


@cache
def shared_texts() -> tuple[SeedText, ...]:
    """Return the conversation that lies in both mailboxes."""
    return tuple(replace(text, shared=True) for text in _texts("shared.toml"))


@cache
def automated_texts() -> tuple[SeedText, ...]:
    """Return the mail of machines and lists, its placeholders not filled in yet."""
    return _texts("automated.toml") + _texts("newsletters.toml")


@cache
def articles() -> tuple[Article, ...]:
    found = _read("newsletters.toml")["article"]
    return tuple(Article(a["title"], tuple(a["text"].strip().splitlines())) for a in found)


@cache
def briefs() -> tuple[str, ...]:
    return tuple(brief["text"] for brief in _read("newsletters.toml")["brief"])


def _texts(file: str) -> tuple[SeedText, ...]:
    return tuple(_text(table) for table in _read(file)["mail"])


def _text(table: dict[str, Any]) -> SeedText:
    fields = {"from": "sender", "list": "list_name"}
    given = {fields.get(name, name): value for name, value in table.items()}
    for name in _LISTS:
        if name in given:
            given[name] = tuple(given[name])
    text = SeedText(**given)
    automated = text.automated or text.layout in _AUTOMATED_LAYOUTS
    return replace(text, body=text.body.strip(), automated=automated)


@cache
def _read(file: str) -> dict[str, Any]:
    folder = files("arcade_gmail_local.sandbox.sample_mail")
    return tomllib.loads((folder / file).read_text(encoding="utf-8"))
