"""What the scripted model answers to each message: once right, once with the neighbouring tool.

Written down by hand as a model would send it, by the message alone. Nothing is taken from the
cases, and the server checks every call against the schema that the toolkit really sends, so a
renamed tool or parameter, or a case that expects something else, shows.
"""

from __future__ import annotations

from evals.lines import Call, Line, call
from evals.script_attachments import ATTACHMENTS
from evals.script_organising import ORGANISING
from evals.script_settings import SETTINGS

__all__ = ["SCRIPT", "Call", "Line"]

SCRIPT: dict[str, Line] = {
    "What are my ten newest emails?": Line(
        call("ListEmails", n_emails=10), call("SearchThreads", max_results=10)
    ),
    "What is new in my mailbox? Leave out newsletters and notifications.": Line(
        call("ListEmails", exclude_automated=True), call("SearchThreads", exclude_automated=True)
    ),
    "Show me the emails that Ana Lopez sent me last month.": Line(
        call("ListEmailsByHeader", sender=["Ana Lopez"], date_range="last_month"),
        call("SearchThreads", sender=["Ana Lopez"], date_range="last_month"),
    ),
    'Which emails have "Invoice 2026-17" in the subject?': Line(
        call("ListEmailsByHeader", subject=["Invoice 2026-17"]),
        call("SearchEmailsByQuery", query='subject:"Invoice 2026-17"'),
    ),
    "List today's emails with the label Work/Q3.": Line(
        call("ListEmailsByHeader", label="Work/Q3", date_range="today"),
        call("ListEmails", label_name="Work/Q3"),
    ),
    "Run this Gmail search: from:billing@example.com has:attachment larger:5M": Line(
        call("SearchEmailsByQuery", query="from:billing@example.com has:attachment larger:5M"),
        call("ListEmailsByHeader", sender=["billing@example.com"]),
    ),
    "How many emails match the Gmail search is:unread has:attachment? Only the number.": Line(
        call("SearchEmailsByQuery", query="is:unread has:attachment", result_detail="count_only"),
        call("ListLabels", include_counts=True),
    ),
    'Which conversations, not single emails, have "office move" in the subject?': Line(
        call("SearchThreads", subject=["office move"]),
        call("ListEmailsByHeader", subject=["office move"]),
    ),
    "List the conversations that people at acme.example wrote in this month.": Line(
        call("SearchThreads", sender=["acme.example"], date_range="this_month"),
        call("ListEmailsByHeader", sender=["acme.example"], date_range="this_month"),
    ),
    "Read me the single message 18f2a7c3d4e5b601 in full.": Line(
        call("GetEmail", email_id="18f2a7c3d4e5b601"),
        call("GetThread", thread_id="18f2a7c3d4e5b601"),
    ),
    "Its text was cut off. Read on.": Line(
        call("GetEmail", email_id="18f2a7c3d4e5b602", body_cursor="c-40000"),
        call("GetThread", thread_id="18f2a7c3d4e5b000"),
    ),
    "Show me the whole conversation 18f2a7c3d4e5b610, from its first message on.": Line(
        call("GetThread", thread_id="18f2a7c3d4e5b610"),
        call("GetEmail", email_id="18f2a7c3d4e5b610"),
    ),
    "And what did the others say in that conversation before?": Line(
        call("GetThread", thread_id="18f2a7c3d4e5b611"),
        call("GetEmail", email_id="18f2a7c3d4e5b603"),
    ),
    "Which Gmail address are you connected to, and in whose name?": Line(
        call("WhoAmI"), call("ListLabels")
    ),
    "Which labels can I use?": Line(call("ListLabels"), call("WhoAmI")),
    "How many unread messages does each of my labels have?": Line(
        call("ListLabels", include_counts=True),
        call("SearchEmailsByQuery", query="is:unread", result_detail="count_only"),
    ),
    'Send jane@example.com a mail now. Subject: "Minutes". Text: "The minutes are online."': Line(
        call(
            "SendEmail",
            recipient="jane@example.com",
            subject="Minutes",
            body="The minutes are online.",
        ),
        call(
            "WriteDraftEmail",
            recipient="jane@example.com",
            subject="Minutes",
            body="The minutes are online.",
        ),
    ),
    (
        "Write to bob@example.com, carol@example.com in copy, with the subject "
        '"Lunch" and the text "Thursday at noon?", and send it right away.'
    ): Line(
        call(
            "SendEmail",
            recipient="bob@example.com",
            cc=["carol@example.com"],
            subject="Lunch",
            body="Thursday at noon?",
        ),
        call(
            "WriteDraftEmail",
            recipient="bob@example.com",
            cc=["carol@example.com"],
            subject="Lunch",
            body="Thursday at noon?",
        ),
    ),
    (
        "In our multi-user application, send this for the user alice@example.com, exactly once "
        'under the idempotency key order-17: to shop@example.com, subject "Order 17", '
        'text "Please ship it."'
    ): Line(
        call(
            "MultiUserGmailSend",
            to="shop@example.com",
            subject="Order 17",
            body="Please ship it.",
            user_id="alice@example.com",
            idempotency_key="order-17",
        ),
        call("SendEmail", recipient="shop@example.com", subject="Order 17", body="Please ship it."),
    ),
    'Answer the sender of message 18f2a7c3d4e5b604: "Yes, that works for me."': Line(
        call(
            "ReplyToEmail",
            reply_to_message_id="18f2a7c3d4e5b604",
            body="Yes, that works for me.",
        ),
        call(
            "SendEmail",
            recipient="sender@example.com",
            subject="Re:",
            body="Yes, that works for me.",
        ),
    ),
    'Reply to everybody on message 18f2a7c3d4e5b605 with "I will be there."': Line(
        call(
            "ReplyToEmail",
            reply_to_message_id="18f2a7c3d4e5b605",
            reply_to_whom="every_recipient",
            body="I will be there.",
        ),
        call("SendEmail", recipient="all@example.com", subject="Re:", body="I will be there."),
    ),
    (
        'Prepare a mail to jane@example.com, subject "Offer", text "Here is our offer.", but do '
        "not send it: I want to look at it first."
    ): Line(
        call(
            "WriteDraftEmail",
            recipient="jane@example.com",
            subject="Offer",
            body="Here is our offer.",
        ),
        call("SendEmail", recipient="jane@example.com", subject="Offer", body="Here is our offer."),
    ),
    'Save a new draft for later: to team@example.com, subject "Retro", text "Notes follow."': Line(
        call(
            "WriteDraftEmail", recipient="team@example.com", subject="Retro", body="Notes follow."
        ),
        call("SendEmail", recipient="team@example.com", subject="Retro", body="Notes follow."),
    ),
    "My draft r-8812 is fine. Send it.": Line(
        call("SendDraftEmail", email_id="r-8812"),
        call("SendEmail", recipient="alice@example.com", subject="Draft", body="r-8812"),
    ),
    "Looks good, off it goes.": Line(
        call("SendDraftEmail", email_id="r-9001"),
        call("SendEmail", recipient="jane@example.com", subject="Offer", body="Here is our offer."),
    ),
    "Archive the conversation 18f2a7c3d4e5b612.": Line(
        call(
            "ChangeThreadLabels",
            thread_id="18f2a7c3d4e5b612",
            labels_to_add=[],
            labels_to_remove=["INBOX"],
        ),
        call("TrashEmail", email_id="18f2a7c3d4e5b612"),
    ),
    "Star the conversation 18f2a7c3d4e5b613 and mark it as read.": Line(
        call(
            "ChangeThreadLabels",
            thread_id="18f2a7c3d4e5b613",
            labels_to_add=["STARRED"],
            labels_to_remove=["UNREAD"],
        ),
        call("GetThread", thread_id="18f2a7c3d4e5b613"),
    ),
    ("Put the label Work/Q3 on the conversation 18f2a7c3d4e5b614, and keep it in the inbox."): Line(
        call(
            "ChangeThreadLabels",
            thread_id="18f2a7c3d4e5b614",
            labels_to_add=["Work/Q3"],
            labels_to_remove=[],
        ),
        call("ListLabels", name_contains="Work/Q3"),
    ),
    "Throw message 18f2a7c3d4e5b607 away.": Line(
        call("TrashEmail", email_id="18f2a7c3d4e5b607"),
        call(
            "ChangeThreadLabels",
            thread_id="18f2a7c3d4e5b607",
            labels_to_add=["TRASH"],
            labels_to_remove=["INBOX"],
        ),
    ),
    "Delete that advertisement.": Line(
        call("TrashEmail", email_id="18f2a7c3d4e5b608"),
        call(
            "ChangeThreadLabels",
            thread_id="18f2a7c3d4e5b615",
            labels_to_add=[],
            labels_to_remove=["INBOX"],
        ),
    ),
    **ORGANISING,
    **ATTACHMENTS,
    **SETTINGS,
}
"""Every message; `run.py` holds the suites to exactly these."""
