"""The examples for agent frameworks, by the commands on their page.

All of it is real, framework, arcadepy, engine, worker and sandbox, but for the model's words.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from arcadepy import AsyncArcade
from mcp_stage import SCOPES, issuing, serving_http
from processes import running_stack
from summary_model import SummaryModel
from visitor import agree, decline

from arcade_gmail_multiuser import MultiUserGmailManager
from arcade_gmail_multiuser.gmail.scopes import GMAIL_COMPOSE, GMAIL_SEND
from evals.model_server import Answer, ModelServer

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "examples" / "frameworks"
PAGE = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
PROGRAMS = {
    program: shlex.split(command)
    for command, program in re.findall(r"^(\S+/python examples/frameworks/(\S+) .+)$", PAGE, re.M)
}
ALICE, BOB = "alice@example.com", "bob@example.com"
MAIN = [f"{framework}/main.py" for framework in ("langchain", "openai_agents", "pydantic_ai")]
DENIED = "The person does not want this to be done."
CONNECT = "open this page to connect: "
QUESTION = ": do it? [y/N]"
OURS = ("ARCADE_", "GMAIL_", "LANGCHAIN_", "LANGSMITH_", "MCP_", "OPENAI_")
DEADLINE_S = 120


@pytest.fixture(scope="module")
def stack() -> Iterator[dict[str, str]]:
    """Keep sandbox, worker and engine running; the engine's own key is granted for MCP."""
    with running_stack("--token-reader", "default") as told:
        yield told


@pytest.fixture
async def gmail(stack: dict[str, str]) -> AsyncIterator[MultiUserGmailManager]:
    """Give a view of the same mailboxes from outside; nobody is connected when a test begins."""
    async with AsyncArcade(
        api_key=stack["api_key"],
        base_url=stack["engine"],
        http_client=httpx.AsyncClient(trust_env=False),
    ) as client:
        manager = MultiUserGmailManager(client)
        for person in (ALICE, BOB):
            await manager.disconnect(person)
        yield manager


@pytest.fixture
def mcp_settings(stack: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """Serve MCP over HTTP, with a token for Alice and one for Bob."""
    own = {
        **os.environ,
        "ARCADE_API_URL": stack["engine"],
        "ARCADE_API_KEY": stack["api_key"],
        "GMAIL_API_ENDPOINT": stack["sandbox"],
        "ARCADE_WORKER_SECRET": "s" * 32,
    }
    with issuing() as issuer, serving_http(own, issuer, tmp_path / "log") as url:
        scope = f"{SCOPES} {GMAIL_SEND} {GMAIL_COMPOSE}"
        tokens = {person: issuer.token(person, scope=scope) for person in (ALICE, BOB)}
        yield {"MCP_URL": url, "MCP_TOKENS": json.dumps(tokens)}


@dataclass
class Outside:
    """A proxy for every host but loopback, that serves nobody and counts who came."""

    url: str = ""
    visitors: list[str] = field(default_factory=list)


@asynccontextmanager
async def no_way_out() -> AsyncIterator[Outside]:
    outside = Outside()

    async def turn_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outside.visitors.append((await reader.readline()).decode())
        writer.close()

    async with await asyncio.start_server(turn_away, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        outside.url = f"http://{host}:{port}"
        yield outside


def command_of(program: str) -> list[str]:
    """Give the command that the page has for a program, if its environment has been built."""
    framework = Path(program).parent
    if not (FOLDER / framework / ".venv" / ".built").exists():
        absent = f"the environment of {framework} is not built: make frameworks"
        if os.environ.get("CI"):
            pytest.fail(absent, pytrace=False)
        pytest.skip(absent)
    return PROGRAMS[program]


def environment(stack: dict[str, str], model: SummaryModel, outside: Outside) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {
        **own,
        "ARCADE_BASE_URL": stack["engine"],
        "ARCADE_API_KEY": stack["api_key"],
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": "scripted",
        "OPENAI_MODEL": "scripted",
        "HTTP_PROXY": outside.url,
        "HTTPS_PROXY": outside.url,
        "NO_PROXY": "127.0.0.1,localhost",
    }


@dataclass
class Conversation:
    """What a run said to one person."""

    urls: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


Open = Callable[[str, str], Awaitable[object]]


async def watch(
    process: asyncio.subprocess.Process, open_page: Mapping[str, Open], yes: str
) -> dict[str, Conversation]:
    """Be the people: no one connects before everyone has been asked as often."""
    output, terminal = process.stdout, process.stdin
    assert output is not None
    assert terminal is not None
    people = {ALICE: Conversation(), BOB: Conversation()}
    agreed = 0
    async for line in output:
        person, _, words = line.decode().strip().partition(": ")
        if words.startswith(CONNECT):
            people[person].urls.append(words.removeprefix(CONNECT))
        elif words.endswith(QUESTION):
            people[person].questions.append(words)
            terminal.write(f"{yes}\n".encode())
        else:
            people[person].said.append(words)
        asked = {person: one for person, one in people.items() if not one.said}
        if asked and all(len(one.urls) > agreed for one in asked.values()):
            await asyncio.gather(*(open_page[p](one.urls[agreed], p) for p, one in asked.items()))
            agreed += 1
    return people


AGREE: Mapping[str, Open] = {ALICE: agree, BOB: agree}


async def run(
    command: list[str],
    own: dict[str, str],
    log: Path,
    open_page: Mapping[str, Open] = AGREE,
    *,
    yes: str = "y",
) -> dict[str, Conversation]:
    with log.open("w+") as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env=own,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                people = await watch(process, open_page, yes)
                status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        errors.seek(0)
        assert status == 0, errors.read()
    return people


async def mails(gmail: MultiUserGmailManager, person: str, query: str) -> list[dict[str, Any]]:
    asked = {"query": query, "result_detail": "full", "max_results": 10}
    found: dict[str, Any] = await gmail.execute_gmail_action(person, "SearchEmailsByQuery", asked)
    listed: list[dict[str, Any]] = found["emails"]
    return listed


def test_the_page_has_a_command_for_every_program() -> None:
    assert set(PROGRAMS) == {str(one.relative_to(FOLDER)) for one in FOLDER.glob("*/*.py")}


@pytest.mark.parametrize("program", PROGRAMS)
async def test_two_people_at_once_agree_in_the_middle_and_all_is_done_once_in_their_own_mailbox(
    program: str,
    stack: dict[str, str],
    gmail: MultiUserGmailManager,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    command = command_of(program)
    mark = program.translate({ord(sign): None for sign in "/_."})
    more = request.getfixturevalue("mcp_settings") if program.startswith("mcp/") else {}
    with SummaryModel(mark) as model:
        async with no_way_out() as outside:
            own = environment(stack, model, outside) | more
            people = await run(command, own, tmp_path / "errors")
    assert model.complaints == []
    assert outside.visitors == []
    assert "ya29." not in "".join(model.seen)
    read = {}
    for person, other in ((ALICE, BOB), (BOB, ALICE)):
        # To read with two tools at once, to send, to draft: each is asked for when it is needed.
        assert len(people[person].urls) == 3
        # Two letters were sent, and each was shown first; the draft needed no yes.
        assert len(people[person].questions) == 2
        assert all(mark in question for question in people[person].questions)
        assert people[person].said == [f"I have sent {person} 3 subjects."]
        read[person] = [
            mail["subject"]
            for mail in (await gmail.execute_gmail_action(person, "ListEmails", {}))["emails"]
            if mark not in mail["subject"]
        ]
        written = await mails(gmail, person, f"subject:{mark}")
        kinds = sorted(mail["subject"] for mail in written)
        assert kinds == [f"{kind} {mark} for {person}" for kind in ("Copy", "Draft", "Summary")]
        assert other not in json.dumps(written)
        for mail in written:
            assert all(subject in mail["body"] for subject in read[person][:3])
    assert read[ALICE][:3] != read[BOB][:3]


async def nothing_was_sent(
    gmail: MultiUserGmailManager, person: str, conversation: Conversation, mark: str
) -> None:
    assert len(conversation.questions) == 1
    assert conversation.said == [f"Nothing was sent: {DENIED}"]
    await gmail.execute_gmail_action(person, "ListEmails", {"n_emails": 1})
    assert await mails(gmail, person, f"subject:{mark}") == []


@pytest.mark.parametrize("program", [one for one in PROGRAMS if one not in MAIN])
async def test_what_a_person_does_not_want_sent_is_not_sent_and_the_model_is_told(
    program: str,
    stack: dict[str, str],
    gmail: MultiUserGmailManager,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    command = command_of(program)
    mark = "unwanted" + program.translate({ord(sign): None for sign in "/_."})
    more = request.getfixturevalue("mcp_settings") if program.startswith("mcp/") else {}
    with SummaryModel(mark) as model:
        async with no_way_out() as outside:
            own = environment(stack, model, outside) | more
            people = await run(command, own, tmp_path / "errors", yes="n")
    assert model.complaints == []
    for person, conversation in people.items():
        await nothing_was_sent(gmail, person, conversation, mark)


@pytest.mark.parametrize("program", MAIN)
async def test_who_declines_access_or_a_letter_is_told_so_and_does_not_hold_up_the_other(
    program: str, stack: dict[str, str], gmail: MultiUserGmailManager, tmp_path: Path
) -> None:
    command = command_of(program)
    mark = f"declined{program.partition('/')[0]}"
    with SummaryModel(mark) as model:
        async with no_way_out() as outside:
            own = environment(stack, model, outside)
            open_page = {ALICE: decline, BOB: agree}
            people = await run(command, own, tmp_path / "errors", open_page, yes="n")
    assert len(people[ALICE].urls) == 1
    assert "ended without the permission" in people[ALICE].said[0]
    assert model.complaints == []
    await nothing_was_sent(gmail, BOB, people[BOB], mark)


class GreetingModel(ModelServer):
    """A model that greets, if it was offered tools."""

    def answer(self, request: Mapping[str, Any]) -> Answer:
        return self.text(request, f"Hello, I have {len(request['tools'])} tools.")


async def test_the_sample_application_asks_a_language_model_that_the_environment_names(
    stack: dict[str, str],
) -> None:
    command_of("pydantic_ai/main.py")  # skips where its environment has not been built
    found = re.search(r"^(examples\S+/python) (-m examples.fastapi_app .+)$", PAGE, re.M)
    assert found is not None
    with GreetingModel() as model:
        async with (
            no_way_out() as outside,
            httpx.AsyncClient(follow_redirects=True, trust_env=False) as http,
        ):
            process = await asyncio.create_subprocess_exec(
                *shlex.split(found[0]),
                cwd=ROOT,
                env=environment(stack, model, outside),
                stdout=asyncio.subprocess.PIPE,
            )
            assert process.stdout is not None
            try:
                app = re.findall(r"http://[\d.:]+", (await process.stdout.readline()).decode())[0]
                page = await http.get(app)
                for path, words in (("sign-in", {"user_id": "ann"}), ("ask", {"prompt": "Hello"})):
                    csrf = re.findall(r'name="csrf" value="([^"]+)"', page.text)[-1]
                    page = await http.post(f"{app}/{path}", data={"csrf": csrf, **words})
            finally:
                process.send_signal(signal.SIGINT)
                await process.wait()
        assert "Hello, I have 6 tools." in page.text
        assert (model.complaints, outside.visitors) == ([], [])
