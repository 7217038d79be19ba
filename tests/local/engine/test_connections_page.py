"""The page on which a person sees what is connected, and ends it: for that person alone."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
LIST = "/v1/oauth/connections"
A_PERSON = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


async def link_for(stack: Stack, user_id: str) -> str:
    reply = await stack.http().post("/v1/connections_page", json={"user_id": user_id})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["url"])


async def enter(stack: Stack, user_id: str) -> httpx.AsyncClient:
    """Follow a link of one's own; give the browser that now has the visit."""
    browser = stack.http(key=None)
    reply = await browser.get(await link_for(stack, user_id), headers=A_PERSON)
    assert (reply.status_code, reply.headers["location"]) == (303, LIST)
    return browser


def fields_of(page: httpx.Response) -> dict[str, str]:
    return dict(re.findall(r'name="(id|csrf|link)" value="([^"]+)"', page.text))


async def disconnect(browser: httpx.AsyncClient, page: httpx.Response) -> httpx.Response:
    address = re.findall(r'href="(/v1/oauth/connections/disconnect\?id=[^"]+)"', page.text)[0]
    asked = await browser.get(address)
    return await browser.post(f"{LIST}/disconnect", data=fields_of(asked))


async def test_a_person_sees_account_permissions_in_words_and_dates(stack: Stack) -> None:
    await stack.connect("alice", [READ, SEND])
    browser = await enter(stack, "alice")
    before = (await browser.get(LIST)).text
    assert "Not yet" in before
    await stack.execute("GmailMultiuser.ListLabels", "alice")
    page = await browser.get(LIST)
    assert "alice@example.com" in page.text
    assert "Read your mail and your Gmail settings" in page.text
    assert "Send mail in your name" in page.text
    assert "googleapis.com" not in page.text
    assert len(re.findall(r'<time datetime="[^"]+\+00:00">[^<]+ UTC</time>', page.text)) == 2
    assert "Not yet" not in page.text


async def test_nobody_sees_the_connections_of_another(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    await stack.connect("bob", [READ])
    browser = await enter(stack, "bob")
    page = await browser.get(f"{LIST}?user_id=alice")
    assert "bob@example.com" in page.text
    assert "alice" not in page.text


async def test_s28_disconnecting_erases_and_revokes_after_asking(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    browser = await enter(stack, "alice")
    page = await browser.get(LIST)
    gone = await disconnect(browser, page)
    assert (gone.status_code, gone.headers["location"]) == (303, f"{LIST}?done=1")
    after = await browser.get(gone.headers["location"])
    assert "Disconnected." in after.text
    assert "No account is connected" in after.text
    assert stack.provider.count("revoke") == 1
    assert (await stack.start("alice", [READ]))["status"] == "pending"


async def test_pressing_disconnect_twice_is_no_error(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    browser = await enter(stack, "alice")
    page = await browser.get(LIST)
    address = re.findall(r'href="([^"]+disconnect\?id=[^"]+)"', page.text)[0]
    fields = fields_of(await browser.get(address))
    replies = await asyncio.gather(
        *(browser.post(f"{LIST}/disconnect", data=fields) for _ in range(5))
    )
    assert {r.status_code for r in replies} == {303}
    assert (await browser.get(address)).headers["location"] == LIST


async def test_another_persons_connection_cannot_be_disconnected(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    await stack.connect("bob", [READ])
    alice, bob = await enter(stack, "alice"), await enter(stack, "bob")
    address = re.findall(r'href="([^"]+disconnect\?id=[^"]+)"', (await alice.get(LIST)).text)[0]
    assert (await bob.get(address)).headers["location"] == LIST
    theirs = fields_of(await alice.get(address))
    own = re.findall(r'href="([^"]+disconnect\?id=[^"]+)"', (await bob.get(LIST)).text)[0]
    mixed = {**fields_of(await bob.get(own)), "id": theirs["id"]}
    for fields in (theirs, mixed):
        assert (await bob.post(f"{LIST}/disconnect", data=fields)).status_code == 403
    assert "alice@example.com" in (await alice.get(LIST)).text


async def test_a_form_from_elsewhere_or_without_its_secret_ends_nothing(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    browser = await enter(stack, "alice")
    page = await browser.get(LIST)
    address = re.findall(r'href="([^"]+disconnect\?id=[^"]+)"', page.text)[0]
    fields = fields_of(await browser.get(address))
    for data, headers in (
        ({"id": fields["id"]}, {}),
        ({**fields, "csrf": "0" * 64}, {}),
        (fields, {"sec-fetch-site": "cross-site"}),
        (fields, {"sec-fetch-site": "same-site"}),
    ):
        reply = await browser.post(f"{LIST}/disconnect", data=data, headers=headers)
        assert reply.status_code == 403
        assert (await browser.post(f"{LIST}/leave", data=data, headers=headers)).status_code == 403
    assert "alice@example.com" in (await browser.get(LIST)).text


async def test_a_link_works_once_even_when_many_follow_it_at_once(stack: Stack) -> None:
    url = await link_for(stack, "alice")
    browsers = [stack.http(key=None) for _ in range(20)]
    replies = await asyncio.gather(*(one.get(url, headers=A_PERSON) for one in browsers))
    assert sorted(r.status_code for r in replies) == [303] + [410] * 19
    winner = browsers[[r.status_code for r in replies].index(303)]
    # The one that has the visit may come back to the link, and nobody else.
    assert (await winner.get(url, headers=A_PERSON)).headers["location"] == LIST


async def test_a_preview_or_a_prefetch_uses_no_link_up(stack: Stack) -> None:
    url = await link_for(stack, "alice")
    curious = stack.http(key=None)
    for headers in (
        {},
        {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty"},
        {**A_PERSON, "sec-purpose": "prefetch;prerender"},
    ):
        page = await curious.get(url, headers=headers)
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
        assert "alice" not in page.text
    assert "set-cookie" not in (await curious.head(url)).headers
    # An old browser, which does not say what it is about, presses the button.
    page = await curious.get(url)
    assert (await curious.post(f"{LIST}/open", data=fields_of(page))).status_code == 303
    assert (await curious.get(LIST)).status_code == 200


async def test_a_link_ends_after_five_minutes_and_a_visit_after_fifteen(stack: Stack) -> None:
    url = await link_for(stack, "alice")
    browser = await enter(stack, "alice")
    stack.clock.now += 300
    assert (await stack.http(key=None).get(url, headers=A_PERSON)).status_code == 410
    assert (await browser.get(LIST)).status_code == 200
    stack.clock.now += 600
    assert (await browser.get(LIST)).status_code == 403


async def test_leaving_ends_the_visit_for_the_cookie_itself(stack: Stack) -> None:
    browser = await enter(stack, "alice")
    cookie = browser.cookies["agm-visit"]
    done = await browser.post(f"{LIST}/leave", data=fields_of(await browser.get(LIST)))
    assert done.status_code == 200
    reply = await stack.http(key=None).get(LIST, headers={"cookie": f"agm-visit={cookie}"})
    assert reply.status_code == 403


@pytest.mark.parametrize("user_id", [None, "", "  ", 7, "a\0b", "x" * 600])
async def test_s17_a_link_is_for_somebody(stack: Stack, user_id: Any) -> None:
    reply = await stack.http().post("/v1/connections_page", json={"user_id": user_id})
    assert reply.status_code == 400


async def test_only_the_application_gets_a_link_and_no_page_opens_without_one(
    stack: Stack,
) -> None:
    body = {"user_id": "alice"}
    for key in (None, "wrong"):
        reply = await stack.http(key=key).post("/v1/connections_page", json=body)
        assert reply.status_code == 401
    stranger = stack.http(key=None)
    forged = {"cookie": "agm-visit=" + "x" * 43}
    for headers in ({}, forged):
        assert (await stranger.get(LIST, headers=headers)).status_code == 403
        assert (await stranger.get(f"{LIST}/disconnect?id=x", headers=headers)).status_code == 403
        assert (await stranger.post(f"{LIST}/disconnect", headers=headers)).status_code == 403
    bad = await stranger.get(f"{LIST}/open?link=made-up", headers=A_PERSON)
    assert bad.status_code == 410
    assert (await stranger.get(f"{LIST}/open", headers=A_PERSON)).status_code == 404
    assert (await stranger.get(f"{LIST}/open?link=a&link=b", headers=A_PERSON)).status_code == 400


async def test_s15_these_pages_are_closed_too(stack: Stack) -> None:
    await stack.connect("<b>alice</b>\u202e", [READ], "a@example.com")
    browser = await enter(stack, "<b>alice</b>\u202e")
    page = await browser.get(LIST)
    address = re.findall(r'href="([^"]+disconnect\?id=[^"]+)"', page.text)[0]
    for reply in (page, await browser.get(address), await stack.http(key=None).get(LIST)):
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert "<script" not in reply.text
        assert "<b>" not in reply.text
        assert "\u202e" not in reply.text


async def test_off_loopback_the_link_and_the_cookie_are_for_https_only(verified: Stack) -> None:
    url = await link_for(verified, "alice")
    assert url.startswith("https://engine.example.com/v1/oauth/connections/open?link=")
    reply = await verified.http(key=None).get(url, headers=A_PERSON)
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("__Host-agm-visit=")
    for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=900"):
        assert word in cookie
    assert "Domain" not in cookie


async def test_the_database_holds_neither_link_nor_cookie(stack: Stack) -> None:
    url = await link_for(stack, "alice")
    browser = await enter(stack, "alice")
    stored = stack.stored_bytes()
    assert parse_qs(urlsplit(url).query)["link"][0].encode() not in stored
    assert browser.cookies["agm-visit"].encode() not in stored


async def test_a_dead_connection_says_that_it_has_to_be_renewed(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    stack.provider.refresh_tokens.clear()
    stack.clock.now += 7200
    await stack.execute("GmailMultiuser.ListLabels", "alice")
    page = await (await enter(stack, "alice")).get(LIST)
    assert "Google has ended this permission" in page.text
