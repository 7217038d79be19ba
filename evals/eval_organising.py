"""Putting mail in order: one message, many or a conversation; labels; and taking it back."""

from __future__ import annotations

from arcade_evals import EvalSuite, tool_eval

# `arcade evals` puts this folder on the path, not the one above it.
from cases import call, called, expect, new_suite


@tool_eval()
def organising_mail() -> EvalSuite:
    """Archive, spam, trash and labels: near to one another, and one is worse than the other."""
    suite = new_suite("organising mail")
    expect(
        suite,
        "Archive the single message 18f2a7c3d4e5b620.",
        "ArchiveEmail",
        email_id="18f2a7c3d4e5b620",
        tempting=call("TrashEmail", email_id="18f2a7c3d4e5b620"),
    )
    expect(
        suite,
        "Message 18f2a7c3d4e5b621 is spam. Report it.",
        "ReportSpam",
        email_id="18f2a7c3d4e5b621",
        tempting=call("TrashEmail", email_id="18f2a7c3d4e5b621"),
    )
    expect(
        suite,
        "Mark the messages 18f2a7c3d4e5b622 and 18f2a7c3d4e5b623 as read.",
        "TriageEmails",
        action="mark_read",
        email_ids=["18f2a7c3d4e5b622", "18f2a7c3d4e5b623"],
        tempting=call(
            "ChangeEmailLabels",
            action="add",
            label_name="UNREAD",
            email_ids=["18f2a7c3d4e5b622", "18f2a7c3d4e5b623"],
        ),
    )
    expect(
        suite,
        "Star everything that the search from:boss@example.com is:unread finds.",
        "TriageEmails",
        action="star",
        query="from:boss@example.com is:unread",
        tempting=call("SearchEmailsByQuery", query="from:boss@example.com is:unread"),
    )
    expect(
        suite,
        "Put the label Invoices on every message that subject:invoice finds.",
        "ChangeEmailLabels",
        action="add",
        label_name="Invoices",
        query="subject:invoice",
        tempting=call("CreateLabel", label_name="Invoices"),
    )
    expect(
        suite,
        "Get message 18f2a7c3d4e5b624 out of the trash.",
        "RestoreEmail",
        email_id="18f2a7c3d4e5b624",
        tempting=call("TriageEmails", action="unarchive", email_ids=["18f2a7c3d4e5b624"]),
    )
    expect(
        suite,
        "That was wrong. Take it back.",
        "UndoChange",
        after=called(
            "ArchiveEmail",
            '{"email_id": "18f2a7c3d4e5b625"}',
            '{"id": "18f2a7c3d4e5b625", "changed": true, "undo_token": "dTEkQ0tZ"}',
            "Archive message 18f2a7c3d4e5b625.",
            "It is archived.",
        ),
        undo_token="dTEkQ0tZ",
        tempting=call("RestoreEmail", email_id="18f2a7c3d4e5b625"),
    )
    expect(
        suite,
        "Throw the whole conversation 18f2a7c3d4e5b626 away.",
        "SetThreadTrashStatus",
        thread_id="18f2a7c3d4e5b626",
        in_trash=True,
        tempting=call("TrashEmail", email_id="18f2a7c3d4e5b626"),
    )
    return suite


@tool_eval()
def keeping_labels() -> EvalSuite:
    """The labels themselves, as against the mail under them."""
    suite = new_suite("keeping labels")
    expect(
        suite,
        "Make a new label Travel/2027.",
        "CreateLabel",
        label_name="Travel/2027",
        tempting=call("ListLabels", name_contains="Travel/2027"),
    )
    expect(
        suite,
        "Rename my label Clients to Customers.",
        "UpdateLabel",
        current_name="Clients",
        new_name="Customers",
        tempting=call("CreateLabel", label_name="Customers"),
    )
    expect(
        suite,
        "I do not need my label Old any more. Delete the label; keep the mail.",
        "DeleteLabel",
        label_name="Old",
        tempting=call("ChangeEmailLabels", action="remove", label_name="Old", query="label:old"),
    )
    return suite


@tool_eval()
def reading_several() -> EvalSuite:
    """Several messages or conversations at once."""
    suite = new_suite("reading several")
    expect(
        suite,
        "List my five most recent conversations.",
        "ListThreads",
        max_results=5,
        tempting=call("ListEmails", n_emails=5),
    )
    expect(
        suite,
        "Read the messages 18f2a7c3d4e5b627 and 18f2a7c3d4e5b628 to me.",
        "GetEmails",
        email_ids=["18f2a7c3d4e5b627", "18f2a7c3d4e5b628"],
        tempting=call("GetEmail", email_id="18f2a7c3d4e5b627"),
    )
    expect(
        suite,
        "Which files are attached to message 18f2a7c3d4e5b631? Only their names.",
        "ListEmailAttachmentMetadata",
        email_id="18f2a7c3d4e5b631",
        tempting=call("GetEmail", email_id="18f2a7c3d4e5b631"),
    )
    expect(
        suite,
        "Whom do I still owe an answer? Look back a week.",
        "FindUnanswered",
        direction="i_owe",
        days=7,
        tempting=call("ListThreads", max_results=10),
    )
    expect(
        suite,
        "Who has not answered me since my last mail to them?",
        "FindUnanswered",
        direction="owed_to_me",
        tempting=call("SearchThreads", sender=["me"]),
    )
    return suite


@tool_eval()
def drafts_and_forwards() -> EvalSuite:
    """Drafts that are there already, answers that wait, mail for others, lists to leave."""
    suite = new_suite("drafts and forwards")
    expect(
        suite,
        "Forward message 18f2a7c3d4e5b632 to dana@example.com with the note: For your files.",
        "ForwardEmail",
        email_id="18f2a7c3d4e5b632",
        recipient="dana@example.com",
        note="For your files.",
        worded=("note",),
        tempting=call(
            "SendEmail", recipient="dana@example.com", subject="Fwd:", body="For your files."
        ),
    )
    expect(
        suite,
        "Show me the last three drafts that I saved.",
        "ListDraftEmails",
        n_drafts=3,
        tempting=call("ListEmails", n_emails=3, label_name="DRAFT"),
    )
    expect(
        suite,
        "Change the subject of my draft r-7001 to Final offer; leave the rest.",
        "UpdateDraftEmail",
        draft_email_id="r-7001",
        subject="Final offer",
        tempting=call("WriteDraftEmail", subject="Final offer", body="", recipient=""),
    )
    expect(
        suite,
        "Throw my draft r-7002 away for good.",
        "DeleteDraftEmail",
        draft_email_id="r-7002",
        tempting=call("TrashEmail", email_id="r-7002"),
    )
    expect(
        suite,
        'Draft an answer to message 18f2a7c3d4e5b633, "I will come.", but do not send it: '
        "I want to see it first.",
        "WriteDraftReplyEmail",
        reply_to_message_id="18f2a7c3d4e5b633",
        body="I will come.",
        worded=("body",),
        tempting=call("ReplyToEmail", reply_to_message_id="18f2a7c3d4e5b633", body="I will come."),
    )
    expect(
        suite,
        "Leave the newsletter that message 18f2a7c3d4e5b630 came from.",
        "UnsubscribeFromEmail",
        email_id="18f2a7c3d4e5b630",
        tempting=call("ReportSpam", email_id="18f2a7c3d4e5b630"),
    )
    return suite
