"""A chat model whose words are written down: it reads three mails and sends a summary of them."""

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
        self.seen: list[list[str]] = []

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """Say what comes next in a conversation, by how many tools have answered in it."""
        told = [_text(one) for one in request["messages"] if one["role"] == "tool"]
        self.seen.append(told)
        if not told:
            return self.call(request, "GmailMultiuser_WhoAmI", {})
        person = json.loads(told[0])["email"]
        if len(told) == 1:
            return self.call(request, "GmailMultiuser_ListEmails", {"n_emails": 3})
        subjects = [mail["subject"] for mail in json.loads(told[1])["emails"]]
        if len(told) == 2:
            letter = {
                "recipient": person,
                "subject": f"Summary {self.mark} for {person}",
                "body": "\n".join(subjects),
            }
            return self.call(request, "GmailMultiuser_SendEmail", letter)
        sent = json.loads(told[2])
        if "id" not in sent:
            return self.refuse(f"the mail was not sent: {sorted(sent)}")
        return self.text(request, f"I have sent {person} {len(subjects)} subjects.")


def _text(message: Mapping[str, Any]) -> str:
    """Give a message's text, which may also come in parts."""
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
