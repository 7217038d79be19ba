"""Putting mail in order: one message, many or a conversation; labels; and taking it back."""

from __future__ import annotations

from arcade_evals import EvalSuite, tool_eval

# `arcade evals` puts this folder on the path, not the one above it.
from cases import called, expect, new_suite

from arcade_gmail_multiuser.tools.attachments.tools import list_email_attachment_metadata
from arcade_gmail_multiuser.tools.drafts.tools import (
    delete_draft_email,
    list_draft_emails,
    update_draft_email,
    write_draft_reply_email,
)
from arcade_gmail_multiuser.tools.labels.tools import create_label, delete_label, update_label
from arcade_gmail_multiuser.tools.organise.tools import (
    archive_email,
    change_email_labels,
    report_spam,
    restore_email,
    set_thread_trash_status,
    triage_emails,
    undo_change,
)
from arcade_gmail_multiuser.tools.read import get_emails
from arcade_gmail_multiuser.tools.search.tools import list_threads
from arcade_gmail_multiuser.tools.send.tools import forward_email
from arcade_gmail_multiuser.tools.unanswered import find_unanswered
from arcade_gmail_multiuser.tools.unsubscribe import unsubscribe_from_email


@tool_eval()
def organising_mail() -> EvalSuite:
    """Archive, spam, trash and labels: near to one another, and one is worse than the other."""
    suite = new_suite("organising mail")
    expect(
        suite,
        "Archive the single message 18f2a7c3d4e5b620.",
        archive_email,
        email_id="18f2a7c3d4e5b620",
    )
    expect(
        suite,
        "Message 18f2a7c3d4e5b621 is spam. Report it.",
        report_spam,
        email_id="18f2a7c3d4e5b621",
    )
    expect(
        suite,
        "Mark the messages 18f2a7c3d4e5b622 and 18f2a7c3d4e5b623 as read.",
        triage_emails,
        action="mark_read",
        email_ids=["18f2a7c3d4e5b622", "18f2a7c3d4e5b623"],
    )
    expect(
        suite,
        "Star everything that the search from:boss@example.com is:unread finds.",
        triage_emails,
        action="star",
        query="from:boss@example.com is:unread",
    )
    expect(
        suite,
        "Put the label Invoices on every message that subject:invoice finds.",
        change_email_labels,
        action="add",
        label_name="Invoices",
        query="subject:invoice",
    )
    expect(
        suite,
        "Get message 18f2a7c3d4e5b624 out of the trash.",
        restore_email,
        email_id="18f2a7c3d4e5b624",
    )
    expect(
        suite,
        "That was wrong. Take it back.",
        undo_change,
        after=called(
            "ArchiveEmail",
            '{"email_id": "18f2a7c3d4e5b625"}',
            '{"id": "18f2a7c3d4e5b625", "changed": true, "undo_token": "dTEkQ0tZ"}',
            "Archive message 18f2a7c3d4e5b625.",
            "It is archived.",
        ),
        undo_token="dTEkQ0tZ",
    )
    expect(
        suite,
        "Throw the whole conversation 18f2a7c3d4e5b626 away.",
        set_thread_trash_status,
        thread_id="18f2a7c3d4e5b626",
        in_trash=True,
    )
    return suite


@tool_eval()
def keeping_labels() -> EvalSuite:
    """The labels themselves, as against the mail under them."""
    suite = new_suite("keeping labels")
    expect(suite, "Make a new label Travel/2027.", create_label, label_name="Travel/2027")
    expect(
        suite,
        "Rename my label Clients to Customers.",
        update_label,
        current_name="Clients",
        new_name="Customers",
    )
    expect(
        suite,
        "I do not need my label Old any more. Delete the label; keep the mail.",
        delete_label,
        label_name="Old",
    )
    return suite


@tool_eval()
def reading_several() -> EvalSuite:
    """Several messages or conversations at once."""
    suite = new_suite("reading several")
    expect(suite, "List my five most recent conversations.", list_threads, max_results=5)
    expect(
        suite,
        "Read the messages 18f2a7c3d4e5b627 and 18f2a7c3d4e5b628 to me.",
        get_emails,
        email_ids=["18f2a7c3d4e5b627", "18f2a7c3d4e5b628"],
    )
    expect(
        suite,
        "Which files are attached to message 18f2a7c3d4e5b631? Only their names.",
        list_email_attachment_metadata,
        email_id="18f2a7c3d4e5b631",
    )
    expect(
        suite,
        "Whom do I still owe an answer? Look back a week.",
        find_unanswered,
        direction="i_owe",
        days=7,
    )
    expect(
        suite,
        "Who has not answered me since my last mail to them?",
        find_unanswered,
        direction="owed_to_me",
    )
    return suite


@tool_eval()
def drafts_and_forwards() -> EvalSuite:
    """Drafts that are there already, answers that wait, mail for others, lists to leave."""
    suite = new_suite("drafts and forwards")
    expect(
        suite,
        "Forward message 18f2a7c3d4e5b632 to dana@example.com with the note: For your files.",
        forward_email,
        email_id="18f2a7c3d4e5b632",
        recipient="dana@example.com",
        note="For your files.",
        worded=("note",),
    )
    expect(suite, "Show me the last three drafts that I saved.", list_draft_emails, n_drafts=3)
    expect(
        suite,
        "Change the subject of my draft r-7001 to Final offer; leave the rest.",
        update_draft_email,
        draft_email_id="r-7001",
        subject="Final offer",
    )
    expect(
        suite,
        "Throw my draft r-7002 away for good.",
        delete_draft_email,
        draft_email_id="r-7002",
    )
    expect(
        suite,
        'Draft an answer to message 18f2a7c3d4e5b633, "I will come.", but do not send it: '
        "I want to see it first.",
        write_draft_reply_email,
        reply_to_message_id="18f2a7c3d4e5b633",
        body="I will come.",
        worded=("body",),
    )
    expect(
        suite,
        "Leave the newsletter that message 18f2a7c3d4e5b630 came from.",
        unsubscribe_from_email,
        email_id="18f2a7c3d4e5b630",
    )
    return suite
