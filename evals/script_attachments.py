"""The messages about files and previews, with their answers; see `script.py`."""

from __future__ import annotations

from evals.lines import Line, call

__all__ = ["ATTACHMENTS"]

ATTACHMENTS: dict[str, Line] = {
    "What does the attachment report.pdf of message 18f2a7c3d4e5b620 say?": Line(
        call("GetAttachment", email_id="18f2a7c3d4e5b620", attachment="report.pdf"),
        call("GetEmail", email_id="18f2a7c3d4e5b620"),
    ),
    "I need the raw bytes of the only attachment of message 18f2a7c3d4e5b621.": Line(
        call("GetAttachment", email_id="18f2a7c3d4e5b621", mode="base64"),
        call("ListEmailAttachmentMetadata", email_id="18f2a7c3d4e5b621"),
    ),
    "Read on in that file.": Line(
        call("GetAttachment", email_id="18f2a7c3d4e5b622", attachment="2", cursor="t.AbCd"),
        call("GetEmail", email_id="18f2a7c3d4e5b622", body_cursor="t.AbCd"),
    ),
    (
        "Answer message 18f2a7c3d4e5b623 with the words Here it is, and attach the file plan.xlsx "
        "from message 18f2a7c3d4e5b624."
    ): Line(
        call(
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
        ),
        call("GetAttachment", email_id="18f2a7c3d4e5b624", attachment="plan.xlsx", mode="base64"),
    ),
    (
        "Prepare a message to jane@example.com for my confirmation, store nothing: subject "
        '"Contract", text "I accept." I want a token to send exactly that.'
    ): Line(
        call("PrepareEmail", recipient="jane@example.com", subject="Contract", body="I accept."),
        call("WriteDraftEmail", recipient="jane@example.com", subject="Contract", body="I accept."),
    ),
    (
        'If I sent bob@example.com a mail with the subject "Test" and the text "Hello" through '
        "SendEmail, what exactly would go out? Do not send anything."
    ): Line(
        call("SendEmail", recipient="bob@example.com", subject="Test", body="Hello", dry_run=True),
        call("PrepareEmail", recipient="bob@example.com", subject="Test", body="Hello"),
    ),
}
