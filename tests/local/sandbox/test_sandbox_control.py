"""/_sandbox/: setting the sandbox up, and looking inside."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from arcade_gmail_local.sandbox.app import create_sandbox
from arcade_gmail_local.sandbox.oauth.identity import SANDBOX_CLIENT_ID, Consent

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE = "alice@example.com"
READ = "https://www.googleapis.com/auth/gmail.readonly"


async def control(google: Any, path: str, body: Any) -> httpx.Response:
    answer: httpx.Response = await google.http.post(f"/_sandbox/{path}", json=body)
    return answer


async def test_an_account_is_made_with_its_mail_and_added_to(google: Any, write_mail: Mail) -> None:
    first = base64.b64encode(write_mail("One", date="Sun, 01 Nov 2026 10:00:00 +0000")).decode()
    second = {
        "raw": base64.urlsafe_b64encode(write_mail("Two")).decode(),
        "labelIds": ["SENT", "Work"],
        "internalDate": "1793527200001",
    }
    answer = await control(google, "accounts", {"email": "Alice@Example.com", "messages": [first]})
    assert answer.status_code == 201
    assert answer.json()["email"] == ALICE
    answer = await control(google, "accounts", {"email": ALICE, "messages": [second]})
    token = google.token(ALICE, "readonly")
    assert await google.ids(token, "in:sent label:work") == answer.json()["ids"]
    assert len(await google.ids(token)) == 2
    dates = [
        (await google.get(token, f"messages/{i}", format="minimal"))["internalDate"]
        for i in await google.ids(token)
    ]
    assert dates == ["1793527200001", "1793527200000"]
    listed = (await google.http.get("/_sandbox/accounts")).json()
    assert listed == {"accounts": [{"email": ALICE, "messages": 2}]}


async def test_a_token_opens_its_account_with_its_scopes_until_it_expires(
    google: Any, sandbox_clock: Any
) -> None:
    await control(google, "accounts", {"email": ALICE})
    answer = await control(google, "tokens", {"email": ALICE, "scopes": [READ], "expires_in": 10})
    token = answer.json()["access_token"]
    assert (await google.get(token, "profile"))["emailAddress"] == ALICE
    assert (await google.ask(token, "POST", "labels", json={"name": "x"})).status_code == 403
    sandbox_clock.now += 11
    assert (await google.ask(token, "GET", "profile")).status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("accounts", []),
        ("accounts", {}),
        ("accounts", {"email": "nobody"}),
        ("accounts", {"email": ALICE, "messages": "x"}),
        ("accounts", {"email": ALICE, "messages": ["@"]}),
        ("accounts", {"email": ALICE, "messages": [5]}),
        ("accounts", {"email": ALICE, "nope": 1}),
        ("tokens", {"email": "known@example.com"}),
        ("tokens", {"email": "known@example.com", "scopes": READ}),
        ("tokens", {"email": "known@example.com", "scopes": [READ], "expires_in": "1"}),
        ("tokens", {"email": "known@example.com", "scopes": ["gmail.read"]}),
        ("tokens", {"email": "known@example.com", "scopes": [READ, "https:// x"]}),
        ("tokens", {"email": "known@example.com", "scopes": ["auth/gmail.readonly"]}),
        ("faults", {}),
        ("faults", {"action": {}}),
        ("faults", {"action": {"nope": 1}}),
        ("faults", {"action": {"status": 99}}),
        ("faults", {"action": {"drop": "during"}}),
        ("faults", {"action": {"delay_ms": -1}}),
        ("faults", {"action": {"body": "x"}}),
        ("faults", {"action": {"status": 500, "headers": {"A": "b\r\nC: d"}}}),
        ("faults", {"action": {"status": 500}, "times": 0}),
        ("faults", {"action": {"status": 500}, "match": {"nope": ""}}),
        ("latency", {"ms": -1}),
        ("latency", {}),
        ("limits", {"nope": 1}),
        ("limits", {"max_in_flight": 0}),
    ],
)
async def test_a_wrong_order_is_a_400_with_a_sentence(google: Any, path: str, body: Any) -> None:
    google.person("known@example.com")
    answer = await control(google, path, body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    accounts = (await google.http.get("/_sandbox/accounts")).json()["accounts"]
    assert [a["email"] for a in accounts] == ["known@example.com"]


async def test_a_token_for_a_scopes_short_name_opens_what_the_scope_opens(google: Any) -> None:
    google.person(ALICE)
    statuses = []
    for scope in ("gmail.readonly", "gmail.labels", "https://www.googleapis.com/auth/calendar"):
        answer = await control(google, "tokens", {"email": ALICE, "scopes": [scope]})
        token = answer.json()["access_token"]
        asked = [await google.ask(token, "GET", path) for path in ("profile", "labels")]
        statuses.append([got.status_code for got in asked])
    assert statuses == [[200, 200], [403, 200], [403, 403]]


@pytest.mark.parametrize("scope", ["openid", "email", "profile"])
async def test_a_sign_in_scope_needs_no_url(google: Any, scope: str) -> None:
    google.person(ALICE)
    order = {"email": ALICE, "scopes": [scope, READ]}
    token = (await control(google, "tokens", order)).json()["access_token"]
    assert (await google.ask(token, "GET", "profile")).status_code == 200


async def test_an_unknown_account_has_no_tokens(google: Any) -> None:
    answer = await control(google, "tokens", {"email": ALICE, "scopes": [READ]})
    assert answer.status_code == 404


async def test_an_unknown_control_is_a_404_in_json(google: Any) -> None:
    assert "error" in (await google.http.get("/_sandbox/nope")).json()


async def test_requests_are_recorded_without_any_token(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, write_mail())
    await google.ids(alice, "hello")
    await google.ask("", "GET", f"/gmail/v1/users/me/labels?access_token={alice}&key=s3cret")
    await google.http.post("/token", data={"grant_type": "refresh_token"})
    answer = await google.http.get("/_sandbox/requests")
    assert alice not in answer.text
    assert "s3cret" not in answer.text
    listed, labels, oauth = answer.json()["requests"]
    assert listed["method"] == "GET"
    assert listed["path"] == "/gmail/v1/users/me/messages"
    assert listed["query"] == {"q": ["hello"]}
    assert (listed["user"], listed["status"]) == (ALICE, 200)
    assert listed["gmail_method"] == "users.messages.list"
    assert READ in listed["accepted_scopes"]
    assert len(listed["token"]) == 12
    assert (labels["user"], labels["token"], labels["status"]) == (None, None, 401)
    assert (oauth["path"], oauth["gmail_method"]) == ("/token", None)
    assert (await google.http.delete("/_sandbox/requests")).status_code == 204
    cleared = (await google.http.get("/_sandbox/requests")).json()
    assert (cleared["requests"], cleared["total"]) == ([], 0)


async def test_latency_is_waited_by_each_request_at_the_same_time(google: Any) -> None:
    alice = google.person(ALICE)
    await control(google, "latency", {"ms": 50})
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(google.get(alice, "profile") for _ in range(10)))
    took = loop.time() - began
    assert 0.05 <= took < 0.45
    seen = (await google.http.get("/_sandbox/requests")).json()
    assert seen["max_in_flight"] == 10
    assert seen["max_in_flight_by_user"] == {ALICE: 10}


async def test_too_many_at_once_are_a_429_for_that_person_only(
    google: Any, refusal: Refusal
) -> None:
    alice, bob = google.person(ALICE), google.person("bob@example.com")
    await control(google, "limits", {"max_in_flight": 2})
    await control(google, "latency", {"ms": 30})
    tries = [google.ask(alice, "GET", "profile") for _ in range(3)]
    answers = await asyncio.gather(*tries, google.ask(bob, "GET", "profile"))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    text = "Too many concurrent requests for user"
    assert all(refusal(a) == (429, "rateLimitExceeded", text) for a in refused)
    assert answers[-1].status_code == 200


async def test_units_run_out_and_come_back_within_a_minute(
    google: Any, refusal: Refusal, sandbox_clock: Any
) -> None:
    alice, bob = google.person(ALICE), google.person("bob@example.com")
    await control(google, "limits", {"units_per_minute": 10})
    await google.ids(alice)
    await google.ids(alice)
    answer = await google.ask(alice, "GET", "profile")
    assert refusal(answer)[:2] == (403, "rateLimitExceeded")
    error = answer.json()["error"]
    assert error["errors"][0]["domain"] == "usageLimits"
    assert error["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    await google.ids(bob)
    sandbox_clock.now += 61
    await google.ids(alice)
    await control(google, "limits", {"units_per_minute": None})
    for _ in range(5):
        await google.ids(alice)


async def test_faults_go_by_method_path_and_person_and_run_out(google: Any) -> None:
    alice, bob = google.person(ALICE), google.person("bob@example.com")

    async def strike(times: int | None = 1, **match: str) -> None:
        await google.http.delete("/_sandbox/faults")
        fault = {"match": match, "action": {"status": 500, "body": {"x": 1}}, "times": times}
        assert (await control(google, "faults", fault)).status_code == 201

    async def status(token: str, path: str) -> int:
        return int((await google.ask(token, "GET", path)).status_code)

    await strike(user=ALICE)
    assert [await status(bob, "profile"), await status(alice, "profile")] == [200, 500]
    assert await status(alice, "profile") == 200
    await strike(method="users.labels.list")
    assert [await status(alice, "profile"), await status(alice, "labels")] == [200, 500]
    await strike(method="get", path="/profile")
    assert [await status(alice, "labels"), await status(alice, "profile")] == [200, 500]
    await strike(path="/gmail/v1/users/me/messages/*", times=None)
    assert [await status(alice, "messages/1"), await status(alice, "messages/2")] == [500, 500]
    assert await status(alice, "messages") == 200
    await google.http.delete("/_sandbox/faults")
    assert await status(alice, "messages/1") == 404


async def test_a_fault_answers_with_its_own_body_and_headers_and_nothing_happens(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE)
    action = {"status": 429, "body": {"error": {"code": 429}}, "headers": {"X-Why": "because"}}
    await control(google, "faults", {"match": {"path": "/messages/send"}, "action": action})
    raw = base64.urlsafe_b64encode(write_mail(to=ALICE)).decode()
    answer = await google.ask(alice, "POST", "messages/send", json={"raw": raw})
    assert (answer.status_code, answer.headers["x-why"]) == (429, "because")
    assert answer.json() == action["body"]
    assert await google.ids(alice) == []


@pytest.mark.parametrize(
    ("status", "reason", "name"),
    [
        (400, "invalidArgument", "INVALID_ARGUMENT"),
        (401, "authError", "UNAUTHENTICATED"),
        (403, "forbidden", "PERMISSION_DENIED"),
        (404, "notFound", "NOT_FOUND"),
        (429, "rateLimitExceeded", "RESOURCE_EXHAUSTED"),
        (500, "backendError", "INTERNAL"),
        (503, "backendError", "UNAVAILABLE"),
    ],
)
async def test_a_fault_with_only_a_status_answers_as_google_words_it(
    google: Any, refusal: Refusal, status: int, reason: str, name: str
) -> None:
    alice = google.person(ALICE)
    headers = {"Retry-After": "3"}
    await control(google, "faults", {"action": {"status": status, "headers": headers}})
    answer = await google.ask(alice, "GET", "profile")
    assert refusal(answer)[:2] == (status, reason)
    assert answer.json()["error"]["status"] == name
    assert (answer.headers["retry-after"], "www-authenticate" in answer.headers) == (
        "3",
        status == 401,
    )


async def test_a_fault_with_an_empty_body_answers_nothing(google: Any) -> None:
    alice = google.person(ALICE)
    await control(google, "faults", {"action": {"status": 503, "body": ""}})
    answer = await google.ask(alice, "GET", "profile")
    assert (answer.status_code, answer.content) == (503, b"")


async def test_faults_strike_the_oauth_routes_too(google: Any) -> None:
    await control(google, "faults", {"match": {"path": "/token"}, "action": {"status": 503}})
    answer = await google.http.post("/token")
    assert (answer.status_code, answer.content) == (503, b"")


@pytest.mark.parametrize(
    ("client", "host", "welcome"),
    [
        ("127.0.0.1", "127.0.0.1:9100", True),
        ("::1", "[::1]:9100", True),
        ("::ffff:127.0.0.1", "localhost", True),
        ("192.0.2.7", "127.0.0.1:9100", False),
        ("::ffff:192.0.2.7", "localhost", False),
        ("127.0.0.1", "evil.example", False),
        ("127.0.0.1", "evil.example:9100", False),
    ],
)
async def test_only_this_machine_is_answered_and_only_by_its_own_name(
    client: str, host: str, welcome: bool
) -> None:
    app = create_sandbox(seeded=False)
    for path in ("/_sandbox/requests", "/gmail/v1/users/me/profile"):
        transport = httpx.ASGITransport(app=app, client=(client, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            answer = await http.get(path, headers={"Host": host})
        assert (answer.status_code != 403) == welcome


async def test_exposure_has_to_be_asked_for() -> None:
    app = create_sandbox(seeded=False, loopback_only=False)
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://box.example") as http:
        assert (await http.get("/_sandbox/requests")).status_code == 200


async def test_the_seeded_mailboxes_are_full_and_apart() -> None:
    app = create_sandbox()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        seen = {}
        for email in (ALICE, "bob@example.com"):
            body = {"email": email, "scopes": [READ]}
            token = (await http.post("/_sandbox/tokens", json=body)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            url = "/gmail/v1/users/me/messages?maxResults=500&includeSpamTrash=true"
            listed = json.loads((await http.get(url, headers=headers)).text)["messages"]
            seen[email] = {message["id"] for message in listed}
            labels = (await http.get("/gmail/v1/users/me/labels", headers=headers)).json()
            assert "旅行" in {label["name"] for label in labels["labels"]}
            for message in sorted(seen[email]):
                one = await http.get(f"/gmail/v1/users/me/messages/{message}", headers=headers)
                assert one.status_code == 200
        assert all(len(ids) > 50 for ids in seen.values())
        assert not seen[ALICE] & seen["bob@example.com"]


async def test_a_mailbox_is_shown_whole_to_a_test_that_asks(google: Any, write_mail: Mail) -> None:
    raw = write_mail("In the trash")
    google.person(ALICE, write_mail("In the inbox"))
    await control(
        google,
        "accounts",
        {
            "email": ALICE,
            "messages": [{"raw": base64.b64encode(raw).decode(), "labelIds": ["TRASH"]}],
        },
    )
    found = (await google.http.get("/_sandbox/messages", params={"email": ALICE})).json()
    assert [m["labelIds"] for m in found["messages"]].count(["TRASH"]) == 1
    assert raw in [base64.b64decode(m["raw"]) for m in found["messages"]]
    nobody = await google.http.get("/_sandbox/messages", params={"email": "no@example.com"})
    assert nobody.status_code == 404


def consented(google: Any, email: str) -> tuple[str, str]:
    """Let a person consent, and give the access and the refresh token."""
    identity = google.sandbox.identity
    url = "http://127.0.0.1/callback"
    consent = Consent(SANDBOX_CLIENT_ID, url, email, frozenset({READ}), offline=True)
    issued = identity.redeem(
        identity.issue_code(consent),
        client_id=SANDBOX_CLIENT_ID,
        redirect_uri=url,
        code_verifier=None,
    )
    return issued.access_token, issued.refresh_token


async def test_an_expiry_ends_a_persons_access_tokens_and_leaves_the_consent(google: Any) -> None:
    google.person(ALICE)
    google.person("bob@example.com")
    access, refresh = consented(google, ALICE)
    bobs = google.token("bob@example.com", "readonly")
    assert (await control(google, "expirations", {"email": ALICE})).json()["ended"] == 2
    assert (await google.ask(access, "GET", "profile")).status_code == 401
    assert (await google.ask(bobs, "GET", "profile")).status_code == 200
    renewed = google.sandbox.identity.refresh(refresh, client_id=SANDBOX_CLIENT_ID)
    assert (await google.ask(renewed.access_token, "GET", "profile")).status_code == 200


async def test_a_withdrawal_ends_all_that_a_person_consented_to(google: Any) -> None:
    google.person(ALICE)
    google.person("bob@example.com")
    access, refresh = consented(google, ALICE)
    bobs, _ = consented(google, "bob@example.com")
    assert (await control(google, "withdrawals", {"email": ALICE})).json() == {"ended": 1}
    assert (await google.ask(access, "GET", "profile")).status_code == 401
    refused = google.sandbox.identity.refresh(refresh, client_id=SANDBOX_CLIENT_ID)
    assert getattr(refused, "error", "") == "invalid_grant"
    assert (await google.ask(bobs, "GET", "profile")).status_code == 200
    assert (await control(google, "withdrawals", {"email": ALICE})).json() == {"ended": 0}
