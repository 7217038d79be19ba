"""What Gmail does by itself: filters, the vacation responder; and following what changes."""

from __future__ import annotations

from arcade_evals import EvalSuite, tool_eval

# `arcade evals` puts this folder on the path, not the one above it.
from cases import call, called, expect, new_suite


@tool_eval()
def setting_gmail_up() -> EvalSuite:
    """Filters sort mail that is to come; changing mail that is here is another tool's work."""
    suite = new_suite("setting Gmail up")
    expect(
        suite,
        "Which filters sort my mail?",
        "ListFilters",
        tempting=call("ListLabels"),
    )
    expect(
        suite,
        "From now on, put the label News on all mail from digest@example.com when it arrives, and "
        "keep it out of my inbox.",
        "CreateFilter",
        sender=["digest@example.com"],
        labels_to_add=["News"],
        labels_to_remove=["INBOX"],
        tempting=call(
            "ChangeEmailLabels", action="add", label_name="News", query="from:digest@example.com"
        ),
    )
    expect(
        suite,
        "How much of my mail would a filter on larger:10M match? Do not create it yet: it should "
        "star mail larger than 10,000,000 bytes.",
        "CreateFilter",
        larger_than_bytes=10_000_000,
        labels_to_add=["STARRED"],
        dry_run=True,
        tempting=call("SearchEmailsByQuery", query="larger:10M", result_detail="count_only"),
    )
    expect(
        suite,
        "Delete the filter ANe1BmgX.",
        "DeleteFilter",
        filter_id="ANe1BmgX",
        tempting=call("DeleteLabel", label_name="ANe1BmgX"),
    )
    expect(
        suite,
        "Is my out-of-office reply on at the moment?",
        "GetVacationResponder",
        tempting=call("SetVacationResponder", enabled=True),
    )
    expect(
        suite,
        'I am away until 3 January 2027. Answer everybody who writes with "Back on the 4th."',
        "SetVacationResponder",
        enabled=True,
        body="Back on the 4th.",
        end="2027-01-03",
        tempting=call("CreateFilter", query="is:unread", labels_to_add=["Back on the 4th."]),
    )
    expect(
        suite,
        "I am back. Switch it off.",
        "SetVacationResponder",
        after=called(
            "GetVacationResponder",
            "{}",
            '{"state": "on", "enabled": true, "body": "Away until Monday."}',
            "Do I answer automatically?",
            'Yes: your vacation responder says "Away until Monday."',
        ),
        enabled=False,
        tempting=call("StopWatchingMailbox"),
    )
    expect(
        suite,
        "Which addresses can I send from, and with which signatures?",
        "ListSendAsAliases",
        tempting=call("WhoAmI"),
    )
    return suite


@tool_eval()
def following_a_mailbox() -> EvalSuite:
    """What changed since last time, and being told: nothing of it lists the newest mail."""
    suite = new_suite("following a mailbox")
    expect(
        suite,
        "What changed in my mailbox since then?",
        "ListMailboxChanges",
        after=called(
            "ListMailboxChanges",
            "{}",
            '{"added": [], "deleted": [], "relabeled": [], "cursor": "q1Zc9TM0", '
            '"has_more": false, "resync_required": false}',
            "Begin to follow my mailbox.",
            "I follow it from now on.",
        ),
        cursor="q1Zc9TM0",
        tempting=call("ListEmails"),
    )
    expect(
        suite,
        "Have Gmail notify our Pub/Sub topic projects/acme-mail/topics/inbox of every change.",
        "WatchMailbox",
        topic_name="projects/acme-mail/topics/inbox",
        tempting=call("ListMailboxChanges"),
    )
    expect(
        suite,
        "Stop notifying any Pub/Sub topic about my mailbox.",
        "StopWatchingMailbox",
        tempting=call("SetVacationResponder", enabled=False),
    )
    return suite
