"""Arguments that cannot be right are refused with what to do instead, before any request."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcade_gmail_multiuser.errors import InvalidAddress, InvalidInput, UnknownLabel
from arcade_gmail_multiuser.gmail.compose.mime import OutgoingAttachment
from arcade_gmail_multiuser.gmail.labels.label_book import LabelBook
from arcade_gmail_multiuser.tools import checks, message_answers
from arcade_gmail_multiuser.tools.answer_format import View, cost, fair_shares, link
from arcade_gmail_multiuser.tools.message_answers import read_cursor
from arcade_gmail_multiuser.tools.send import inputs
from arcade_gmail_multiuser.tools.send.types import AttachmentInput

BOOK = LabelBook(
    [
        {"id": "INBOX", "name": "INBOX", "type": "system"},
        {"id": "SENT", "name": "SENT", "type": "system"},
        {"id": "Label_1", "name": "Work/Q3", "type": "user"},
    ]
)


async def read_files(*files: AttachmentInput) -> tuple[OutgoingAttachment, ...]:
    written = inputs.Written("", None, None, attachments=files)
    outgoing = await inputs.new_message(written, to="bob@example.com", subject="")
    return outgoing.message.attachments


@pytest.mark.parametrize(
    "value", ["", "  ", "a b", "<id@x.com>", "../labels", "日本", "x" * 65, "a/b", "a\nb"]
)
def test_what_gmail_never_gave_out_is_no_id(value: str) -> None:
    with pytest.raises(InvalidInput, match="email_id"):
        checks.identifier("email_id", value)


@pytest.mark.parametrize("value", ["18c2f0a1b2c3d4e5", "r-123456", " 18c2 "])
def test_ids_of_messages_and_drafts_pass(value: str) -> None:
    assert checks.identifier("email_id", value) == value.strip()


@pytest.mark.parametrize("value", [0, -1, 101])
def test_a_page_size_out_of_bounds_names_its_bounds(value: int) -> None:
    with pytest.raises(InvalidInput, match="from 1 to 100"):
        checks.within("max_results", value, 1, 100)


@pytest.mark.parametrize("key", ["", "  ", "k" * 201])
def test_a_blank_key_is_refused_because_it_would_join_unrelated_messages(key: str) -> None:
    with pytest.raises(InvalidInput):
        inputs.idempotency_key(key, None)


def test_labels_are_found_by_name_in_any_case_or_by_id() -> None:
    change = checks.resolved_changes(BOOK, ["work/q3"], ["inbox"])
    assert change == {"addLabelIds": ["Label_1"], "removeLabelIds": ["INBOX"]}


def test_one_label_on_both_sides_is_refused_also_when_named_differently() -> None:
    with pytest.raises(InvalidInput, match="both added and removed"):
        checks.resolved_changes(BOOK, ["Work/Q3"], ["Label_1"])


@pytest.mark.parametrize("side", [(["SENT"], []), ([], ["sent"])])
def test_a_label_that_only_gmail_sets_is_refused(side: tuple[list[str], list[str]]) -> None:
    with pytest.raises(InvalidInput, match="SENT"):
        checks.resolved_changes(BOOK, *side)


def test_an_unknown_label_names_the_closest() -> None:
    with pytest.raises(UnknownLabel) as caught:
        checks.resolved_changes(BOOK, ["Work/Q4"], [])
    assert caught.value.closest == ("Work/Q3",)


@pytest.mark.parametrize("change", [([], []), ([" "], []), (["x"] * 101, [])])
def test_a_change_of_labels_that_means_nothing_is_refused(
    change: tuple[list[str], list[str]],
) -> None:
    with pytest.raises(InvalidInput):
        checks.label_changes(*change)


@pytest.mark.parametrize(
    "content",
    [
        {"content": "file:///etc/passwd"},
        {"content_base64": "file:///etc/passwd"},
        {"content": " https://example.com/report.pdf "},
        {"content": "a", "content_base64": "YQ=="},
        {},
        {"content_base64": "not base64!"},
    ],
)
async def test_an_attachment_without_its_own_content_is_refused(content: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="Attachment 1"):
        await read_files(AttachmentInput(filename="a.txt", **content))  # type: ignore[typeddict-item]


async def test_an_attachment_is_sent_as_it_is_given_and_its_type_is_guessed() -> None:
    text, binary, empty = await read_files(
        {"filename": "見積.csv", "content": "a,b\n"},
        {"filename": "x.pdf", "content_base64": base64.b64encode(b"%PDF\xff").decode()},
        {"filename": "none", "content": ""},
    )
    assert (text.filename, text.mime_type, text.content) == ("見積.csv", "text/csv", b"a,b\n")
    assert (binary.mime_type, binary.content) == ("application/pdf", b"%PDF\xff")
    assert (empty.mime_type, empty.content) == ("application/octet-stream", b"")


@given(st.binary(max_size=200))
async def test_base64_is_taken_in_either_alphabet_with_or_without_padding(content: bytes) -> None:
    for encoded in (base64.b64encode(content), base64.urlsafe_b64encode(content).rstrip(b"=")):
        [file] = await read_files({"filename": "x", "content_base64": encoded.decode()})
        assert file.content == content


async def test_a_message_without_recipient_is_refused() -> None:
    with pytest.raises(InvalidAddress):
        await inputs.new_message(inputs.Written("", None, None), to=" ", subject="")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Europe"])
def test_a_time_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        View.checked(zone)


@pytest.mark.parametrize("most", [0, 999, 200_001])
def test_max_chars_has_bounds(most: int) -> None:
    with pytest.raises(InvalidInput, match="1,000 to 200,000"):
        View.checked("UTC", most)


def test_a_cursor_remembers_whether_quotes_were_folded() -> None:
    assert read_cursor(message_answers._cursor_for("abc", folded=True)).folded
    assert not read_cursor(message_answers._cursor_for("abc", folded=False)).folded
    assert read_cursor(None).cursor is None


@pytest.mark.parametrize("given", ["abc", "w.", "x.abc"])
def test_a_cursor_from_elsewhere_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput, match="body_cursor"):
        read_cursor(given)


def test_an_answers_url_needs_no_account_number() -> None:
    assert link("18c2") == "https://mail.google.com/mail/#all/18c2"


@given(st.lists(st.integers(0, 10_000), max_size=30), st.integers(-100, 20_000))
def test_shares_never_exceed_the_budget_and_the_small_are_served_whole(
    wanted: list[int], total: int
) -> None:
    shares = fair_shares(wanted, total)
    assert sum(shares) <= max(total, 0)
    assert all(0 <= share <= want for share, want in zip(shares, wanted, strict=True))
    if sum(wanted) <= total:
        assert shares == wanted
    cut = [share for share, want in zip(shares, wanted, strict=True) if share < want]
    if cut:
        assert max(cut) - min(cut) <= 1
        assert max(shares) <= max(cut) + 1


def test_cost_counts_what_a_model_reads() -> None:
    assert cost("日本\n") == len('"日本\\n"')
