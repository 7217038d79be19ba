"""The real arcadepy client against the real engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import arcadepy
import pytest

from arcade_gmail_multiuser.errors import ConnectionFailed, DeadlineExceeded

if TYPE_CHECKING:
    from engine_stack.stack import Stack

READ = "https://www.googleapis.com/auth/gmail.readonly"
SEND = "https://www.googleapis.com/auth/gmail.send"
LIST = "GmailMultiuser.ListLabels"
INVOKE = "/worker/tools/invoke"


async def test_a_person_is_authorized_confirmed_and_served_through_arcadepy(
    verified: Stack,
) -> None:
    client = verified.arcade()
    assert (await client.health.check()).healthy
    asked = await client.tools.authorize(
        tool_name=LIST, user_id="alice", next_uri="https://app.example.com/done"
    )
    assert asked.status == "pending"
    assert asked.url is not None
    waiting = asyncio.create_task(client.auth.wait_for_completion(asked))
    back = await verified.browser().consent(asked.url)
    flow_id = verified.flow_id_of(back.headers["location"])
    confirmed = await client.auth.confirm_user(flow_id=flow_id, user_id="alice")
    assert confirmed.auth_id == asked.id
    assert confirmed.next_uri == "https://app.example.com/done"
    done = await asyncio.wait_for(waiting, 5)
    assert done.status == "completed"
    assert done.context is not None
    assert done.context.token is None
    result = await client.tools.execute(tool_name=LIST, user_id="alice", input={"n": 1})
    assert result.success
    assert result.output is not None
    assert result.output.value == {"inputs": {"n": 1}}
    assert result.output.error is None
    assert result.duration is not None


async def test_start_names_provider_and_scopes(stack: Stack) -> None:
    asked = await stack.arcade().auth.start("alice", "google", scopes=[READ])
    assert (asked.status, asked.scopes, asked.provider_id) == ("pending", [READ], "google")
    assert asked.user_id == "alice"


async def test_listing_iterates_over_every_page(stack: Stack) -> None:
    stack.worker.tools = [stack.definition(f"Tool{n:03}", [READ]) for n in range(60)]
    names = [tool.name async for tool in stack.arcade().tools.list(limit=25)]
    assert names == [f"Tool{n:03}" for n in range(60)]


async def test_a_definition_tells_whether_the_user_may_use_it(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    tool = await stack.arcade().tools.get(LIST, user_id="alice")
    assert tool.requirements is not None
    assert tool.requirements.met is True
    assert tool.requirements.authorization is not None
    assert tool.requirements.authorization.token_status == "completed"


async def test_an_unauthorized_execute_is_a_permission_error_with_the_url(stack: Stack) -> None:
    with pytest.raises(arcadepy.PermissionDeniedError) as caught:
        await stack.arcade().tools.execute(tool_name=LIST, user_id="alice")
    body = caught.value.body
    assert isinstance(body, dict)
    assert body["name"] == "tool_authorization_required"
    assert body["authorization"]["url"].startswith("http://127.0.0.1:9099/v1/oauth/start?")


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (arcadepy.NotFoundError, {"tool_name": "GmailMultiuser.Nope", "user_id": "alice"}),
        (arcadepy.BadRequestError, {"tool_name": LIST}),
        (arcadepy.BadRequestError, {"tool_name": LIST, "user_id": "a", "run_at": "tomorrow"}),
    ],
)
async def test_errors_have_the_types_arcadepy_knows(
    stack: Stack, kind: type[Exception], call: dict[str, str]
) -> None:
    with pytest.raises(kind):
        await stack.arcade().tools.execute(**call)  # type: ignore[arg-type]


async def test_a_wrong_key_is_an_authentication_error(stack: Stack) -> None:
    client = stack.arcade().with_options(api_key="wrong")
    with pytest.raises(arcadepy.AuthenticationError):
        await client.tools.execute(tool_name=LIST, user_id="alice")


@pytest.mark.parametrize(
    "failure", [DeadlineExceeded("slow"), ConnectionFailed("broke", sent=True)]
)
async def test_s50_arcadepys_own_retries_never_repeat_a_send(
    stack: Stack, failure: Exception
) -> None:
    await stack.connect("alice", [SEND])
    sends = []
    carry = stack.outbound.send

    async def fail_after_sending(request: Any) -> Any:
        if request.url.endswith(INVOKE):
            sends.append(request)
            raise failure
        return await carry(request)

    stack.outbound.send = fail_after_sending  # type: ignore[method-assign]
    with pytest.raises(arcadepy.InternalServerError):
        await stack.arcade(max_retries=2).tools.execute(
            tool_name="GmailMultiuser.SendEmail", user_id="alice"
        )
    assert len(sends) == 1


async def test_connections_are_listed_and_removed(stack: Stack) -> None:
    await stack.connect("alice", [READ])
    await stack.connect("bob", [READ])
    admin = stack.arcade().admin.user_connections
    found = [c async for c in admin.list(user={"id": "bob"})]
    assert [(c.user_id, c.connection_status) for c in found] == [("bob", "active")]
    assert found[0].id is not None
    await admin.delete(found[0].id)
    assert [c.user_id async for c in admin.list()] == ["alice"]
    workers = [w async for w in stack.arcade().workers.list()]
    assert [w.type for w in workers] == ["http"]
