"""Mail that is known again wherever it turns up."""

from __future__ import annotations

from dataclasses import dataclass, field

from leak_search.canaries import Canaries, planted
from mail import write_mail


@dataclass(frozen=True)
class Planted:
    """The words that people wrote, were sent or looked for."""

    text: str = field(default_factory=lambda: planted("text"))
    subject: str = field(default_factory=lambda: planted("subject"))
    file_name: str = field(default_factory=lambda: planted("name"))
    file_text: str = field(default_factory=lambda: planted("file"))
    query: str = field(default_factory=lambda: planted("query"))
    upstream: str = field(default_factory=lambda: planted("upstream"))
    stray: str = field(default_factory=lambda: f"ya29.{planted('stray')}")

    def canaries(self) -> Canaries:
        found = Canaries()
        found.add("mail_text", self.text)
        found.add("subject", self.subject)
        found.add("attachment_name", self.file_name)
        found.add("attachment_text", self.file_text)
        found.add("search_query", self.query)
        found.add("upstream_text", self.upstream)
        found.add("stray_secret", self.stray)
        return found

    def letter(self, recipient: str) -> bytes:
        return write_mail(
            self.subject,
            f"Dear person,\n{self.text}\n",
            sender="Somebody <somebody@example.org>",
            to=recipient,
            files=[(self.file_name, self.file_text.encode(), "text/plain")],
            Message_ID="<one@example.org>",
        )
