"""Nothing that opens a mailbox survives redaction; what explains the problem does."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import time

import pytest

from arcade_gmail_multiuser.security.redaction import RedactingFilter, redact, redact_value

CANARY = "cAnArY0123456789abcdefXYZ"

LEAKS = [
    f"Authorization: Bearer {CANARY}",
    f"authorization: bearer {CANARY}",
    f"{{'Authorization': '{CANARY}'}}",
    f"Authorization: {CANARY}",
    f"token ya29.{CANARY}-_.{CANARY}",
    f"refreshing 1//{CANARY}",
    f"code 4/{CANARY}",
    f"jwt eyJhbGciOi.{CANARY}.{CANARY}",
    f"secret GOCSPX-{CANARY}",
    f"key AIza{CANARY}",
    f"arc_{CANARY}",
    f"GET /v1/oauth/callback?code={CANARY}&state=s{CANARY}&scope=x HTTP/1.1",
    f"code_verifier={CANARY}",
    f"https://x/?a=1&access_token={CANARY}#frag",
    f'{{"access_token": "{CANARY}", "token_type": "Bearer"}}',
    f'{{"refresh_token":"{CANARY}"}}',
    f"{{'client_secret': '{CANARY}'}}",
    f"grant_type=refresh_token&refresh_token={CANARY}&client_secret={CANARY}",
    f"ToolAuthorizationContext(access_token='{CANARY}')",
    f"verify?flow_id={CANARY}",
]


@pytest.mark.parametrize("text", LEAKS)
def test_s46_a_secret_is_masked(text: str) -> None:
    assert CANARY not in redact(text)
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "The token has expired; ask the person to connect again.",
        "status code 503 in state pending",
        "user_id=alice scope=https://www.googleapis.com/auth/gmail.send",
        "日本語のメール",
        "Bearer tokens are required",
        "",
    ],
)
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_the_parts_that_explain_are_kept() -> None:
    text = redact(f"GET /v1/oauth/callback?code={CANARY}&scope=gmail.send failed with 400")
    assert text == "GET /v1/oauth/callback?code=[redacted]&scope=gmail.send failed with 400"


@pytest.mark.slow
def test_redacting_a_megabyte_takes_linear_time() -> None:
    for unit in ("Bearer ", "a", "eyJ", '"access_token": "', "Authorization: ", "code=&"):
        start = time.perf_counter()
        redact(unit * (1_000_000 // len(unit)))
        assert time.perf_counter() - start < 2


def test_every_string_in_a_structure_is_masked() -> None:
    value = {"a": [f"Bearer {CANARY}", {"refresh_token": CANARY, "n": 1}], f"ya29.{CANARY}": None}
    assert CANARY not in str(redact_value(value))
    assert redact_value({"n": 1, "ok": True, "none": None}) == {"n": 1, "ok": True, "none": None}


def test_a_bottomless_structure_is_cut() -> None:
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    assert "[redacted]" in str(redact_value(deep))


def _logged(**how: object) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    logger = logging.Logger("test")  # noqa: LOG001  (a logger of its own, not the process's)
    logger.addHandler(handler)
    try:
        raise ValueError(f"bad token ya29.{CANARY}")  # noqa: TRY301
    except ValueError:
        logger.error(f"Bearer {CANARY} for %s %s", f"1//{CANARY}", "alice", **how)  # type: ignore[arg-type]  # noqa: TRY400, G004
    return stream.getvalue()


def test_s46_messages_arguments_and_tracebacks_are_masked_in_logs() -> None:
    for how in ({}, {"exc_info": True}, {"stack_info": True}):
        text = _logged(**how)
        assert CANARY not in text
        assert "alice" in text
    assert "ValueError" in _logged(exc_info=True)


def test_a_record_with_a_broken_format_is_still_logged() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "%d of %s", ("a",), None)
    assert RedactingFilter().filter(record)
    assert record.getMessage() == "%d of %s"


def test_a_worker_that_masks_its_log_loads_neither_yaml_nor_a_database() -> None:
    code = (
        "import sys, arcade_gmail_multiuser.security.redaction\n"
        "print({'yaml', 'sqlalchemy', 'cryptography'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
