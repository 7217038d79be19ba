"""What agents and Google see of each tool is what is written down in `snapshots/`.

A file a tool: its definition as Arcade makes it, and the requests that its row in
tests/support/tool_rows.py sends. `UPDATE_SNAPSHOTS=1` writes the files anew; read the difference
before committing it.
"""

from __future__ import annotations

import base64
import difflib
import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from tool_rows import ROWS, Stage, catalog, functions

from arcade_gmail_multiuser.gmail.api.transport import Answer, Request, Transport, shared_transport

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATING = bool(os.environ.get("UPDATE_SNAPSHOTS"))
NAMES = sorted(ROWS)

VARYING = [
    (re.compile(pattern), placeholder)
    for pattern, placeholder in (
        (r"\b[0-9a-f]{32}\.[0-9a-f]{32}\b", "{mark}"),
        (r"\b[0-9a-f]{32}@example\.org", "{message-id}"),
        (r"\b(batch|mail)_[0-9a-f]{32}\b", r"\1_{boundary}"),
        (r"={15}\d+==", "{boundary}"),
        (r"\b\w{3}, \d{1,2} \w{3} \d{4}( at)? \d\d:\d\d(:\d\d)? [+-]\d{4}", "{date}"),
        (r"(?<=/attachments/)[\w-]+", "{attachment}"),
        (r"\br-?\d{10,}\b", "{draft}"),
        (r"\bANe1Bm[\w-]+", "{filter}"),
        (r"\b[0-9a-f]{16}\b", "{id}"),
        (r"\b127\.0\.0\.1:\d+\b", "{host}"),
    )
]
"""What no two runs have in common, and what the snapshots say in its place."""

Known = Mapping[str, str]


@pytest.mark.parametrize("name", NAMES)
def test_a_tools_definition_is_what_was_agreed(name: str) -> None:
    definition = catalog()[name].definition.model_dump(mode="json")
    del definition["toolkit"]["version"]
    agree(name, "definition", without_nulls(definition))


@pytest.mark.parametrize("name", NAMES)
async def test_a_tool_asks_google_for_what_was_agreed(
    name: str, wire: list[Any], world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GMAIL_MULTIUSER_CONFIRMATION_KEY", "k" * 32)
    person = await world.account(name="Pat Example")
    inputs = await ROWS[name].inputs(Stage(person))
    await world.forget_requests()
    wire.clear()
    await person.use(functions()[name], **inputs)
    known = {person.email: "{account}"}
    known |= {id_: f"{{message {n}}}" for n, id_ in enumerate(person.ids, 1)}
    asked = [described(*request, known) for request in wire]
    named = methods_of(await world.requests(), known)
    for request in [part for r in asked for part in r.get("parts", [r])]:
        seen_as = named[key_of(request)]
        request["gmail_method"] = seen_as.pop() if seen_as else None
    assert not any(named.values()), "the sandbox saw a request that did not come over the wire"
    agree(name, "requests", in_order(asked))


def test_every_tool_has_a_snapshot_and_every_snapshot_a_tool() -> None:
    found = {path.name for path in SNAPSHOTS.iterdir()}
    wanted = {f"{name}.json" for name in catalog()}
    if UPDATING:
        for stray in found - wanted:
            (SNAPSHOTS / stray).unlink()
        found &= wanted
    assert found == wanted


def agree(name: str, part: str, current: Any) -> None:
    """Fail with a diff where a part of a snapshot is not the current one, or keep that."""
    path = SNAPSHOTS / f"{name}.json"
    snapshot = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if UPDATING:
        SNAPSHOTS.mkdir(exist_ok=True)
        path.write_text(written({**snapshot, part: current}), "utf-8")
        return
    agreed, now = written(snapshot.get(part)), written(current)
    if agreed != now:
        lines = difflib.unified_diff(
            agreed.splitlines(), now.splitlines(), f"{path.name}: agreed", "now", lineterm="", n=5
        )
        told = f"The {part} of {name} changed. If that is meant, run with UPDATE_SNAPSHOTS=1.\n"
        pytest.fail(told + "\n".join(lines), pytrace=False)


def written(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def without_nulls(value: Any) -> Any:
    """Leave out what a schema does not say; it says much less than it could."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """List what leaves for Google: method, target, headers, body."""
    seen: list[Any] = []
    shared = type(shared_transport())
    carry = shared.carry

    async def overheard(self: Transport, request: Request, **more: Any) -> Answer:
        target = request.url.partition(urlsplit(request.url).netloc)[2]
        # What aiohttp sends where nothing else was asked for.
        headers = {"accept": "*/*"} | {k.lower(): v for k, v in request.headers.items()}
        seen.append((request.method, target, headers, request.body or b""))
        return await carry(self, request, **more)

    monkeypatch.setattr(shared, "carry", overheard)
    return seen


def described(
    method: str, target: str, headers: Mapping[str, str], body: bytes, known: Known
) -> dict[str, Any]:
    """Say what a request asks for, without what varies; of its headers, the two that matter."""
    url = urlsplit(target)
    said: dict[str, Any] = {"method": method, "path": scrubbed(unquote(url.path), known)}
    if url.query:
        said["query"] = query_of(parse_qs(url.query, keep_blank_values=True), known)
    if "accept" in headers:
        said["accept"] = headers["accept"]
    if not body:
        return said
    kind = headers.get("content-type", "")
    said["content_type"] = scrubbed(kind, known)
    if kind.startswith("multipart/mixed"):
        said["parts"] = parts_of(kind, bytes(body), known)
    elif kind.startswith("application/json"):
        said["body"] = scrubbed(json.loads(body), known)
    else:
        said["body"] = lines_of(bytes(body), known)
    return said


def parts_of(kind: str, body: bytes, known: Known) -> list[dict[str, Any]]:
    """Describe the requests in a batch, in their order."""
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    parts = []
    for part in whole.iter_parts():
        line, _, rest = part.get_payload(decode=True).partition(b"\r\n")
        method, target, _version = line.decode().split(" ")
        head, _, content = rest.partition(b"\r\n\r\n")
        fields = (field.partition(": ") for field in head.decode().splitlines())
        headers = {name.lower(): value for name, _, value in fields}
        parts.append(described(method, target, headers, content.rstrip(b"\r\n"), known))
    return parts


def query_of(query: Mapping[str, list[str]], known: Known) -> dict[str, Any]:
    """Give each parameter's value, or its values where there are several."""
    said = {name: scrubbed(v[0] if len(v) == 1 else v, known) for name, v in query.items()}
    return said | ({"startHistoryId": "{history}"} if "startHistoryId" in said else {})


def scrubbed(value: Any, known: Known) -> Any:
    """Put placeholders where a value varies from run to run, and decode mail into its lines."""
    if isinstance(value, dict):
        return {
            key: lines_of(base64.urlsafe_b64decode(item + "==="), known)
            if key == "raw" and isinstance(item, str)
            else scrubbed(item, known)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [scrubbed(item, known) for item in value]
    if not isinstance(value, str):
        return value
    for text, placeholder in known.items():
        value = value.replace(text, placeholder)
    for pattern, placeholder in VARYING:
        value = pattern.sub(placeholder, value)
    return value


def lines_of(content: bytes, known: Known) -> list[str]:
    """Split at CRLF only, so that any other line end stays visible."""
    return str(scrubbed(content.decode("utf-8", "backslashreplace"), known)).split("\r\n")


def key_of(request: Mapping[str, Any]) -> str:
    """Tell requests apart by what the sandbox records of them."""
    return written([request["method"], request["path"], request.get("query", {})])


def methods_of(recorded: list[dict[str, Any]], known: Known) -> dict[str, list[str]]:
    """Give the Gmail methods that the sandbox recognised, by request."""
    named: dict[str, list[str]] = defaultdict(list)
    for request in recorded:
        said = {**request, "path": scrubbed(request["path"], known)}
        said["query"] = query_of(request["query"], known)
        named[key_of(said)].append(request["gmail_method"])
    return named


def in_order(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave every write in its place, and sort what is read between two of them.

    Tools read side by side, so what they read arrives in any order; they write one by one.
    """
    ordered: list[dict[str, Any]] = []
    for reading, some in groupby(requests, only_reads):
        together = list(some)
        ordered += sorted(together, key=written) if reading else together
    return ordered


def only_reads(request: Mapping[str, Any]) -> bool:
    return all(part["method"] == "GET" for part in request.get("parts", [request]))
