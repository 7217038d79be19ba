"""The soak tells what is broken, and on a small scale finds nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mail import write_mail

ROOT = Path(__file__).parent.parent.parent

sys.path.insert(0, str(ROOT))  # bench is no part of the package

from bench.soak.people import Letter, People, seed_mail  # noqa: E402
from bench.soak.run import written_down  # noqa: E402
from bench.soak.trouble import keep_failing  # noqa: E402
from bench.soak.truth import Copy, Truth, judge, read_message  # noqa: E402


@pytest.fixture
def people() -> People:
    return People(3, random.Random(1))


def posted(people: People, outcome: str) -> Letter:
    anne, bert, _ = people.everyone
    letter = people.letter(anne, bert.email, "SendEmail")
    letter.outcome = outcome
    return letter


def copy(letter: Letter, *labels: str) -> Copy:
    """Give a copy of a letter as the sandbox would show it."""
    mail = write_mail(f"About {letter.tag}", f"Mark: {letter.tag}\nWarm regards.")
    return read_message({"labelIds": list(labels), "raw": base64.b64encode(mail).decode()})


def found(people: People, letter: Letter, *, arrived: int = 0, kept: int = 0) -> Truth:
    inbox, sent = copy(letter, "INBOX"), copy(letter, "SENT")
    return judge(people, {letter.sender: [sent] * kept, letter.recipient: [inbox] * arrived})


@pytest.mark.parametrize(
    ("outcome", "arrived", "kept", "broken"),
    [
        ("sent", 1, 1, []),
        ("sent", 0, 1, ["lost"]),
        ("sent", 0, 0, ["lost"]),
        ("sent", 2, 1, ["doubled"]),
        ("sent", 2, 2, ["doubled"]),
        ("unknown", 0, 0, []),
        ("unknown", 1, 1, []),
        ("unknown", 2, 2, ["doubled"]),
        ("not sent", 0, 0, []),
        ("not sent", 1, 1, ["ghosts"]),
    ],
)
def test_a_letter_is_held_to_what_was_reported_of_it(
    people: People, outcome: str, arrived: int, kept: int, broken: list[str]
) -> None:
    truth = found(people, posted(people, outcome), arrived=arrived, kept=kept)
    assert [name for name in ("lost", "doubled", "ghosts", "strayed") if getattr(truth, name)] == (
        broken
    )


def test_a_draft_counts_as_no_copy(people: People) -> None:
    letter = posted(people, "not sent")
    assert not judge(people, {letter.sender: [copy(letter, "DRAFT")]}).ghosts


def test_a_letter_in_a_strangers_mailbox_has_strayed(people: People) -> None:
    letter, stranger = posted(people, "sent"), people.everyone[2]
    assert judge(people, {stranger.email: [copy(letter, "INBOX")]}).strayed


def test_a_reply_is_counted_by_its_own_mark_and_not_by_its_subject(people: People) -> None:
    first, reply = posted(people, "sent"), posted(people, "sent")
    mail = write_mail(f"Re: About {first.tag}", f"Mark: {reply.tag}\nThank you.")
    raw = base64.b64encode(mail).decode()
    assert read_message({"labelIds": ["INBOX"], "raw": raw}).tag == reply.tag


def test_anothers_words_and_tokens_in_an_answer_are_noticed(people: People) -> None:
    anne, bert, carl = people.everyone
    letter = posted(people, "sent")
    people.look(anne, {"body": f"{anne.canary} {letter.tag}"}, "reading")
    people.look(bert, {"body": letter.tag}, "reading")
    assert not people.crossed
    people.look(anne, {"deep": [{"body": bert.canary}]}, "reading")
    people.look(carl, letter.tag, "reading")
    assert len(people.crossed) == 2
    people.look(anne, "Bearer ya29.a0AfB", "reading")
    assert len(people.leaked) == 1


def test_seeded_mail_shows_its_owner_alone(people: People) -> None:
    anne, bert, _ = people.everyone
    mails = [read_message({"raw": raw}) for raw in seed_mail(anne)]
    assert all(mail.words == {anne.canary} for mail in mails)
    assert judge(people, {bert.email: mails}).strayed


def test_mail_and_tokens_on_the_disk_are_found(people: People, tmp_path: Path) -> None:
    (tmp_path / "engine.log").write_text("all is well")
    assert written_down(tmp_path) == []
    (tmp_path / "worker.log").write_text(f"searched for {people.everyone[0].canary}")
    (tmp_path / "engine.sqlite").write_bytes(b"\xff\x00ya29.a0AfB\x00")
    assert written_down(tmp_path) == ["a token in engine.sqlite", "mail in worker.log"]


class Sandbox:
    """A stand-in's controls, on which nobody meets a fault."""

    def __init__(self, enough: int) -> None:
        self.waiting = self.most = self.ordered = 0
        self.enough = asyncio.Event()
        self._enough = enough

    async def post(self, _name: str, _body: dict[str, Any]) -> dict[str, Any]:
        self.waiting += 1
        self.ordered += 1
        self.most = max(self.most, self.waiting)
        if self.ordered >= self._enough:
            self.enough.set()
        return {}

    async def mend(self) -> int:
        left, self.waiting = self.waiting, 0
        return left


async def test_faults_that_nobody_meets_do_not_queue_up() -> None:
    sandbox, ordered, met = Sandbox(enough=8), Counter[str](), Counter[str]()
    failing = asyncio.ensure_future(
        keep_failing(
            sandbox,  # type: ignore[arg-type]
            random.Random(1),
            Counter({"list": 1000}),
            every=10,
            ordered=ordered,
            met=met,
        )
    )
    await asyncio.wait_for(sandbox.enough.wait(), 30)
    failing.cancel()
    await asyncio.gather(failing, return_exceptions=True)
    assert sandbox.most == 1
    assert ordered.total() >= 8
    assert met.total() == 0


@pytest.mark.timeout(180)
def test_twenty_people_at_once_amid_faults_lose_cross_and_double_nothing() -> None:
    command = [
        *(sys.executable, "-m", "bench.soak", "--json"),
        *("--users", "20", "--minutes", str(15 / 60)),
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=os.environ, check=False
    )
    assert done.stdout, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert {name: lines for name, lines in found["musts"].items() if lines} == {}
    assert done.returncode == 0
    assert found["calls"] > 50
    assert found["letters"]["sent"] > 3
    assert found["events"]["connected"] >= 20
    assert sum(found["faults_met"].values()) > 2
