"""What every store has to do, on the real thing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from arcade_gmail_multiuser.security.tokens.record import TokenKey, TokenRecord, first_generation
from arcade_gmail_multiuser.security.tokens.store import Reseal, TokenStore

KEY = TokenKey("p1", "ann", "google")


def record_for(key: TokenKey = KEY, **changes: Any) -> TokenRecord:
    given = {
        "key": key,
        "id": f"uc_{first_generation()}",
        "generation": first_generation(),
        "status": "active",
        "client_id": "client-1",
        "subject": "sub",
        "email": "ann@example.com",
        "scopes": frozenset({"read", "send"}),
        "key_id": "k1",
        "sealed_access": b"\x00\xffaccess",
        "sealed_refresh": b"refresh\x00",
        "issued_at": 1000.5,
        "expires_at": 4600.25,
        "created_at": 900.125,
        "updated_at": 1000.5,
        **changes,
    }
    return TokenRecord(**given)


def seal_with(record: TokenRecord, key_id: str) -> Reseal:
    sealed = {"sealed_access": b"new access", "sealed_refresh": b"new refresh"}
    return Reseal(record, replace(record, key_id=key_id, **sealed))


async def collect(pages: AsyncIterator[Any]) -> list[TokenRecord]:
    return [record async for page in pages for record in page]


@pytest.fixture
async def second_store(place: Any, store: TokenStore) -> AsyncIterator[TokenStore]:
    """The same place as another process would open it."""
    if place.name == "memory":
        yield store
        return
    opened = place.open()
    await opened.prepare()
    yield opened
    await opened.close()


async def test_a_record_comes_back_as_it_was_put(store: TokenStore) -> None:
    record = record_for(last_used_at=1234.5)
    assert await store.put_if_generation(record, expected=None)
    assert await store.get(KEY) == record


async def test_a_record_without_a_refresh_token_or_scopes_comes_back_so(store: TokenStore) -> None:
    record = record_for(sealed_refresh=None, scopes=frozenset(), status="reauthorize")
    await store.put_if_generation(record, expected=None)
    assert await store.get(KEY) == record


async def test_what_was_never_stored_is_none(store: TokenStore) -> None:
    assert await store.get(KEY) is None


async def test_018_ids_that_only_look_alike_are_different_users(store: TokenStore) -> None:
    ids = [
        "ann",
        "Ann",
        "ann ",
        " ann",
        "ann:google",
        "ａｎｎ",
        "a\u0301nn",
        "\u00e1nn",
        "%",
        "日本語",
    ]
    keys = [TokenKey("p1", user_id, "google") for user_id in ids]
    keys += [TokenKey("p1:ann", "x", "google"), TokenKey("p1", "ann:x", "google")]
    keys += [TokenKey("p1", "x", "google:y"), TokenKey("p2", "ann", "google")]
    records = [record_for(key) for key in keys]
    for record in records:
        assert await store.put_if_generation(record, expected=None)
    for record in records:
        assert await store.get(record.key) == record


async def test_the_longest_ids_can_be_kept(store: TokenStore) -> None:
    key = TokenKey("\U0001f600" * 64, "\U0001f4e7" * 512, "\U0001f511" * 64)
    assert await store.put_if_generation(record_for(key), expected=None)
    assert await store.acquire_lease(key, "me", 5.0) is None
    assert (await store.get(key)) is not None


async def test_a_write_that_expects_another_generation_changes_nothing(store: TokenStore) -> None:
    held = record_for()
    await store.put_if_generation(held, expected=None)
    newer = replace(held, generation=held.generation + 1, email="other@example.com")
    assert not await store.put_if_generation(newer, expected=None)
    assert not await store.put_if_generation(newer, expected=held.generation + 1)
    assert await store.get(KEY) == held
    assert await store.put_if_generation(newer, expected=held.generation)
    assert await store.get(KEY) == newer


async def test_of_many_writers_of_one_generation_exactly_one_wins(
    store: TokenStore, second_store: TokenStore
) -> None:
    held = record_for()
    await store.put_if_generation(held, expected=None)
    writers = [
        (store, second_store)[n % 2].put_if_generation(
            replace(held, generation=held.generation + 1, email=f"{n}@example.com"),
            expected=held.generation,
        )
        for n in range(20)
    ]
    won = [n for n, did in enumerate(await asyncio.gather(*writers)) if did]
    assert len(won) == 1
    stored = await store.get(KEY)
    assert stored is not None
    assert stored.email == f"{won[0]}@example.com"


async def test_of_many_first_writers_exactly_one_wins(
    store: TokenStore, second_store: TokenStore
) -> None:
    writers = [
        (store, second_store)[n % 2].put_if_generation(record_for(), expected=None)
        for n in range(20)
    ]
    assert sum(await asyncio.gather(*writers)) == 1


async def test_035_what_was_deleted_is_not_brought_back_by_a_write_from_before(
    store: TokenStore,
) -> None:
    held = record_for()
    await store.put_if_generation(held, expected=None)
    assert not await store.delete(KEY, expected=held.generation + 1)
    assert await store.delete(KEY, expected=held.generation)
    renewed = replace(held, generation=held.generation + 1)
    assert not await store.put_if_generation(renewed, expected=held.generation)
    assert await store.get(KEY) is None
    assert await store.key_ids() == frozenset()


async def test_noting_a_use_changes_nothing_else_and_revives_nothing(store: TokenStore) -> None:
    held = record_for()
    await store.put_if_generation(held, expected=None)
    await store.touch({KEY: 5000.5, TokenKey("p1", "gone", "google"): 5000.5})
    assert await store.get(KEY) == replace(held, last_used_at=5000.5)
    assert await store.get(TokenKey("p1", "gone", "google")) is None


async def test_043_the_store_names_every_key_that_is_needed(store: TokenStore) -> None:
    first = record_for()
    second = record_for(TokenKey("p2", "bob", "google"), key_id="k2")
    for record in (first, second):
        await store.put_if_generation(record, expected=None)
    assert await store.key_ids() == {"k1", "k2"}
    await store.put_if_generation(
        replace(first, generation=first.generation + 1, key_id="k2"), expected=first.generation
    )
    assert await store.key_ids() == {"k2"}


async def test_043_the_store_gives_each_record_of_an_older_key(store: TokenStore) -> None:
    for n in range(25):
        key = TokenKey(f"p{n % 3}", f"user {n}", "google")
        await store.put_if_generation(record_for(key, key_id=f"k{n % 2}"), expected=None)
    found = await collect(store.stale("k1", batch=4))
    assert {one.key.user_id for one in found} == {f"user {n}" for n in range(0, 25, 2)}
    assert all(one.key_id == "k0" for one in found)


async def test_043_records_can_be_resealed_while_they_are_gone_through(store: TokenStore) -> None:
    for n in range(50):
        await store.put_if_generation(record_for(TokenKey("p1", f"{n}", "google")), expected=None)
    seen = set()
    async for page in store.stale("k2", batch=7):
        seen |= {one.key.user_id for one in page}
        await store.reseal([seal_with(one, "k2") for one in page])
    assert len(seen) == 50
    assert await store.key_ids() == {"k2"}
    resealed = await store.get(TokenKey("p1", "7", "google"))
    assert resealed is not None
    assert (resealed.sealed_access, resealed.sealed_refresh) == (b"new access", b"new refresh")
    assert resealed.email == "ann@example.com"


async def test_043_a_reseal_never_overwrites_what_was_written_since(store: TokenStore) -> None:
    held = record_for()
    await store.put_if_generation(held, expected=None)
    refreshed = replace(held, generation=held.generation + 1, sealed_access=b"refreshed")
    await store.put_if_generation(refreshed, expected=held.generation)
    await store.reseal([seal_with(held, "k2")])
    assert await store.get(KEY) == refreshed


async def test_043_a_refresh_that_began_before_a_reseal_still_lands(store: TokenStore) -> None:
    held = record_for()
    await store.put_if_generation(held, expected=None)
    await store.reseal([seal_with(held, "k2")])
    refreshed = replace(held, generation=held.generation + 1, sealed_access=b"refreshed")
    assert await store.put_if_generation(refreshed, expected=held.generation)
    assert await store.key_ids() == {"k1"}


async def test_a_lease_belongs_to_one_owner(store: TokenStore, second_store: TokenStore) -> None:
    assert await store.acquire_lease(KEY, "me", 30.0) is None
    holder = await second_store.acquire_lease(KEY, "you", 30.0)
    assert holder is not None
    assert not holder.cooling
    assert 0 < holder.remaining_s <= 30.0
    assert await store.acquire_lease(TokenKey("p1", "bob", "google"), "you", 30.0) is None


async def test_of_many_that_want_a_lease_exactly_one_gets_it(
    store: TokenStore, second_store: TokenStore
) -> None:
    wanting = [(store, second_store)[n % 2].acquire_lease(KEY, f"{n}", 30.0) for n in range(20)]
    assert (await asyncio.gather(*wanting)).count(None) == 1


async def test_taking_a_lease_again_keeps_it(store: TokenStore) -> None:
    # What a client does that lost the answer.
    assert await store.acquire_lease(KEY, "me", 30.0) is None
    assert await store.acquire_lease(KEY, "me", 30.0) is None


async def test_only_its_owner_can_renew_or_release_a_lease(store: TokenStore) -> None:
    await store.acquire_lease(KEY, "me", 30.0)
    assert not await store.renew_lease(KEY, "you", 30.0)
    await store.release_lease(KEY, "you")
    assert await store.acquire_lease(KEY, "you", 30.0) is not None
    assert await store.renew_lease(KEY, "me", 60.0)
    holder = await store.acquire_lease(KEY, "you", 30.0)
    assert holder is not None
    assert holder.remaining_s > 30.0
    await store.release_lease(KEY, "me")
    assert await store.acquire_lease(KEY, "you", 30.0) is None


async def test_032_a_lease_ends_by_itself_and_is_then_another_owners(store: TokenStore) -> None:
    await store.acquire_lease(KEY, "me", 0.05)

    async with asyncio.timeout(5):
        while holder := await store.acquire_lease(KEY, "you", 30.0):  # noqa: ASYNC110  (the store knows when)
            await asyncio.sleep(holder.remaining_s)
    assert not await store.renew_lease(KEY, "me", 30.0)
    await store.release_lease(KEY, "me")
    assert await store.acquire_lease(KEY, "third", 30.0) is not None


async def test_038_a_lease_can_be_left_cooling(store: TokenStore) -> None:
    await store.acquire_lease(KEY, "me", 30.0)
    await store.release_lease(KEY, "me", cooldown_s=20.0)
    for owner in ("me", "you"):
        holder = await store.acquire_lease(KEY, owner, 30.0)
        assert holder is not None
        assert holder.cooling
        assert 0 < holder.remaining_s <= 20.0


async def test_a_store_shows_no_address_and_no_secret(place: Any, store: TokenStore) -> None:
    await store.put_if_generation(record_for(), expected=None)
    shown = repr(store) + repr(await store.get(KEY))
    assert not any(part in shown for part in ("ann", "access", "127.0.0.1", str(place.url)))


# --- looking through a project's records ---------------------------------------------------------


async def put(store: TokenStore, user_id: str, **changes: Any) -> TokenRecord:
    key = TokenKey(changes.pop("project", "p1"), user_id, changes.pop("provider", "google"))
    record = record_for(key, **changes)
    assert await store.put_if_generation(record, expected=None)
    return record


async def test_records_are_listed_by_age_a_page_at_a_time_with_their_number(
    store: TokenStore,
) -> None:
    made = [await put(store, f"user{n}", created_at=1000.0 - n) for n in range(5)]
    await put(store, "user1", project="p2")
    by_age = made[::-1]
    for first in range(0, 6, 2):
        found = await store.page("p1", limit=2, offset=first)
        assert found == (by_age[first : first + 2], 5)
    assert await store.page("p1", limit=0, offset=0) == ([], 5)
    assert await store.page("nobody", limit=9, offset=0) == ([], 0)


async def test_records_of_a_user_or_a_provider_are_listed_alone(store: TokenStore) -> None:
    ann = await put(store, "ann", created_at=1.0)
    other = await put(store, "ann", provider="other", created_at=2.0)
    bob = await put(store, "bob", created_at=3.0)
    for wanted, expected in (
        ({"user_id": "ann"}, [ann, other]),
        ({"provider": "google"}, [ann, bob]),
        ({"user_id": "ann", "provider": "other"}, [other]),
        ({"user_id": "Ann"}, []),
    ):
        assert await store.page("p1", limit=9, offset=0, **wanted) == (expected, len(expected))


async def test_a_record_is_found_by_its_id_in_its_own_project_alone(store: TokenStore) -> None:
    record = await put(store, "ann")
    assert await store.find("p1", record.id) == record
    assert await store.find("p2", record.id) is None
    assert await store.find("p1", "uc_invented") is None


async def test_the_users_of_an_account_are_counted(store: TokenStore) -> None:
    first = await put(store, "ann", subject="shared")
    await put(store, "bob", subject="shared")
    await put(store, "carol", subject="shared:")
    await put(store, "dave", subject="shared", project="p2")
    await put(store, "ann", subject="shared", provider="other")
    assert await store.users_of_account("p1", "google", "shared") == 2
    await store.delete(first.key, expected=first.generation)
    assert await store.users_of_account("p1", "google", "shared") == 1


async def test_what_was_erased_or_changed_is_listed_as_it_is_now(store: TokenStore) -> None:
    gone, kept = await put(store, "ann", created_at=1.0), await put(store, "bob", created_at=2.0)
    await store.delete(gone.key, expected=gone.generation)
    newer = replace(kept, generation=kept.generation + 1, status="reauthorize", key_id="k2")
    assert await store.put_if_generation(newer, expected=kept.generation)
    assert await store.page("p1", limit=9, offset=0) == ([newer], 1)
    assert await store.find("p1", gone.id) is None
    assert await store.find("p1", newer.id) == newer


async def test_nothing_of_an_erased_record_stays_in_redis(redis: Any) -> None:
    store = redis.open()
    record = await put(store, "ann")
    await store.delete(record.key, expected=record.generation)
    names = [name async for name in store._redis.scan_iter(match=f"{{{redis.schema}}}:*")]
    assert names == [f"{{{redis.schema}}}:keys".encode()]
    await store.close()


async def test_an_erased_connection_leaves_no_lease_with_its_user_behind(store: TokenStore) -> None:
    record = record_for()
    await store.put_if_generation(record, expected=None)
    assert await store.acquire_lease(KEY, "one", 15.0) is None
    await store.release_lease(KEY, "one", cooldown_s=3600.0)
    assert not await store.delete(KEY, expected=record.generation + 1)
    assert await store.acquire_lease(KEY, "two", 15.0) is not None
    assert await store.delete(KEY, expected=record.generation)
    # Nor does the next connection wait for what the provider did about this one.
    assert await store.acquire_lease(KEY, "two", 15.0) is None
