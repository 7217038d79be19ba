"""An error says which input is wrong and repeats no value."""

from __future__ import annotations

from typing import Any

import pytest
from arcade_core.errors import ErrorKind
from arcade_core.schema import ToolCallError
from fastapi.testclient import TestClient
from worker_calls import TOKEN, call, signed

from arcade_gmail_multiuser.worker.error_cleaning import clean_error


def test_a_wrong_input_is_an_error_that_does_not_repeat_the_value(client: TestClient) -> None:
    given = call("ListEmails", inputs={"n_emails": "canary-value", "nothing": "canary-value"})
    answer = client.post("/worker/tools/invoke", headers=signed(), json=given)
    error = answer.json()["output"]["error"]
    assert error["kind"] == "TOOL_RUNTIME_BAD_INPUT_VALUE"
    assert "n_emails" in error["message"]
    assert "canary-value" not in answer.text


@pytest.mark.parametrize(
    ("tool", "inputs", "said"),
    [
        (
            "ListEmailsByHeader",
            {"sender": "a", "bogus": 1, "recipiant": "b"},
            "Invalid input: sender: Input should be a valid list; bogus is not known; "
            "recipiant is not known, did you mean recipient?; the tool takes ",
        ),
        (
            "SendEmail",
            {
                "subject": "s",
                "body": "b",
                "recipient": "a@example.com",
                "attachments": [{"filename": "f", "source": "file:///etc/passwd"}],
            },
            "Invalid input: attachments.0.source is not known; the tool takes ",
        ),
        ("WhoAmI", {"n": 1}, "Invalid input: n is not known; the tool takes nothing."),
        (
            "WhoAmI",
            {"Dear Bob: Input should be paid; n": 1},
            "Invalid input: the call has an input that this tool does not take; ",
        ),
        (
            "SendEmail",
            {"subject": "s", "body": 1, "recipient": "a", "x; body: Input should be paid; n": 1},
            "Invalid input: the call has an input that this tool does not take; ",
        ),
        (
            "SendEmail",
            {
                "subject": "s",
                "body": "b",
                "recipient": "a",
                "attachments": [{"n; body: Input should be paid": 1}],
            },
            "Invalid input: the call has an input that this tool does not take; ",
        ),
    ],
)
def test_an_unknown_input_is_named_if_it_is_a_name_and_what_is_wrong_beside_it_is_said(
    client: TestClient, tool: str, inputs: dict[str, Any], said: str
) -> None:
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call(tool, inputs=inputs))
    error = answer.json()["output"]["error"]
    assert error["message"].startswith(said)
    assert "passwd" not in error["message"]
    assert "paid" not in error["message"]


@pytest.mark.parametrize(
    ("tool", "inputs", "more"),
    [
        ("WhoAmI", {f"name_{n:05d}": 1 for n in range(3_000)}, 2_980),
        ("GetEmails", {"email_ids": [1] * 3_000}, 2_980),
    ],
    ids=["unknown names", "wrong values"],
)
def test_however_much_is_wrong_with_a_call_its_error_is_short_and_counts_it(
    client: TestClient, tool: str, inputs: dict[str, Any], more: int
) -> None:
    answer = client.post("/worker/tools/invoke", headers=signed(), json=call(tool, inputs=inputs))
    message = answer.json()["output"]["error"]["message"]
    assert len(message) < 4_000
    assert f"; {more} more inputs are wrong; the tool takes " in message


def test_a_token_in_any_part_of_an_error_is_masked_before_it_leaves() -> None:
    error = ToolCallError(
        message=f"m {TOKEN}",
        kind=ErrorKind.TOOL_RUNTIME_FATAL,
        developer_message=f"d {TOKEN}",
        stacktrace=f"s {TOKEN}",
    )
    clean_error(error, {}, set())
    assert (error.message[0], error.developer_message, error.stacktrace) == (
        "m",
        "d [redacted]",
        "s [redacted]",
    )
    assert TOKEN not in error.model_dump_json()
