"""Replies: one thread, the right people, the original quoted and harmless."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.policy import default
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import InvalidAddress, InvalidInput
from arcade_gmail_multiuser.gmail.addresses import Address, read_addresses, same_mailbox
from arcade_gmail_multiuser.gmail.compose.mime import (
    OutgoingAttachment,
    OutgoingMessage,
    compose,
)
from arcade_gmail_multiuser.gmail.compose.reply import (
    MAX_QUOTED_CHARS,
    MAX_REFERENCES,
    ReplyToWhom,
    attribution,
    compose_reply,
    reply_references,
    reply_subject,
)
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage

ALICE = "alice@example.com"
ME = Address("Alice A.", "Alice@Example.com")
JANE = Address("Jane Doe", "jane@x.com")
BOB = Address("", "bob@x.com")
CAROL = Address("Carol", "carol@x.com")
LIST = Address("", "devs@lists.x.com")
FRIDAY = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
LONG_ID = f"<{'AM9PR04MB' * 9}xyz@eurprd04.prod.outlook.com>"


def original(**given_fields: Any) -> ReadMessage:
    fields: dict[str, Any] = {
        "from_": JANE,
        "to": (ME,),
        "subject": "Plans",
        "header_message_id": "<parent@x.com>",
        "date": datetime(2026, 11, 23, 14, 5, tzinfo=timezone(timedelta(hours=1))),
        "body": "Shall we?\n\nJane",
    }
    return ReadMessage(**(fields | given_fields))


def reply(message: ReadMessage | None = None, **given_fields: Any) -> OutgoingMessage:
    fields: dict[str, Any] = {"body": "Yes.", "mine": [ALICE], "whom": "every_recipient"}
    return compose_reply(message or original(), **(fields | given_fields))


# --- subject


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Plans", "Re: Plans"),
        ("Re: Plans", "Re: Plans"),
        ("RE: Plans", "Re: Plans"),
        ("re:Plans", "Re: Plans"),
        ("Re : Plans", "Re: Plans"),
        ("Re: Re: RE: Plans", "Re: Plans"),
        ("RE[2]: Plans", "Re: Plans"),
        ("Re(3): Plans", "Re: Plans"),
        ("Re^2: Plans", "Re: Plans"),
        ("AW: Plans", "Re: Plans"),
        ("Aw: Re: SV: Plans", "Re: Plans"),
        ("回复：予定", "Re: 予定"),
        ("Ответ: Планы", "Re: Планы"),
        ("VÁ: Plans", "Re: Plans"),
        ("  Re:   Plans ", "Re: Plans"),
        ("Regarding: Plans", "Re: Regarding: Plans"),
        ("Regarding plans", "Re: Regarding plans"),
        ("Ref: 4711", "Re: Ref: 4711"),
        ("Rebate: 20%", "Re: Rebate: 20%"),
        ("Fwd: Re: Plans", "Re: Fwd: Re: Plans"),
        ("Re: Fwd: Plans", "Re: Fwd: Plans"),
        ("[list] Plans", "Re: [list] Plans"),
        ("", "Re:"),
        ("Re:", "Re:"),
        ("Re: Re:", "Re:"),
        ("a\r\n\tb", "Re: a b"),
        ("half \ud83d", "Re: half ?"),
    ],
)
def test_a_subject_gets_exactly_one_re(subject: str, expected: str) -> None:
    assert reply_subject(subject) == expected


@given(st.text() | st.lists(st.sampled_from(["Re", "AW", ":", " ", "[2]", "x"])).map("".join))
def test_a_reply_to_a_reply_keeps_its_subject(subject: str) -> None:
    once = reply_subject(subject)
    assert reply_subject(once) == once
    assert not reply_subject(once)[3:].lstrip().lower().startswith("re:")
    compose(reply(original(subject=subject)))


@pytest.mark.parametrize("unit", [" ", "re ", "re: ", "re[", "re9", "\n"])
def test_a_hostile_subject_takes_no_quadratic_time(unit: str) -> None:
    start = time.process_time()
    reply_subject("re" + unit * 100_000)
    assert time.process_time() - start < 1


# --- thread


def references(**given_fields: Any) -> tuple[str, ...]:
    return reply_references(original(**given_fields))


def test_the_chain_keeps_its_order_and_ends_with_the_parent() -> None:
    assert references(references=("<a@x>", "<b@x>")) == ("<a@x>", "<b@x>", "<parent@x.com>")
    sent = reply(original(references=("<a@x>", "<b@x>")))
    assert sent.in_reply_to == "<parent@x.com>"
    read = message_from_bytes(compose(sent).mime, policy=default)
    assert read["In-Reply-To"] == "<parent@x.com>"
    assert read["References"] == "<a@x> <b@x> <parent@x.com>"


def test_a_chain_without_references_begins_with_what_the_parent_answered() -> None:
    assert references(in_reply_to="<a@x>") == ("<a@x>", "<parent@x.com>")
    assert references(in_reply_to="<a@x> <b@x>") == ("<parent@x.com>",), "RFC 5322, 3.6.4"
    assert references() == ("<parent@x.com>",)


@pytest.mark.parametrize(
    "broken",
    [
        ("<a@x>,<b@x>",),
        ("<a@x>, <b@x>",),
        ("<a@x>\r\n\t<b@x>",),
        ("<a@x><b@x>", "<a@x>"),
        ("<a\r\n @x>", "<b@x>"),
        ("a@x b@x",),
        ("a@x, b@x",),
        ("=?utf-8?q?=3Ca=40x=3E?= <b@x>",),
        ("<a@x>", "<b@x>", "<é@x>", "<>", "rubbish", "<" + "c" * 2000 + "@x>"),
        ("<a@x>", "<parent@x.com>", "<b@x>"),
    ],
)
def test_broken_references_are_read(broken: tuple[str, ...]) -> None:
    assert references(references=broken) == ("<a@x>", "<b@x>", "<parent@x.com>")


def test_a_long_chain_keeps_its_first_and_its_last_ids() -> None:
    chain = tuple(f"<{n}@x>" for n in range(200))
    kept = references(references=chain)
    assert len(kept) == MAX_REFERENCES
    assert kept[0] == "<0@x>"
    assert kept[1:] == (*chain[-(MAX_REFERENCES - 2) :], "<parent@x.com>")


def test_a_long_message_id_is_kept_whole() -> None:
    mime = compose(reply(original(header_message_id=LONG_ID, references=(LONG_ID, "<b@x>")))).mime
    assert f"In-Reply-To: {LONG_ID}\r\n".encode() in mime
    assert f"References: <b@x>\r\n {LONG_ID}\r\n".encode() in mime


def test_a_parent_without_an_id_can_be_answered() -> None:
    sent = reply(original(header_message_id="", references=("<a@x>",)))
    assert (sent.in_reply_to, sent.references) == (None, ("<a@x>",))
    compose(sent)


@given(st.lists(st.text(alphabet=st.sampled_from("<>@ab, \r\n=?é\ud800")), max_size=70), st.text())
def test_whatever_ids_were_received_the_reply_can_be_composed(chain: list[str], own: str) -> None:
    sent = reply(original(references=tuple(chain), header_message_id=own, in_reply_to=own))
    assert len(sent.references) == len(set(sent.references)) <= MAX_REFERENCES
    compose(sent)


# --- recipients


def test_only_the_sender_is_answered() -> None:
    sent = reply(original(to=(ME, BOB), cc=(CAROL,)), whom="only_the_sender")
    assert (sent.to, sent.cc, sent.bcc) == ((JANE,), (), ())


def test_everyone_is_answered_but_oneself() -> None:
    sent = reply(original(to=(ME, BOB), cc=(CAROL, Address("Me", "ALICE@example.com"))))
    assert (sent.to, sent.cc, sent.bcc) == ((JANE, BOB), (CAROL,), ())


@pytest.mark.parametrize("whom", get_args(ReplyToWhom))
def test_reply_to_is_honoured(whom: ReplyToWhom) -> None:
    sent = reply(original(reply_to=(CAROL, BOB)), whom=whom)
    assert sent.to == (CAROL, BOB)
    assert sent.cc == ()


def test_a_reply_to_that_names_only_oneself_falls_back_to_the_sender() -> None:
    assert reply(original(reply_to=(ME,))).to == (JANE,)
    assert reply(original(reply_to=(Address("broken", "x"),))).to == (JANE,)


@pytest.mark.parametrize(
    "alias",
    [
        Address("Alice", "ALICE@EXAMPLE.COM"),
        Address("someone else", "alice@example.com"),
        Address("", "other@alias.org"),
        Address("", "a@xn--r8jz45g.jp"),
        Address("", "ali.ce@gmail.com"),
        Address("", "alice+shop@googlemail.com"),
    ],
)
def test_oneself_is_never_a_recipient(alias: Address) -> None:
    mine = ["alice@example.com", "Alice <other@alias.org>", "a@例え.jp", "al.ice@gmail.com"]
    sent = reply(original(to=(alias, BOB), cc=(alias,)), mine=mine)
    assert [*sent.to, *sent.cc] == [JANE, BOB]


def test_another_domain_decides_itself_what_dots_and_tags_mean() -> None:
    other = Address("", "alice+team@example.com")
    assert reply(original(to=(ME, other))).to == (JANE, other)


@pytest.mark.parametrize("whom", get_args(ReplyToWhom))
def test_a_reply_to_ones_own_mail_goes_to_those_it_went_to(whom: ReplyToWhom) -> None:
    sent = reply(original(from_=ME, to=(JANE, BOB), cc=(CAROL,), reply_to=(ME,)), whom=whom)
    assert sent.to == (JANE, BOB)
    assert sent.cc == ((CAROL,) if whom == "every_recipient" else ())


def test_mail_sent_under_an_unknown_alias_is_ones_own() -> None:
    alias = Address("Sales", "sales@example.com")
    sent = reply(original(from_=alias, to=(JANE, alias), label_ids=("SENT",)))
    assert sent.to == (JANE,)


@pytest.mark.parametrize("whom", get_args(ReplyToWhom))
def test_a_note_to_oneself_leaves_nobody_to_answer(whom: ReplyToWhom) -> None:
    with pytest.raises(InvalidAddress, match="Nobody is left"):
        reply(original(from_=ME, to=(Address("Me", ALICE),)), whom=whom)


def test_a_bounce_without_sender_leaves_nobody_to_answer() -> None:
    with pytest.raises(InvalidAddress, match="Nobody is left"):
        reply(original(from_=Address("Mail Delivery Subsystem", "")))
    with pytest.raises(InvalidAddress, match="Nobody is left"):
        reply(original(from_=None))


def test_nobody_is_written_to_twice() -> None:
    again = Address("J", "JANE@X.com")
    sent = reply(
        original(to=(ME, again, BOB), cc=(BOB, CAROL)),
        cc=[CAROL, Address("Dan", "dan@x.com")],
        bcc=[Address("", "dan@X.com"), Address("", "eve@x.com")],
    )
    assert sent.to == (JANE, BOB)
    assert sent.cc == (CAROL, Address("Dan", "dan@x.com"))
    assert sent.bcc == (Address("", "eve@x.com"),)


def test_a_copy_to_oneself_is_sent_when_asked_for() -> None:
    assert reply(bcc=[Address("", ALICE)]).bcc == (Address("", ALICE),)


def test_an_unusable_recipient_does_not_cost_the_others() -> None:
    sent = reply(original(to=(ME, Address("marketing", ""), Address("", "é@x.com"), BOB)))
    assert sent.to == (JANE, BOB)
    compose(sent)


def test_an_answer_to_the_author_does_not_go_to_the_whole_list() -> None:
    posted = original(
        to=(LIST,), reply_to=(LIST,), headers={"list-post": "<mailto:Devs@lists.x.com>"}
    )
    assert reply(posted, whom="only_the_sender").to == (JANE,)
    assert reply(posted).to == (LIST,)


def test_a_list_that_writes_in_the_authors_place_is_not_answered_instead() -> None:
    munged = original(
        from_=Address("Jane via devs", LIST.email),
        to=(LIST,),
        reply_to=(JANE,),
        headers={"list-post": f"<mailto:{LIST.email}>"},
    )
    assert reply(munged, whom="only_the_sender").to == (JANE,)
    assert reply(munged).to == (JANE, LIST)


def test_an_unknown_whom_is_refused() -> None:
    with pytest.raises(InvalidInput, match="every_recipient"):
        reply(whom="nobody")


people = st.sampled_from([ME, JANE, BOB, CAROL, LIST, Address("", ALICE), Address("x", "")])
lists = st.lists(people, max_size=4).map(tuple)


@given(people, lists, lists, lists, st.sampled_from(get_args(ReplyToWhom)))
def test_no_combination_of_headers_makes_oneself_or_anyone_twice_a_recipient(
    from_: Address, to: Any, cc: Any, reply_to: Any, whom: ReplyToWhom
) -> None:
    message = original(from_=from_, to=to, cc=cc, reply_to=reply_to)
    try:
        sent = reply(message, whom=whom)
    except InvalidAddress:
        return
    emails = [a.email.lower() for a in (*sent.to, *sent.cc)]
    assert emails
    assert len(emails) == len(set(emails))
    assert not any(same_mailbox(email, ALICE) for email in emails)
    compose(sent)


# --- body


def test_the_original_is_quoted_below() -> None:
    sent = reply(original(body="Shall we?\n\n> No.\nJane\n"))
    assert sent.content_type == "plain"
    assert sent.body == (
        "Yes.\n\nOn Mon, 23 Nov 2026 at 14:05 +0100, Jane Doe <jane@x.com> wrote:\n\n"
        "> Shall we?\n>\n>> No.\n> Jane\n"
    )


def test_nothing_is_quoted_when_not_wanted_or_when_there_is_nothing() -> None:
    assert reply(quote=False).body == "Yes."
    assert reply(original(body=" \n")).body == "Yes."


def test_an_html_reply_quotes_the_text_escaped() -> None:
    message = original(
        body="<script>alert(1)</script> & <jane@x.com>\nnext",
        html_body="<script>alert(1)</script><style>p{}</style>",
    )
    sent = reply(message, body="<p>Yes.</p>", content_type="html")
    assert sent.content_type == "html"
    assert sent.body.startswith("<p>Yes.</p>")
    assert '<blockquote class="gmail_quote"' in sent.body
    assert "Jane Doe &lt;jane@x.com&gt; wrote:" in sent.body
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;jane@x.com&gt;<br>\nnext" in sent.body
    assert "<script" not in sent.body
    assert "<style" not in sent.body
    assert "<jane@x.com>" not in sent.body


def test_the_quote_stays_inside_an_html_document() -> None:
    sent = reply(body="<html><body><p>İ Yes.</p></BODY></html>", content_type="html")
    assert sent.body.endswith("</div>\n</BODY></html>")


def test_what_is_quoted_does_not_decide_whether_the_reply_is_html() -> None:
    assert reply(original(body="<p>x</p>"), content_type="auto").content_type == "plain"
    assert reply(body="<p>x</p>", content_type="auto").content_type == "html"


@pytest.mark.parametrize(
    ("date", "sender", "expected"),
    [
        (FRIDAY, BOB, "On Fri, 2 Jan 2026 at 03:04 +0000, bob@x.com wrote:"),
        (FRIDAY.replace(tzinfo=None), None, "On Fri, 2 Jan 2026 at 03:04, the sender wrote:"),
        (None, Address("Doe, J", "j@x.com"), '"Doe, J" <j@x.com> wrote:'),
    ],
)
def test_the_attribution_says_what_is_known(
    date: datetime | None, sender: Address | None, expected: str
) -> None:
    assert attribution(date, sender) == expected


def test_a_huge_original_is_cut_and_says_so() -> None:
    sent = reply(original(body="word \n" * 5_000_000))
    assert len(sent.body) < 2 * MAX_QUOTED_CHARS
    assert "left out" in sent.body


@given(st.text(), st.text(), st.sampled_from(["plain", "html"]))
def test_whatever_was_received_can_be_answered(body: str, name: str, kind: str) -> None:
    senders = read_addresses(f"{name} <j@x.com>")
    message = original(from_=senders[-1], body=f"{body}\x00\ud83d\r\n", reply_to=(BOB,))
    sent = reply(message, content_type=kind)
    assert message_from_bytes(compose(sent).mime, policy=default)["To"] == "bob@x.com"


def test_attachments_go_along() -> None:
    file = OutgoingAttachment("a.txt", "text/plain", b"x")
    assert reply(attachments=[file]).attachments == (file,)
