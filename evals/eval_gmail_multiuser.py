"""Does a model pick the right tool, with the right arguments, where a neighbour is tempting?

With a model's key:      OPENAI_API_KEY=… arcade evals evals -d -o results.json
Against a script:        make evals

The exit status of `arcade evals` is 0 even when cases fail: read the results file. Mail is
found, read and written here; the other files have the rest.
"""

from __future__ import annotations

from arcade_evals import EvalSuite, tool_eval

# `arcade evals` puts this folder on the path, not the one above it.
from cases import call, called, expect, new_suite


@tool_eval()
def finding_mail() -> EvalSuite:
    """Lists, searches and conversations: four tools that are easily mistaken for one another."""
    suite = new_suite("finding mail")
    expect(
        suite,
        "What are my ten newest emails?",
        "ListEmails",
        n_emails=10,
        tempting=call("SearchThreads", max_results=10),
    )
    expect(
        suite,
        "What is new in my mailbox? Leave out newsletters and notifications.",
        "ListEmails",
        exclude_automated=True,
        tempting=call("SearchThreads", exclude_automated=True),
    )
    expect(
        suite,
        "Show me the emails that Ana Lopez sent me last month.",
        "ListEmailsByHeader",
        sender=["Ana Lopez"],
        date_range="last_month",
        tempting=call("SearchThreads", sender=["Ana Lopez"], date_range="last_month"),
    )
    expect(
        suite,
        'Which emails have "Invoice 2026-17" in the subject?',
        "ListEmailsByHeader",
        subject=["Invoice 2026-17"],
        tempting=call("SearchEmailsByQuery", query='subject:"Invoice 2026-17"'),
    )
    expect(
        suite,
        "List today's emails with the label Work/Q3.",
        "ListEmailsByHeader",
        label="Work/Q3",
        date_range="today",
        tempting=call("ListEmails", label_name="Work/Q3"),
    )
    expect(
        suite,
        "Run this Gmail search: from:billing@example.com has:attachment larger:5M",
        "SearchEmailsByQuery",
        query="from:billing@example.com has:attachment larger:5M",
        tempting=call("ListEmailsByHeader", sender=["billing@example.com"]),
    )
    expect(
        suite,
        "How many emails match the Gmail search is:unread has:attachment? Only the number.",
        "SearchEmailsByQuery",
        query="is:unread has:attachment",
        result_detail="count_only",
        tempting=call("ListLabels", include_counts=True),
    )
    expect(
        suite,
        'Which conversations, not single emails, have "office move" in the subject?',
        "SearchThreads",
        subject=["office move"],
        tempting=call("ListEmailsByHeader", subject=["office move"]),
    )
    expect(
        suite,
        "List the conversations that people at acme.example wrote in this month.",
        "SearchThreads",
        sender=["acme.example"],
        date_range="this_month",
        tempting=call("ListEmailsByHeader", sender=["acme.example"], date_range="this_month"),
    )
    return suite


@tool_eval()
def reading_mail() -> EvalSuite:
    """One message or its whole conversation; the mailbox itself."""
    suite = new_suite("reading mail")
    expect(
        suite,
        "Read me the single message 18f2a7c3d4e5b601 in full.",
        "GetEmail",
        email_id="18f2a7c3d4e5b601",
        tempting=call("GetThread", thread_id="18f2a7c3d4e5b601"),
    )
    expect(
        suite,
        "Its text was cut off. Read on.",
        "GetEmail",
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
        tempting=call("GetThread", thread_id="18f2a7c3d4e5b000"),
    )
    expect(
        suite,
        "Show me the whole conversation 18f2a7c3d4e5b610, from its first message on.",
        "GetThread",
        thread_id="18f2a7c3d4e5b610",
        tempting=call("GetEmail", email_id="18f2a7c3d4e5b610"),
    )
    expect(
        suite,
        "And what did the others say in that conversation before?",
        "GetThread",
        after=called(
            "GetEmail",
            '{"email_id": "18f2a7c3d4e5b603"}',
            '{"id": "18f2a7c3d4e5b603", "thread_id": "18f2a7c3d4e5b611", "body": "Agreed."}',
            "Read message 18f2a7c3d4e5b603.",
            "It says: Agreed.",
        ),
        thread_id="18f2a7c3d4e5b611",
        tempting=call("GetEmail", email_id="18f2a7c3d4e5b603"),
    )
    expect(
        suite,
        "Which Gmail address are you connected to, and in whose name?",
        "WhoAmI",
        tempting=call("ListLabels"),
    )
    expect(
        suite,
        "Which labels can I use?",
        "ListLabels",
        tempting=call("WhoAmI"),
    )
    expect(
        suite,
        "How many unread messages does each of my labels have?",
        "ListLabels",
        include_counts=True,
        tempting=call("SearchEmailsByQuery", query="is:unread", result_detail="count_only"),
    )
    return suite


@tool_eval()
def sending_mail() -> EvalSuite:
    """Send now, save for later, send what was saved, answer: each has its own tool."""
    suite = new_suite("sending mail")
    expect(
        suite,
        'Send jane@example.com a mail now. Subject: "Minutes". Text: "The minutes are online."',
        "SendEmail",
        recipient="jane@example.com",
        subject="Minutes",
        body="The minutes are online.",
        worded=("body",),
        tempting=call(
            "WriteDraftEmail",
            recipient="jane@example.com",
            subject="Minutes",
            body="The minutes are online.",
        ),
    )
    expect(
        suite,
        "Write to bob@example.com, carol@example.com in copy, with the subject "
        '"Lunch" and the text "Thursday at noon?", and send it right away.',
        "SendEmail",
        recipient="bob@example.com",
        cc=["carol@example.com"],
        subject="Lunch",
        body="Thursday at noon?",
        worded=("body",),
        tempting=call(
            "WriteDraftEmail",
            recipient="bob@example.com",
            cc=["carol@example.com"],
            subject="Lunch",
            body="Thursday at noon?",
        ),
    )
    expect(
        suite,
        "In our multi-user application, send this for the user alice@example.com, exactly once "
        'under the idempotency key order-17: to shop@example.com, subject "Order 17", '
        'text "Please ship it."',
        "MultiUserGmailSend",
        to="shop@example.com",
        subject="Order 17",
        body="Please ship it.",
        user_id="alice@example.com",
        idempotency_key="order-17",
        worded=("body",),
        tempting=call(
            "SendEmail", recipient="shop@example.com", subject="Order 17", body="Please ship it."
        ),
    )
    expect(
        suite,
        'Answer the sender of message 18f2a7c3d4e5b604: "Yes, that works for me."',
        "ReplyToEmail",
        reply_to_message_id="18f2a7c3d4e5b604",
        body="Yes, that works for me.",
        worded=("body",),
        tempting=call(
            "SendEmail",
            recipient="sender@example.com",
            subject="Re:",
            body="Yes, that works for me.",
        ),
    )
    expect(
        suite,
        'Reply to everybody on message 18f2a7c3d4e5b605 with "I will be there."',
        "ReplyToEmail",
        reply_to_message_id="18f2a7c3d4e5b605",
        reply_to_whom="every_recipient",
        body="I will be there.",
        worded=("body",),
        tempting=call(
            "SendEmail", recipient="all@example.com", subject="Re:", body="I will be there."
        ),
    )
    expect(
        suite,
        'Prepare a mail to jane@example.com, subject "Offer", text "Here is our offer.", but do '
        "not send it: I want to look at it first.",
        "WriteDraftEmail",
        recipient="jane@example.com",
        subject="Offer",
        body="Here is our offer.",
        worded=("body",),
        tempting=call(
            "SendEmail", recipient="jane@example.com", subject="Offer", body="Here is our offer."
        ),
    )
    expect(
        suite,
        'Save a new draft for later: to team@example.com, subject "Retro", text "Notes follow."',
        "WriteDraftEmail",
        recipient="team@example.com",
        subject="Retro",
        body="Notes follow.",
        worded=("body",),
        tempting=call(
            "SendEmail", recipient="team@example.com", subject="Retro", body="Notes follow."
        ),
    )
    expect(
        suite,
        "My draft r-8812 is fine. Send it.",
        "SendDraftEmail",
        email_id="r-8812",
        tempting=call("SendEmail", recipient="alice@example.com", subject="Draft", body="r-8812"),
    )
    expect(
        suite,
        "Looks good, off it goes.",
        "SendDraftEmail",
        after=called(
            "WriteDraftEmail",
            '{"subject": "Offer", "body": "Here is our offer.", "recipient": "jane@example.com"}',
            '{"id": "r-9001", "message_id": "18f2a7c3d4e5b606", "status": "draft"}',
            "Draft an offer to jane@example.com.",
            "The draft is saved. Have a look before it is sent.",
        ),
        email_id="r-9001",
        tempting=call(
            "SendEmail", recipient="jane@example.com", subject="Offer", body="Here is our offer."
        ),
    )
    return suite


@tool_eval()
def tidying_up() -> EvalSuite:
    """Labels on a conversation against the trash for a message."""
    suite = new_suite("tidying up")
    expect(
        suite,
        "Archive the conversation 18f2a7c3d4e5b612.",
        "ChangeThreadLabels",
        thread_id="18f2a7c3d4e5b612",
        labels_to_add=[],
        labels_to_remove=["INBOX"],
        tempting=call("TrashEmail", email_id="18f2a7c3d4e5b612"),
    )
    expect(
        suite,
        "Star the conversation 18f2a7c3d4e5b613 and mark it as read.",
        "ChangeThreadLabels",
        thread_id="18f2a7c3d4e5b613",
        labels_to_add=["STARRED"],
        labels_to_remove=["UNREAD"],
        tempting=call("GetThread", thread_id="18f2a7c3d4e5b613"),
    )
    expect(
        suite,
        "Put the label Work/Q3 on the conversation 18f2a7c3d4e5b614, and keep it in the inbox.",
        "ChangeThreadLabels",
        thread_id="18f2a7c3d4e5b614",
        labels_to_add=["Work/Q3"],
        labels_to_remove=[],
        tempting=call("ListLabels", name_contains="Work/Q3"),
    )
    expect(
        suite,
        "Throw message 18f2a7c3d4e5b607 away.",
        "TrashEmail",
        email_id="18f2a7c3d4e5b607",
        tempting=call(
            "ChangeThreadLabels",
            thread_id="18f2a7c3d4e5b607",
            labels_to_add=["TRASH"],
            labels_to_remove=["INBOX"],
        ),
    )
    expect(
        suite,
        "Delete that advertisement.",
        "TrashEmail",
        after=called(
            "SearchEmailsByQuery",
            '{"query": "subject:sale"}',
            '{"count": 1, "emails": [{"id": "18f2a7c3d4e5b608", "thread_id": "18f2a7c3d4e5b615", '
            '"from_": "Shop <news@shop.example>", "subject": "Big sale"}]}',
            "Is there an advertisement about a sale?",
            "Yes, one: Big sale, from Shop.",
        ),
        email_id="18f2a7c3d4e5b608",
        tempting=call(
            "ChangeThreadLabels",
            thread_id="18f2a7c3d4e5b615",
            labels_to_add=[],
            labels_to_remove=["INBOX"],
        ),
    )
    return suite
