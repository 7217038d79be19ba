"""Secrets stay where they belong: not in the files, not in the logs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import JSONResponse

from arcade_gmail_multiuser.errors import DeadlineExceeded

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"
LIST = "GmailMultiuser.ListLabels"


async def secrets_of(stack: Stack) -> set[str]:
    """Run every path once, failing ones too, and collect each secret that existed on the way."""
    held = await stack.start("held", [READ])
    browser = stack.browser()
    await browser.consent(held["url"])
    await stack.connect("alice", [READ])
    await stack.connect("bob", [READ])
    stack.clock.now += 3599  # refreshes
    await stack.execute(LIST, "alice")
    stack.worker.answer = lambda call: JSONResponse(
        {"detail": call["context"]["authorization"]["token"]}, 500
    )
    await stack.execute(LIST, "alice")
    stack.worker.answer = None
    stack.outbound.fail_with["/revoke"] = DeadlineExceeded("slow")
    for one in (await stack.http().get("/v1/admin/user_connections")).json()["items"]:
        if one["user_id"] == "bob":
            await stack.http().delete(f"/v1/admin/user_connections/{one['id']}")
    stack.provider.answers_token_with = lambda: JSONResponse({"error": "invalid_grant"}, 400)
    refused = await stack.start("carol", [READ])
    other = stack.browser()
    await other.answer(await other.consent(refused["url"]), "confirm")

    found = {stack.API_KEY, stack.WORKER_SECRET, stack.CLIENT_SECRET}
    found |= set(stack.settings.encryption_keys)
    found |= set(stack.provider.tokens) | set(stack.provider.refresh_tokens)
    found |= set(stack.provider.codes)
    for name, given in stack.provider.calls:
        if name == "consent":
            found.add(given["state"])
        found |= {given[key] for key in ("code", "code_verifier", "refresh_token") if key in given}
    for one in (browser, other):
        found |= {cookie.value for cookie in one.client.cookies.jar if cookie.value}
    return found


@contextmanager
def variables_at_exceptions() -> Iterator[set[tuple[str, str, str]]]:
    """Collect (function, variable, repr) whenever an exception passes a frame of the package.

    Coroutines end with an exception too, so this looks into each that was awaited.
    """
    shown: set[tuple[str, str, str]] = set()

    def trace(frame: FrameType, event: str, _arg: Any) -> Any:
        if "/arcade_gmail_multiuser/" not in frame.f_code.co_filename:
            return None
        if event == "exception":
            place = frame.f_code.co_qualname
            shown.update((place, name, repr(value)) for name, value in frame.f_locals.items())
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield shown
    finally:
        sys.settrace(before)


async def test_s45_database_and_wal_hold_no_secret_in_plain_text(stack: Stack) -> None:
    secrets = await secrets_of(stack)
    assert len(secrets) > 20
    stored = stack.stored_bytes()
    assert b"alice" in stored  # the scan would see what is there in plain text
    for secret in secrets:
        assert secret.encode() not in stored, secret[:12]


async def test_s45_database_files_are_readable_by_their_owner_only(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    files = list(stack.database.parent.glob("engine.db*"))
    assert {f.name for f in files} >= {"engine.db", "engine.db-wal", "engine.db-shm"}
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}


async def test_s46_debug_logs_hold_no_secret(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = await secrets_of(stack)
    # The test's own browser is no part of the engine.
    records = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    text = "\n".join(logging.Formatter().format(r) for r in records)
    assert "a refresh failed" in text or "an authorization failed" in text
    for secret in secrets:
        assert secret not in text, secret[:12]


async def test_s46_an_exception_nobody_expected_shows_no_secret(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    await stack.connect("alice", [READ])

    async def broken(_request: Any) -> Any:
        raise RuntimeError("boom")

    stack.outbound.send = broken  # type: ignore[method-assign]
    reply = await stack.execute(LIST, "alice")
    assert reply.status_code == 500
    assert reply.json()["name"] == "internal_error"
    assert reply.headers["x-should-retry"] == "false"
    assert "boom" not in reply.text
    for secret in (*stack.provider.tokens, *stack.provider.refresh_tokens):
        assert secret not in caplog.text


async def test_s46_no_variable_that_an_error_passes_by_shows_a_secret(stack: Stack) -> None:
    # Error reporters gather the variables of every frame. The request itself (`scope`) is in the
    # web server's frames anyway.
    with variables_at_exceptions() as shown:
        secrets = await secrets_of(stack)
    assert len(shown) > 500
    found = {
        f"{place}: {name}"
        for place, name, value in shown
        if name != "scope" and any(secret in value for secret in secrets)
    }
    assert found == set()


async def test_a_disconnected_persons_tokens_are_gone_from_the_table(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    one = (await stack.http().get("/v1/admin/user_connections")).json()["items"][0]
    await stack.http().delete(f"/v1/admin/user_connections/{one['id']}")
    assert one["id"].encode() not in _table_bytes(stack)


def _table_bytes(stack: Stack) -> bytes:
    import sqlite3  # noqa: PLC0415  (only here)

    with sqlite3.connect(stack.database) as db:
        return "\n".join(db.iterdump()).encode()


async def test_the_link_handed_out_holds_the_flow_id_and_nothing_else(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    assert set(parse_qs(urlsplit(started["url"]).query)) == {"flow_id"}
