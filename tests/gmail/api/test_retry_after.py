from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arcade_gmail_multiuser.gmail.api.google_error import (
    MAX_RETRY_AFTER_MS,
    midnight_at_google,
    retry_after_ms,
)

NOW = datetime(2026, 8, 26, 7, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("header", "milliseconds"),
    [
        ("30", 30_000),
        ("0", 0),
        ("Wed, 26 Aug 2026 07:01:00 GMT", 60_000),
        ("Wed, 26 Aug 2026 09:01:00 +0200", 60_000),
        ("Wed, 26 Aug 2026 06:00:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("9" * 400, MAX_RETRY_AFTER_MS),
    ],
)
def test_the_header_is_seconds_or_a_date(header: str, milliseconds: int | None) -> None:
    assert retry_after_ms({"retry-after": header}, "", NOW) == milliseconds


@pytest.mark.parametrize(
    ("message", "milliseconds"),
    [
        ("User-rate limit exceeded.  Retry after 2026-08-26T07:02:47.506Z", 167_506),
        ("User-rate limit exceeded.  Retry after 2026-08-26T07:00:01Z (Mail sending)", 1_000),
        ("User-rate limit exceeded.  Retry after 2026-08-26T09:00:01+02:00", 1_000),
        ("User-rate limit exceeded.  Retry after 2026-08-26T06:00:00.000Z", 0),
        ("User-rate limit exceeded.  Retry after 2026-13-45T99:00:00Z", None),
        ("Too many concurrent requests for user", None),
    ],
)
def test_gmails_sentence_holds_the_time(message: str, milliseconds: int | None) -> None:
    assert retry_after_ms({}, message, NOW) == milliseconds


def test_of_header_and_sentence_the_longer_counts() -> None:
    sentence = "Retry after 2026-08-26T07:00:10Z"
    assert retry_after_ms({"retry-after": "3"}, sentence, NOW) == 10_000
    assert retry_after_ms({"retry-after": "60"}, sentence, NOW) == 60_000


def test_a_daily_quota_begins_anew_at_midnight_in_california() -> None:
    assert midnight_at_google(NOW) == 24 * 3600 * 1000  # 07:00 UTC is midnight there in summer
    winter = datetime(2026, 12, 1, 7, 0, tzinfo=UTC).timestamp()
    assert midnight_at_google(winter) == 3600 * 1000
