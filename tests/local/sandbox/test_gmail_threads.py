"""Threads: whole conversations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Mail = Callable[..., bytes]
ALICE = "alice@example.com"


def conversation(write_mail: Mail) -> list[bytes]:
    day = "Nov 2026 10:00:00 +0000"
    return [
        write_mail("Plan", "first", message_id="<1@x>", date=f"Mon, 02 {day}"),
        write_mail(
            "RE: plan", "second", message_id="<2@x>", in_reply_to="<1@x>", date=f"Tue, 03 {day}"
        ),
        write_mail("Other", "third", message_id="<3@x>", date=f"Wed, 04 {day}"),
    ]


async def test_a_thread_has_the_id_of_its_root_and_its_messages_in_order(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, *conversation(write_mail))
    other, plan = (await google.get(alice, "threads"))["threads"]
    assert set(plan) == {"id", "snippet", "historyId"}
    assert plan["snippet"] == "second"
    assert other["snippet"] == "third"
    thread = await google.get(alice, f"threads/{plan['id']}")
    assert set(thread) == {"id", "historyId", "messages"}
    assert [m["snippet"] for m in thread["messages"]] == ["first", "second"]
    assert thread["messages"][0]["id"] == plan["id"]


async def test_only_the_roots_id_finds_a_thread(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, *conversation(write_mail))
    second = (await google.ids(alice, "second"))[0]
    assert (await google.ask(alice, "GET", f"threads/{second}")).status_code == 404


async def test_a_thread_is_listed_once_however_many_of_its_messages_match(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, *conversation(write_mail))
    seen = []
    params: dict[str, Any] = {"maxResults": 1}
    for _ in range(3):
        page = await google.get(alice, "threads", **params)
        seen += [t["id"] for t in page.get("threads", [])]
        if "nextPageToken" not in page:
            break
        params["pageToken"] = page["nextPageToken"]
    assert len(seen) == len(set(seen)) == 2


async def test_no_threads_no_key(google: Any) -> None:
    assert await google.get(google.person(ALICE), "threads") == {"resultSizeEstimate": 0}


async def test_a_thread_is_labelled_message_by_message_and_later_ones_do_not_inherit(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, *conversation(write_mail))
    root = (await google.ids(alice, "first"))[0]
    answer = await google.post(alice, f"threads/{root}/modify", {"addLabelIds": ["STARRED"]})
    assert [m["labelIds"] for m in answer["messages"]] == [["INBOX", "STARRED", "UNREAD"]] * 2
    google.person(ALICE, write_mail("Re: Plan", "late", in_reply_to="<2@x>"))
    thread = await google.get(alice, f"threads/{root}", format="minimal")
    assert ["STARRED" in m["labelIds"] for m in thread["messages"]] == [True, True, False]


async def test_a_thread_goes_to_the_trash_and_back_and_away_as_a_whole(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, *conversation(write_mail))
    root = (await google.ids(alice, "first"))[0]
    trashed = await google.post(alice, f"threads/{root}/trash")
    assert all("TRASH" in m["labelIds"] for m in trashed["messages"])
    assert len((await google.get(alice, "threads"))["threads"]) == 1
    restored = await google.post(alice, f"threads/{root}/untrash")
    assert all("TRASH" not in m["labelIds"] for m in restored["messages"])
    assert (await google.ask(alice, "DELETE", f"threads/{root}")).status_code == 204
    assert (await google.ask(alice, "GET", f"threads/{root}")).status_code == 404
    assert len(await google.ids(alice)) == 1


async def test_metadata_of_a_thread_is_metadata_of_each_message(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, *conversation(write_mail))
    root = (await google.ids(alice, "first"))[0]
    params = {"format": "metadata", "metadataHeaders": ["subject"]}
    thread = await google.get(alice, f"threads/{root}", **params)
    payloads = [m["payload"] for m in thread["messages"]]
    assert [p["headers"] for p in payloads] == [
        [{"name": "Subject", "value": "Plan"}],
        [{"name": "Subject", "value": "RE: plan"}],
    ]
