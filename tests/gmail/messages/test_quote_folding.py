"""Earlier mail below an answer is folded, and nothing else is."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from arcade_gmail_multiuser.gmail.html.to_text import html_to_text
from arcade_gmail_multiuser.gmail.messages.quote_folding import fold_quotes

MARKER = re.compile(r"\[… (\d+) characters of quoted text folded …\]")


def folded(text: str) -> str:
    return MARKER.sub("[…]", fold_quotes(text)[0])


INTRODUCTIONS = [
    "On Thu, Jun 26, 2014 at 2:14 PM, Alexander L <a@example.com> wrote:",
    "On Thu, Jun 26, 2014 at 2:14 PM, Alexander L\n<a@example.com> wrote:",
    "On 26.06.2014 14:41, Alexander L wrote:",
    "On Jun 26, 2014, at 2:14 PM, Alexander L <a@example.com>\nwrote:",
    "2014-06-26 14:41 GMT+02:00 Alexander L <a@example.com>:",
    "Am 26.06.2014 um 14:41 schrieb Alexander L:",
    "Am Do., 26. Juni 2014 um 14:41 Uhr schrieb Alexander L <a@example.com>:",
    "Le jeu. 26 juin 2014 à 14:41, Alexander L <a@example.com> a écrit :",
    "El jue, 26 jun 2014 a las 14:41, Alexander L (<a@example.com>) escribió:",
    "Em qui., 26 de jun. de 2014 às 14:41, Alexander L <a@example.com> escreveu:",
    "Il giorno gio 26 giu 2014 alle ore 14:41 Alexander L <a@example.com> ha scritto:",
    "Op do 26 jun. 2014 om 14:41 schreef Alexander L <a@example.com>:",
    "Den tors 26 juni 2014 kl 14:41 skrev Alexander L <a@example.com>:",
    "W dniu 26.06.2014 o 14:41, Alexander L napisał(a):",
    "26 июня 2014 г., 14:41 пользователь Alexander L <a@example.com> написал:",
    "Thu, 26 Jun 2014 14:00:51 +0400 от Alexander L <abc@example.com>:",
    "2014年6月26日(木) 14:41 Alexander L <a@example.com>:",
    "2014年6月26日 14:41、Alexander L <a@example.com>のメール:",
    "在 2014年6月26日星期四，Alexander L <a@example.com> 写道：",
    "2014년 6월 26일 (목) 14:41, Alexander L <a@example.com>님이 작성:",
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_a_quote_and_its_introduction_are_folded(introduction: str) -> None:
    text = f"Yes, gladly.\n\n{introduction}\n\n> Shall we?\n>\n> Alex\n"
    assert folded(text).rstrip() == "Yes, gladly.\n\n[…]"


HEADER_BLOCKS = [
    "From: Alexander L [mailto:a@x.com]\nSent: Friday, June 27, 2014 12:06\nTo: B\nSubject: Hi",
    "*From:* Alexander L\n*Sent:* Friday\n*To:* B\n*Subject:* Hi",
    "Von: Alexander L\nGesendet: Freitag\nAn: B\nBetreff: Hi",
    "De : Alexander L\nEnvoyé : vendredi\nÀ : B\nObjet : Hi",
    "De: Alexander L\nEnviado el: viernes\nPara: B\nAsunto: Hi",
    "Da: Alexander L\nInviato: venerdì\nA: B\nOggetto: Hi",
    "От: Alexander L\nОтправлено: пятница\nКому: B\nТема: Hi",
    "差出人: Alexander L\n送信日時: 2014年6月27日\n宛先: B\n件名: Hi",
    "发件人: Alexander L\n发送时间: 2014年6月27日\n收件人: B\n主题: Hi",
    "________________________________\nFrom: A\nSent: Friday\nTo: B\nSubject: Hi",
    "---\nDate: Thu, 26 Jun 2014\nSubject: Hi\nFrom: a@x.com\nTo: b@x.com",
    "-----Original Message-----\nanything at all",
    "-----Ursprüngliche Nachricht-----\nVon: A",
    "----- 元のメッセージ -----\nx",
]


@pytest.mark.parametrize("block", HEADER_BLOCKS)
def test_everything_below_outlooks_headers_is_folded(block: str) -> None:
    assert folded(f"Yes, gladly.\n\n{block}\n\nShall we?\n\nAlex") == "Yes, gladly.\n\n[…]"


def test_an_introduction_without_marked_lines_folds_the_rest() -> None:
    text = "Yes.\n\nOn Friday, June 27, 2014, Alex <a@x.com> wrote:\n\nShall we?\n\nAlex"
    assert folded(text) == "Yes.\n\n[…]"


def test_answers_between_quotes_stay() -> None:
    text = "> One?\nYes.\n> Two?\n> Three?\nNo.\n"
    assert folded(text) == "[…]\nYes.\n[…]\nNo.\n"


def test_the_marker_and_the_result_say_how_much_was_folded() -> None:
    quote = "> 1234567890\n> x"
    text, count = fold_quotes(f"Hi\n{quote}\nBye")
    assert count == len(quote)
    assert text == f"Hi\n[… {len(quote)} characters of quoted text folded …]\nBye"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Just words.\nAnd more: see below.\n",
        "On Monday we met. He wrote:\n\nI am fine.",
        "Anna wrote:\nnothing",
        "From: here to there\nTo: be or not to be",
        "5 > 3\n<p>",
        "FYI\n\n---------- Forwarded message ----------\nFrom: A <a@x.com>\nDate: 1\nTo: B\n\nText",
        "FYI\n\nBegin forwarded message:\n\nFrom: A <a@x.com>\nDate: 1\nTo: B\nSubject: S\n\nText",
        "FYI\n\n-------- Weitergeleitete Nachricht --------\nVon: A\nDatum: 1\nAn: B\n\nText",
    ],
)
def test_what_is_no_quote_stays(text: str) -> None:
    assert fold_quotes(text) == (text, 0)


@pytest.mark.parametrize("text", ["> all\n> quoted", "On 1.1.2020, A <a@x.com> wrote:\n> x\n\n"])
def test_a_mail_that_would_have_nothing_left_stays(text: str) -> None:
    assert fold_quotes(text) == (text, 0)


def test_a_quote_inside_a_forwarded_mail_stays() -> None:
    text = "FYI\n\n---------- Forwarded message ----------\nFrom: A\n\nYes.\n\n> Shall we?"
    assert fold_quotes(text) == (text, 0)


REPLIES = {
    "OLK_SRC_BODY_SECTION.html": "Reply",
    "html_replies__gmail.html": "Hi. I am fine.\n\nThanks,\nAlex",
    "html_replies__hotmail.html": "Hi. I am fine.\n\nThanks,\nAlex",
    "html_replies__mail_ru.html": "Hi. I am fine.\n\nThanks,\nAlex",
    "html_replies__ms_outlook_2003.html": "Hi. I am fine.\n\nThanks,\n\nAlex",
    "html_replies__ms_outlook_2007.html": "Hi. I am fine.\n\nThanks,\n\nAlex",
    "html_replies__ms_outlook_2010.html": "Hi. I am fine.\n\nThanks,\n\nAlex",
    "html_replies__thunderbird.html": "Hi. I am fine.\n\nThanks,\nAlex",
    "html_replies__windows_mail.html": "Hi. I am fine.\n\nThanks,\nAlex",
    "html_replies__yandex_ru.html": "Hi. I am fine.\n\nThanks,\nAlex",
    "reply-separated-by-hr.html": "Hi\nthere\nBob",
}


@pytest.mark.parametrize("name", REPLIES)
def test_the_replies_of_real_mail_programs_fold_to_what_was_written(
    corpus: Path, name: str
) -> None:
    readable = html_to_text((corpus / "html-replies" / name).read_text(encoding="utf-8"))
    assert readable.warnings == ()
    assert folded(readable.text).strip().removesuffix("[…]").rstrip() == REPLIES[name]


def test_every_real_reply_has_its_expectation(corpus: Path) -> None:
    assert {path.name for path in (corpus / "html-replies").glob("*.html")} == set(REPLIES)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("Yes.<div class=yahoo_quoted>On Friday, A &lt;a@x.com> wrote:<div>Q</div></div>", "Yes."),
        (
            "Yes.<hr><div id=divRplyFwdMsg><b>From:</b> A<br><b>Sent:</b> B<br><b>To:</b> C</div>Q",
            "Yes.",
        ),
        ("Yes.<blockquote type=cite>Q</blockquote>", "Yes."),
    ],
)
def test_html_that_marks_its_quotes_folds(html: str, expected: str) -> None:
    text = folded(html_to_text(html).text)
    assert text.split("[…]")[0].strip().rstrip("_-").strip() == expected
    assert "Q" not in text


@pytest.mark.parametrize(
    "text",
    [
        "On 2020-01-01 a b c\n" * 500_000,
        "On 2020-1-1 schrieb a@x:\n" * 500_000,
        "x\n> a\n" * 2_000_000,
        "\n" * 30_000_000,
        "On 2020 " + "a " * 15_000_000,
        "From: a\nSent: b\n" * 1_000_000,
        ("_" * 50 + "\n") * 500_000,
    ],
    ids=["introductions", "colons", "quotes", "lines", "one line", "headers", "rules"],
)
@pytest.mark.slow
def test_thirty_megabytes_end_in_bounded_time(text: str) -> None:
    began = time.process_time()
    fold_quotes(text)
    assert time.process_time() - began < 10
