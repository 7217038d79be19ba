"""Three processes start together, are watched, and none of them is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from processes import Watch, descendants

from arcade_gmail_local.commands.server_process import ProcessFailed, ServerProcess
from arcade_gmail_local.commands.sign_in import sign_in
from arcade_gmail_local.commands.stack import Stack, user_emails

WAIT_S = 20.0


def pids_of(stack: Stack) -> list[int]:
    return [child.pid for child in stack.processes]


async def test_leaving_the_stack_ends_every_process(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    async with stack as running:
        processes = Watch(pids_of(stack))
        assert len(stack.processes) == 3
        assert len({running.engine, running.worker, running.sandbox}) == 3
    assert processes.saw_all_end()


async def test_after_consent_the_browser_is_sent_to_the_verifier_url(tmp_path: Path) -> None:
    async def verify(_request: web.Request) -> web.Response:
        return web.Response(text="the application", content_type="text/html")

    application = web.Application()
    application.router.add_get("/verify", verify)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/verify"
        async with Stack(tmp_path, verifier_url=address) as running:
            body = {"user_id": "alice", "tool_name": "GmailMultiuser.ListLabels"}
            key = {"Authorization": f"Bearer {running.api_key}"}
            async with aiohttp.ClientSession() as session:
                url = f"{running.engine}/v1/tools/authorize"
                async with session.post(url, json=body, headers=key) as answer:
                    link = (await answer.json())["url"]
            end = await sign_in(link, "alice@example.com")
        assert end.url.startswith(f"{address}?flow_id=")
    finally:
        await runner.cleanup()


async def test_an_error_inside_ends_every_process_too(tmp_path: Path) -> None:
    stack = Stack(tmp_path, engine=False)
    seen: list[Any] = []

    async def fail_inside() -> None:
        async with stack:
            seen.append(Watch(pids_of(stack)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    assert seen[0].saw_all_end()


async def test_no_secret_stands_in_an_argv_or_a_log(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    async with stack as running:
        secrets = [
            *(running.api_key, running.worker_secret),
            json.loads((tmp_path / "credentials.json").read_text())["encryption_key"],
        ]
        told = argvs_and_logs(stack)
    assert len(told) == 6
    assert not any(secret in text for text in told for secret in secrets)
    assert not any(secret in repr(running) for secret in secrets)


def argvs_and_logs(stack: Stack) -> list[str]:
    argvs = [Path(f"/proc/{child.pid}/cmdline").read_text() for child in stack.processes]
    return [*argvs, *(child.log_file.read_text() for child in stack.processes)]


async def test_a_process_that_ends_by_itself_is_noticed_with_its_last_lines(
    tmp_path: Path,
) -> None:
    stack = Stack(tmp_path, engine=False)
    async with stack:
        os.kill(stack.processes[1].pid, signal.SIGKILL)
        failed = await asyncio.wait_for(stack.wait_for_failure(), WAIT_S)
    assert "The process `serve` ended by itself" in failed.message
    assert "worker running on http://127.0.0.1:" in failed.log


async def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    child = await ServerProcess.start(
        "sandbox", ("--host", "0.0.0.0"), environment={}, logs=tmp_path
    )
    try:
        with pytest.raises(ProcessFailed) as caught:
            await child.wait_for_url(deadline_s=WAIT_S)
    finally:
        await child.stop()
    assert "The process `sandbox` ended with status 2" in caught.value.message
    assert "not loopback" in caught.value.log


async def test_a_process_that_dies_before_it_is_healthy_is_not_waited_for(tmp_path: Path) -> None:
    environment = {"ARCADE_WORKER_SECRET": "too-short"}
    child = await ServerProcess.start("serve", (), environment=environment, logs=tmp_path)
    try:
        url = await child.wait_for_url(deadline_s=WAIT_S)
        with pytest.raises(ProcessFailed) as caught:
            await child.wait_until_healthy(f"{url}/worker/health", deadline_s=WAIT_S)
    finally:
        await child.stop()
    assert "The process `serve` ended with status 2" in caught.value.message
    assert "too-short" not in caught.value.log


async def test_a_process_ends_when_its_stdin_does(tmp_path: Path) -> None:
    child = await ServerProcess.start("sandbox", (), environment={}, logs=tmp_path)
    url = await child.wait_for_url(deadline_s=WAIT_S)
    await child.wait_until_healthy(f"{url}/_sandbox/requests", deadline_s=WAIT_S)
    process = child._process
    assert process.stdin is not None
    process.stdin.close()
    await asyncio.wait_for(child.wait(), WAIT_S)
    await child.stop()


@pytest.mark.parametrize("workers", [1, 2])
def test_nobody_is_left_when_the_parent_is_killed(tmp_path: Path, workers: int) -> None:
    """kill -9 lets the parent clean nothing up; its children have to notice by themselves."""
    code = (
        "import asyncio, pathlib\n"
        "from arcade_gmail_local.commands.stack import Stack\n"
        "async def main():\n"
        f"    stack = Stack(pathlib.Path({str(tmp_path)!r}), workers={workers})\n"
        "    async with stack:\n"
        "        print(*(child.pid for child in stack.processes), flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert len(parent.stdout.readline().split()) == 3
        pids = descendants(parent.pid)
        processes = Watch(pids)
        parent.kill()
    assert len(pids) >= 3 + (workers if workers > 1 else 0)
    assert processes.saw_all_end()


async def test_several_worker_processes_answer_on_one_port(tmp_path: Path) -> None:
    async with Stack(tmp_path, engine=False, workers=2) as running, aiohttp.ClientSession() as http:
        for _ in range(8):
            async with http.get(f"{running.worker}/worker/health") as answer:
                assert answer.status == 200
                assert int((await answer.json())["tool_count"]) >= 15


async def test_added_users_have_a_mailbox_with_one_mail(tmp_path: Path) -> None:
    scope = "https://www.googleapis.com/auth/gmail.readonly"
    async with (
        Stack(tmp_path, engine=False, users=user_emails(3)) as running,
        aiohttp.ClientSession(base_url=running.sandbox) as http,
    ):
        for email in ("user1@example.com", "user3@example.com"):
            wanted = {"email": email, "scopes": [scope]}
            async with http.post("/_sandbox/tokens", json=wanted) as answer:
                token = (await answer.json())["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            async with http.get("/gmail/v1/users/me/messages", headers=headers) as answer:
                assert len((await answer.json())["messages"]) == 1


async def test_a_restart_on_the_same_data_keeps_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the shell names a database, which a stack for trying things must not touch."""
    monkeypatch.setenv("ENGINE_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/real.sqlite")
    async with Stack(tmp_path) as first:
        pass
    async with Stack(tmp_path) as second:
        assert second.api_key == first.api_key
    assert names_in(tmp_path, ".sqlite") == {"engine.sqlite"}


def names_in(folder: Path, ending: str) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.endswith(ending)}
