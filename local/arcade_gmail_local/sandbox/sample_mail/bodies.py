"""Build the bodies of seeded mail from its text, the HTML templates and the sample attachments."""

from __future__ import annotations

import email
import hashlib
import mimetypes
from datetime import timedelta
from email.contentmanager import raw_data_manager
from email.message import EmailMessage
from email.policy import compat32
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from arcade_gmail_local.sandbox.sample_mail.letters import Letter, with_quote
from arcade_gmail_local.sandbox.sample_mail.texts import articles, briefs

_PACKAGE = "arcade_gmail_local.sandbox.sample_mail"

# The policies that parse headers turn message ids longer than a line into encoded words.
POLICY = compat32.clone(linesep="\r\n", max_line_length=76, cte_type="7bit")

_TEMPLATES = Environment(
    loader=PackageLoader(_PACKAGE),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_FILES = {
    "pdf": "invoice.pdf",
    "csv": "figures.csv",
    "png": "chart.png",
    "docx": "agreement.docx",
    "ics": "invite.ics",
}


def write_body(message: EmailMessage, letter: Letter) -> None:
    """Return a message with headers the body of its letter."""
    text = letter.text
    match text.layout:
        case "receipt":
            _add_text(message, text.body)
            _add_html(message, "receipt.html", body=text.body, title=letter.subject)
        case "notice":
            stop = unsubscribe_url(letter)
            _add_text(message, f"{text.body}\n\n--\nStop these messages: {stop}")
            _add_html(
                message, "notice.html", body=text.body, title=letter.subject, unsubscribe=stop
            )
        case "newsletter":
            _add_newsletter(message, letter)
        case "hidden":
            _add_html(message, "hidden.html", body=text.body)
        case "bounce":
            _add_bounce(message, letter)
        case _:
            _add_written(message, letter)


def unsubscribe_url(letter: Letter) -> str:
    token = hashlib.sha256(f"stop/{letter.name}".encode()).hexdigest()
    return f"https://{letter.domain}/unsubscribe/{token}"


def _add_newsletter(message: EmailMessage, letter: Letter) -> None:
    chance = letter.chance()
    # Every other newsletter has no plain alternative, as in life.
    has_plain = chance.random() < 0.5
    chosen = chance.sample(articles(), k=chance.randrange(11, 15))
    short = chance.sample(briefs(), k=chance.randrange(7, 11))
    body = letter.text.body
    if has_plain:
        texts = ["\n".join((a.title.upper(), *a.paragraphs)) for a in chosen]
        _add_text(message, "\n\n".join([body, *texts, *(f"* {text}" for text in short)]))

    def tracked() -> str:
        return f"https://click.{letter.domain}/c/{chance.getrandbits(1200):0300x}"

    _add_html(
        message,
        "newsletter.html",
        body=body,
        title=letter.subject,
        articles=chosen,
        briefs=short,
        tracked=tracked,
    )


def _add_bounce(message: EmailMessage, letter: Letter) -> None:
    """Report a failed delivery (RFC 3464) of a mail that the owner once sent."""
    source = _rendered("bounce.eml", body=letter.text.body, owner=letter.owner)
    report = email.message_from_string(source, policy=POLICY)
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = report["Content-Type"]
    message.set_payload(report.get_payload())


def _add_written(message: EmailMessage, letter: Letter) -> None:
    """Write what a person wrote, with what they attached."""
    text = letter.text
    # A shared letter names no project of its own; its copies do, by what each archive adds.
    footer = f"[Archived for {letter.owner.project}]" if text.shared else ""
    if text.list_name:
        footer = f"-- \n{text.list_name} mailing list, {text.list_name}@lists.example.org"
    plain = with_quote(text.body, letter.quoted) + (f"\n\n{footer}" if footer else "")
    _add_text(message, plain, charset=text.encoding)
    if text.attach:
        _attach(message, letter)
    elif text.quote and not text.list_name and letter.chance().random() < 0.5:
        _add_html(message, "reply.html", body=text.body, quoted=letter.quoted, footer=footer)


def _attach(message: EmailMessage, letter: Letter) -> None:
    kind = letter.text.attach
    name = _FILES[kind]
    options: dict[str, Any] = {}
    if kind == "ics":
        start = (letter.when + timedelta(days=6)).replace(hour=10, minute=0, second=0)
        invitation = _rendered(
            name,
            project=letter.owner.project,
            sent=letter.when,
            start=start,
            end=start + timedelta(hours=1),
        ).replace("\n", "\r\n")
        _add_text(message, invitation, subtype="calendar", params={"method": "REQUEST"})
        content = invitation.encode()
    else:
        content = (files(_PACKAGE) / "attachments" / letter.owner.texts / name).read_bytes()
    add = message.add_attachment
    if kind == "png":
        cid = f"chart-{letter.chance().getrandbits(40):x}@{letter.domain}"
        _add_html(message, "picture.html", body=letter.text.body, content_id=cid)
        *_, html = message.iter_parts()
        add = html.add_related
        options = {"disposition": "inline", "cid": f"<{cid}>"}
    maintype, _, subtype = (mimetypes.guess_type(name)[0] or "").partition("/")
    filename = letter.text.filename or name
    add(
        content,
        maintype=maintype,
        subtype=subtype,
        filename=filename,
        params={"name": filename},
        content_manager=raw_data_manager,
        **options,
    )


def _add_html(message: EmailMessage, template: str, **values: Any) -> None:
    _add_text(message, _rendered(template, **values), subtype="html")


def _add_text(
    message: EmailMessage,
    text: str,
    *,
    subtype: str = "plain",
    charset: str = "utf-8",
    params: dict[str, str] | None = None,
) -> None:
    """Add text as the content of an empty message, or else as one more alternative."""
    add = message.add_alternative if "Content-Type" in message else message.set_content
    cte = "7bit" if charset == "iso-2022-jp" else None
    add(
        text,
        subtype=subtype,
        charset=charset,
        cte=cte,
        params=params,
        content_manager=raw_data_manager,
    )


def _rendered(template: str, **values: Any) -> str:
    return _TEMPLATES.get_template(template).render(**values)
