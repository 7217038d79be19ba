"""The doctor names what is wrong, shows no secret, and its status says whether anything is."""

from __future__ import annotations

import argparse
import asyncio
import socket
import subprocess
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, metadata

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from arcade_core.toolkit import Toolkit
from processes import run_command

from arcade_gmail_multiuser import extras
from arcade_gmail_multiuser.cli import doctor

Check = Callable[[], Iterable[doctor.Finding]]


def levels(done: subprocess.CompletedProcess[str], subject: str) -> list[str]:
    rows = [line.split() for line in done.stdout.splitlines()]
    return [row[0] for row in rows if row[1] == subject]


def test_a_machine_without_settings_is_fine() -> None:
    done = run_command("doctor")
    assert done.returncode == 0, done.stdout
    assert levels(done, "python") == ["ok"]
    assert levels(done, "toolkit") == ["ok"]
    count = sum(
        len(names) for names in Toolkit.from_package("arcade_gmail_multiuser").tools.values()
    )
    assert f"Arcade finds {count} tools" in done.stdout


WRONG: dict[str, tuple[Check, dict[str, str]]] = {
    "short secret": (doctor.check_secret, {"ARCADE_WORKER_SECRET": "canary-too-short"}),
    "endpoint off Google": (
        doctor.check_endpoints,
        {"GMAIL_API_ENDPOINT": "http://canary.example.com"},
    ),
    "engine that does not answer": (
        doctor.check_endpoints,
        {"ARCADE_BASE_URL": "http://canary:pw@127.0.0.1:1"},
    ),
    "engine that is no address": (doctor.check_endpoints, {"ARCADE_BASE_URL": "canary"}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_setting_fails_and_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    check, environment = WRONG[wrong]
    for name in ("ARCADE_WORKER_SECRET", "GMAIL_API_ENDPOINT", "ARCADE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    findings = list(check())
    assert [finding.level for finding in findings].count("FAIL") == 1
    assert "canary" not in str(findings)


def test_anything_that_fails_shows_in_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [doctor.Finding("FAIL", "port", "no"), doctor.Finding("note", "extra", "no")]
    monkeypatch.setattr(doctor, "examine", lambda: iter(found))
    assert doctor.run(argparse.Namespace(config=None)) == 1
    assert "1 to fix" in capsys.readouterr().err
    del found[0]
    assert doctor.run(argparse.Namespace(config=None)) == 0


def test_a_good_secret_is_told_by_its_length_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCADE_WORKER_SECRET", "canary" * 6)
    [finding] = doctor.check_secret()
    assert finding.level == "ok"
    assert "36 bytes" in finding.text
    assert "canary" not in finding.text


def test_a_taken_port_is_a_note_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(doctor, "PORTS", {"engine": other.getsockname()[1]})
        [finding] = doctor.check_ports()
    assert finding.level == "note"
    assert "is in use" in finding.text


def test_a_missing_extra_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EXTRAS", {"redis": ("surely_not_installed",)})
    [finding] = doctor.check_extras()
    assert finding.level == "note"
    assert "pip install 'arcade_gmail_multiuser[redis]'" in finding.text


def test_the_local_stack_is_noted_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "entry_points", lambda group: [])
    [finding] = doctor.check_local_stack()
    assert finding.level == "note"
    assert "pip install arcade_gmail_local" in finding.text


def test_the_local_stack_is_found_by_the_commands_it_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    added = [EntryPoint(name, "nothing", doctor.GROUP) for name in ("up", "demo")]
    monkeypatch.setattr(doctor, "entry_points", lambda group: added)
    [finding] = doctor.check_local_stack()
    assert (finding.level, finding.text) == ("ok", "the local stack adds demo, up")


def test_the_extras_are_those_of_the_package() -> None:
    declared = set(metadata("arcade_gmail_multiuser").get_all("Provides-Extra") or ())
    assert set(extras.EXTRAS) == declared - {"dev"}


@pytest.mark.parametrize(("status", "level"), [(200, "ok"), (503, "FAIL")])
async def test_an_engine_is_asked_for_its_health(
    monkeypatch: pytest.MonkeyPatch, status: int, level: str
) -> None:
    monkeypatch.delenv("ARCADE_API_KEY", raising=False)

    async def health(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/v1/health", health)
    async with TestServer(app) as server:
        monkeypatch.setenv("ARCADE_BASE_URL", str(server.make_url("/")))
        findings = await asyncio.to_thread(lambda: list(doctor.check_endpoints()))
    await asyncio.sleep(0)  # so that the server's connections see their end
    [found] = [one for one in findings if "ARCADE_BASE_URL" in one.text]
    assert (found.subject, found.level) == ("engine", level)


@pytest.mark.parametrize(
    ("key", "level", "told"),
    [
        ("right", "ok", "is accepted"),
        ("canary", "FAIL", "is refused"),
        ("canary\n", "FAIL", "cannot be tried"),
        ("", "note", "is not set"),
    ],
)
async def test_the_api_key_is_tried_at_the_engine(
    monkeypatch: pytest.MonkeyPatch, key: str, level: str, told: str
) -> None:
    async def health(_: web.Request) -> web.Response:
        return web.Response()

    async def tools(request: web.Request) -> web.Response:
        right = request.headers["Authorization"] == "Bearer right"
        return web.json_response({}, status=200 if right else 401)

    app = web.Application()
    app.router.add_get("/v1/health", health)
    app.router.add_get("/v1/tools", tools)
    async with TestServer(app) as server:
        monkeypatch.setenv("ARCADE_BASE_URL", str(server.make_url("/")))
        monkeypatch.setenv("ARCADE_API_KEY", key)
        findings = await asyncio.to_thread(lambda: list(doctor.check_endpoints()))
    await asyncio.sleep(0)  # so that the server's connections see their end
    assert findings[-1].level == level
    assert f"ARCADE_API_KEY {told}" in findings[-1].text
    assert "canary" not in str(findings)
