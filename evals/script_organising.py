"""The messages about organising mail, with their answers; see `script.py`."""

from __future__ import annotations

from evals.lines import Line, call

__all__ = ["ORGANISING"]

ORGANISING: dict[str, Line] = {
    "Archive the single message 18f2a7c3d4e5b620.": Line(
        call("ArchiveEmail", email_id="18f2a7c3d4e5b620"),
        call("TrashEmail", email_id="18f2a7c3d4e5b620"),
    ),
    "Message 18f2a7c3d4e5b621 is spam. Report it.": Line(
        call("ReportSpam", email_id="18f2a7c3d4e5b621"),
        call("TrashEmail", email_id="18f2a7c3d4e5b621"),
    ),
    "Mark the messages 18f2a7c3d4e5b622 and 18f2a7c3d4e5b623 as read.": Line(
        call(
            "TriageEmails",
            action="mark_read",
            email_ids=["18f2a7c3d4e5b622", "18f2a7c3d4e5b623"],
        ),
        call(
            "ChangeEmailLabels",
            action="add",
            label_name="UNREAD",
            email_ids=["18f2a7c3d4e5b622", "18f2a7c3d4e5b623"],
        ),
    ),
    "Star everything that the search from:boss@example.com is:unread finds.": Line(
        call("TriageEmails", action="star", query="from:boss@example.com is:unread"),
        call("SearchEmailsByQuery", query="from:boss@example.com is:unread"),
    ),
    "Put the label Invoices on every message that subject:invoice finds.": Line(
        call("ChangeEmailLabels", action="add", label_name="Invoices", query="subject:invoice"),
        call("CreateLabel", label_name="Invoices"),
    ),
    "Get message 18f2a7c3d4e5b624 out of the trash.": Line(
        call("RestoreEmail", email_id="18f2a7c3d4e5b624"),
        call("TriageEmails", action="unarchive", email_ids=["18f2a7c3d4e5b624"]),
    ),
    "That was wrong. Take it back.": Line(
        call("UndoChange", undo_token="dTEkQ0tZ"),
        call("RestoreEmail", email_id="18f2a7c3d4e5b625"),
    ),
    "Throw the whole conversation 18f2a7c3d4e5b626 away.": Line(
        call("SetThreadTrashStatus", thread_id="18f2a7c3d4e5b626", in_trash=True),
        call("TrashEmail", email_id="18f2a7c3d4e5b626"),
    ),
    "Make a new label Travel/2027.": Line(
        call("CreateLabel", label_name="Travel/2027"),
        call("ListLabels", name_contains="Travel/2027"),
    ),
    "Rename my label Clients to Customers.": Line(
        call("UpdateLabel", current_name="Clients", new_name="Customers"),
        call("CreateLabel", label_name="Customers"),
    ),
    "I do not need my label Old any more. Delete the label; keep the mail.": Line(
        call("DeleteLabel", label_name="Old"),
        call("ChangeEmailLabels", action="remove", label_name="Old", query="label:old"),
    ),
    "List my five most recent conversations.": Line(
        call("ListThreads", max_results=5), call("ListEmails", n_emails=5)
    ),
    "Read the messages 18f2a7c3d4e5b627 and 18f2a7c3d4e5b628 to me.": Line(
        call("GetEmails", email_ids=["18f2a7c3d4e5b627", "18f2a7c3d4e5b628"]),
        call("GetEmail", email_id="18f2a7c3d4e5b627"),
    ),
    "Leave the newsletter that message 18f2a7c3d4e5b630 came from.": Line(
        call("UnsubscribeFromEmail", email_id="18f2a7c3d4e5b630"),
        call("ReportSpam", email_id="18f2a7c3d4e5b630"),
    ),
    "Whom do I still owe an answer? Look back a week.": Line(
        call("FindUnanswered", direction="i_owe", days=7),
        call("ListThreads", max_results=10),
    ),
    "Who has not answered me since my last mail to them?": Line(
        call("FindUnanswered", direction="owed_to_me"),
        call("SearchThreads", sender=["me"]),
    ),
    "Which files are attached to message 18f2a7c3d4e5b631? Only their names.": Line(
        call("ListEmailAttachmentMetadata", email_id="18f2a7c3d4e5b631"),
        call("GetEmail", email_id="18f2a7c3d4e5b631"),
    ),
    "Forward message 18f2a7c3d4e5b632 to dana@example.com with the note: For your files.": Line(
        call(
            "ForwardEmail",
            email_id="18f2a7c3d4e5b632",
            recipient="dana@example.com",
            note="For your files.",
        ),
        call(
            "SendEmail",
            recipient="dana@example.com",
            subject="Fwd:",
            body="For your files.",
        ),
    ),
    "Show me the last three drafts that I saved.": Line(
        call("ListDraftEmails", n_drafts=3), call("ListEmails", n_emails=3, label_name="DRAFT")
    ),
    "Change the subject of my draft r-7001 to Final offer; leave the rest.": Line(
        call("UpdateDraftEmail", draft_email_id="r-7001", subject="Final offer"),
        call("WriteDraftEmail", subject="Final offer", body="", recipient=""),
    ),
    "Throw my draft r-7002 away for good.": Line(
        call("DeleteDraftEmail", draft_email_id="r-7002"),
        call("TrashEmail", email_id="r-7002"),
    ),
    (
        'Draft an answer to message 18f2a7c3d4e5b633, "I will come.", but do not send it: '
        "I want to see it first."
    ): Line(
        call(
            "WriteDraftReplyEmail",
            reply_to_message_id="18f2a7c3d4e5b633",
            body="I will come.",
        ),
        call("ReplyToEmail", reply_to_message_id="18f2a7c3d4e5b633", body="I will come."),
    ),
}
