"""`up` says in one line where it runs, works with arcadepy, and ends cleanly when interrupted."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from arcadepy import Arcade, AuthenticationError
from processes import clean_environment

from arcade_gmail_local.commands.sign_in import sign_in

KEYS = ["engine", "api_key", "worker", "worker_secret", "sandbox"]
READY_S = 60
END_S = 15

Up = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """Start `up` with these arguments; whatever still runs at the end is ended."""
    with ExitStack() as stack:

        def start(*arguments: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "arcade_gmail_multiuser", "up", *arguments],
                    env=clean_environment(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.terminate)
            return process

        yield start


def ready(process: subprocess.Popen[str]) -> dict[str, str]:
    """Read the one line that `up --json` prints when all three answer."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], READY_S)[0], "up was not ready in time"
    told: dict[str, str] = json.loads(process.stdout.readline())
    return told


@pytest.fixture(scope="module")
def running(up: Up) -> dict[str, str]:
    return ready(up("--json", "--users", "2"))


def arcade(running: dict[str, str], api_key: str | None = None) -> Arcade:
    client = httpx.Client(trust_env=False)
    return Arcade(
        base_url=running["engine"], api_key=api_key or running["api_key"], http_client=client
    )


async def test_a_person_connects_and_calls_a_tool_through_arcadepy(
    running: dict[str, str],
) -> None:
    assert list(running) == KEYS
    user = "user2@example.com"
    with arcade(running) as client:
        asked = client.tools.authorize(tool_name="GmailMultiuser.ListEmails", user_id=user)
        assert asked.status != "completed"
        assert asked.url is not None
        await sign_in(asked.url, user)
        assert client.auth.wait_for_completion(asked).status == "completed"
        answer = client.tools.execute(
            tool_name="GmailMultiuser_ListEmails", input={"n_emails": 5}, user_id=user
        )
    assert answer.output is not None
    assert isinstance(answer.output.value, dict)
    [email] = answer.output.value["emails"]
    assert email["subject"] == "Your mailbox is ready"


def test_another_key_opens_nothing(running: dict[str, str]) -> None:
    with (
        arcade(running, "another-key-of-someone-else") as client,
        pytest.raises(AuthenticationError),
    ):
        client.tools.list()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_it_with_status_0_and_stops_all_three(
    up: Up, number: signal.Signals
) -> None:
    process = up("--json")
    running = ready(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=END_S)
    assert process.returncode == 0, err
    assert (out, err) == ("", "")
    for name in ("engine", "worker", "sandbox"):
        with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as client:
            client.get(running[name])


def test_without_json_it_tells_a_person_what_to_export(up: Up, tmp_path: Path) -> None:
    process = up("--data", str(tmp_path))
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], READY_S)[0]
    told = ""
    while "Ctrl-C" not in told:
        told += process.stdout.readline()
    assert "export ARCADE_BASE_URL=http://127.0.0.1:" in told
    assert "export ARCADE_API_KEY=" in told
    assert {path.name for path in tmp_path.iterdir()} >= {"engine.sqlite", "engine.log"}


def test_a_second_start_on_one_directory_is_refused_until_the_first_has_ended(
    up: Up, tmp_path: Path
) -> None:
    first = up("--json", "--data", str(tmp_path))
    ready(first)
    second = up("--json", "--data", str(tmp_path))
    out, err = second.communicate(timeout=END_S)
    assert (second.returncode, out, len(err.splitlines())) == (2, "", 1)
    assert f"Another `up` runs on {tmp_path}." in err
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=END_S)
    third = up("--json", "--data", str(tmp_path), "--token-reader", "mcp")
    ready(third)
    third.send_signal(signal.SIGINT)
    _, err = third.communicate(timeout=END_S)
    assert third.returncode == 0
    assert (
        "There is no API key 'mcp' yet; make it with `arcade-gmail-multiuser engine-keys api-new"
        in err
    )


def test_a_process_that_dies_ends_up_with_status_1_and_its_name(up: Up, tmp_path: Path) -> None:
    process = up("--json", "--data", str(tmp_path))
    ready(process)
    [worker] = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"\0serve\0" in read(path) and parent_of(int(path.parent.name)) == process.pid
    ]
    os.kill(worker, signal.SIGKILL)
    _, err = process.communicate(timeout=END_S)
    assert process.returncode == 1
    assert "The process `serve` ended by itself" in err
    assert "Traceback" not in err


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
