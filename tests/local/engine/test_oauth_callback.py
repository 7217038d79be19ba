"""The provider's answer: once, in time, in the right browser, and from the right issuer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"


def with_query(url: str, **changes: str | None) -> str:
    """Change, add or (None) remove parameters of an address."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept)))


async def test_s06_of_fifty_parallel_callbacks_one_is_taken(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    address = await browser.callback_address(started["url"])
    replies = await asyncio.gather(*(browser.get(address) for _ in range(50)))
    assert sorted(r.status_code for r in replies) == [303] + [400] * 49
    taken = next(r for r in replies if r.status_code == 303)
    page = await browser.get(taken.headers["location"])
    assert (await browser.answer(page, "confirm")).status_code == 200
    assert stack.provider.count("authorization_code") == 1


async def test_s06_a_replayed_callback_is_refused_after_completion(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    address = await browser.callback_address(started["url"])
    page = await browser.get((await browser.get(address)).headers["location"])
    await browser.answer(page, "confirm")
    assert (await browser.get(address)).status_code == 400
    assert (await stack.status(started["id"]))["status"] == "completed"


async def test_s07_a_state_older_than_ten_minutes_is_refused_at_read(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    address = await browser.callback_address(started["url"])
    stack.clock.now += 600
    assert (await browser.get(address)).status_code == 400
    # The link itself is still good: the person may simply try again.
    page = await browser.consent(started["url"])
    assert page.status_code == 200


async def test_s08_a_callback_in_another_browser_is_refused_and_uses_nothing_up(
    stack: Stack,
) -> None:
    started = await stack.start("alice", [READ])
    mine, theirs = stack.browser(), stack.browser()
    address = await mine.callback_address(started["url"])
    await theirs.leave(started["url"])  # a cookie of their own does not help
    assert (await theirs.get(address)).status_code == 400
    assert (await mine.get(address)).status_code == 303


async def test_s08_the_confirmation_page_opens_only_where_consent_was_given(stack: Stack) -> None:
    started = await stack.start("mallory", [READ])
    mallory, alice = stack.browser(), stack.browser()
    page = await alice.consent(started["url"])
    assert (await mallory.get(str(page.url))).status_code == 400
    stolen = await mallory.answer(page, "confirm")
    assert stolen.status_code == 400
    assert stack.provider.count("authorization_code") == 0


async def test_s08_the_cookie_is_host_bound_on_https_and_plain_on_loopback(
    verified: Stack, make_stack: Any, tmp_path: Any
) -> None:
    loopback = await make_stack(tmp_path / "other.db")
    for one, secure in ((verified, True), (loopback, False)):
        started = await one.start("alice", [READ])
        reply = await one.browser().get(started["url"])
        cookie = reply.headers["set-cookie"]
        assert cookie.startswith("__Host-") == secure
        assert ("Secure" in cookie) == secure
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


async def test_s09_every_attempt_has_its_own_state_and_s256_challenge(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    asked = [parse_qs(urlsplit(await browser.leave(started["url"])).query) for _ in range(5)]
    assert {q["code_challenge_method"][0] for q in asked} == {"S256"}
    assert len({q["code_challenge"][0] for q in asked}) == 5
    assert len({q["state"][0] for q in asked}) == 5
    assert all(len(q["code_challenge"][0]) == 43 for q in asked)
    assert all(len(q["state"][0]) >= 22 for q in asked)
    assert {q["access_type"][0] for q in asked} == {"offline"}
    assert {q["include_granted_scopes"][0] for q in asked} == {"true"}
    assert {q["prompt"][0] for q in asked} == {"consent"}


async def test_s10_an_answer_from_another_issuer_ends_the_flow(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    address = await browser.callback_address(started["url"])
    reply = await browser.get(with_query(address, iss="https://evil.example"))
    assert reply.status_code == 400
    assert (await stack.status(started["id"]))["status"] == "failed"
    assert stack.provider.count("authorization_code") == 0


async def test_s10_the_right_issuer_is_accepted(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    address = await browser.callback_address(started["url"])
    assert (await browser.get(with_query(address, iss="http://127.0.0.1:9100"))).status_code == 303


@pytest.mark.parametrize(
    "spoil",
    [
        lambda url: url + "&code=4/other",
        lambda url: url + "&state=other",
        lambda url: url + "&scope=other",
        lambda url: with_query(url, error="access_denied"),
        lambda url: with_query(url, code="x" * 5000),
        lambda url: with_query(url, state="x" * 200),
        lambda url: with_query(url, code=None),
        lambda url: with_query(url, state=None),
        lambda url: with_query(url, code=""),
        lambda url: with_query(url, code="a\0b"),
        lambda url: url + "&" + "&".join(f"a{i}=1" for i in range(60)),
        lambda url: url + "&pad=" + "x" * 9000,
    ],
)
async def test_s11_duplicate_oversized_or_conflicting_parameters_are_400(
    stack: Stack, spoil: Any
) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    address = await browser.callback_address(started["url"])
    reply = await browser.get(spoil(address))
    assert reply.status_code == 400
    assert reply.headers["content-type"].startswith("text/html")
    # Nothing was used up: the provider's real answer still counts.
    assert (await browser.get(address)).status_code == 303


async def test_s12_access_denied_is_failed_and_wakes_who_waits(stack: Stack) -> None:
    started = await stack.start("alice", [READ])
    browser = stack.browser()
    address = await browser.callback_address(started["url"])
    waiting = asyncio.create_task(stack.status(started["id"], wait=30))
    await asyncio.sleep(0)
    reply = await browser.get(with_query(address, code=None, error="access_denied"))
    assert reply.status_code == 200
    found = await asyncio.wait_for(waiting, 5)
    assert found["status"] == "failed"
    assert "url" not in found


async def test_s13_spoofed_host_headers_change_no_address(stack: Stack) -> None:
    spoofed = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
    }
    body = {
        "user_id": "alice",
        "auth_requirement": {"provider_id": "google", "oauth2": {"scopes": [READ]}},
    }
    reply = await stack.http().post("/v1/auth/authorize", json=body, headers=spoofed)
    url = reply.json()["url"]
    assert url.startswith("http://127.0.0.1:9099/v1/oauth/start?")
    leave = await stack.http(key=None).get(url, headers=spoofed)
    asked = parse_qs(urlsplit(leave.headers["location"]).query)
    assert asked["redirect_uri"] == ["http://127.0.0.1:9099/v1/oauth/callback"]
    slash = await stack.http().get("/v1/tools/", headers=spoofed)
    assert slash.status_code == 404


@pytest.mark.parametrize(
    "next_uri",
    [
        "https://evil.example/",
        "https://app.example.com/done/",
        "https://app.example.com/done?x=1",
        "https://app.example.com.evil.example/done",
        "http://app.example.com/done",
        "javascript:alert(1)",
        "//evil.example",
        "http://127.0.0.1:3000/",
    ],
)
async def test_s14_only_an_exactly_registered_next_uri_is_taken(
    verified: Stack, next_uri: str
) -> None:
    for path, body in (
        ("/v1/tools/authorize", {"tool_name": "GmailMultiuser.ListLabels"}),
        ("/v1/auth/authorize", {"auth_requirement": {"provider_id": "google"}}),
    ):
        reply = await verified.http().post(
            path, json={**body, "user_id": "alice", "next_uri": next_uri}
        )
        assert (reply.status_code, reply.json()["name"]) == (400, "bad_next_uri")


@pytest.mark.parametrize(
    "next_uri",
    [
        "http://127.0.0.1@evil.example/",
        "http://localhost.evil.example/",
        "http://0.0.0.0/",
        "http://[::1%25;x]/",
        "http://localhost\\@evil.example/",
    ],
)
async def test_s14_what_only_looks_like_loopback_is_refused(stack: Stack, next_uri: str) -> None:
    body = {"user_id": "a", "next_uri": next_uri, "tool_name": "GmailMultiuser.ListLabels"}
    reply = await stack.http().post("/v1/tools/authorize", json=body)
    assert (reply.status_code, reply.json()["name"]) == (400, "bad_next_uri")


async def test_s14_a_next_uri_no_longer_registered_is_not_followed(
    make_stack: Any, tmp_path: Any
) -> None:
    first = await make_stack(next_uris=("https://app.example.com/done",))
    started = await first.start("alice", [READ], next_uri="https://app.example.com/done")
    browser = first.browser()
    page = await browser.consent(started["url"])
    later = await make_stack(
        encryption_keys=first.settings.encryption_keys, provider_app=first.provider
    )
    browser.client._transport._by_host["127.0.0.1:9099"] = (
        later.browser().client._transport._by_host["127.0.0.1:9099"]
    )
    done = await browser.answer(page, "confirm")
    assert done.status_code == 200
    assert "location" not in done.headers
