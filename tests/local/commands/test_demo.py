"""The demo holds when all is well, and says so only then."""

from __future__ import annotations

import dataclasses
import io
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import aiohttp.test_utils
import aiohttp.web
import httpx
import pytest
from arcadepy import AsyncArcade
from processes import Watch, clean_environment, descendants, run_command
from rich.console import Console

from arcade_gmail_local.commands.demo.answer_log import AnswerLog
from arcade_gmail_local.commands.demo.checks import Check, check_all
from arcade_gmail_local.commands.demo.person import Person, ids_in
from arcade_gmail_local.commands.demo.run import run_story
from arcade_gmail_local.commands.demo.story import Outcome, Story
from arcade_gmail_local.commands.stack import Running, Stack


def test_the_whole_demo_ends_with_0_and_shows_that_nothing_crossed() -> None:
    started = time.monotonic()
    done = run_command("demo", environment={"COLUMNS": "120"})
    took = time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    for told in ("What each of them saw", "Checks", "Nothing crossed."):
        assert told in done.stdout
    assert "✗" not in done.stdout
    assert done.stdout.count("✓") > 20
    assert took < 45  # three times what it may take on a machine that does nothing else


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_demo_stops_what_it_has_started(
    number: signal.Signals,
    status: int,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "arcade_gmail_multiuser", "demo"],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "Start sandbox" in process.stdout.readline()
        processes = Watch(descendants(process.pid))
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == status
    assert processes.saw_all_end()
    assert err == ""


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with Stack(tmp_path) as running:
        yield running


async def put_fault(running: Running, match: dict[str, str], action: dict[str, Any]) -> None:
    fault = {"match": match, "action": action, "times": 100}
    url = f"{running.sandbox}/_sandbox/faults"
    async with aiohttp.ClientSession() as http, http.post(url, json=fault) as answer:
        assert answer.status < 300


async def test_a_fault_at_google_fails_the_demo_at_the_step_it_hits(running: Running) -> None:
    await put_fault(running, {"method": "users.threads.modify"}, {"status": 400})
    shown = io.StringIO()
    assert not await run_story(running, Console(file=shown, width=120))
    assert "✗ Star a thread, and trash a mail" in shown.getvalue()
    assert "The demo failed." in shown.getvalue()
    assert "All" not in shown.getvalue().splitlines()[-1]


async def test_a_person_whose_mailbox_is_down_fails_the_demo(running: Running) -> None:
    match = {"user": "bob@example.com", "method": "users.labels.list"}
    await put_fault(running, match, {"status": 403, "body": "{}"})
    shown = io.StringIO()
    assert not await run_story(running, Console(file=shown, width=120))
    assert "for Bob" in shown.getvalue()


GOOD = Outcome(
    subject="Lunch?",
    copies_sent=1,
    copies_received=1,
    draft_subject="Recipe",
    draft_copies=1,
    drafts_left=0,
    labels_after=["INBOX", "STARRED"],
    trash_left_in_inbox=0,
    trash_in_trash=1,
)


def thread(thread_id: str, subject: str) -> list[dict[str, Any]]:
    first = {"header_message_id": "<1@x>", "subject": subject, "thread_id": thread_id}
    second = {"in_reply_to": "<1@x>", "subject": f"Re: {subject}", "thread_id": thread_id}
    return [first, second]


@pytest.fixture
async def told() -> AsyncIterator[tuple[Story, AnswerLog]]:
    """A story in which everything went well, without a stack to tell it on."""
    async with AsyncArcade(api_key="unused", base_url="http://127.0.0.1:1") as arcade:
        alice = Person("alice@example.com", "Project Heron", arcade)
        bob = Person("bob@example.com", "Project Falcon", arcade)
        story = Story(alice, bob, arcade)
        for person, letter in ((alice, "a"), (bob, "b")):
            person.answers.append({"emails": [{"id": letter, "subject": person.marker}]})
            person.found = 1
            story.names[person.email] = person.email
            story.asked_to_connect.add(person.email)
            story.letters[person.email] = dataclasses.replace(
                GOOD,
                thread_seen_by_sender=thread(letter, GOOD.subject),
                thread_seen_by_recipient=thread(letter * 2, GOOD.subject),
            )
        answer_log = AnswerLog()
        await answer_log.record(httpx.Response(200, json={"emails": []}))
        yield story, answer_log


class Refusing:
    """A worker that answers every call with the same status."""

    def __init__(self, status: int) -> None:
        self.status = status

    async def __aenter__(self) -> Running:
        async def answer(_request: aiohttp.web.Request) -> aiohttp.web.Response:
            return aiohttp.web.Response(status=self.status)

        app = aiohttp.web.Application()
        app.router.add_post("/worker/tools/invoke", answer)
        self._server = aiohttp.test_utils.TestServer(app)
        await self._server.start_server()
        url = str(self._server.make_url("")).rstrip("/")
        return Running("", "the-api-key", url, "the-worker-secret" * 3, "")

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()


async def broken(story: Story, answer_log: AnswerLog, worker_status: int = 401) -> list[Check]:
    async with Refusing(worker_status) as running:
        return [check for check in await check_all(story, answer_log, running) if not check.passed]


async def test_a_story_that_went_well_breaks_no_check(told: tuple[Story, AnswerLog]) -> None:
    assert await broken(*told) == []


TAMPERED: dict[str, Callable[[Story], object]] = {
    "no one is served before connecting": lambda story: story.asked_to_connect.pop(),
    "each is recognised as themselves": lambda story: story.names.update(
        {"bob@example.com": "alice@example.com"}
    ),
    "Alice finds Project Heron and nothing of Project Falcon": lambda story: setattr(
        story.alice, "found_of_the_other", 1
    ),
    "none of Bob's answers mentions Project Heron": lambda story: story.bob.answers.append(
        {"threads": [{"snippet": "… project heron …"}]}
    ),
    "nothing that Alice asked for was lost": lambda story: story.alice.answers.append(
        {"failed": [{"id": "c"}]}
    ),
    "no id was shown to both": lambda story: story.bob.answers.append({"thread_id": "a"}),
    "Alice's letter was sent once and arrived once": lambda story: setattr(
        story.letters["alice@example.com"], "copies_sent", 2
    ),
    "Alice's reply is in the same thread, for both": lambda story: story.letters[
        "bob@example.com"
    ].thread_seen_by_recipient.pop(),
    "Bob's reply is in the same thread, for both": lambda story: (
        story.letters["alice@example.com"].thread_seen_by_sender[1].update(subject="Re: Re: Lunch?")
    ),
    "Bob's draft was sent once and is no longer a draft": lambda story: setattr(
        story.letters["bob@example.com"], "drafts_left", 1
    ),
    "Bob starred one thread and trashed one mail": lambda story: setattr(
        story.letters["alice@example.com"], "trash_left_in_inbox", 1
    ),
}


@pytest.mark.parametrize("claim", TAMPERED)
async def test_each_check_breaks_by_itself_when_what_it_claims_is_tampered_with(
    told: tuple[Story, AnswerLog], claim: str
) -> None:
    story, answer_log = told
    TAMPERED[claim](story)
    assert [check.claim for check in await broken(story, answer_log)] == [claim]


@pytest.mark.parametrize(
    "body", ["ya29.a0canary", "1//0canary", "the-api-key", "the-worker-secret" * 3]
)
async def test_an_answer_with_a_token_or_a_secret_breaks_the_check(
    told: tuple[Story, AnswerLog], body: str
) -> None:
    story, answer_log = told
    await answer_log.record(httpx.Response(200, json={"output": {"value": body}}))
    [check] = await broken(story, answer_log)
    assert "contains a token or a secret" in check.claim
    assert check.found == "1 do"
    assert "canary" not in repr(check)


async def test_a_worker_that_takes_unsigned_calls_breaks_three_checks(
    told: tuple[Story, AnswerLog],
) -> None:
    claims = [check.claim for check in await broken(*told, worker_status=200)]
    assert len(claims) == 3
    assert all(claim.startswith("the worker refuses a call") for claim in claims)


def test_a_labels_id_is_no_secret_and_a_mails_id_is() -> None:
    answer = {
        "labels": [{"id": "INBOX", "name": "INBOX", "type": "system"}],
        "threads": [{"id": "t1", "messages": [{"id": "m1", "thread_id": "t1"}]}],
        "message_id": "m2",
    }
    assert set(ids_in(answer)) == {"t1", "m1", "m2"}
