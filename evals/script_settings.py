"""The messages about settings and changes, with their answers; see `script.py`."""

from __future__ import annotations

from evals.lines import Line, call

__all__ = ["SETTINGS"]

SETTINGS: dict[str, Line] = {
    "Which filters sort my mail?": Line(call("ListFilters"), call("ListLabels")),
    (
        "From now on, put the label News on all mail from digest@example.com when it arrives, and "
        "keep it out of my inbox."
    ): Line(
        call(
            "CreateFilter",
            sender=["digest@example.com"],
            labels_to_add=["News"],
            labels_to_remove=["INBOX"],
        ),
        call("ChangeEmailLabels", action="add", label_name="News", query="from:digest@example.com"),
    ),
    (
        "How much of my mail would a filter on larger:10M match? Do not create it yet: it should "
        "star mail larger than 10,000,000 bytes."
    ): Line(
        call(
            "CreateFilter",
            larger_than_bytes=10_000_000,
            labels_to_add=["STARRED"],
            dry_run=True,
        ),
        call("SearchEmailsByQuery", query="larger:10M", result_detail="count_only"),
    ),
    "Delete the filter ANe1BmgX.": Line(
        call("DeleteFilter", filter_id="ANe1BmgX"), call("DeleteLabel", label_name="ANe1BmgX")
    ),
    "Is my out-of-office reply on at the moment?": Line(
        call("GetVacationResponder"), call("SetVacationResponder", enabled=True)
    ),
    'I am away until 3 January 2027. Answer everybody who writes with "Back on the 4th."': Line(
        call("SetVacationResponder", enabled=True, body="Back on the 4th.", end="2027-01-03"),
        call("CreateFilter", query="is:unread", labels_to_add=["Back on the 4th."]),
    ),
    "I am back. Switch it off.": Line(
        call("SetVacationResponder", enabled=False), call("StopWatchingMailbox")
    ),
    "Which addresses can I send from, and with which signatures?": Line(
        call("ListSendAsAliases"), call("WhoAmI")
    ),
    "What changed in my mailbox since then?": Line(
        call("ListMailboxChanges", cursor="q1Zc9TM0"), call("ListEmails")
    ),
    "Have Gmail notify our Pub/Sub topic projects/acme-mail/topics/inbox of every change.": Line(
        call("WatchMailbox", topic_name="projects/acme-mail/topics/inbox"),
        call("ListMailboxChanges"),
    ),
    "Stop notifying any Pub/Sub topic about my mailbox.": Line(
        call("StopWatchingMailbox"), call("SetVacationResponder", enabled=False)
    ),
}
