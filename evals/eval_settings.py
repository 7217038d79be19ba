"""What Gmail does by itself: filters, the vacation responder; and following what changes."""

from __future__ import annotations

from arcade_evals import EvalSuite, tool_eval

# `arcade evals` puts this folder on the path, not the one above it.
from cases import called, expect, new_suite

from arcade_gmail_multiuser.tools.account import list_send_as_aliases
from arcade_gmail_multiuser.tools.changes.tools import (
    list_mailbox_changes,
    stop_watching_mailbox,
    watch_mailbox,
)
from arcade_gmail_multiuser.tools.filters.tools import create_filter, delete_filter, list_filters
from arcade_gmail_multiuser.tools.vacation import get_vacation_responder, set_vacation_responder


@tool_eval()
def setting_gmail_up() -> EvalSuite:
    """Filters sort mail that is to come; changing mail that is here is another tool's work."""
    suite = new_suite("setting Gmail up")
    expect(suite, "Which filters sort my mail?", list_filters)
    expect(
        suite,
        "From now on, put the label News on all mail from digest@example.com when it arrives, and "
        "keep it out of my inbox.",
        create_filter,
        sender=["digest@example.com"],
        labels_to_add=["News"],
        labels_to_remove=["INBOX"],
    )
    expect(
        suite,
        "How much of my mail would a filter on larger:10M match? Do not create it yet: it should "
        "star mail larger than 10,000,000 bytes.",
        create_filter,
        larger_than_bytes=10_000_000,
        labels_to_add=["STARRED"],
        dry_run=True,
    )
    expect(suite, "Delete the filter ANe1BmgX.", delete_filter, filter_id="ANe1BmgX")
    expect(suite, "Is my out-of-office reply on at the moment?", get_vacation_responder)
    expect(
        suite,
        'I am away until 3 January 2027. Answer everybody who writes with "Back on the 4th."',
        set_vacation_responder,
        enabled=True,
        body="Back on the 4th.",
        end="2027-01-03",
    )
    expect(
        suite,
        "I am back. Switch it off.",
        set_vacation_responder,
        after=called(
            "GetVacationResponder",
            "{}",
            '{"state": "on", "enabled": true, "body": "Away until Monday."}',
            "Do I answer automatically?",
            'Yes: your vacation responder says "Away until Monday."',
        ),
        enabled=False,
    )
    expect(
        suite,
        "Which addresses can I send from, and with which signatures?",
        list_send_as_aliases,
    )
    return suite


@tool_eval()
def following_a_mailbox() -> EvalSuite:
    """What changed since last time, and being told: nothing of it lists the newest mail."""
    suite = new_suite("following a mailbox")
    expect(
        suite,
        "What changed in my mailbox since then?",
        list_mailbox_changes,
        after=called(
            "ListMailboxChanges",
            "{}",
            '{"added": [], "deleted": [], "relabeled": [], "cursor": "q1Zc9TM0", '
            '"has_more": false, "resync_required": false}',
            "Begin to follow my mailbox.",
            "I follow it from now on.",
        ),
        cursor="q1Zc9TM0",
    )
    expect(
        suite,
        "Have Gmail notify our Pub/Sub topic projects/acme-mail/topics/inbox of every change.",
        watch_mailbox,
        topic_name="projects/acme-mail/topics/inbox",
    )
    expect(suite, "Stop notifying any Pub/Sub topic about my mailbox.", stop_watching_mailbox)
    return suite
