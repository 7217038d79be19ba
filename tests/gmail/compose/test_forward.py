"""What a forwarded mail says and what it leaves out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from gmail_answers import GmailAnswers

from arcade_gmail_multiuser.gmail.addresses import Address
from arcade_gmail_multiuser.gmail.compose.forward import (
    clean_html,
    compose_forward,
    forward_subject,
)
from arcade_gmail_multiuser.gmail.messages.message import read_message

SIGNATURES = {"smime.p7s", "signature.asc"}
"""They sign the text as it was, alone, and would be wrong under the forwarded one."""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Lunch", "Fwd: Lunch"),
        ("Fwd: Lunch", "Fwd: Lunch"),
        ("FW: Re: WG: Lunch", "Fwd: Lunch"),
        ("Re: Re: Fwd: AW: Lunch", "Fwd: Lunch"),
        ("转发: 回复: 会议", "Fwd: 会议"),
        ("Forward: planning", "Fwd: Forward: planning"),
        ("", "Fwd:"),
        ("a\r\nBcc: eve@example.com", "Fwd: a Bcc: eve@example.com"),
    ],
)
def test_a_subject_has_exactly_one_mark_of_forwarding(before: str, after: str) -> None:
    assert forward_subject(before) == after
    assert forward_subject(forward_subject(before)) == after


def test_what_runs_or_loads_a_frame_does_not_travel_on() -> None:
    kept, cut = clean_html(
        "<html><head><style>p{color:red}</style><meta http-equiv=refresh content='0;url=x'>"
        "<base href='http://evil/'></head><body onload=x()><script>steal()</script>"
        "<p onclick='x()' style='color:blue'>Hello <b>you</b></p>"
        "<a href='java\tscript:alert(1)'>a</a><a href='https://ok.example/'>b</a>"
        "<iframe src='https://x'></iframe><object data=x></object><svg onload=x()><script>y"
        "</script></svg><img src='cid:pic'><form action=x>inside</form></body></html>"
    )
    assert not cut
    for gone in ("script", "onload", "onclick", "iframe", "object", "refresh", "base", "form"):
        assert gone not in kept
    for stays in ("color:red", "color:blue", "<b>you</b>", "https://ok.example/", "cid:pic"):
        assert stays in kept
    assert "inside" in kept


def test_html_of_no_bounds_is_cut_and_said_to_be() -> None:
    kept, cut = clean_html("<div>" * 300_000 + "x")
    assert cut
    assert kept


def files(gmail: GmailAnswers, message: dict[str, Any]) -> Counter[tuple[str, bytes]]:
    """Count the attached files by name and content, whitespace aside."""
    return Counter(
        (file.filename, b"".join(gmail.content(message, file.part_id).split()))
        for file in read_message(message).attachments
        if file.filename not in SIGNATURES
    )


def test_no_real_mail_loses_a_file_or_its_text_when_it_is_forwarded(
    corpus: Path, sandbox_url: str
) -> None:
    paths = sorted(corpus.rglob("*.eml"))
    assert len(paths) >= 50
    with GmailAnswers(sandbox_url) as gmail:
        for path in paths:
            raw = path.read_bytes()
            [message] = gmail.messages([raw])
            original = read_message(message)
            forward = compose_forward(original, raw, to=[Address("", "x@example.com")], note="Note")
            [sent] = gmail.messages([forward.write(forward.message).mime])
            forwarded = read_message(sent)
            assert files(gmail, message) - files(gmail, sent) == Counter(), path.name
            assert "Note" in forwarded.body, path.name
            assert forwarded.subject.count("Fwd:") == 1, path.name
            words = [word for word in original.body.split()[:30] if not word.startswith("<http")]
            lost = [word for word in words if word not in forwarded.body]
            assert len(lost) <= 2, path.name
