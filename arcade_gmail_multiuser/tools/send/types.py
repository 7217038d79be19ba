"""Declare the parameters and the answers of the tools that send."""

from typing import Annotated, Literal, NotRequired

from typing_extensions import TypedDict

__all__ = [
    "AddSignature",
    "AttachmentInput",
    "Attachments",
    "AttachmentsOrMail",
    "Bcc",
    "Body",
    "Cc",
    "ConfirmationToken",
    "ContentType",
    "DryRun",
    "FromAddress",
    "IncludeQuote",
    "OutgoingFile",
    "Preview",
    "Receipt",
    "Recipients",
    "ReplyBody",
    "ReplyToId",
    "ReplyToWhom",
    "Subject",
]


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


Recipients = Annotated[
    str,
    'One or more addresses, separated by commas: "jane@example.com, Bob <bob@example.com>"; at '
    "most 500 recipients in all.",
]
Subject = Annotated[str, "The subject, in any language, on one line."]


Body = Annotated[str, "The text of the message."]
Cc = Annotated[list[str] | None, "Addresses in copy; at most 500 recipients in all. Default: none."]
Bcc = Annotated[
    list[str] | None, "Addresses in hidden copy; at most 500 recipients in all. Default: none."
]
ContentType = Annotated[
    Literal["plain", "html", "auto"],
    "What body is: plain text, html (a plain alternative is added), or auto to find out. "
    "Default: plain.",
]
Attachments = Annotated[
    list[AttachmentInput] | None,
    "Files to attach, each with filename and either content (text) or content_base64; at most 50 "
    "files, 25 MB in all. Paths and URLs are refused; files that are in the user's mail can "
    "be attached by MultiUserGmailSend and ReplyToEmail. Default: none.",
]
AttachmentsOrMail = Annotated[
    list[AttachmentInput] | None,
    "Files to attach; at most 50 files, 25 MB in all. Each either with filename and content (text) "
    "or content_base64, or with from_email_id and attachment (a part_id or file name) to take it "
    "from the user's mail unread. Paths and URLs are refused. Default: none.",
]
FromAddress = Annotated[
    str | None,
    "One of the user's own addresses to send from, as ListSendAsAliases lists them; any other is "
    "refused. Default: the main address.",
]
AddSignature = Annotated[
    bool,
    "Put below the text the signature that the user has set in Gmail for that address, if there "
    "is one. Default: false.",
]
DryRun = Annotated[
    bool,
    "Only check and show exactly what would go out, in `preview`; nothing is sent or stored. "
    "Default: false.",
]
ConfirmationToken = Annotated[
    str | None,
    "confirmation_token of a preview that the user has agreed to; sends exactly that, once, within "
    "10 minutes. Default: none; some operators require it.",
]


ReplyBody = Annotated[str, "The text of the reply, without the quoted message."]
ReplyToId = Annotated[str, "The id of the message to answer."]
ReplyToWhom = Annotated[
    Literal["every_recipient", "only_the_sender"],
    "every_recipient also answers everyone in To and Cc. Default: only_the_sender.",
]
IncludeQuote = Annotated[bool, "Quote the answered message below. Default: true."]


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


class Receipt(TypedDict):
    """What became of a message to send."""

    message_id: NotRequired[str]
    """The sent message; absent only when status is probably_sent or dry_run."""
    id: NotRequired[str]
    """The same as message_id."""
    thread_id: str
    """The conversation it belongs to."""
    label_ids: list[str]
    """Its labels, normally SENT."""
    status: Literal["sent", "probably_sent", "dry_run"]
    """probably_sent: Google's answer was lost and the draft is gone. Do not send it again."""
    recipients: list[str]
    """Every address it went to, also cc and bcc."""
    url: str
    """Opens the conversation in Gmail."""
    repeated: NotRequired[bool]
    """True when an earlier call with this idempotency_key had already sent it."""
    preview: NotRequired[Preview]
    """After dry_run: what would be sent."""
    warnings: NotRequired[list[str]]
    """What the user should know about this send."""
