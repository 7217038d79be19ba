"""Does a model pick the right tool, with the right arguments, where a neighbour is tempting?

With a model's key:      OPENAI_API_KEY=… arcade evals evals -d -o results.json
Against a script:        make evals

The exit status of `arcade evals` is 0 even when cases fail: read the results file. Add a case for
every new tool, and a line for its message to the script. Mail is found, read and written here;
`eval_organising.py` has the rest.
"""

from __future__ import annotations

from arcade_evals import EvalSuite, tool_eval

# `arcade evals` puts this folder on the path, not the one above it.
from cases import called, expect, new_suite

from arcade_gmail_multiuser.tools.account import who_am_i
from arcade_gmail_multiuser.tools.drafts.tools import send_draft_email, write_draft_email
from arcade_gmail_multiuser.tools.labels.tools import list_labels
from arcade_gmail_multiuser.tools.organise.tools import change_thread_labels, trash_email
from arcade_gmail_multiuser.tools.read import get_email, get_thread
from arcade_gmail_multiuser.tools.search.tools import (
    list_emails,
    list_emails_by_header,
    search_emails_by_query,
    search_threads,
)
from arcade_gmail_multiuser.tools.send.tools import (
    multi_user_gmail_send,
    reply_to_email,
    send_email,
)


@tool_eval()
def finding_mail() -> EvalSuite:
    """Lists, searches and conversations: four tools that are easily mistaken for one another."""
    suite = new_suite("finding mail")
    expect(suite, "What are my ten newest emails?", list_emails, n_emails=10)
    expect(
        suite,
        "What is new in my mailbox? Leave out newsletters and notifications.",
        list_emails,
        exclude_automated=True,
    )
    expect(
        suite,
        "Show me the emails that Ana Lopez sent me last month.",
        list_emails_by_header,
        sender=["Ana Lopez"],
        date_range="last_month",
    )
    expect(
        suite,
        'Which emails have "Invoice 2026-17" in the subject?',
        list_emails_by_header,
        subject=["Invoice 2026-17"],
    )
    expect(
        suite,
        "List today's emails with the label Work/Q3.",
        list_emails_by_header,
        label="Work/Q3",
        date_range="today",
    )
    expect(
        suite,
        "Run this Gmail search: from:billing@example.com has:attachment larger:5M",
        search_emails_by_query,
        query="from:billing@example.com has:attachment larger:5M",
    )
    expect(
        suite,
        "How many emails match the Gmail search is:unread has:attachment? Only the number.",
        search_emails_by_query,
        query="is:unread has:attachment",
        result_detail="count_only",
    )
    expect(
        suite,
        'Which conversations, not single emails, have "office move" in the subject?',
        search_threads,
        subject=["office move"],
    )
    expect(
        suite,
        "List the conversations that people at acme.example wrote in this month.",
        search_threads,
        sender=["acme.example"],
        date_range="this_month",
    )
    return suite


@tool_eval()
def reading_mail() -> EvalSuite:
    """One message or its whole conversation; the mailbox itself."""
    suite = new_suite("reading mail")
    expect(
        suite,
        "Read me the single message 18f2a7c3d4e5b601 in full.",
        get_email,
        email_id="18f2a7c3d4e5b601",
    )
    expect(
        suite,
        "Its text was cut off. Read on.",
        get_email,
        after=called(
            "GetEmail",
            '{"email_id": "18f2a7c3d4e5b602"}',
            '{"id": "18f2a7c3d4e5b602", "thread_id": "18f2a7c3d4e5b000", "body": "Dear all, …", '
            '"truncated": true, "body_cursor": "c-40000"}',
            "Open message 18f2a7c3d4e5b602.",
            "It begins with: Dear all, …",
        ),
        email_id="18f2a7c3d4e5b602",
        body_cursor="c-40000",
    )
    expect(
        suite,
        "Show me the whole conversation 18f2a7c3d4e5b610, from its first message on.",
        get_thread,
        thread_id="18f2a7c3d4e5b610",
    )
    expect(
        suite,
        "And what did the others say in that conversation before?",
        get_thread,
        after=called(
            "GetEmail",
            '{"email_id": "18f2a7c3d4e5b603"}',
            '{"id": "18f2a7c3d4e5b603", "thread_id": "18f2a7c3d4e5b611", "body": "Agreed."}',
            "Read message 18f2a7c3d4e5b603.",
            "It says: Agreed.",
        ),
        thread_id="18f2a7c3d4e5b611",
    )
    expect(suite, "Which Gmail address are you connected to, and in whose name?", who_am_i)
    expect(suite, "Which labels can I use?", list_labels)
    expect(
        suite,
        "How many unread messages does each of my labels have?",
        list_labels,
        include_counts=True,
    )
    return suite


@tool_eval()
def sending_mail() -> EvalSuite:
    """Send now, save for later, send what was saved, answer: each has its own tool."""
    suite = new_suite("sending mail")
    expect(
        suite,
        'Send jane@example.com a mail now. Subject: "Minutes". Text: "The minutes are online."',
        send_email,
        recipient="jane@example.com",
        subject="Minutes",
        body="The minutes are online.",
        worded=("body",),
    )
    expect(
        suite,
        "Write to bob@example.com, carol@example.com in copy, with the subject "
        '"Lunch" and the text "Thursday at noon?", and send it right away.',
        send_email,
        recipient="bob@example.com",
        cc=["carol@example.com"],
        subject="Lunch",
        body="Thursday at noon?",
        worded=("body",),
    )
    expect(
        suite,
        "In our multi-user application, send this for the user alice@example.com, exactly once "
        'under the idempotency key order-17: to shop@example.com, subject "Order 17", '
        'text "Please ship it."',
        multi_user_gmail_send,
        to="shop@example.com",
        subject="Order 17",
        body="Please ship it.",
        user_id="alice@example.com",
        idempotency_key="order-17",
        worded=("body",),
    )
    expect(
        suite,
        'Answer the sender of message 18f2a7c3d4e5b604: "Yes, that works for me."',
        reply_to_email,
        reply_to_message_id="18f2a7c3d4e5b604",
        body="Yes, that works for me.",
        worded=("body",),
    )
    expect(
        suite,
        'Reply to everybody on message 18f2a7c3d4e5b605 with "I will be there."',
        reply_to_email,
        reply_to_message_id="18f2a7c3d4e5b605",
        reply_to_whom="every_recipient",
        body="I will be there.",
        worded=("body",),
    )
    expect(
        suite,
        'Prepare a mail to jane@example.com, subject "Offer", text "Here is our offer.", but do '
        "not send it: I want to look at it first.",
        write_draft_email,
        recipient="jane@example.com",
        subject="Offer",
        body="Here is our offer.",
        worded=("body",),
    )
    expect(
        suite,
        'Save a new draft for later: to team@example.com, subject "Retro", text "Notes follow."',
        write_draft_email,
        recipient="team@example.com",
        subject="Retro",
        body="Notes follow.",
        worded=("body",),
    )
    expect(suite, "My draft r-8812 is fine. Send it.", send_draft_email, email_id="r-8812")
    expect(
        suite,
        "Looks good, off it goes.",
        send_draft_email,
        after=called(
            "WriteDraftEmail",
            '{"subject": "Offer", "body": "Here is our offer.", "recipient": "jane@example.com"}',
            '{"id": "r-9001", "message_id": "18f2a7c3d4e5b606", "status": "draft"}',
            "Draft an offer to jane@example.com.",
            "The draft is saved. Have a look before it is sent.",
        ),
        email_id="r-9001",
    )
    return suite


@tool_eval()
def tidying_up() -> EvalSuite:
    """Labels on a conversation against the trash for a message."""
    suite = new_suite("tidying up")
    expect(
        suite,
        "Archive the conversation 18f2a7c3d4e5b612.",
        change_thread_labels,
        thread_id="18f2a7c3d4e5b612",
        labels_to_add=[],
        labels_to_remove=["INBOX"],
    )
    expect(
        suite,
        "Star the conversation 18f2a7c3d4e5b613 and mark it as read.",
        change_thread_labels,
        thread_id="18f2a7c3d4e5b613",
        labels_to_add=["STARRED"],
        labels_to_remove=["UNREAD"],
    )
    expect(
        suite,
        "Put the label Work/Q3 on the conversation 18f2a7c3d4e5b614, and keep it in the inbox.",
        change_thread_labels,
        thread_id="18f2a7c3d4e5b614",
        labels_to_add=["Work/Q3"],
        labels_to_remove=[],
    )
    expect(
        suite,
        "Throw message 18f2a7c3d4e5b607 away.",
        trash_email,
        email_id="18f2a7c3d4e5b607",
    )
    expect(
        suite,
        "Delete that advertisement.",
        trash_email,
        after=called(
            "SearchEmailsByQuery",
            '{"query": "subject:sale"}',
            '{"count": 1, "emails": [{"id": "18f2a7c3d4e5b608", "thread_id": "18f2a7c3d4e5b615", '
            '"from_": "Shop <news@shop.example>", "subject": "Big sale"}]}',
            "Is there an advertisement about a sale?",
            "Yes, one: Big sale, from Shop.",
        ),
        email_id="18f2a7c3d4e5b608",
    )
    return suite
