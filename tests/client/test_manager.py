"""The manager and what engines answer, odd answers first."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest
from arcadepy import Arcade
from fake_engine import URL, FakeEngine, broke, definition, pending, refused, worked

from arcade_gmail_multiuser.client import MultiUserGmailAgent, MultiUserGmailManager
from arcade_gmail_multiuser.errors import (
    AuthorizationFailed,
    ConfigurationError,
    Conflict,
    EngineRefused,
    EngineUnavailable,
    GmailMultiuserError,
    InvalidInput,
    InvalidParameters,
    OutcomeUnknown,
    RateLimited,
    ToolFailed,
    UnknownTool,
    WrongUser,
)

ALICE, BOB = "alice@example.com", "bob@example.com"
EXECUTE, AUTHORIZE, TOOLS = "/v1/tools/execute", "/v1/tools/authorize", "/v1/tools"
ASKS = {
    "authorization_required": True,
    "url": URL,
    "message": "Ask the user to open the url and grant access, then call again.",
}
LETTER = {"recipient": "bob@example.com", "subject": "s", "body": "canary-body"}


# Who the call is for


@pytest.mark.parametrize("nobody", ["", " ", "\n", None, 7, b"alice", "a\0b", "a\ud800", "x" * 513])
async def test_a_call_without_a_usable_user_id_reaches_no_engine(
    engine: FakeEngine, manager: MultiUserGmailManager, nobody: Any
) -> None:
    for call in (
        manager.authenticate_user(nobody),
        manager.wait_for_authorization(nobody),
        manager.execute_gmail_action(nobody, "ListEmails"),
        manager.disconnect(nobody),
    ):
        with pytest.raises(InvalidInput):
            await call
    assert engine.asked == []


@pytest.mark.parametrize(
    "user_id", ["Alice", "alice ", "álice", "a/b?c=d&user_id=bob", "日本", "a:b"]
)
async def test_a_user_id_arrives_exactly_as_it_was_given(
    engine: FakeEngine, manager: MultiUserGmailManager, user_id: str
) -> None:
    await manager.authenticate_user(user_id)
    await manager.execute_gmail_action(user_id, "ListEmails")
    sent = [call.body["user_id"] for call in engine.asked if call.body]
    assert sent == [user_id, user_id]


async def test_an_authorization_of_another_user_is_refused(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(AUTHORIZE, pending(BOB))
    with pytest.raises(WrongUser):
        await manager.authenticate_user(ALICE)


async def test_a_url_for_another_user_in_a_refusal_is_never_handed_on(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    other = pending(BOB, url="https://engine.test/for-bob")
    engine.on(EXECUTE, refused(403, {"name": "authorization_required", "authorization": other}))
    assert await manager.execute_gmail_action(ALICE, "ListEmails") == ASKS


async def test_two_hundred_users_at_once_each_get_their_own(engine: FakeEngine) -> None:
    async def execute(asked: Any) -> Any:
        await asyncio.sleep(0)
        user_id = asked.body["user_id"]
        if asked.body["input"]["n_emails"] % 5 == 0:
            return refused(403, {"authorization": pending(user_id, url=f"{URL}&of={user_id}")})
        return worked({"for": user_id, "n": asked.body["input"]["n_emails"]})

    engine.on(EXECUTE, execute)
    manager = engine.manager(max_sessions=50)

    async def one(user_id: str, number: int) -> None:
        found = await manager.execute_gmail_action(user_id, "ListEmails", {"n_emails": number})
        if number % 5 == 0:
            assert found["url"] == f"{URL}&of={user_id}"
        else:
            assert found == {"for": user_id, "n": number}

    users = [f"user{n}" for n in range(200)]
    await asyncio.gather(*(one(user, number) for number in range(5) for user in users))
    assert len(engine.calls(EXECUTE)) == 1000
    assert len(manager._pending) <= 50


# Authorization is missing


@pytest.mark.parametrize(
    "body",
    [
        {"name": "tool_authorization_required", "message": "m", "url": URL},
        {"name": "x", "authorization": {"id": "ac_1", "status": "pending", "url": URL}},
        {"code": 403, "error": "authorization_required", "msg": "m", "authorization_url": URL},
        {"error": {"name": "authorization_required", "auth_url": URL}},
        {"output": {"authorization": {"url": URL}}},
        {"message": "authorization required", "authUrl": URL},
    ],
)
async def test_a_403_with_the_url_somewhere_asks_for_authorization(
    engine: FakeEngine, manager: MultiUserGmailManager, body: Any
) -> None:
    engine.on(EXECUTE, refused(403, body))
    assert await manager.execute_gmail_action(ALICE, "SendEmail", LETTER) == ASKS
    assert engine.calls(AUTHORIZE) == []


@pytest.mark.parametrize(
    "body",
    [
        {"name": "forbidden", "message": "authorization required"},
        {"name": "forbidden", "url": "https://docs.test/help"},
        {"message": "authorization required", "url": "javascript:alert(1)"},
        [],
        "no",
    ],
)
async def test_a_403_without_a_usable_url_is_followed_by_asking_for_one(
    engine: FakeEngine, manager: MultiUserGmailManager, body: Any
) -> None:
    engine.on(EXECUTE, refused(403, body))
    assert await manager.execute_gmail_action(ALICE, "SendEmail", LETTER) == ASKS
    (asked,) = engine.calls(AUTHORIZE)
    assert asked.body == {"tool_name": "GmailMultiuser.SendEmail", "user_id": ALICE}


async def test_a_200_with_an_authorization_in_its_output_asks_for_authorization(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(EXECUTE, {"success": False, "output": {"authorization": pending(ALICE)}})
    assert await manager.execute_gmail_action(ALICE, "ListEmails") == ASKS


async def test_a_403_that_is_not_about_authorization_is_an_error_after_one_more_try(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(EXECUTE, refused(403, {"name": "tool_disabled", "message": "m"}))
    engine.on(AUTHORIZE, {"status": "completed"})
    with pytest.raises(EngineRefused) as caught:
        await manager.execute_gmail_action(ALICE, "SendEmail", LETTER)
    assert caught.value.status == 403
    assert "tool_disabled" in caught.value.message
    assert len(engine.calls(EXECUTE)) == 2


async def test_a_user_who_agrees_between_refusal_and_question_is_served(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(EXECUTE, refused(403), worked("served"))
    engine.on(AUTHORIZE, {"status": "completed"})
    assert await manager.execute_gmail_action(ALICE, "ListEmails") == "served"


@pytest.mark.parametrize("code", ["token_rejected", "missing_scope", "missing_token"])
async def test_a_token_that_google_refuses_leads_to_asking_again(
    engine: FakeEngine, manager: MultiUserGmailManager, code: str
) -> None:
    kind = "UPSTREAM_RUNTIME_AUTH_ERROR"
    engine.on(EXECUTE, broke(kind=kind, status_code=401, extra={"code": code}))
    assert await manager.execute_gmail_action(ALICE, "ListEmails") == ASKS
    assert len(engine.calls(EXECUTE)) == 1


async def test_a_refused_token_that_the_engine_finds_good_is_the_tools_error_and_not_repeated(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    kind = "UPSTREAM_RUNTIME_AUTH_ERROR"
    engine.on(EXECUTE, broke(kind=kind, status_code=401, extra={"code": "token_rejected"}))
    engine.on(AUTHORIZE, {"status": "completed"})
    with pytest.raises(ToolFailed, match=r"No\."):
        await manager.execute_gmail_action(ALICE, "SendEmail", LETTER)
    assert len(engine.calls(EXECUTE)) == 1


async def test_an_authorization_error_drops_what_was_kept_of_that_user_only(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    for user in (ALICE, BOB):
        await manager.authenticate_user(user, "SendEmail")
        manager.cache.set_cached_tools(user, [])
    engine.on(EXECUTE, refused(403, {"authorization": {"url": URL}}))
    await manager.execute_gmail_action(ALICE, "ListEmails")
    assert ALICE not in manager._pending
    assert BOB in manager._pending
    assert manager.cache.get_cached_tools(ALICE) is None
    assert manager.cache.get_cached_tools(BOB) == []


async def test_an_authorization_that_failed_or_has_no_address_is_an_error(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(AUTHORIZE, {"status": "failed", "id": "ac_1"})
    with pytest.raises(AuthorizationFailed):
        await manager.authenticate_user(ALICE)
    engine.on(AUTHORIZE, {"status": "pending", "id": "ac_1", "url": "javascript:alert(1)"})
    with pytest.raises(EngineUnavailable):
        await manager.authenticate_user(ALICE)


async def test_several_tools_are_authorized_at_once_by_the_sum_of_their_scopes(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    assert await manager.authenticate_user(ALICE, ["ListEmails", "send_email"]) == ASKS
    (asked,) = engine.calls("/v1/auth/authorize")
    assert asked.body["auth_requirement"] == {
        "provider_id": "google",
        "provider_type": "oauth2",
        "oauth2": {
            "scopes": [
                "https://www.googleapis.com/auth/gmail.readonly",
                "https://www.googleapis.com/auth/gmail.send",
            ]
        },
    }


# What is repeated and what is not


@pytest.mark.parametrize(
    "answer",
    [
        refused(500, {}, retry_after_ms="1"),
        refused(502, {}, retry_after_ms="1"),
        refused(503, {"name": "overloaded"}, retry_after_ms="1"),
        refused(408, {}, retry_after_ms="1"),
        httpx.ReadTimeout("canary"),
        httpx.RemoteProtocolError("canary"),
        httpx.Response(200, content=b"{", headers={"content-type": "application/json"}),
        httpx.Response(200, content=b"<html>", headers={"content-type": "text/html"}),
        {"success": True, "output": [1]},
    ],
    ids=lambda a: str(getattr(a, "status_code", type(a).__name__)),
)
async def test_a_write_whose_answer_is_lost_is_sent_once_and_said_to_be_unknown(
    engine: FakeEngine, manager: MultiUserGmailManager, answer: Any
) -> None:
    engine.on(EXECUTE, answer)
    with pytest.raises(OutcomeUnknown):
        await manager.execute_gmail_action(ALICE, "SendEmail", LETTER)
    assert len(engine.calls(EXECUTE)) == 1


@pytest.mark.parametrize(
    "answer",
    [httpx.ConnectError("x"), refused(503, {"name": "unavailable", "message": "m"})],
    ids=["not connected", "worker away"],
)
async def test_a_write_that_certainly_did_not_happen_may_be_repeated_by_the_caller(
    engine: FakeEngine, manager: MultiUserGmailManager, answer: Any
) -> None:
    engine.on(EXECUTE, answer)
    with pytest.raises(EngineUnavailable) as caught:
        await manager.execute_gmail_action(ALICE, "SendEmail", LETTER)
    assert caught.value.can_retry
    assert len(engine.calls(EXECUTE)) == 1


async def test_a_503_that_forbids_repeating_leaves_a_write_unknown(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(EXECUTE, refused(503, {"name": "unavailable"}, x_should_retry="false"))
    with pytest.raises(OutcomeUnknown):
        await manager.execute_gmail_action(ALICE, "SendEmail", LETTER)


async def test_a_read_is_repeated_by_arcadepy(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(EXECUTE, refused(503, {}, retry_after_ms="1"), worked("read"))
    assert await manager.execute_gmail_action(ALICE, "ListEmails") == "read"
    assert len(engine.calls(EXECUTE)) == 2


async def test_a_rate_limit_says_how_long_to_wait(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.on(EXECUTE, refused(429, {}, retry_after="7"))
    with pytest.raises(RateLimited) as caught:
        await manager.execute_gmail_action(ALICE, "SendEmail", LETTER)
    assert caught.value.retry_after_ms == 7000
    assert len(engine.calls(EXECUTE)) == 1


@pytest.mark.parametrize(
    ("name", "reads", "repeats"),
    [
        ("GetOrCreateLabel", False, 1),
        ("FetchEverything", True, 2),
        ("GetThing", None, 2),
        ("WhoAmI", None, 2),
        ("ProcessEmails", None, 1),
    ],
)
async def test_the_engines_word_decides_what_a_write_is_and_without_it_the_name_does(
    engine: FakeEngine, name: str, reads: bool | None, repeats: int
) -> None:
    engine.tools = [definition(name, reads=reads)]
    engine.on(EXECUTE, refused(500, {}, retry_after_ms="1"))
    with pytest.raises((EngineUnavailable, OutcomeUnknown)):
        await engine.manager(max_retries=1).execute_gmail_action(ALICE, name)
    assert len(engine.calls(EXECUTE)) == repeats


async def test_without_a_list_of_tools_known_names_still_work_and_sends_stay_writes(
    engine: FakeEngine,
) -> None:
    engine.on(TOOLS, refused(503))
    manager = engine.manager(max_retries=0)
    await manager.execute_gmail_action(ALICE, "send_email", LETTER)
    (asked,) = engine.calls(EXECUTE)
    assert asked.body["tool_name"] == "GmailMultiuser.SendEmail"
    engine.on(EXECUTE, httpx.ReadTimeout("x"))
    with pytest.raises(OutcomeUnknown):
        await manager.execute_gmail_action(ALICE, "send_email", LETTER)
    assert len(engine.calls(TOOLS)) == 1


async def test_a_name_nobody_knows_is_not_called_unknown_while_the_engine_lists_no_tools(
    engine: FakeEngine, clock: Any
) -> None:
    engine.on(TOOLS, refused(503))
    engine.tools = [definition("PayInvoice", toolkit="Ours")]
    manager = engine.manager(max_retries=0, toolkit="Ours", clock=clock)
    with pytest.raises(EngineUnavailable):
        await manager.execute_gmail_action(ALICE, "pay_invoice")
    with pytest.raises(UnknownTool):
        await manager.execute_gmail_action(ALICE, "")
    assert engine.calls(EXECUTE) == []
    engine.handlers.clear()
    clock.now += 60
    await manager.execute_gmail_action(ALICE, "pay_invoice")
    with pytest.raises(UnknownTool):
        await manager.execute_gmail_action(ALICE, "get_invoice")


# Names


@pytest.mark.parametrize(
    "name",
    [
        "send_email",
        "SendEmail",
        "GmailMultiuser.SendEmail",
        "GmailMultiuser_SendEmail",
        "gmailmultiuser.send_email",
        "GmailMultiuser.SendEmail@1.0.0",
    ],
)
async def test_a_tool_answers_to_any_of_its_names(
    engine: FakeEngine, manager: MultiUserGmailManager, name: str
) -> None:
    await manager.execute_gmail_action(ALICE, name, LETTER)
    assert engine.calls(EXECUTE)[0].body["tool_name"] == "GmailMultiuser.SendEmail"


@pytest.mark.parametrize(
    "name", ["SendMail", "Gmail.SendEmail", "Gmail_SendEmail", "", ".", None, "x" * 9999, "a b/c"]
)
async def test_an_unknown_tool_is_an_error_before_any_call(
    engine: FakeEngine, manager: MultiUserGmailManager, name: Any
) -> None:
    with pytest.raises(UnknownTool) as caught:
        await manager.execute_gmail_action(ALICE, name, LETTER)
    assert engine.calls(EXECUTE) == []
    assert len(caught.value.message) < 300
    if name == "SendMail":
        assert caught.value.closest[0] == "SendEmail"


async def test_the_hosted_toolkit_is_another_name_only(engine: FakeEngine) -> None:
    engine.tools = [definition("SendEmail", reads=False, toolkit="Gmail")]
    manager = engine.manager(toolkit="Gmail")
    await manager.execute_gmail_action(ALICE, "Gmail_SendEmail", LETTER)
    assert engine.calls(TOOLS)[0].query["toolkit"] == "Gmail"
    assert engine.calls(EXECUTE)[0].body["tool_name"] == "Gmail.SendEmail"


async def test_the_list_of_tools_is_read_once_for_all_users_and_all_its_pages(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    engine.tools += [definition(f"GetThing{n}", reads=True) for n in range(150)]
    await asyncio.gather(
        *(manager.execute_gmail_action(f"u{n}", "get_thing_149") for n in range(30))
    )
    assert [call.query["offset"] for call in engine.calls(TOOLS)] == ["0", "100"]


async def test_a_tool_that_is_new_at_the_engine_is_found_after_a_moment(
    engine: FakeEngine, clock: Any
) -> None:
    manager = engine.manager(clock=clock)
    with pytest.raises(UnknownTool):
        await manager.execute_gmail_action(ALICE, "GetNews")
    engine.tools.append(definition("GetNews", reads=True))
    clock.now += 6
    assert await manager.execute_gmail_action(ALICE, "GetNews")


async def test_a_tool_that_wants_the_users_id_is_given_it(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    found = await manager.execute_gmail_action(ALICE, "MultiUserGmailSend", {"to": BOB})
    assert found["input"] == {"user_id": ALICE, "to": BOB}


# Errors


async def test_a_tools_error_keeps_its_names_and_what_to_do_next(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    message = "[TOOL_RUNTIME_RETRY] RetryableToolError during execution of tool 'x': No such label."
    engine.on(
        EXECUTE,
        broke(
            message,
            kind="TOOL_RUNTIME_RETRY",
            can_retry=True,
            retry_after_ms=5,
            status_code=400,
            additional_prompt_content="Closest label names: Work",
            extra={"code": "unknown_label"},
        ),
    )
    with pytest.raises(ToolFailed) as caught:
        await manager.execute_gmail_action(ALICE, "ListEmails")
    error = caught.value
    assert error.message == "No such label."
    assert (error.code, error.kind, error.status) == ("unknown_label", "TOOL_RUNTIME_RETRY", 400)
    assert (error.can_retry, error.retry_after_ms) == (True, 5)
    assert error.hint == "Closest label names: Work"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(401, {"name": "unauthorized"}), ConfigurationError),
        (refused(404, {"name": "tool_not_found"}), UnknownTool),
        (refused(409, {}), Conflict),
        (refused(413, {"name": "body_too_large"}), InvalidInput),
        (refused(400, {"name": "missing_secret"}), EngineRefused),
        (refused(422, {"error": "bad", "msg": "canary"}), EngineRefused),
        (broke(extra={"code": "outcome_unknown"}), OutcomeUnknown),
        (broke(kind="UPSTREAM_RUNTIME_RATE_LIMIT", retry_after_ms=9), RateLimited),
        (broke(extra={"code": "wrong_user"}, kind="UPSTREAM_RUNTIME_AUTH_ERROR"), ToolFailed),
        (broke(kind="TOOL_RUNTIME_BAD_INPUT_VALUE"), InvalidParameters),
        (broke(extra={"code": "x"}, kind="TOOL_RUNTIME_BAD_INPUT_VALUE"), ToolFailed),
        ({"success": False}, ToolFailed),
        ({"success": False, "output": {}}, ToolFailed),
        ({"success": False, "output": {"error": {"message": None, "kind": 7}}}, ToolFailed),
    ],
    ids=str,
)
async def test_every_answer_has_a_type(
    engine: FakeEngine, manager: MultiUserGmailManager, answer: Any, kind: type[Exception]
) -> None:
    engine.on(EXECUTE, answer)
    with pytest.raises(GmailMultiuserError) as caught:
        await manager.execute_gmail_action(ALICE, "SendEmail", LETTER)
    assert type(caught.value) is kind


async def test_no_error_and_no_log_carries_a_letter_or_an_answer(
    engine: FakeEngine, manager: MultiUserGmailManager, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in (refused(400, {"message": "canary"}), httpx.ReadError("canary")):
        engine.on(EXECUTE, answer)
        with pytest.raises(GmailMultiuserError) as caught:
            await manager.execute_gmail_action(ALICE, "SendEmail", LETTER)
        problem = caught.value
        assert problem.__cause__ is None
        assert problem.__suppress_context__
        assert "canary" not in f"{problem}{problem.developer_message}{problem!r}"
    assert "httpx" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    "params", [{"body": b"x"}, {"body": float("nan")}, {"body": "\ud800"}, ["x"], "x", {"b": {1}}]
)
async def test_parameters_that_no_json_can_hold_are_refused_before_any_call(
    engine: FakeEngine, manager: MultiUserGmailManager, params: Any
) -> None:
    with pytest.raises(InvalidInput):
        await manager.execute_gmail_action(ALICE, "SendEmail", params)
    assert engine.asked == []


def test_without_a_key_the_manager_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARCADE_API_KEY", raising=False)
    with pytest.raises(ConfigurationError):
        MultiUserGmailManager()


async def test_a_client_made_here_keeps_no_cookies_and_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ARCADE_API_KEY", "key")
    async with MultiUserGmailManager() as manager:
        http = manager.client._client
        request = httpx.Request("GET", "https://api.arcade.dev/")
        answer = httpx.Response(200, headers={"set-cookie": "who=alice"}, request=request)
        http.cookies.extract_cookies(answer)
        assert len(http.cookies.jar) == 0
    assert http.is_closed


async def test_a_closed_client_is_no_engine_that_is_away_and_leaves_no_write_in_doubt(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    await manager.client.close()
    for call in (
        manager.execute_gmail_action(ALICE, "ListEmails"),
        manager.execute_gmail_action(ALICE, "SendEmail", LETTER),
        manager.authenticate_user(ALICE),
        manager.wait_for_authorization(ALICE),
        manager.disconnect(ALICE),
        MultiUserGmailAgent(manager).process_email_request(ALICE, {"action": "list"}),
    ):
        with pytest.raises(ConfigurationError):
            await call
    assert engine.asked == []


def test_a_second_event_loop_is_refused_before_anything_is_sent(engine: FakeEngine) -> None:
    manager = engine.manager()
    asyncio.run(manager.execute_gmail_action(ALICE, "ListEmails"))
    with pytest.raises(ConfigurationError, match="one event loop"):
        asyncio.run(manager.execute_gmail_action(ALICE, "SendEmail", LETTER))
    assert len(engine.calls(EXECUTE)) == 1


@pytest.mark.parametrize("over", [True, False])
def test_only_what_a_loop_that_is_over_held_may_stay_unclosed(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, over: bool
) -> None:
    manager = engine.manager()
    manager._owns_client = True

    async def close() -> None:
        raise RuntimeError("Event loop is closed")

    monkeypatch.setattr(manager.client, "close", close)
    if over:
        asyncio.run(manager.execute_gmail_action(ALICE, "ListEmails"))
        asyncio.run(manager.aclose())
        return
    with pytest.raises(RuntimeError):
        asyncio.run(manager.aclose())


# Leaving


async def test_disconnecting_ends_the_users_own_connections_even_if_the_filter_is_ignored(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    path = "/v1/admin/user_connections"
    rows = [
        {"id": "mine", "user_id": ALICE, "provider_id": "google"},
        {"id": "theirs", "user_id": BOB, "provider_id": "google"},
        {"id": "other", "user_id": ALICE, "provider_id": "slack"},
        {"id": "../mine2", "user_id": ALICE, "provider_id": "google"},
    ]
    engine.on(path, {"items": rows, "offset": 0, "total_count": 4})
    deleted: list[str] = []

    def gone(asked: Any) -> httpx.Response:
        deleted.append(asked.path)
        return httpx.Response(204)

    for row in ("mine", "theirs", "other", "../mine2"):
        engine.on(f"{path}/{row}", gone)
    manager.cache.set_cached_tools(ALICE, [])
    assert await manager.disconnect(ALICE) == {"disconnected": True, "connections": 2}
    assert deleted == [f"{path}/mine", f"{path}/../mine2"]
    assert manager.cache.get_cached_tools(ALICE) is None


async def test_disconnecting_what_is_gone_is_no_error(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    rows = [{"id": "mine", "user_id": ALICE, "provider_id": "google"}]
    engine.on("/v1/admin/user_connections", {"items": rows, "offset": 0, "total_count": 1})
    assert await manager.disconnect(ALICE) == {"disconnected": True, "connections": 0}


async def test_a_cancelled_call_leaves_nothing_behind(
    engine: FakeEngine, manager: MultiUserGmailManager
) -> None:
    reached = asyncio.Event()

    async def hang(_asked: Any) -> Any:
        reached.set()
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    for path in (TOOLS, EXECUTE):
        reached.clear()
        engine.on(path, hang)
        call = asyncio.ensure_future(manager.execute_gmail_action(ALICE, "ListEmails"))
        await reached.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        engine.handlers.clear()
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert len(manager._pending) == 0
    assert await manager.execute_gmail_action(ALICE, "ListEmails")


def test_a_client_that_cannot_be_awaited_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="AsyncArcade"):
        MultiUserGmailManager(Arcade(api_key="k"))  # type: ignore[arg-type]
