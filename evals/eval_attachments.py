"""What is in a file, how a file is sent on, and how a message is shown before it goes out."""

from __future__ import annotations

from arcade_evals import EvalSuite, tool_eval

# `arcade evals` puts this folder on the path, not the one above it.
from cases import call, called, expect, new_suite


@tool_eval()
def files_and_previews() -> EvalSuite:
    """Reading a file against reading its mail; previewing against drafting and sending."""
    suite = new_suite("files and previews")
    expect(
        suite,
        "What does the attachment report.pdf of message 18f2a7c3d4e5b620 say?",
        "GetAttachment",
        email_id="18f2a7c3d4e5b620",
        attachment="report.pdf",
        tempting=call("GetEmail", email_id="18f2a7c3d4e5b620"),
    )
    expect(
        suite,
        "I need the raw bytes of the only attachment of message 18f2a7c3d4e5b621.",
        "GetAttachment",
        email_id="18f2a7c3d4e5b621",
        mode="base64",
        tempting=call("ListEmailAttachmentMetadata", email_id="18f2a7c3d4e5b621"),
    )
    expect(
        suite,
        "Read on in that file.",
        "GetAttachment",
        after=called(
            "GetAttachment",
            '{"email_id": "18f2a7c3d4e5b622", "attachment": "2"}',
            '{"email_id": "18f2a7c3d4e5b622", "part_id": "2", "status": "text", "text": "…", '
            '"truncated": true, "cursor": "t.AbCd"}',
            "Open part 2 of message 18f2a7c3d4e5b622.",
            "It begins with a table of figures.",
        ),
        email_id="18f2a7c3d4e5b622",
        attachment="2",
        cursor="t.AbCd",
        tempting=call("GetEmail", email_id="18f2a7c3d4e5b622", body_cursor="t.AbCd"),
    )
    expect(
        suite,
        "Answer message 18f2a7c3d4e5b623 with the words Here it is, and attach the file plan.xlsx "
        "from message 18f2a7c3d4e5b624.",
        "ReplyToEmail",
        reply_to_message_id="18f2a7c3d4e5b623",
        body="Here it is",
        attachments=[
            {
                "filename": None,
                "content": None,
                "content_base64": None,
                "from_email_id": "18f2a7c3d4e5b624",
                "attachment": "plan.xlsx",
                "mime_type": None,
            }
        ],
        worded=("body",),
        tempting=call(
            "GetAttachment", email_id="18f2a7c3d4e5b624", attachment="plan.xlsx", mode="base64"
        ),
    )
    expect(
        suite,
        "Prepare a message to jane@example.com for my confirmation, store nothing: subject "
        '"Contract", text "I accept." I want a token to send exactly that.',
        "PrepareEmail",
        recipient="jane@example.com",
        subject="Contract",
        body="I accept.",
        worded=("body",),
        tempting=call(
            "WriteDraftEmail", recipient="jane@example.com", subject="Contract", body="I accept."
        ),
    )
    expect(
        suite,
        'If I sent bob@example.com a mail with the subject "Test" and the text "Hello" through '
        "SendEmail, what exactly would go out? Do not send anything.",
        "SendEmail",
        recipient="bob@example.com",
        subject="Test",
        body="Hello",
        dry_run=True,
        worded=("body",),
        tempting=call("PrepareEmail", recipient="bob@example.com", subject="Test", body="Hello"),
    )
    return suite
