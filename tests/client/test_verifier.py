"""The user verifier's routes: forged, repeated and foreign visits first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fake_engine import FakeEngine, refused
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request

from arcade_gmail_multiuser.client import MultiUserGmailManager, verifier_routes
from arcade_gmail_multiuser.errors import InvalidInput

ALICE = "alice@example.com"
CONFIRM = "/v1/auth/confirm_user"
FLOW = "fl_canary-1234"
VISIT = f"/auth/verify?flow_id={FLOW}"
NEXT = "https://other.test/welcome?a=1"

Visit = Callable[..., Any]


def signed_in(request: Request) -> str | None:
    return request.cookies.get("who")


@pytest.fixture
def visit(engine: FakeEngine) -> Visit:
    """Open an address as somebody; give the answer, redirects not followed."""

    async def open_(
        address: str = VISIT, *, who: str | None = ALICE, method: str = "GET", **more: Any
    ) -> httpx.Response:
        headers = more.pop("headers", {})
        current_user = more.pop("current_user", signed_in)
        app = Starlette(routes=verifier_routes(engine.arcade(), current_user, **more))
        cookie = {"cookie": f"who={who}"} if who else {}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="https://app.test"
        ) as browser:
            return await browser.request(method, address, headers={**cookie, **headers})

    engine.on(CONFIRM, {"auth_id": "ac_1"})
    return open_


async def test_the_sessions_user_is_confirmed_and_nothing_of_the_address_counts_as_identity(
    engine: FakeEngine, visit: Visit
) -> None:
    address = f"{VISIT}&user_id=victim@example.com&user=victim&next_uri=https://evil.test/"
    found = await visit(address, headers={"x-user": "victim"})
    assert (found.status_code, found.headers["location"]) == (303, "/auth/verify/done")
    (asked,) = engine.calls(CONFIRM)
    assert asked.body == {"flow_id": FLOW, "user_id": ALICE}


@pytest.mark.parametrize(
    "query",
    [
        "", "?flow_id=", f"?flow_id={FLOW}&flow_id=fl_2", "?flow_id=" + "x" * 513,
        "?flow_id=%3Cscript%3E", "?flow_id=a%00b", "?flow_id=a%0d%0ab", "?flow=x",
    ],
)  # fmt: skip
async def test_an_address_without_exactly_one_flow_id_is_refused_and_not_repeated(
    engine: FakeEngine, visit: Visit, query: str
) -> None:
    found = await visit(f"/auth/verify{query}")
    assert found.status_code == 400
    assert "<script>" not in found.text
    assert engine.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-mode": "cors"},
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
    ],
)
async def test_what_no_person_opened_confirms_nothing(
    engine: FakeEngine, visit: Visit, headers: dict[str, str]
) -> None:
    assert (await visit(headers=headers)).status_code == 403
    assert engine.asked == []


async def test_only_a_get_confirms(engine: FakeEngine, visit: Visit) -> None:
    assert [(await visit(method=m)).status_code for m in ("HEAD", "POST", "PUT")] == [403, 405, 405]
    assert engine.asked == []


async def test_who_is_not_signed_in_gets_a_page_or_the_way_to_sign_in_and_back(
    engine: FakeEngine, visit: Visit
) -> None:
    page = await visit(who=None)
    assert page.status_code == 401
    back = "%2Fauth%2Fverify%3Fflow_id%3Dfl_canary-1234"
    for login, location in (
        ("/login", f"/login?next={back}"),
        ("/login?x=1", f"/login?x=1&next={back}"),
        (lambda address: f"/enter#{address}", f"/enter#{VISIT}"),
    ):
        found = await visit(who=None, login_url=login)
        assert (found.status_code, found.headers["location"]) == (303, location)
        assert found.headers["referrer-policy"] == "no-referrer"
    assert engine.asked == []


async def test_the_applications_function_may_be_async(engine: FakeEngine, visit: Visit) -> None:
    async def from_database(_request: Request) -> str | None:
        return "user-7"

    assert (await visit(current_user=from_database)).status_code == 303
    assert engine.calls(CONFIRM)[0].body["user_id"] == "user-7"


@pytest.mark.parametrize(
    ("next_uri", "location"),
    [
        ("https://app.test/inbox?x=1", "https://app.test/inbox?x=1"),
        (NEXT, NEXT),
        ("https://other.test/welcome?a=2", "/auth/verify/done"),
        ("https://other.test/welcome?a=1#x", "/auth/verify/done"),
        ("http://app.test/inbox", "/auth/verify/done"),
        ("https://app.test.evil.test/", "/auth/verify/done"),
        ("https://app.test@evil.test/", "/auth/verify/done"),
        ("https://app.test\\@evil.test/", "/auth/verify/done"),
        ("//evil.test/", "/auth/verify/done"),
        ("javascript:alert(1)", "/auth/verify/done"),
        ("https://app.test/\r\nset-cookie: a=b", "/auth/verify/done"),
        (7, "/auth/verify/done"),
        ("", "/auth/verify/done"),
    ],
)
async def test_the_browser_goes_on_only_at_ones_own_or_registered_addresses(
    engine: FakeEngine, visit: Visit, next_uri: Any, location: str
) -> None:
    engine.on(CONFIRM, {"auth_id": "ac_1", "next_uri": next_uri})
    found = await visit(next_uris=[NEXT])
    assert (found.status_code, found.headers["location"]) == (303, location)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (refused(400, {"code": 400, "error": "user_mismatch", "msg": "m"}), 403),
        (refused(400, {"name": "user_mismatch", "message": "m"}), 403),
        (refused(403, {"error": {"name": "user_mismatch"}}), 403),
        (refused(400, {"error": "expired"}), 410),
        (refused(410), 410),
        (refused(404, {"error": "flow_not_found"}), 404),
        (refused(404), 404),
        (refused(400, {"error": "access_denied"}), 400),
        (refused(400, {"error": "account_mismatch"}), 409),
        (refused(409, {"error": "in_progress"}, x_should_retry="false"), 409),
        (refused(400, {"error": "<script>"}), 400),
        (refused(401), 503),
        (refused(403), 503),
        (refused(429, {}, x_should_retry="false"), 503),
        (refused(500, {}, x_should_retry="false"), 503),
        (httpx.Response(200, content=b"<html>", headers={"content-type": "text/html"}), 503),
        (httpx.Response(200, content=b"{", headers={"content-type": "application/json"}), 503),
    ],
    ids=str,
)
async def test_every_end_has_a_page_of_its_own_with_the_right_status(
    engine: FakeEngine, visit: Visit, answer: Any, status: int
) -> None:
    engine.on(CONFIRM, answer)
    found = await visit()
    assert found.status_code == status
    assert FLOW not in found.text
    assert ALICE not in found.text
    assert "<script>" not in found.text
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["referrer-policy"] == "no-referrer"
    policy = found.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert ("retry-after" in found.headers) == (status == 503)


async def test_a_repeated_visit_gets_the_same_answer(engine: FakeEngine, visit: Visit) -> None:
    first, second = await visit(), await visit()
    assert (first.status_code, first.headers["location"]) == (
        second.status_code, second.headers["location"]
    )  # fmt: skip


async def test_the_flow_id_and_the_user_are_never_logged(
    engine: FakeEngine, visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    # httpx is the test's own browser here and writes the address that it opens.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    caplog.set_level(logging.DEBUG)
    engine.manager()
    for answer in ({"auth_id": "a", "next_uri": "https://evil.test"}, refused(401), refused(400)):
        engine.on(CONFIRM, answer)
        await visit()
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    assert "the engine refuses our API key" in caplog.text
    assert FLOW not in caplog.text
    assert ALICE not in caplog.text


async def test_a_manager_forgets_the_tools_of_whoever_connects(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(CONFIRM, {"auth_id": "ac_1"})
    manager.cache.set_cached_tools(ALICE, [])
    connected: list[str] = []
    app = FastAPI()
    routes = verifier_routes(manager, lambda _: ALICE, path="/v", on_connected=connected.append)
    app.router.routes.extend(routes)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://app.test", follow_redirects=True
    ) as browser:
        page = await browser.get("/v", params={"flow_id": FLOW})
    assert (page.status_code, page.url.path) == (200, "/v/done")
    assert "Gmail is connected" in page.text
    assert FLOW not in str(page.url)
    assert manager.cache.get_cached_tools(ALICE) is None
    assert connected == [ALICE]


def test_a_path_without_a_slash_is_refused(engine: FakeEngine) -> None:
    with pytest.raises(InvalidInput):
        verifier_routes(engine.arcade(), signed_in, path="verify")
