"""Whatever happens, no secret and no mail is where it does not belong, in no form."""

from __future__ import annotations

import pytest
from leak_hunt.hunt import Evidence
from leak_search.canaries import Hit

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

KEYS_OF_THE_STACK = "data: credentials.json"
"""Where `up` and `demo` keep their keys on a developer's machine, for its owner alone."""

MAIL = {"mail_text", "subject", "attachment_name", "attachment_text", "search_query"}
CREDENTIALS = {
    "access_token", "refresh_token", "authorization_code", "pkce_verifier", "state", "cookie",
    "client_secret", "api_key", "worker_secret", "worker_jwt", "encryption_key",
}  # fmt: skip


def names(evidence: Evidence, *beginnings: str) -> list[str]:
    found = [name for name in evidence.places if name.startswith(beginnings)]
    assert found, f"nothing was gathered of {beginnings}"
    return found


def test_the_hunt_had_every_kind_of_secret_to_find(on_sqlite: Evidence) -> None:
    assert on_sqlite.canaries.kinds >= MAIL | CREDENTIALS | {"upstream_text", "stray_secret"}
    for kind in ("access_token", "refresh_token", "authorization_code", "pkce_verifier", "state"):
        assert on_sqlite.canaries.count(kind) >= 5, kind
    assert len(on_sqlite.replies) > 90
    assert {reply.status for reply in on_sqlite.replies} >= {200, 204, 400, 401, 403, 404, 502, 503}


def test_the_search_finds_what_was_put_into_each_place(evidence: Evidence) -> None:
    # SQLite keeps rows in the WAL until it copies them; these two are looked at when it has.
    late = {"alive: engine.sqlite", "alive: engine.sqlite-shm", KEYS_OF_THE_STACK}
    blind = [
        name
        for name, content in evidence.places.items()
        if name not in late and not evidence.control.search(content)
    ]
    assert blind == []


def test_045_databases_hold_neither_secrets_nor_mail(evidence: Evidence) -> None:
    stored = [n for n in evidence.places if "sqlite" in n or "postgresql" in n]
    assert len(stored) >= 2
    everything = b"".join(evidence.places[name] for name in stored)
    assert b"token.released" in everything, "the audit is not among what is searched"
    assert evidence.hits(*stored) == {}


def test_045_neither_do_temporary_files_command_lines_and_other_files(evidence: Evidence) -> None:
    files = [n for n in names(evidence, "data: ") if n != KEYS_OF_THE_STACK]
    assert evidence.hits("temporary files", "command lines", *files) == {}


def test_045_every_file_of_the_stack_is_its_owners_alone(evidence: Evidence) -> None:
    assert len(evidence.modes) >= 4
    assert {name: mode for name, mode in evidence.modes.items() if mode != 0o600} == {}


def test_046_nobody_logs_secrets_or_mail_on_debug_even_unmasked(evidence: Evidence) -> None:
    assert len(names(evidence, "raw log: ")) == 4  # three processes and the application
    assert evidence.hits(*names(evidence, "raw log: ")) == {}


def test_046_traces_metrics_and_exported_logs_hold_none(on_sqlite: Evidence) -> None:
    exported = names(on_sqlite, "telemetry: ")
    assert set(exported) == {f"telemetry: {kind}" for kind in ("traces", "metrics", "logs")}
    assert b"RunTool" in on_sqlite.places["telemetry: traces"]
    assert on_sqlite.hits(*exported) == {}


def test_046_exceptions_show_none(on_sqlite: Evidence) -> None:
    assert on_sqlite.places["exceptions"].count(b"Error") > 5
    assert on_sqlite.hits("exceptions") == {}
    credentials = on_sqlite.canaries.of(*CREDENTIALS)
    assert credentials.search(on_sqlite.places["variables"]) == []


def test_021_no_answer_of_the_engine_holds_a_credential(evidence: Evidence) -> None:
    assert evidence.canaries.of(*CREDENTIALS).search(evidence.places["engine's answers"]) == []


def test_047_an_answer_to_whom_asked_for_no_mail_holds_none(evidence: Evidence) -> None:
    found: dict[str, list[Hit]] = {}
    for reply in evidence.replies:
        if not reply.holds_mail:
            found[reply.step] = evidence.canaries.search(
                reply.body + b"\n" + reply.headers.encode()
            )
    assert len(found) > 20
    assert {step: hits for step, hits in found.items() if hits} == {}
