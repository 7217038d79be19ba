"""Each defect that was seen in another Gmail toolkit, and the tests here that would catch it.

The table is checked against the test files: a test that is renamed or removed fails here.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

DEFECTS: dict[str, tuple[str, ...]] = {
    # scopes
    "SendDraftEmail declares gmail.send, which drafts.send does not accept": (
        "test_declared_scopes_suffice_for_every_method_a_tool_calls",
        "test_a_tool_declares_exactly_its_scopes",
    ),
    "ReplyToEmail holds gmail.send only, but reads the profile and the message": (
        "test_declared_scopes_suffice_for_every_method_a_tool_calls",
    ),
    "WriteDraftReplyEmail holds gmail.compose only, but reads the message": (
        "test_declared_scopes_suffice_for_every_method_a_tool_calls",
    ),
    # threading and recipients
    "a long Message-ID is RFC 2047-encoded in In-Reply-To and References": (
        "test_a_message_id_of_outlooks_length_is_never_encoded",
        "test_message_ids_are_read_back_in_order_and_never_encoded",
        "test_a_long_message_id_is_kept_whole",
    ),
    "a header line without folding passes 998 characters": (
        "test_whatever_ids_were_received_the_reply_can_be_composed",
        "test_no_line_of_a_reply_in_a_long_thread_passes_998_octets",
    ),
    "References are parent-first and joined by commas": (
        "test_the_chain_keeps_its_order_and_ends_with_the_parent",
        "test_references_are_read_in_order",
    ),
    "Re: Re:": ("test_a_subject_gets_exactly_one_re",),
    "Reply-To is ignored": (
        "test_reply_to_is_honoured",
        "test_a_reply_to_all_leaves_oneself_out_and_honours_reply_to",
    ),
    "reply-all keeps oneself when the address has a display name": (
        "test_oneself_is_never_a_recipient",
        "test_a_reply_to_all_leaves_oneself_out_and_honours_reply_to",
    ),
    "a reply to oneself sends an empty To and reports success": (
        "test_a_note_to_oneself_leaves_nobody_to_answer",
        "test_a_reply_with_nobody_left_is_an_error_and_not_an_empty_send",
    ),
    "a non-ASCII display name encodes the address too": (
        "test_any_display_name_is_read_back_and_the_address_stays_plain",
    ),
    "HTML replies carry unescaped <addr>": ("test_an_html_reply_quotes_the_text_escaped",),
    "updating a draft drops its thread and its HTML": (
        "test_a_changed_draft_loses_neither_thread_nor_type_nor_headers_nor_files",
    ),
    "CRLF in a subject is a fatal unhandled error": (
        "test_no_header_can_be_injected",
        "test_what_cannot_be_sent_is_refused_before_any_request",
    ),
    # reading
    "newlines collapse": (
        "test_newlines_are_kept",
        "test_lines_are_kept_as_they_are_seen",
    ),
    "plain text pushed through an HTML parser loses <jane@x.com>": (
        "test_plain_text_never_meets_an_html_parser",
    ),
    "hidden text is kept": ("test_hidden_text_is_removed_and_reported",),
    "hrefs are lost": ("test_links_are_kept_and_not_repeated",),
    "an attached text file before the body is returned as the body": (
        "test_an_attached_text_file_before_the_body_is_not_the_body",
    ),
    "a second inline text part is dropped": ("test_a_second_inline_text_is_appended",),
    "message/rfc822 gives an empty body": (
        "test_a_forwarded_message_is_listed_and_its_text_follows",
    ),
    "attachments have no metadata": (
        "test_attachments_carry_what_is_needed_to_fetch_them",
        "test_bodies_come_fenced_with_their_attachments_when_asked_for",
    ),
    "a part without mimeType raises": ("test_a_part_without_a_mime_type_is_read_as_text",),
    "unpadded base64 raises": ("test_base64_is_read_padded_or_not",),
    "an undecodable part raises": ("test_an_undecodable_part_is_named_and_the_rest_is_read",),
    "one bad message of ten kills the whole list": (
        "test_one_message_that_cannot_be_read_costs_the_other_nine_nothing",
        "test_every_message_is_listed_and_read_and_none_costs_another",
    ),
    "text that is UTF-8 already is decoded by its declared charset": (
        "test_utf8_comes_before_the_declared_charset",
    ),
    "the default list of 25 returned 2.47 million characters": (
        "test_a_list_of_100_newsletters_stays_within_40_000_characters",
        "test_an_answer_stays_within_max_chars_and_names_what_it_leaves_out",
    ),
    # reliability
    "half of a batch 429: 5 of 10 returned without a word": (
        "test_half_a_batch_limited_is_repeated_by_itself",
        "test_what_still_fails_is_named_in_its_place_and_never_dropped",
    ),
    "all of a batch 429: an empty mailbox": ("test_all_of_a_batch_limited_is_no_empty_mailbox",),
    "the event loop is blocked": (
        "test_a_hundred_people_wait_for_google_at_the_same_time",
        "test_25_mb_are_read_while_others_are_served",
    ),
    'a missing token builds a client with ""': (
        "test_a_call_without_a_token_is_refused_before_any_request",
        "test_a_blank_token_is_refused_before_any_request",
    ),
    # queries
    "from:Jane Doe unquoted leaks terms": ("test_any_text_is_one_phrase_of_its_field",),
    "operators inject": ("test_operators_in_values_are_text",),
    "yesterday and last_month have no upper bound": (
        "test_each_range_is_whole_days_of_the_persons_calendar",
        "test_every_range_begins_a_day_and_holds_what_it_promises",
    ),
    "days are in UTC while Gmail reads date literals at midnight Pacific": (
        "test_today_depends_on_where_the_person_is",
        "test_a_date_range_is_a_day_of_the_persons_calendar",
    ),
    "label names are case-sensitive": (
        "test_a_label_is_found_by_name_or_id_in_any_letter_case",
        "test_a_list_can_be_of_one_label_by_name_in_any_case",
    ),
    "label names break with spaces": (
        "test_any_label_is_one_word_of_its_field",
        "test_every_exact_name_finds_its_own_label",
    ),
    "SearchThreads gives no subject or sender": (
        "test_a_thread_in_brief_has_subject_participants_count_and_date",
    ),
    "/u/0/ links are wrong for several accounts": (
        "test_a_url_names_the_account_that_the_mail_was_delivered_to",
        "test_an_answers_url_needs_no_account_number",
    ),
}


@cache
def names_of_all_tests() -> frozenset[str]:
    return frozenset(
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_another_toolkit_has_tests_here(defect: str) -> None:
    assert DEFECTS[defect]
    assert set(DEFECTS[defect]) <= names_of_all_tests()
