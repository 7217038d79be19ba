"""Words, as search compares them."""

from __future__ import annotations

import pytest

from arcade_gmail_local.sandbox.search.words import Words, words_of


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("The quarterly report", "report"),
        ("The quarterly report", "QUARTERLY report"),
        ("Un café à Zürich", "cafe a zurich"),
        ("Un cafe a Zurich", "Café À Zürich"),
        ("Straße", "STRASSE"),
        ("write to jane.doe@example.com now", "jane.doe@example.com"),
        ("write to jane.doe@example.com now", "example.com"),
        ("foo-bar", "foo bar"),
        ("先週の会議の資料を送ります", "会議"),
        ("先週の会議の資料を送ります", "会議の資料"),
        ("ﾊﾟｿｺﾝを買う", "パソコン"),
        ("ＡＢＣ社", "abc"),
        ("売上は2026年度の報告", "2026年度"),
        ("売上は2026年度の報告", "は2026年"),
        ("中文邮件测试", "邮件"),
        ("русский ТЕКСТ", "текст"),
    ],
)
def test_a_text_has_the_words(text: str, query: str) -> None:
    assert Words(text).has(words_of(query))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("The quarterly reports", "report"),
        ("The quarterly report", "report quarterly"),
        ("The quarterly report", "quarter"),
        ("がく", "かく"),
        ("パン", "ハン"),
        ("会議2026", "会2026"),
        ("議2026年度", "2026度"),
        ("", "a"),
        ("a", ""),
    ],
)
def test_a_text_has_no_such_words(text: str, query: str) -> None:
    assert not Words(text).has(words_of(query))


def test_a_phrase_does_not_run_from_one_text_into_the_next() -> None:
    words = Words(["hello big", "world"])
    assert words.has(("world",))
    assert not words.has(("big", "world"))
