"""The doctor names what is wrong, shows no secret, and its status says whether anything is."""

from __future__ import annotations

import argparse
import contextlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import EntryPoint, metadata

import pytest
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


@contextlib.contextmanager
def engine(answer: Callable[[str, str | None], int]) -> Iterator[str]:
    """Answer each request, by its path and its Authorization header, with a status alone."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer(self.path, self.headers["Authorization"]))
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.mark.parametrize(("status", "level"), [(200, "ok"), (503, "FAIL")])
def test_an_engine_is_asked_for_its_health(
    monkeypatch: pytest.MonkeyPatch, status: int, level: str
) -> None:
    monkeypatch.delenv("ARCADE_API_KEY", raising=False)
    with engine(lambda path, _: status if path == "/v1/health" else 404) as url:
        monkeypatch.setenv("ARCADE_BASE_URL", url)
        findings = list(doctor.check_endpoints())
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
def test_the_api_key_is_tried_at_the_engine(
    monkeypatch: pytest.MonkeyPatch, key: str, level: str, told: str
) -> None:
    def answer(path: str, authorization: str | None) -> int:
        return 200 if "tools" not in path or authorization == "Bearer right" else 401

    with engine(answer) as url:
        monkeypatch.setenv("ARCADE_BASE_URL", url)
        monkeypatch.setenv("ARCADE_API_KEY", key)
        findings = list(doctor.check_endpoints())
    assert findings[-1].level == level
    assert f"ARCADE_API_KEY {told}" in findings[-1].text
    assert "canary" not in str(findings)
