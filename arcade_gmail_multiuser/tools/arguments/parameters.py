"""The parameters that several tools share, described once.

Each description states the default and the bounds, because Arcade's schema carries neither.
"""

from typing import Annotated, Literal

from arcade_gmail_multiuser.gmail.date_ranges import DateRange
from arcade_gmail_multiuser.tools.arguments.sending_shapes import AttachmentInput

__all__ = [
    "AddSignature",
    "Attachments",
    "AttachmentsOrMail",
    "Bcc",
    "Cc",
    "ConfirmationToken",
    "ContentType",
    "DryRun",
    "ExcludeAutomated",
    "FromAddress",
    "IncludeHtml",
    "IncludeSpamTrash",
    "MaxChars",
    "PageToken",
    "Recipients",
    "ResultDetail",
    "Subject",
    "TimeZone",
    "WhenSent",
    "WithBody",
    "WithRecipient",
    "WithSender",
    "WithSubject",
]

ResultDetail = Literal["count_only", "lightweight", "full"]

Recipients = Annotated[
    str,
    'One or more addresses, separated by commas: "jane@example.com, Bob <bob@example.com>"; at '
    "most 500 recipients in all.",
]
Subject = Annotated[str, "The subject, in any language, on one line."]
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
PageToken = Annotated[
    str | None,
    "next_page_token of the page before, used with otherwise the same parameters. "
    "Default: the first page.",
]
TimeZone = Annotated[
    str,
    'The user\'s IANA time zone, such as "Europe/Berlin": dates come back in it, and date ranges '
    "such as today mean its days. Default: UTC.",
]
MaxChars = Annotated[
    int,
    "About how many characters the whole answer may have, 1,000 to 200,000; what does not fit is "
    "named in `omitted`. Default: 40,000.",
]
IncludeHtml = Annotated[
    bool, "Also return the HTML source, which can hold text a person never sees. Default: false."
]
ExcludeAutomated = Annotated[
    bool,
    "Leave out newsletters, notifications and no-reply senders, and mail that its headers mark as "
    "from a list or a machine. A page may be shorter for it; omitted says by how many. "
    "Default: false.",
]
IncludeSpamTrash = Annotated[bool, "Search Spam and Trash as well. Default: false."]
WithSender = Annotated[
    list[str] | None,
    "From any of these names, addresses or domains; all filters together have at most 8,000 "
    "characters. Default: anyone.",
]
WithRecipient = Annotated[
    list[str] | None,
    "To any of these names, addresses or domains; all filters together have at most 8,000 "
    "characters. Default: anyone.",
]
WithSubject = Annotated[
    list[str] | None,
    "Subject has any of these phrases; all filters together have at most 8,000 characters. "
    "Default: any.",
]
WithBody = Annotated[
    list[str] | None,
    "Text has any of these phrases; all filters together have at most 8,000 characters. "
    "Default: any.",
]
WhenSent = Annotated[
    DateRange | None,
    "Only from this range of calendar days in time_zone. Default: any time.",
]
