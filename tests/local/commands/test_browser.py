"""The scripted browser does what a person's does: cookies of its own, redirects, forms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from arcade_gmail_local.commands.browser import Browser, BrowserStuck
from arcade_gmail_local.commands.sign_in import sign_in

FORM = """<!doctype html><title>Choose</title><p>Hello</p>
<form method="post" action="/sent">
  <input type="hidden" name="request" value="a&amp;b">
  <input type="checkbox" name="scope" value="one" checked>
  <input type="checkbox" name="scope" value="two">
  <input name="comment">
  <button name="decision" value="deny">Cancel</button>
  <button name="decision" value="allow">Continue</button>
</form>"""


async def form(_request: web.Request) -> web.Response:
    return web.Response(text=FORM, content_type="text/html")


async def sent(request: web.Request) -> web.Response:
    pairs = [(name, str(value)) for name, value in (await request.post()).items()]
    return web.json_response(pairs)


async def enter(request: web.Request) -> web.Response:
    answer = web.HTTPSeeOther("/who")
    answer.set_cookie("who", request.query["name"])
    raise answer


async def who(request: web.Request) -> web.Response:
    return web.Response(text=f"<p>{request.cookies.get('who', 'nobody')}</p>")


async def refused(_request: web.Request) -> web.Response:
    return web.Response(text="<title>Blocked</title>", status=403, content_type="text/html")


async def endless(_request: web.Request) -> web.Response:
    page = "<form action='/endless'><button value='yes'>Yes</button></form>"
    return web.Response(text=page, content_type="text/html")


async def mute(_request: web.Request) -> web.Response:
    page = "<title>Survey</title><form><button value='no'>No</button></form>"
    return web.Response(text=page, content_type="text/html")


@pytest.fixture
async def site() -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_get("/form", form)
    app.router.add_post("/sent", sent)
    for handler in (enter, who, refused, endless, mute):
        app.router.add_get(f"/{handler.__name__}", handler)
    async with TestServer(app) as server:
        yield server
    await asyncio.sleep(0)  # so that the server's connections see their end


async def test_a_form_is_sent_as_it_stands_with_the_button_that_was_pressed(
    site: TestServer,
) -> None:
    async with Browser() as browser:
        page = await browser.open(str(site.make_url("/form")))
        [shown] = page.forms
        assert page.title == "Choose"
        answer = await browser.submit(shown, button=shown.buttons[1], values={"comment": "hi"})
    assert answer.text == (
        '[["request", "a&b"], ["scope", "one"], ["comment", "hi"], ["decision", "allow"]]'
    )


async def test_boxes_are_ticked_and_unticked_at_will(site: TestServer) -> None:
    async with Browser() as browser:
        [shown] = (await browser.open(str(site.make_url("/form")))).forms
        two = await browser.submit(shown, checked=[("scope", "two")])
        none = await browser.submit(shown, checked=[])
    assert '["scope", "two"]' in two.text
    assert '["scope", "one"]' not in two.text
    assert "scope" not in none.text


async def test_two_people_never_share_a_cookie(site: TestServer) -> None:
    async with Browser() as alice, Browser() as bob:
        await alice.open(str(site.make_url("/enter?name=alice")))
        assert (await bob.open(str(site.make_url("/who")))).text == "nobody"
        await bob.open(str(site.make_url("/enter?name=bob")))
        assert (await alice.open(str(site.make_url("/who")))).text == "alice"


async def test_a_redirect_is_followed_to_the_page_it_leads_to(site: TestServer) -> None:
    async with Browser() as browser:
        page = await browser.open(str(site.make_url("/enter?name=carol")))
    assert page.url == str(site.make_url("/who"))
    assert page.text == "carol"


async def test_a_lost_connection_does_not_repeat_the_address(unused_tcp_port: int) -> None:
    async with Browser() as browser:
        with pytest.raises(BrowserStuck) as caught:
            await browser.open(f"http://127.0.0.1:{unused_tcp_port}/callback?code=canary")
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/refused", "was stopped by a page: 'Blocked' (403)"),
        ("/endless", "more than 8 pages"),
        ("/mute", "no button to continue with on the page 'Survey'"),
    ],
)
async def test_a_sign_in_that_leads_nowhere_says_where_it_stopped(
    site: TestServer, path: str, told: str
) -> None:
    with pytest.raises(BrowserStuck) as caught:
        await sign_in(str(site.make_url(path)), "alice@example.com")
    assert told in caught.value.message


async def test_a_browser_that_is_not_open_says_so() -> None:
    with pytest.raises(BrowserStuck):
        await Browser().open("http://127.0.0.1:1/")
