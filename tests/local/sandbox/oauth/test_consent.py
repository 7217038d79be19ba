"""The sign-in pages: what they refuse, what they show and what they grant."""

from __future__ import annotations

import base64
import hashlib
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import googleapiclient
import httpx
import pytest

from arcade_gmail_local.sandbox.oauth.consent import MAX_PENDING
from arcade_gmail_local.sandbox.oauth.consent_scopes import GMAIL, read_scopes
from arcade_gmail_local.sandbox.oauth.identity import Identity
from arcade_gmail_local.sandbox.oauth.people import People

AUTH = "/o/oauth2/v2/auth"
CALLBACK = "http://127.0.0.1:9099/callback"
ALICE = "alice@example.com"
READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
QUERY = {
    "client_id": "sandbox-client",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": f"openid email {READ} {SEND}",
    "state": "st&te=1",
}


class Form(HTMLParser):
    """Read the inputs and buttons of a page as a script would."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.inputs: list[dict[str, str | None]] = []
        self.buttons: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        if tag == "form":
            self.action = given["action"] or ""
        elif tag == "input":
            self.inputs.append(given)
        elif tag == "button":
            self.buttons.append(given)

    def values(self, name: str) -> list[str | None]:
        return [field["value"] for field in self.inputs if field["name"] == name]


def answer(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 303
    location = response.headers["location"]
    assert location.startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def consent_form(http: httpx.AsyncClient, **changes: str) -> Form:
    response = await http.get(AUTH, params={**QUERY, "login_hint": ALICE, **changes})
    assert response.status_code == 200
    return Form(response.text)


async def decide(
    http: httpx.AsyncClient, form: Form, decision: str, scopes: list[str] | None = None
) -> httpx.Response:
    fields = {
        "request": form.values("request")[0],
        "account": form.values("account")[0],
        "scope": form.values("scope") if scopes is None else scopes,
        "decision": decision,
    }
    return await http.post(form.action, data=fields)


# Where no redirect may happen


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"redirect_uri": ""}, 400, "invalid_request"),
        ({"redirect_uri": "https://evil.example/callback"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1@evil.example/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://evil.example\\@127.0.0.1/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1/#part"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://[::1"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1:bad/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "javascript:alert(1)//127.0.0.1"}, 400, "redirect_uri_mismatch"),
    ],
)
async def test_a_bad_client_or_redirect_gets_a_page_and_never_a_redirect(
    http: httpx.AsyncClient, changes: dict[str, str], status: int, error: str
) -> None:
    response = await http.get(AUTH, params={**QUERY, **changes})
    assert response.status_code == status
    assert "location" not in response.headers
    assert error in response.text


async def test_a_client_with_registered_redirects_gets_exactly_those(
    http: httpx.AsyncClient, identity: Identity
) -> None:
    identity.register_client("web", "s", redirect_uris=["https://app.example/cb"])
    good = await http.get(
        AUTH, params={**QUERY, "client_id": "web", "redirect_uri": "https://app.example/cb"}
    )
    bad = await http.get(
        AUTH, params={**QUERY, "client_id": "web", "redirect_uri": "https://app.example/cb/"}
    )
    assert (good.status_code, bad.status_code) == (200, 400)


async def test_two_redirect_addresses_get_a_page(http: httpx.AsyncClient) -> None:
    pairs = [*QUERY.items(), ("redirect_uri", CALLBACK)]
    response = await http.get(AUTH, params=pairs)
    assert response.status_code == 400
    assert "location" not in response.headers


# What is sent back to the application


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"scope": " "}, "invalid_request"),
        ({"scope": "https://www.googleapis.com/auth/everything"}, "invalid_scope"),
        ({"code_challenge": "c" * 43, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "c" * 43}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"access_type": "forever"}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
        ({"prompt": "none"}, "interaction_required"),
        ({"prompt": "none", "login_hint": ALICE}, "interaction_required"),
        ({"include_granted_scopes": "perhaps"}, "invalid_request"),
    ],
)
async def test_other_mistakes_are_sent_back_with_the_state(
    http: httpx.AsyncClient, changes: dict[str, str], error: str
) -> None:
    sent = answer(await http.get(AUTH, params={**QUERY, **changes}))
    assert (sent["error"], sent["state"]) == (error, QUERY["state"])
    assert sent["iss"] == "http://127.0.0.1:9100"
    assert "code" not in sent


async def test_of_two_states_neither_is_sent_back(http: httpx.AsyncClient) -> None:
    sent = answer(await http.get(AUTH, params=[*QUERY.items(), ("state", "other")]))
    assert sent["error"] == "invalid_request"
    assert "state" not in sent


async def test_a_no_is_sent_back_as_access_denied(http: httpx.AsyncClient) -> None:
    form = await consent_form(http)
    sent = answer(await decide(http, form, "deny"))
    assert (sent["error"], sent["state"]) == ("access_denied", QUERY["state"])


async def test_ticking_nothing_at_all_is_a_no(http: httpx.AsyncClient) -> None:
    form = await consent_form(http, scope=READ)
    assert answer(await decide(http, form, "allow", []))["error"] == "access_denied"


async def test_the_pages_policy_lets_their_own_style_in_and_no_script(
    http: httpx.AsyncClient,
) -> None:
    page = await http.get(AUTH, params={"client_id": "<b>nobody</b>"})
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "<script" not in page.text


# Forged, stale and repeated forms


async def test_a_decision_counts_once(http: httpx.AsyncClient) -> None:
    form = await consent_form(http)
    assert "code" in answer(await decide(http, form, "allow"))
    again = await decide(http, form, "allow")
    assert again.status_code == 400
    assert "location" not in again.headers


async def test_a_forged_or_expired_sign_in_goes_nowhere(
    http: httpx.AsyncClient, clock: Any
) -> None:
    form = await consent_form(http)
    forged = await http.post(AUTH, data={"request": "x", "account": ALICE, "decision": "allow"})
    clock.now += 600
    late = await decide(http, form, "allow")
    assert (forged.status_code, late.status_code) == (400, 400)


@pytest.mark.parametrize(
    "changes",
    [
        {"account": "mallory@example.com"},
        {"decision": "maybe"},
        {"scope": "https://mail.google.com/"},
    ],
)
async def test_a_tampered_form_grants_nothing(
    http: httpx.AsyncClient, identity: Identity, changes: dict[str, str]
) -> None:
    form = await consent_form(http)
    fields = {"request": form.values("request")[0], "account": ALICE, "decision": "allow"}
    response = await http.post(AUTH, data={**fields, **changes})
    assert response.status_code == 400
    assert identity.granted_scopes(ALICE, "sandbox-client") == frozenset()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"a" * 70_000, "application/x-www-form-urlencoded"),
        (b"a=%FF", "application/x-www-form-urlencoded"),
        (b"a=1&" * 300, "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"", ""),
    ],
)
async def test_a_body_that_is_no_form_is_refused(
    http: httpx.AsyncClient, body: bytes, kind: str
) -> None:
    response = await http.post(AUTH, content=body, headers={"content-type": kind})
    assert response.status_code == 400


async def test_waiting_sign_ins_beyond_the_bound_push_out_the_oldest(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_PENDING == 10_000
    monkeypatch.setattr("arcade_gmail_local.sandbox.oauth.consent.MAX_PENDING", 2)
    oldest, *_, newest = [await consent_form(http) for _ in range(3)]
    assert (await decide(http, oldest, "allow")).status_code == 400
    assert (await decide(http, newest, "allow")).status_code == 303


# The pages


async def test_every_account_may_be_chosen(http: httpx.AsyncClient, people: People) -> None:
    people.add("hana@example.com", "佐藤 花")
    page = Form((await http.get(AUTH, params=QUERY)).text)
    offered = [button["value"] for button in page.buttons if button["name"] == "account"]
    assert offered == ["alice@example.com", "bob@example.com", "hana@example.com"]
    chosen = await http.post(
        page.action, data={"request": page.values("request")[0], "account": "hana@example.com"}
    )
    form = Form(chosen.text)
    assert form.values("account") == ["hana@example.com"]
    assert form.values("scope") == [READ, SEND]


async def test_select_account_asks_in_spite_of_a_hint(http: httpx.AsyncClient) -> None:
    form = await consent_form(http, prompt="select_account")
    assert {button["name"] for button in form.buttons} == {"account"}


async def test_the_sign_in_scopes_have_no_box(http: httpx.AsyncClient) -> None:
    form = await consent_form(http)
    boxes = [field for field in form.inputs if field.get("type") == "checkbox"]
    assert [box["value"] for box in boxes] == [READ, SEND]
    assert [button["value"] for button in form.buttons] == ["deny", "allow"]
    assert {"h1", "fieldset", "legend", "label", "main"} <= set(form.tags)


async def test_the_pages_need_no_script_and_allow_none(
    http: httpx.AsyncClient, identity: Identity, people: People
) -> None:
    identity.register_client("<script>", "s")
    people.add("x'\"<b>@example.com", "<img src=x>")
    for params in ({**QUERY, "client_id": "<script>"}, {**QUERY, "scope": READ}):
        response = await http.get(AUTH, params=params)
        page = Form(response.text)
        assert not {"script", "img", "b"} & set(page.tags)
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
    bad = await http.get(AUTH, params={**QUERY, "client_id": "<script>", "redirect_uri": "<b>"})
    assert not {"script", "b"} & set(Form(bad.text).tags)


# What a yes grants


async def test_a_yes_carries_code_state_scope_and_issuer(http: httpx.AsyncClient) -> None:
    sent = answer(await decide(http, await consent_form(http), "allow"))
    assert sent["code"].startswith("4/0A")
    assert sent["state"] == QUERY["state"]
    assert sent["iss"] == "http://127.0.0.1:9100"
    assert set(sent["scope"].split()) == {"openid", EMAIL, READ, SEND}


async def test_an_unticked_scope_is_not_granted(http: httpx.AsyncClient) -> None:
    sent = answer(await decide(http, await consent_form(http), "allow", [SEND]))
    assert set(sent["scope"].split()) == {"openid", EMAIL, SEND}


async def test_former_grants_are_merged_only_when_asked_for(http: httpx.AsyncClient) -> None:
    await decide(http, await consent_form(http, scope=READ), "allow")
    alone = answer(await decide(http, await consent_form(http, scope=SEND), "allow"))
    merged = answer(
        await decide(
            http,
            await consent_form(http, scope=SEND, include_granted_scopes="true", prompt="consent"),
            "allow",
        )
    )
    assert alone["scope"] == SEND
    assert set(merged["scope"].split()) == {READ, SEND}


async def test_who_granted_everything_before_is_not_asked_again(http: httpx.AsyncClient) -> None:
    await decide(http, await consent_form(http), "allow")
    hinted = {**QUERY, "login_hint": ALICE}
    assert "code" in answer(await http.get(AUTH, params=hinted))
    assert "code" in answer(await http.get(AUTH, params={**hinted, "prompt": "none"}))
    asked = await http.get(AUTH, params={**hinted, "prompt": "consent"})
    assert asked.status_code == 200
    bob = await http.get(AUTH, params={**QUERY, "login_hint": "bob@example.com"})
    assert bob.status_code == 200


async def test_the_query_of_a_redirect_address_stays(http: httpx.AsyncClient) -> None:
    form = await consent_form(http, redirect_uri=CALLBACK + "?tenant=7")
    response = await decide(http, form, "allow")
    assert parse_qs(urlsplit(response.headers["location"]).query)["tenant"] == ["7"]


def test_every_scope_of_gmail_can_be_asked_for() -> None:
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    document = json.loads((folder / "gmail.v1.json").read_text(encoding="utf-8"))
    assert set(document["auth"]["oauth2"]["scopes"]) == set(GMAIL)


def test_openid_is_added_to_any_sign_in_scope() -> None:
    assert read_scopes("email") == (EMAIL, "openid")
    assert read_scopes(f"{READ} {READ}") == (READ,)
