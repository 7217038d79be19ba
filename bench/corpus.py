"""Count what is read of real mail: how much text, which files, which replies fold.

The mail is the corpus beside the project, `../shared/corpus`; whether what is read is right is
tested (tests/gmail/messages/test_corpus.py, test_quote_folding.py), this counts it.

Run: python -m bench.corpus
"""

from __future__ import annotations

import time
from pathlib import Path

from arcade_gmail_local.sandbox.mail.payload import gmail_payload, snippet_of
from arcade_gmail_multiuser.gmail.html.to_text import html_to_text
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage, read_message
from arcade_gmail_multiuser.gmail.messages.quote_folding import fold_quotes

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def read_all(folder: Path) -> tuple[list[ReadMessage], int, float]:
    """Read every message as Gmail would hand it over; count those that raise, and the CPU."""
    messages, failed, spent = [], 0, 0.0
    for path in sorted(folder.glob("*.eml")):
        raw = path.read_bytes()
        resource = {"id": "1", "payload": gmail_payload(raw), "snippet": snippet_of(raw)}
        began = time.process_time()
        try:
            messages.append(read_message(resource))
        except Exception as problem:  # noqa: BLE001 # that is what is counted
            failed += 1
            print(f"{path.name}: {type(problem).__name__}")
        spent += time.process_time() - began
    return messages, failed, spent


def main() -> None:
    """Print the figures."""
    messages, failed, spent = read_all(CORPUS / "mail-fixtures")
    if not messages:
        raise SystemExit(f"No mail in {CORPUS}")
    files = [file for message in messages for file in message.attachments]
    print(f"{len(messages)} messages read, {failed} not, {1000 * spent:.0f} ms of CPU")
    print(f"{sum(bool(message.body) for message in messages)} of them have text")
    print(
        f"{len(files)} attachments found in {sum(bool(m.attachments) for m in messages)} messages, "
        f"{sum(bool(file.filename) for file in files)} of them with a name"
    )
    replies = sorted((CORPUS / "html-replies").glob("*.html"))
    folded = 0
    for path in replies:
        _, characters = fold_quotes(html_to_text(path.read_text(encoding="utf-8")).text)
        folded += characters > 0
    print(f"{folded} of {len(replies)} replies of real mail programs folded")


if __name__ == "__main__":
    main()
