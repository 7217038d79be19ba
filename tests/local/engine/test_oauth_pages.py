"""The pages a person sees, and what they do not let anybody else do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"


def check_page_headers(reply: Any) -> None:
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["x-frame-options"] == "DENY"
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_s15_every_page_and_redirect_is_closed(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    gone = await browser.get("http://127.0.0.1:9099/v1/oauth/start?flow_id=fl_x")
    assert gone.status_code == 404
    away = await browser.get(started["url"])
    address = (await browser.get(away.headers["location"])).headers["location"]
    held = await browser.get(address)
    page = await browser.get(held.headers["location"])
    done = await browser.answer(page, "confirm")
    for reply in (gone, away, held, page, done):
        check_page_headers(reply)
    for reply in (gone, page, done):
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "<script" not in reply.text
        assert 'name="viewport"' in reply.text


async def test_s15_what_a_caller_chose_is_escaped_on_the_page(stack: Stack) -> None:
    user_id = '<img src=x onerror=alert(1)>"&\u202egpj'
    started = await stack.start(user_id, [READ])
    page = await stack.browser().consent(started["url"])
    assert page.status_code == 200
    assert "<img" not in page.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in page.text
    assert "\u202e" not in page.text
    assert "\\u202e" in page.text


async def test_a_form_from_elsewhere_or_with_a_wrong_token_connects_nothing(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    page = await browser.consent(started["url"])
    assert (await browser.answer(page, "confirm", csrf="0" * 64)).status_code == 403
    assert (await browser.answer(page, "")).status_code == 400
    flow_id = re.findall(r'name="flow_id" value="([^"]+)"', page.text)[0]
    csrf = re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
    crossed = await browser.client.post(
        "http://127.0.0.1:9099/v1/oauth/confirm",
        data={"flow_id": flow_id, "csrf": csrf, "decision": "confirm"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert crossed.status_code == 403
    assert stack.provider.count("authorization_code") == 0
    assert (await browser.answer(page, "confirm")).status_code == 200


async def test_cancelling_forgets_the_code(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    page = await browser.consent(started["url"])
    assert (await browser.answer(page, "cancel")).status_code == 200
    assert (await stack.status(started["id"]))["status"] == "failed"
    assert (await browser.answer(page, "confirm")).status_code == 400
    assert stack.provider.count("authorization_code") == 0


async def test_the_person_goes_on_to_next_uri_which_the_form_may_redirect_to(stack: Stack) -> None:
    started = await stack.start("alice", [READ], next_uri="http://localhost:3000/done")
    browser = stack.browser()
    page = await browser.consent(started["url"])
    assert "form-action 'self' http://localhost:3000;" in page.headers["content-security-policy"]
    done = await browser.answer(page, "confirm")
    assert (done.status_code, done.headers["location"]) == (303, "http://localhost:3000/done")


async def test_a_link_preview_uses_up_nothing(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    for _ in range(30):
        reply = await stack.http(key=None).head(started["url"])
        assert reply.status_code == 200
        assert "set-cookie" not in reply.headers
    assert (await stack.browser().consent(started["url"])).status_code == 200


async def test_a_link_opened_too_often_rests_and_then_works_again(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    replies = [await stack.http(key=None).get(started["url"]) for _ in range(21)]
    assert [r.status_code for r in replies] == [303] * 20 + [429]
    stack.clock.now += 600
    assert (await stack.browser().consent(started["url"])).status_code == 200


async def test_two_tabs_do_not_disturb_one_another(stack: Stack) -> None:
    browser = stack.browser()
    one, two = await stack.start("alice", [READ]), await stack.start("alice", [SEND])
    first = await browser.callback_address(one["url"])
    second = await browser.callback_address(two["url"])
    for address in (first, second):
        page = await browser.get((await browser.get(address)).headers["location"])
        assert (await browser.answer(page, "confirm")).status_code == 200
    assert (await stack.status(one["id"]))["status"] == "completed"
    assert (await stack.status(two["id"]))["status"] == "completed"


async def test_a_used_or_expired_link_says_so(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    stack.clock.now += 3600
    assert (await stack.browser().get(started["url"])).status_code == 400
    assert (await stack.status(started["id"]))["status"] == "failed"
    await stack.connect("bob", [READ])
    again = await stack.start("carol", [READ])
    browser = stack.browser()
    await browser.answer(await browser.consent(again["url"]), "confirm")
    assert (await browser.get(again["url"])).status_code == 400
