"""Style sheets hide text in many ways: each is followed, or said not to be."""

from __future__ import annotations

import time

import pytest

from arcade_gmail_multiuser.gmail.html.stylesheets import read_sheet
from arcade_gmail_multiuser.gmail.html.to_text import html_to_text

NOT_FOLLOWED = "could not be followed"
X = "<p class='h a' id=i data-x=y style='top:1px'>hidden</p>"

FOLLOWED = {
    "a word of an attribute": "[class~=h]{display:none}",
    "a quoted attribute": "p[data-x='y']{display:none}",
    "an attribute with a brace": "p[data-x=y]:not([a='}']){display:none}",
    "the style attribute": "[style*='top']{display:none}",
    "the id as attribute": "[id=i]{display:none}",
    "everything": "*{font-size:0}",
    "a sibling": "h1 + p{display:none}",
    "a later sibling": "h1 ~ p{display:none}",
    "not another": "p:not(.z){display:none}",
    "one of these": ":is(p,b){display:none}",
    "the last child": "p:nth-of-type(1){display:none}",
    "the parent of a parent": "html > body > p{display:none}",
    "an escaped name": r".\68{display:none}",
    "a group": "b, i , .h{display:none}",
    "a group with commas inside": ":is(b,i), [data-x='a,b'], .h{display:none}",
    "a wide screen": "@media (min-width:300px){.h{display:none}}",
    "nested conditions": "@media screen{@media (min-width:1px){.h{display:none}}}",
    "a layer": "@layer a{.h{display:none}}",
    "a nested rule": "body{.h{display:none}}",
    "a nested rule with &": "p{&.h{display:none}}",
    "a condition in a rule": ".h{@media screen{display:none}}",
    "a rule never closed": ".h{display:none",
    "behind a brace in a text": ".z{content:';@media print{'} .h{display:none}",
    "behind braces in a text": ".z{content:';@media print{;@media print{'} .h{display:none}",
    "behind a comment": "/* } { ' */ .h{display:none}",
    "behind an import": "@import 'x.css';.h{display:none}",
    "behind a font": "@font-face{font-family:x}.h{display:none}",
    "behind a comment of HTML": "<!-- .h{display:none} -->",
    "behind many rules": ".z{color:red}" * 1500 + ".h{display:none}",
    "content-visibility": ".h{content-visibility:hidden}",
    "scale(0)": ".h{transform:scale(0)}",
    "scale(0.0)": ".h{transform: translate(1px) scale( 0.00 , 1)}",
    "scaleX(0)": ".h{-webkit-transform:scalex(0)}",
    "rotated away": ".h{transform:rotateY(90deg)}",
    "translated away": ".h{transform:translate(0,-9999px)}",
    "zoom": ".h{zoom:0}",
    "far right": ".h{position:absolute;left:9999px}",
    "a far indent": ".h{text-indent:9999px}",
    "a filter": ".h{filter:opacity(0%)}",
    "a clip path": ".h{clip-path:circle(0)}",
    "a fill": ".h{-webkit-text-fill-color:transparent}",
    "a font of two pixels": ".h{font-size:2px}",
}

TOLD_OF = {
    "a property of one's own": ":root{--x:none} .h{display:var(--x)}",
    "a computed size": ".h{font-size:calc(1px - 1px)}",
    "a feature query": "@supports (display:grid){.h{display:none}}",
    "a container": "@container (min-width:1px){.h{display:none}}",
    "an unknown condition": "@media (mystery:1){.h{display:none}}",
    "a selector of the future": ".h:mystery(2){display:none}",
    "the first line": ".h::first-line{font-size:0}",
    "not visited": ".h:not(:visited){display:none}",
    "too many rules": ".z{color:red}" * 2500 + ".h{display:none}",
    "a selector that takes too long": "p ~ " * 40 + ".h{display:none}",
    "rules nested too deep": "p{" * 100 + "display:none",
}

WITHOUT_EFFECT = {
    "hovering": ".h:hover{display:none}",
    "another element's text": ".h::before{content:'x';display:none}",
    "a future selector that hides nothing": ".h:mystery(2){color:red}",
    "an animation": "@keyframes x{from{opacity:0}}",
    "a page": "@page{margin-left:-9999px}",
    "the paper": "@media print{.h{display:none}}",
    "phones": "@media only screen and (max-width:480px){.h{display:none!important}}",
    "the dark": "@media (prefers-color-scheme:dark){.h{color:#fff}}",
    "another attribute": "p[data-x=z]{display:none}",
    "a child that is a grandchild": "html > p{display:none}",
    "a parent elsewhere": "h1 > .h{display:none}",
    "a size that is computed": ".h{width:calc(100% - 20px)}",
    "apple's links": "a[x-apple-data-detectors]{color:inherit!important;font-size:inherit}",
    "gmail's own": "u + .body .h{color:inherit}",
    "a scale that stays": ".h{transform:scale(0.9) rotate(90deg)}",
    "a low opacity": ".h{opacity:0.4;filter:opacity(80%)}",
    "a stronger rule": "p.h{display:block} .a{display:none}",
}


def read(sheet: str) -> tuple[str, str]:
    found = html_to_text(f"<style>{sheet}</style><h1>Title</h1>{X}")
    return found.text, " ".join(found.warnings)


@pytest.mark.parametrize("sheet", FOLLOWED.values(), ids=FOLLOWED.keys())
def test_what_a_rule_hides_is_removed_and_said(sheet: str) -> None:
    text, warnings = read(sheet)
    assert "hidden" not in text
    assert "does not see it" in warnings
    assert NOT_FOLLOWED not in warnings


@pytest.mark.parametrize("sheet", TOLD_OF.values(), ids=TOLD_OF.keys())
def test_a_rule_that_may_hide_and_cannot_be_followed_is_told_of(sheet: str) -> None:
    assert NOT_FOLLOWED in read(sheet)[1]


@pytest.mark.parametrize("sheet", WITHOUT_EFFECT.values(), ids=WITHOUT_EFFECT.keys())
def test_a_rule_that_does_not_reach_it_hides_nothing(sheet: str) -> None:
    assert read(sheet) == ("Title\n\nhidden", "")


def test_the_media_of_a_sheet_is_a_condition_too() -> None:
    for media, seen in (("print", True), ("(min-width:2px)", False)):
        text = html_to_text(f"<style media='{media}'>p{{display:none}}</style>a<p>b</p>").text
        assert ("b" in text) is seen


def test_ancestors_are_found_however_the_rule_mixes_them() -> None:
    sheet = "<style>.x > .y .z{display:none}</style>"
    near = "<div class=x><div class=y><div class=y><b class=z>hidden</b></div></div></div>"
    assert html_to_text(sheet + near).text == ""
    far = "<div class=x><div><div class=y><b class=z>seen</b></div></div></div>"
    assert html_to_text(sheet + far).text == "seen"


def test_the_same_markup_in_another_place_is_looked_at_anew() -> None:
    html = "<style>.x b{display:none}</style><p><b>a</b></p><p class=x><b>b</b></p><p><b>c</b></p>"
    assert html_to_text(html).text == "a\n\nc"


def test_colours_have_all_their_names() -> None:
    for name in ("papayawhip", "rebeccapurple", "cornsilk", "darkslategrey"):
        html = f"<p style='color:{name};background:{name}'>hidden</p>"
        assert html_to_text(html).text == ""


def test_a_sheet_is_read_as_browsers_read_it() -> None:
    found = read_sheet("a{color:red} @media print{b{color:red}} @supports (x){i{color:red;}}")
    assert [(rule.selector, rule.certain) for rule in found] == [("a", True), ("i", False)]


HOSTILE = {
    "opening braces": "{" * 200_000,
    "closing braces": "}" * 200_000,
    "nested rules": "a{" * 200_000,
    "quotes": '"' * 300_000,
    "comments": "/*" * 200_000,
    "conditions": "@a(" * 150_000,
    "parentheses": ":is(" * 100_000 + "{display:none}",
    "a long group": "a," * 200_000 + "{display:none}",
    "many ancestors": "* " * 200 + "{display:none}",
    "many siblings": ("a ~ " * 50 + "a{display:none}") * 200,
}


@pytest.mark.parametrize("sheet", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_sheet_ends_in_bounded_time(sheet: str) -> None:
    began = time.process_time()
    html_to_text(f"<style>{sheet}</style>" + "<div>" * 500 + "<a>x</a>" * 3000)
    assert time.process_time() - began < 5
