"""What a person sees of the command: help, refusals in one line, and an exit status."""

from __future__ import annotations

import argparse
import base64
import json
import os
import socket
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from processes import run_command, run_here

from arcade_gmail_multiuser.cli import command as command_module
from arcade_gmail_multiuser.cli import keys
from arcade_gmail_multiuser.errors import ConfigurationError, NotFound

SECRET = "a-secret-of-the-worker-with-more-than-32-bytes"
WORKER = {"ARCADE_WORKER_SECRET": SECRET}


def refusal(done: subprocess.CompletedProcess[str], status: int = 2) -> str:
    """Hold a refusal to its form: the status, nothing on stdout, one line, no traceback."""
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def test_help_names_every_subcommand() -> None:
    done = run_command("--help")
    assert done.returncode == 0
    for name in command_module.COMMANDS:
        assert f"\n    {name} " in done.stdout


@pytest.mark.parametrize("name", command_module.COMMANDS)
def test_every_subcommand_has_help(name: str) -> None:
    done = run_here(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: arcade-gmail-multiuser {name}")
    assert len(done.stdout.splitlines()) > 5


def test_help_imports_nothing_that_is_slow() -> None:
    heavy = ("aiohttp", "arcade_core", "arcadepy", "asyncio", "fastapi", "googleapiclient")
    code = (
        "import sys; from arcade_gmail_multiuser.cli.command import build_parser; build_parser(); "
        f"print(*[name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.fixture
def without_local_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Act as where only the product is installed."""
    monkeypatch.setattr(command_module, "entry_points", lambda group: [])


@pytest.mark.usefixtures("without_local_stack")
@pytest.mark.parametrize("options", [(), ("--json", "--users", "3"), ("api-new", "x"), ("--help",)])
@pytest.mark.parametrize("name", command_module.LOCAL_COMMANDS)
def test_a_command_of_the_local_stack_says_how_to_install_it_where_it_is_missing(
    capsys: pytest.CaptureFixture[str], name: str, options: tuple[str, ...]
) -> None:
    assert command_module.run([name, *options]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        f"arcade-gmail-multiuser: `{name}` needs the local stack: pip install arcade_gmail_local\n"
    )


@pytest.mark.usefixtures("without_local_stack")
def test_help_lists_the_commands_of_a_missing_local_stack(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_module.run(["--help"])
    assert ended.value.code == 0
    listed = " ".join(capsys.readouterr().out.split())
    for name in command_module.LOCAL_COMMANDS:
        assert f" {name} not installed: pip install arcade_gmail_local" in listed
    for name in command_module.COMMANDS:
        assert f" {name} " in listed


@pytest.mark.usefixtures("without_local_stack")
def test_the_products_own_commands_need_no_local_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_module.run(["keys", "new"]) == 0
    assert len(base64.b64decode(capsys.readouterr().out.strip(), validate=True)) == 32


def test_the_local_stack_adds_what_is_named_here() -> None:
    added = {entry.name for entry in entry_points(group=command_module.GROUP)}
    assert added == set(command_module.LOCAL_COMMANDS)


@pytest.mark.parametrize("port", ["99999", "-1", "http", "", "8002.5"])
def test_what_is_no_port_is_refused(port: str) -> None:
    done = run_here("sandbox", f"--port={port}")
    assert done.returncode == 2
    assert "is not a port (0 to 65535)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_refused_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = refusal(run_command("sandbox", "--port", str(port)))
    assert f"Cannot listen on 127.0.0.1:{port}: the port is in use." in told


def test_a_host_that_is_no_address_is_refused_in_one_line() -> None:
    told = refusal(run_here("serve", "--host", "999.1.1.1", environment=WORKER))
    assert "Cannot listen on 999.1.1.1:8002: no such address." in told


def test_up_refuses_a_verifier_that_is_no_web_address_in_one_line() -> None:
    told = refusal(run_here("up", "--verifier-url", "ftp://canary"))
    assert "--verifier-url must be an absolute http(s) address." in told


@pytest.mark.parametrize("more", [(), ("--data",)])
def test_up_refuses_a_token_reader_that_can_have_no_key(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    data = (*more, str(tmp_path)) if more else ()
    name = "no name" if more else "mcp"
    assert name in refusal(run_here("up", "--token-reader", name, *data))


def test_an_address_of_another_machine_is_refused_in_one_line() -> None:
    told = refusal(run_here("sandbox", "--expose", "--host", "192.0.2.1", "--port", "0"))
    assert "Cannot listen on 192.0.2.1:0" in told


def test_the_sandbox_is_not_shown_to_other_machines_by_accident() -> None:
    assert "--expose" in refusal(run_here("sandbox", "--host", "0.0.0.0", "--port", "0"))


def test_the_worker_does_not_start_without_a_secret() -> None:
    told = refusal(run_here("serve", "--port", "0"))
    assert "not set" in told
    assert "ARCADE_WORKER_SECRET" in told


def test_the_worker_does_not_start_with_a_short_secret() -> None:
    done = run_command("serve", "--port", "0", environment={"ARCADE_WORKER_SECRET": "5horty"})
    assert done.returncode == 2
    assert "5horty" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "32" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GMAIL_API_ENDPOINT", "http://canary.example.com"),
        ("GMAIL_API_ENDPOINT", "canary"),
        ("GMAIL_MULTIUSER_REQUIRE_CONFIRMATION", "canary"),
        ("GMAIL_MULTIUSER_CONFIRMATION_KEY", "canary"),
    ],
)
def test_the_worker_does_not_start_with_a_setting_that_fails_later(name: str, value: str) -> None:
    environment = {"ARCADE_WORKER_SECRET": SECRET, name: value}
    told = refusal(run_here("serve", "--port", "0", environment=environment))
    assert name in told
    assert "canary" not in told


@pytest.mark.parametrize("count", ["0", "-2", "many", "1000"])
def test_a_worker_has_between_one_and_256_processes(count: str) -> None:
    done = run_here("serve", f"--workers={count}", environment={"ARCADE_WORKER_SECRET": SECRET})
    assert done.returncode == 2
    assert "is not a number of processes" in done.stderr


def test_s46_each_of_several_worker_processes_masks_tokens_in_its_log() -> None:
    script = """
import logging, uvicorn
from arcade_gmail_multiuser.cli.serve import create_app_in_child
uvicorn.Config(create_app_in_child, factory=True, log_level="warning").load()
for name in ("uvicorn.error", "some.library"):
    logging.getLogger(name).error("%s refused ya29.canary-0123456789-0123456789", name)
"""
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "ARCADE_WORKER_SECRET": SECRET},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stderr
    assert "uvicorn.error refused" in told
    assert "some.library refused" in told
    assert "canary" not in told


ENGINE = {
    "ARCADE_API_KEY": "canary-key-0123456789",
    "ARCADE_WORKER_SECRET": SECRET,
    "ENGINE_ENCRYPTION_KEYS": "bm90IGEga2V5",
    "GOOGLE_CLIENT_ID": "canary-id",
    "GOOGLE_CLIENT_SECRET": "canary-of-the-client",
}


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_names_the_variable_that_is_missing(name: str) -> None:
    environment = {key: value for key, value in ENGINE.items() if key != name}
    told = refusal(run_here("engine", "--port", "0", environment=environment))
    assert f"{name} is not set" in told
    assert not any(value in told for value in environment.values())


def test_the_engine_refuses_a_weak_key_without_repeating_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = tmp_path_factory.mktemp("engine")
    done = run_here("engine", "--port", "0", "--data", str(data), environment=ENGINE)
    assert done.returncode == 2
    assert "encryption key" in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(value in done.stderr for value in ENGINE.values())


@pytest.mark.parametrize("count", ["-1", "some", "100001"])
def test_up_refuses_what_is_no_number_of_users(count: str) -> None:
    done = run_here("up", f"--users={count}")
    assert done.returncode == 2
    assert "is not a number of users" in done.stderr


def test_a_data_directory_that_is_a_file_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("data") / "file"
    file.write_text("")
    assert "data directory" in refusal(run_here("up", "--data", str(file)))


def test_a_fresh_key_has_32_random_bytes() -> None:
    first, second = (run_command("keys", "new").stdout.strip() for _ in range(2))
    assert len(base64.b64decode(first, validate=True)) == 32
    assert first != second


def test_no_subcommand_is_an_error() -> None:
    done = run_here()
    assert done.returncode == 2
    assert "usage:" in done.stderr


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ((), "give --issuer and --jwks-uri"),
        (("--issuer", "https://id.example.com"), "--issuer and --jwks-uri belong together"),
        (("--issuer", "http://id.example.com", "--jwks-uri", "https://id.example.com/k"), "https"),
        (("--issuer", "https://id.example.com", "--jwks-uri", "http://id.example.com/k"), "https"),
        (
            (
                *("--issuer", "https://id.example.com", "--jwks-uri", "https://id.example.com/k"),
                *("--algorithm", "HS256"),
            ),
            "The algorithm must be one of",
        ),
    ],
)
def test_mcp_over_http_does_not_start_without_safe_authentication(
    flags: tuple[str, ...], told: str
) -> None:
    done = run_here(
        "mcp", "http", "--port", "0", *flags, environment={"ARCADE_API_KEY": "arc_none-at-all"}
    )
    assert told in refusal(done)


def test_mcp_over_http_trusts_one_issuer_only() -> None:
    servers = [
        {"authorization_server_url": url, "issuer": url, "jwks_uri": f"{url}/keys"}
        for url in ("https://one.example.com", "https://two.example.com")
    ]
    environment = {
        "ARCADE_API_KEY": "arc_none-at-all",
        "MCP_RESOURCE_SERVER_CANONICAL_URL": "https://mcp.example.com/mcp",
        "MCP_RESOURCE_SERVER_AUTHORIZATION_SERVERS": json.dumps(servers),
    }
    told = refusal(run_here("mcp", "http", "--port", "0", environment=environment))
    assert "Only one issuer" in told
    assert "one.example.com" not in told


@pytest.mark.parametrize(
    ("raised", "status", "told"),
    [
        (ConfigurationError("It is\nwrong."), 2, "It is wrong."),
        (NotFound("It is gone."), 1, "It is gone."),
        (KeyboardInterrupt(), 130, ""),
        (ModuleNotFoundError(name="sqlalchemy.orm"), 2, "arcade_gmail_multiuser[client]"),
        (ModuleNotFoundError(name="left_pad"), 2, "'left_pad' is not installed."),
        (RuntimeError("ya29.canary"), 70, "This is a bug: RuntimeError at "),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_every_failure_has_a_status_and_one_line_without_a_secret(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    status: int,
    told: str,
) -> None:
    def fail(_arguments: argparse.Namespace) -> int:
        raise raised

    monkeypatch.setattr(keys, "run", fail)
    assert command_module.run(["keys", "new"]) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert told in shown.err
    assert "canary" not in shown.err
    assert shown.err.count("\n") == bool(told)


def test_a_reader_that_has_gone_is_no_crash() -> None:
    command = f"{sys.executable} -m arcade_gmail_multiuser doctor | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""
