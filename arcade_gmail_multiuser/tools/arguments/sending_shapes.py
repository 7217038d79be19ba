"""The shapes of what is to be sent: the files given along, and the preview of a message."""

from typing import NotRequired

from typing_extensions import TypedDict

__all__ = ["AttachmentInput", "OutgoingFile", "Preview"]


class AttachmentInput(TypedDict):
    """A file to send along: its content, or where in the user's mail it is. No path, no URL."""

    # Models in strict mode have to send every key, so each one may be null.

    filename: NotRequired[str | None]
    """The name the recipient sees, such as "report.csv". Default: the name it has in the mail."""
    content: NotRequired[str | None]
    """The file as text (stored as UTF-8). Give exactly one of the contents or from_email_id."""
    content_base64: NotRequired[str | None]
    """The file as base64, for anything that is not text."""
    from_email_id: NotRequired[str | None]
    """Instead of content: the id of a message of the user's that has the file attached."""
    attachment: NotRequired[str | None]
    """With from_email_id: its part_id or file name. Default: the message's only attachment."""
    mime_type: NotRequired[str | None]
    """Such as "text/csv". Default: guessed from the file name, or as in the mail."""


class OutgoingFile(TypedDict):
    """A file as it would be sent."""

    filename: str
    """The name the recipient sees."""
    mime_type: str
    """Such as "application/pdf"."""
    size: int
    """Bytes before encoding."""
    sha256: NotRequired[str]
    """The digest of its bytes in hexadecimal, to compare with the file that was meant."""


class Preview(TypedDict):
    """What would be sent; nothing has been sent or stored."""

    from_: NotRequired[str]
    """The sender; absent where Gmail will write the main address."""
    reply_to: NotRequired[list[str]]
    """Where answers to it will go; absent where they go to the sender."""
    to: list[str]
    """The recipients, as "Name <address>"."""
    cc: list[str]
    """Those in copy."""
    bcc: list[str]
    """Those in hidden copy."""
    subject: str
    """The subject line."""
    body: str
    """The text as its reader sees it; what others wrote in it stands between marks."""
    content_type: str
    """plain or html; HTML goes out with a plain alternative."""
    attachments: list[OutgoingFile]
    """The files that go along."""
    encoded_size: int
    """Bytes of the whole message after encoding, to about 200; Gmail's limit is 35,882,577."""
    warnings: list[str]
    """What a reader would not see, such as hidden text in the HTML."""
    omitted: list[str]
    """What this preview leaves out."""
    confirmation_token: NotRequired[str]
    """Send exactly this with it, once; absent when the tool or the operator has no use for it."""
    confirmation_expires_at: NotRequired[str]
    """Until when the token holds; ISO 8601 in UTC."""
