"""Who is refused, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from arcade_gmail_local.sandbox.discovery import described_methods
from arcade_gmail_local.sandbox.http.dispatch import HANDLERS
from arcade_gmail_local.sandbox.http.methods import described

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE = "alice@example.com"
UNKNOWN = "18c0000000000000"
GMAIL = "https://www.googleapis.com/auth/gmail."


async def test_no_token_is_the_401_of_missing_credentials(google: Any) -> None:
    answer = await google.ask("", "GET", "profile")
    error = answer.json()["error"]
    assert (error["code"], error["status"]) == (401, "UNAUTHENTICATED")
    assert error["message"].startswith("Request is missing required authentication credential.")
    assert (
        error["errors"][0] | {"message": "Login Required.", "reason": "required"}
        == (error["errors"][0])
    )
    assert error["details"][0]["reason"] == "CREDENTIALS_MISSING"
    assert error["details"][0]["metadata"] == {
        "method": "caribou.api.proto.MailboxService.GetProfile",
        "service": "gmail.googleapis.com",
    }


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Basic abc", "nonsense"])
async def test_a_token_that_is_none_is_the_401_of_invalid_credentials(
    google: Any, refusal: Refusal, header: str
) -> None:
    answer = await google.ask("", "GET", "profile", headers={"Authorization": header})
    code, reason, message = refusal(answer)
    assert (code, reason) == (401, "authError")
    assert message.startswith("Request had invalid authentication credentials.")
    assert answer.json()["error"]["errors"][0]["message"] == "Invalid Credentials"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_an_expired_token_is_refused_like_an_unknown_one(
    google: Any, sandbox_clock: Any
) -> None:
    token = google.person(ALICE)
    sandbox_clock.now += 3601
    assert (await google.ask(token, "GET", "profile")).status_code == 401


async def test_a_missing_scope_is_exactly_googles_403(google: Any) -> None:
    google.person(ALICE)
    answer = await google.ask(google.token(ALICE, "send"), "GET", "messages")
    assert answer.json() == {
        "error": {
            "code": 403,
            "message": "Request had insufficient authentication scopes.",
            "errors": [
                {
                    "message": "Insufficient Permission",
                    "domain": "global",
                    "reason": "insufficientPermissions",
                }
            ],
            "status": "PERMISSION_DENIED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                    "domain": "googleapis.com",
                    "metadata": {
                        "service": "gmail.googleapis.com",
                        "method": "caribou.api.proto.MailboxService.ListMessages",
                    },
                }
            ],
        }
    }
    challenge = answer.headers["www-authenticate"]
    assert "error=insufficient_scope" in challenge
    assert f"{GMAIL}readonly" in challenge


@pytest.mark.parametrize("name", sorted(HANDLERS))
async def test_every_method_takes_each_of_its_scopes_and_no_other(google: Any, name: str) -> None:
    google.person(ALICE)
    method = described(name)
    path = "/" + "/".join(UNKNOWN if s.startswith("{") else s for s in method.segments)
    path = path.replace(f"users/{UNKNOWN}", "users/me")
    scopes = {other: set(described_methods()[other]["scopes"]) for other in HANDLERS}
    every = set().union(*scopes.values())
    for scope in every:
        answer = await google.ask(google.token(ALICE, scope), method.http_method, path)
        refused = answer.status_code == 403 and "insufficientPermissions" in answer.text
        assert refused == (scope not in scopes[name]), scope


@pytest.mark.parametrize(
    ("name", "rpc"),
    [
        ("users.getProfile", "GetProfile"),
        ("users.messages.list", "ListMessages"),
        ("users.messages.get", "GetMessage"),
        ("users.messages.batchModify", "BatchModifyMessages"),
        ("users.messages.attachments.get", "GetAttachment"),
        ("users.history.list", "ListHistory"),
        ("users.drafts.create", "CreateDraft"),
        ("users.labels.list", "ListLabels"),
    ],
)
def test_methods_have_googles_internal_names(name: str, rpc: str) -> None:
    assert described(name).rpc == f"caribou.api.proto.MailboxService.{rpc}"


@pytest.mark.parametrize("beside", [(), ("readonly",), ("https://mail.google.com/",)])
async def test_gmail_metadata_forbids_searches_and_bodies_even_beside_more(
    google: Any, write_mail: Mail, refusal: Refusal, beside: tuple[str, ...]
) -> None:
    message = (await google.ids(google.person(ALICE, write_mail())))[0]
    token = google.token(ALICE, "metadata", *beside)
    answer = await google.ask(token, "GET", "messages", params={"q": "x"})
    assert refusal(answer) == (403, "forbidden", "Metadata scope does not support 'q' parameter")
    for form in ("full", "raw"):
        answer = await google.ask(token, "GET", f"messages/{message}", params={"format": form})
        assert refusal(answer)[:2] == (403, "forbidden")
    assert (await google.ask(token, "GET", f"messages/{message}")).status_code == 403
    assert await google.ids(token) == [message]
    await google.get(token, f"messages/{message}", format="metadata")


@pytest.mark.parametrize("user_id", ["bob@example.com", "nobody@example.com", "him"])
async def test_anothers_mailbox_is_delegation_denied_whether_it_exists_or_not(
    google: Any, refusal: Refusal, user_id: str
) -> None:
    google.person("bob@example.com")
    answer = await google.ask(google.person(ALICE), "GET", f"/gmail/v1/users/{user_id}/messages")
    assert refusal(answer) == (403, "forbidden", f"Delegation denied for {ALICE}")


@pytest.mark.parametrize("user_id", ["me", ALICE, "Alice@Example.com", "alice%40example.com"])
async def test_ones_own_address_is_me(google: Any, user_id: str) -> None:
    path = f"/gmail/v1/users/{user_id}/profile"
    assert (await google.ask(google.person(ALICE), "GET", path)).status_code == 200


async def test_an_account_without_a_mailbox_is_a_failed_precondition(
    google: Any, refusal: Refusal
) -> None:
    answer = await google.ask(google.token(ALICE, "readonly"), "GET", "profile")
    assert refusal(answer)[1:] == ("failedPrecondition", "Mail service not enabled")
    assert answer.json()["error"]["status"] == "FAILED_PRECONDITION"


@pytest.mark.parametrize("path", ["messages/{}", "threads/{}"])
@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ("xyz", 400, "Invalid id value"),
        ("8000000000000000", 400, "Invalid id value"),
        ("-1", 400, "Invalid id value"),
        (UNKNOWN, 404, "Requested entity was not found."),
        ("0", 404, "Requested entity was not found."),
    ],
)
async def test_an_impossible_id_is_a_400_and_an_unknown_one_a_404(
    google: Any, refusal: Refusal, path: str, given: str, code: int, text: str
) -> None:
    answer = await google.ask(google.person(ALICE), "GET", path.format(given))
    assert (refusal(answer)[0], refusal(answer)[2]) == (code, text)


async def test_upper_case_and_leading_zeros_of_an_id_resolve(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, write_mail())
    found = (await google.ids(alice))[0]
    await google.get(alice, f"messages/{found.upper()}")
    await google.get(alice, f"threads/000{found}")


@pytest.mark.parametrize(
    ("query", "reason", "text"),
    [
        ("maxResults=0", "invalidArgument", "Invalid maxResults"),
        ("maxResults=-1", "invalid", "Invalid value at 'max_results' (TYPE_UINT32), \"-1\""),
        ("maxResults=ten", "invalid", "Invalid value at 'max_results' (TYPE_UINT32), \"ten\""),
        ("includeSpamTrash=x", "invalid", "Invalid value at 'include_spam_trash' (TYPE_BOOL)"),
        ("nope=1", "invalid", "Cannot bind query parameter. Field 'nope' could not be found"),
        ("q=a&q=b", "invalid", "Proto field is not repeating, cannot start list."),
        ("labelIds=NOPE", "invalidArgument", "Invalid label: NOPE"),
        ("pageToken=abc", "invalidArgument", "Invalid pageToken"),
        ("alt=xml", "invalid", "Invalid value at 'alt'"),
        ("id=5", "invalid", "Unknown name"),
    ],
)
async def test_a_wrong_parameter_is_a_400(
    google: Any, refusal: Refusal, query: str, reason: str, text: str
) -> None:
    answer = await google.ask(google.person(ALICE), "GET", f"messages?{query}")
    assert refusal(answer)[:2] == (400, reason)
    assert text in refusal(answer)[2]
    assert ("domain" in answer.json()["error"]["errors"][0]) == (reason != "invalid")


async def test_a_format_that_is_none_is_a_400(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, write_mail())
    found = (await google.ids(alice))[0]
    assert (await google.ask(alice, "GET", f"messages/{found}?format=huge")).status_code == 400
    # Threads have no raw format.
    assert (await google.ask(alice, "GET", f"threads/{found}?format=raw")).status_code == 400


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{nope", "Unexpected token"),
        (b"[]", "Root element must be a message."),
        (b'{"nope": 1}', "Unknown name \"nope\" at 'message': Cannot find field."),
        (b'{"raw": "@@@"}', "Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed"),
        (b'{"raw": 5}', "Invalid value at 'message.raw' (TYPE_BYTES)"),
        (b'{"threadId": 5}', "Invalid value at 'message.thread_id' (TYPE_STRING), 5"),
        (b"{}", "'raw' RFC822 payload message string"),
        (b"", "'raw' RFC822 payload message string"),
        (b"[" * 100_000, "Unexpected token"),
    ],
)
async def test_a_wrong_body_is_a_400(google: Any, refusal: Refusal, body: bytes, text: str) -> None:
    answer = await google.ask(google.person(ALICE), "POST", "messages/send", content=body)
    assert refusal(answer)[0] == 400
    assert text in refusal(answer)[2]


@pytest.mark.parametrize(
    ("http_method", "path"),
    [
        ("GET", "nope"),
        ("GET", "/gmail/v2/users/me/profile"),
        ("GET", "messages/"),
        ("PUT", "messages/send"),
        ("GET", "settings/cse/identities"),
        ("GET", "watch"),
        ("POST", "/upload/gmail/v1/users/me/labels"),
        ("GET", "/nowhere"),
    ],
)
async def test_an_unknown_path_is_googles_page(google: Any, http_method: str, path: str) -> None:
    answer = await google.ask(google.person(ALICE), http_method, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Error 404" in answer.text


async def test_refusals_are_indented_and_lose_their_list_on_request(google: Any) -> None:
    token = google.person(ALICE)
    answer = await google.ask(token, "GET", "messages/xyz?prettyPrint=false")
    assert answer.text.startswith('{\n  "error": {\n')
    assert answer.text.endswith("\n")
    answer = await google.ask(token, "GET", "messages/xyz?$.xgafv=2")
    assert "errors" not in answer.json()["error"]
