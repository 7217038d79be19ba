"""What a person's tokens become in the hands of the manager, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from arcade_gmail_multiuser.errors import (
    AuthorizationError,
    Conflict,
    InvalidInput,
    MissingScope,
    MissingToken,
    StorageError,
    TokenRejected,
)
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager

Connect = Callable[..., Any]


async def test_a_user_who_never_connected_is_not_authenticated(manager: SecureTokenManager) -> None:
    assert await manager.get_user_context("ann") == {"authenticated": False}
    with pytest.raises(AuthorizationError):
        await manager.token_for("ann")


async def test_a_stored_token_comes_back_to_its_user_alone(
    manager: SecureTokenManager, make_manager: Callable[..., SecureTokenManager], connect: Connect
) -> None:
    await connect(manager)
    assert await manager.get_user_context("ann") == {
        "authenticated": True,
        "token": "canary-access-0",
    }
    for other in ("Ann", "ann ", "bob"):
        assert await manager.get_user_context(other) == {"authenticated": False}
    elsewhere = make_manager(project="p2")
    assert await elsewhere.get_user_context("ann") == {"authenticated": False}


async def test_a_missing_permission_is_named(manager: SecureTokenManager, connect: Connect) -> None:
    await connect(manager, scopes=("read",))
    assert await manager.get_user_context("ann", scopes=("send",)) == {"authenticated": False}
    with pytest.raises(MissingScope) as refused:
        await manager.token_for("ann", ("read", "send"))
    assert refused.value.accepted == ("send",)


async def test_a_token_near_its_end_needs_a_refresh_and_gets_one(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager)
    clock.now += 2941
    assert await manager.get_user_context("ann") == {"needs_refresh": True}
    assert (await manager.token_for("ann")).access_token == "canary-access-1"
    assert await manager.get_user_context("ann") == {
        "authenticated": True,
        "token": "canary-access-1",
    }
    assert provider.calls == ["canary-refresh-0"]


async def test_a_token_that_lives_two_minutes_is_not_refreshed_at_every_use(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager, expires_in=120)
    clock.now += 60
    await manager.token_for("ann")
    assert provider.calls == []
    clock.now += 40
    await manager.token_for("ann")
    assert len(provider.calls) == 1


async def test_a_token_that_nothing_can_refresh_serves_until_its_end(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager, refresh_token=None, expires_in=3600)
    clock.now += 3570
    assert (await manager.token_for("ann")).access_token == "canary-access-0"
    clock.now += 30
    assert await manager.get_user_context("ann") == {"authenticated": False}
    with pytest.raises(TokenRejected):
        await manager.token_for("ann")
    assert provider.calls == []


@pytest.mark.parametrize("expires_in", [None, "soon", "3500", [], float("nan")])
async def test_037_a_token_of_unknown_life_is_refreshed_within_the_hour(
    manager: SecureTokenManager, connect: Connect, clock: Any, expires_in: object
) -> None:
    await connect(manager, expires_in=expires_in)
    clock.now += 3499
    assert "token" in await manager.get_user_context("ann")
    clock.now += 1
    assert await manager.get_user_context("ann") == {"needs_refresh": True}


async def test_037_a_token_of_negative_life_is_refreshed_before_it_is_used(
    manager: SecureTokenManager, connect: Connect, provider: Any
) -> None:
    await connect(manager, expires_in=-30)
    provider.answer["lifetime_s"] = "-30"
    assert await manager.get_user_context("ann") == {"needs_refresh": True}
    assert (await manager.token_for("ann")).access_token == "canary-access-1"
    assert len(provider.calls) == 1


async def test_037_clocks_five_minutes_off_either_way_never_serve_a_dead_token(
    make_manager: Callable[..., SecureTokenManager], connect: Connect, clock: Any, provider: Any
) -> None:
    ahead = make_manager(clock=lambda: clock.now + 300)
    behind = make_manager(clock=lambda: clock.now - 300)
    await connect(ahead)
    clock.now += 3599  # one real second before the provider calls it expired
    assert (await behind.token_for("ann")).access_token == "canary-access-1"
    assert len(provider.calls) == 1


async def test_037_clocks_five_minutes_off_do_not_refresh_at_every_use(
    make_manager: Callable[..., SecureTokenManager], connect: Connect, clock: Any, provider: Any
) -> None:
    ahead = make_manager(clock=lambda: clock.now + 300)
    behind = make_manager(clock=lambda: clock.now - 300)
    await connect(behind)
    for _ in range(10):
        for one in (ahead, behind):
            await one.token_for("ann")
        clock.now += 60
    assert provider.calls == []


async def test_016_another_account_is_refused_and_changes_nothing(
    manager: SecureTokenManager, connect: Connect
) -> None:
    before = await connect(manager)
    with pytest.raises(Conflict):
        await connect(manager, access_token="other", subject="somebody else")
    assert await manager.connection("ann") == before


async def test_023_a_consent_without_a_refresh_token_keeps_the_old_one(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager)
    await connect(manager, access_token="canary-newer", refresh_token=None)
    assert (await manager.get_user_context("ann"))["token"] == "canary-newer"
    clock.now += 3600
    await manager.token_for("ann")
    assert provider.calls == ["canary-refresh-0"]


async def test_023_a_refresh_without_a_refresh_token_keeps_the_old_one_and_with_one_takes_it(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager)
    for answer in ({}, {"refresh_token": "canary-refresh-1"}, {}):
        provider.answer = answer
        clock.now += 3600
        await manager.token_for("ann")
    assert provider.calls == ["canary-refresh-0", "canary-refresh-0", "canary-refresh-1"]


async def test_023_another_clients_refresh_token_is_not_kept(
    make_manager: Callable[..., SecureTokenManager], connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(make_manager())
    moved = make_manager(providers={"google": type(provider)(client_id="client-2")})
    await connect(moved, refresh_token=None)
    clock.now += 3600
    with pytest.raises(TokenRejected):
        await moved.token_for("ann")


async def test_a_refresh_token_is_never_sent_by_another_client(
    make_manager: Callable[..., SecureTokenManager], connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(make_manager())
    other = type(provider)(client_id="client-2")
    clock.now += 3600
    with pytest.raises(TokenRejected):
        await make_manager(providers={"google": other}).token_for("ann")
    assert other.calls == []
    assert (await make_manager().token_for("ann")).access_token == "canary-access-1"


async def test_024_scopes_grow_by_consents_in_any_order(
    make_manager: Callable[..., SecureTokenManager], connect: Connect
) -> None:
    consents = [
        connect(make_manager(), access_token=f"canary-{n}", scopes=tuple("abcdefgh"[: n + 1]))
        for n in range(8)
    ]
    await asyncio.gather(*consents)
    record = await make_manager().connection("ann")
    assert record is not None
    assert record.scopes == frozenset("abcdefgh")
    assert (await make_manager().token_for("ann")).access_token == "canary-7"


async def test_024_a_refresh_that_a_wider_consent_overtakes_does_not_shrink_it(
    make_manager: Callable[..., SecureTokenManager], connect: Connect, clock: Any, provider: Any
) -> None:
    manager = make_manager()
    await connect(manager, scopes=("read",))
    clock.now += 3600
    provider.gate, provider.answer = asyncio.Event(), {"scopes": frozenset({"read"})}
    refreshing = asyncio.create_task(manager.token_for("ann"))
    await provider.asked.wait()
    await connect(make_manager(), access_token="canary-wider", scopes=("read", "send"))
    provider.gate.set()
    assert (await refreshing).access_token == "canary-wider"
    assert (await manager.token_for("ann", ("send",))).access_token == "canary-wider"


async def test_025_invalid_grant_asks_the_person_again(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager)
    clock.now += 3600
    provider.fails = TokenRejected("invalid_grant")
    for _ in range(3):
        with pytest.raises(TokenRejected):
            await manager.token_for("ann")
    assert len(provider.calls) == 1
    assert await manager.get_user_context("ann") == {"authenticated": False}
    provider.fails = None
    await connect(manager, access_token="canary-again", refresh_token="canary-refresh-again")
    assert (await manager.token_for("ann")).access_token == "canary-again"


async def test_025_invalid_grant_for_tokens_that_were_replaced_meanwhile_is_of_no_matter(
    make_manager: Callable[..., SecureTokenManager], connect: Connect, clock: Any, provider: Any
) -> None:
    manager = make_manager()
    await connect(manager)
    clock.now += 3600
    provider.gate, provider.fails = asyncio.Event(), TokenRejected("invalid_grant")
    refreshing = asyncio.create_task(manager.token_for("ann"))
    await provider.asked.wait()
    await connect(make_manager(), access_token="canary-newer", refresh_token="canary-refresh-1")
    provider.gate.set()
    assert (await refreshing).access_token == "canary-newer"
    assert (await manager.token_for("ann")).access_token == "canary-newer"


async def test_040_a_rejected_token_is_refreshed_once_and_the_call_made_once_more(
    manager: SecureTokenManager, connect: Connect, provider: Any
) -> None:
    await connect(manager)
    used = []

    async def call(token: Any) -> str:
        used.append(str(token.access_token))
        if len(used) == 1:
            raise TokenRejected("401")
        return "done"

    assert await manager.call_with_token("ann", ("read",), call) == "done"
    assert used == ["canary-access-0", "canary-access-1"]
    assert len(provider.calls) == 1


async def test_040_a_second_rejection_is_final(
    manager: SecureTokenManager, connect: Connect, provider: Any
) -> None:
    await connect(manager)
    used = []

    async def call(token: Any) -> None:
        used.append(token)
        raise TokenRejected("401")

    with pytest.raises(TokenRejected):
        await manager.call_with_token("ann", (), call)
    assert (len(used), len(provider.calls)) == (2, 1)


async def test_040_many_rejections_of_one_token_make_one_refresh(
    make_manager: Callable[..., SecureTokenManager], connect: Connect, provider: Any
) -> None:
    managers = [make_manager() for _ in range(4)]
    await connect(managers[0])
    found = await asyncio.gather(
        *(managers[n % 4].mark_rejected("ann", "canary-access-0") for n in range(24))
    )
    assert {str(one.access_token) for one in found} == {"canary-access-1"}
    assert len(provider.calls) == 1


async def test_a_token_that_was_rejected_after_a_shared_refresh_is_refreshed_anew(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    await connect(manager)
    clock.now += 3600
    first = await manager.token_for("ann")
    newer = await manager.mark_rejected("ann", first.access_token)
    assert (first.access_token, newer.access_token) == ("canary-access-1", "canary-access-2")


async def test_028_a_disconnected_user_is_gone_and_the_token_to_revoke_is_handed_over_first(
    manager: SecureTokenManager, connect: Connect
) -> None:
    await connect(manager)
    to_revoke = []

    async def note(record: Any, token: Any) -> None:
        assert await manager.connection("ann") == record
        to_revoke.append(str(token))

    assert await manager.disconnect("ann", before_erasing=note)
    assert to_revoke == ["canary-refresh-0"]
    assert await manager.get_user_context("ann") == {"authenticated": False}
    assert not await manager.disconnect("ann")
    assert await manager.needed_key_ids() == frozenset()


async def test_028_what_cannot_be_noted_for_revoking_is_not_erased(
    manager: SecureTokenManager, connect: Connect
) -> None:
    held = await connect(manager)

    async def fail(*_: Any) -> None:
        raise StorageError("no")

    with pytest.raises(StorageError):
        await manager.disconnect("ann", before_erasing=fail)
    assert await manager.connection("ann") == held


async def test_035_a_disconnect_during_a_refresh_is_not_undone_by_it(
    make_manager: Callable[..., SecureTokenManager], connect: Connect, clock: Any, provider: Any
) -> None:
    manager = make_manager()
    await connect(manager)
    clock.now += 3600
    provider.gate = asyncio.Event()
    refreshing = asyncio.create_task(manager.token_for("ann"))
    await provider.asked.wait()
    assert await make_manager().disconnect("ann")
    provider.gate.set()
    with pytest.raises(AuthorizationError):
        await refreshing
    assert await manager.get_user_context("ann") == {"authenticated": False}


async def test_035_a_refresh_from_before_a_disconnect_does_not_touch_the_next_connection(
    make_manager: Callable[..., SecureTokenManager], connect: Connect, clock: Any, provider: Any
) -> None:
    manager, other = make_manager(), make_manager()
    await connect(manager)
    clock.now += 3600
    provider.gate = asyncio.Event()
    refreshing = asyncio.create_task(manager.token_for("ann"))
    await provider.asked.wait()
    await other.disconnect("ann")
    await connect(other, access_token="canary-of-another-account", subject="another")
    provider.gate.set()
    assert (await refreshing).record.subject == "another"
    record = await other.connection("ann")
    assert record is not None
    assert (await other.token_for("ann")).access_token == "canary-of-another-account"


async def test_uses_are_noted_without_a_write_for_each(
    manager: SecureTokenManager, connect: Connect, clock: Any
) -> None:
    held = await connect(manager)
    clock.now += 7
    await manager.token_for("ann")
    assert await manager.connection("ann") == held
    await manager.flush()
    record = await manager.connection("ann")
    assert record is not None
    assert (record.last_used_at, record.generation) == (clock.now, held.generation)


async def test_of_the_uses_within_a_minute_only_the_first_is_written(
    manager: SecureTokenManager, connect: Connect, clock: Any
) -> None:
    await connect(manager)
    begun = clock.now
    for seconds, seen in ((0, 0), (59, 0), (60, 60)):
        clock.now = begun + seconds
        await manager.token_for("ann")
        await manager.flush()
        record = await manager.connection("ann")
        assert record is not None
        assert record.last_used_at == begun + seen


async def test_fresh_says_whether_there_would_be_a_token_and_uses_nothing(
    manager: SecureTokenManager, connect: Connect, clock: Any, provider: Any
) -> None:
    held = await connect(manager)
    clock.now += 3600
    assert (await manager.fresh("ann")).generation != held.generation
    await manager.flush()
    record = await manager.connection("ann")
    assert record is not None
    assert record.last_used_at is None
    with pytest.raises(MissingScope):
        await manager.fresh("ann", ["https://example.com/another"])


async def test_a_connection_made_since_is_not_disconnected_for_the_one_before(
    manager: SecureTokenManager, connect: Connect
) -> None:
    first = await connect(manager)
    await manager.disconnect("ann", connection_id=first.id)
    second = await connect(manager)
    assert not await manager.disconnect("ann", connection_id=first.id)
    assert await manager.connection("ann") == second
    assert await manager.disconnect("ann", connection_id=second.id)


@pytest.mark.parametrize("token", ["", "  ", "a\r\nb", "日本語", "x" * 9000, None])
async def test_what_is_no_token_is_not_stored(manager: SecureTokenManager, token: Any) -> None:
    with pytest.raises((MissingToken, InvalidInput)):
        await manager.store_user_token("ann", "google", access_token=token)
    assert await manager.connection("ann") is None


async def test_017_a_missing_user_id_is_refused(manager: SecureTokenManager) -> None:
    with pytest.raises(InvalidInput):
        await manager.token_for("")
    with pytest.raises(InvalidInput):
        await manager.store_user_token("", "google", access_token="canary")


async def test_an_unknown_provider_is_refused(manager: SecureTokenManager) -> None:
    with pytest.raises(InvalidInput):
        await manager.store_user_token("ann", "nobody", access_token="canary")


async def test_046_nothing_a_caller_holds_shows_a_token(
    manager: SecureTokenManager, connect: Connect
) -> None:
    record = await connect(manager)
    token = await manager.token_for("ann")
    context = await manager.get_user_context("ann")
    shown = f"{manager!r} {record!r} {token!r} {context!r} {vars(manager)!r}"
    assert "canary" not in shown
    assert "ann" not in shown
