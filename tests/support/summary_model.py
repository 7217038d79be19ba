"""A chat model whose words are written down: it reads three mails, and writes what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evals.model_server import Answer, ModelServer

__all__ = ["SummaryModel"]


class SummaryModel(ModelServer):
    """Serve while entered. It knows of a person only what the tools of its conversation said.

    Args:
        mark: a word for the subject of what it sends, by which a test finds it.
    """

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark = mark
        self.seen: list[str] = []

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """Say what comes next in a conversation, by the tools that have answered in it."""
        told = {
            one["tool_call_id"]: _text(one) for one in request["messages"] if one["role"] == "tool"
        }
        self.seen.extend(told.values())
        if not told:
            reads = ("GmailMultiuser_WhoAmI", {}), ("GmailMultiuser_ListEmails", {"n_emails": 3})
            return self.calls(request, *reads)
        person = json.loads(told["call_0"])["email"]
        subjects = [mail["subject"] for mail in json.loads(told["call_1"])["emails"]]

        def letter(kind: str) -> dict[str, str]:
            subject = f"{kind} {self.mark} for {person}"
            return {"recipient": person, "subject": subject, "body": "\n".join(subjects)}

        if len(told) == 2:
            return self.call(request, "GmailMultiuser_SendEmail", letter("Summary"))
        if len(told) == 3:
            if told["call_2"].startswith("The person"):
                return self.text(request, f"Nothing was sent: {told['call_2']}")
            # By now sending is allowed and drafting is not: one of the two has to wait.
            return self.calls(
                request,
                ("GmailMultiuser_SendEmail", letter("Copy")),
                ("GmailMultiuser_WriteDraftEmail", letter("Draft")),
            )
        written = [json.loads(told[f"call_{number}"]) for number in (2, 3, 4)]
        if not all("id" in one for one in written):
            return self.refuse(f"not everything was written: {[sorted(one) for one in written]}")
        return self.text(request, f"I have sent {person} {len(subjects)} subjects.")


def _text(message: Mapping[str, Any]) -> str:
    """Give a message's text, which may also come in parts."""
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
