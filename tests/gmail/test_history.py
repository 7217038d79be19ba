"""History is read in bounded steps and told as what it comes to."""

from __future__ import annotations

from typing import Any

import pytest

from arcade_gmail_multiuser.errors import InvalidInput, NotFound, Unavailable
from arcade_gmail_multiuser.gmail import history
from arcade_gmail_multiuser.gmail.history import read_cursor, write_cursor

Records = list[dict[str, Any]]


class Pages:
    """A mailbox that has only history: records in pages of its own size."""

    def __init__(self, records: Records, size: int = 2) -> None:
        self.records = records
        self.size = size
        self.asked: list[dict[str, Any]] = []

    async def call(self, method: str, **asked: Any) -> dict[str, Any]:
        assert method == "users.history.list"
        self.asked.append(asked)
        known = [r for r in self.records if int(r["id"]) > int(asked["startHistoryId"])]
        begin = int(asked["pageToken"] or 0)
        page: dict[str, Any] = {"historyId": "900"}
        if shown := known[begin : begin + self.size]:
            page["history"] = shown
        if begin + self.size < len(known):
            page["nextPageToken"] = str(begin + self.size)
        return page


def record(number: int, kind: str, id_: str, *changed: str, now: tuple[str, ...] = ()) -> Any:
    entry: dict[str, Any] = {"message": {"id": id_, "threadId": f"t{id_}", "labelIds": list(now)}}
    if changed:
        entry["labelIds"] = list(changed)
    return {"id": str(number), "messages": [{"id": id_}], kind: [entry]}


async def read(records: Records, start: str = "0", most: int = 100, size: int = 2) -> Any:
    return await history.read_changes(Pages(records, size), start, most=most)  # type: ignore[arg-type]


async def test_a_message_that_came_and_went_is_not_told() -> None:
    changes = await read([record(1, "messagesAdded", "a"), record(2, "messagesDeleted", "a")])
    assert (changes.added, changes.deleted, changes.relabeled) == ((), (), ())
    assert (changes.next_history_id, changes.more) == ("900", False)


async def test_a_new_message_has_the_labels_of_its_last_record() -> None:
    changes = await read(
        [
            record(1, "messagesAdded", "a", now=("INBOX", "UNREAD")),
            record(2, "labelsRemoved", "a", "UNREAD", now=("INBOX",)),
        ]
    )
    [added] = changes.added
    assert (added.id, added.thread_id, added.label_ids) == ("a", "ta", ("INBOX",))
    assert changes.relabeled == ()


async def test_a_message_that_was_there_and_is_deleted_is_only_deleted() -> None:
    changes = await read(
        [record(1, "labelsAdded", "a", "TRASH"), record(2, "messagesDeleted", "a")]
    )
    assert [each.id for each in changes.deleted] == ["a"]
    assert changes.relabeled == ()


async def test_labels_count_by_their_first_and_last_state() -> None:
    changes = await read(
        [
            record(1, "labelsAdded", "a", "STARRED", "X"),
            record(2, "labelsRemoved", "a", "STARRED", "UNREAD"),
            record(3, "labelsAdded", "a", "STARRED"),
            record(4, "labelsRemoved", "a", "X", now=("STARRED",)),
        ]
    )
    [change] = changes.relabeled
    assert (change.labels_added, change.labels_removed) == (("STARRED",), ("UNREAD",))


@pytest.mark.parametrize("most", [1, 2, 3, 7])
@pytest.mark.parametrize("size", [1, 3, 500])
async def test_however_it_is_cut_every_message_is_told_once(most: int, size: int) -> None:
    records = [record(n, "messagesAdded", f"m{n}") for n in range(1, 12)]
    seen: list[str] = []
    start, more = "0", True
    while more:
        changes = await read(records, start, most, size)
        assert 0 < len(changes.added) <= most
        seen += [each.id for each in changes.added]
        start, more = changes.next_history_id, changes.more
    assert seen == [f"m{n}" for n in range(1, 12)]


async def test_one_record_of_many_messages_is_told_whole_so_that_the_place_moves_on() -> None:
    entries = [{"message": {"id": f"m{n}", "threadId": "t"}} for n in range(5)]
    changes = await read(
        [{"id": "7", "messagesAdded": entries}, record(8, "messagesAdded", "z")], most=2
    )
    assert len(changes.added) == 5
    assert (changes.next_history_id, changes.more) == ("7", True)


async def test_a_call_reads_a_bounded_number_of_pages() -> None:
    records = [record(n, "labelsAdded", "same", f"L{n}") for n in range(1, 40)]
    pages = Pages(records, 2)
    changes = await history.read_changes(pages, "0", most=10)  # type: ignore[arg-type]
    assert changes is not None
    assert len(pages.asked) == history.MAX_PAGES
    assert (changes.next_history_id, changes.more) == ("20", True)


async def test_records_that_tell_nothing_known_are_passed_over() -> None:
    changes = await read([{"id": "3"}, {"id": "4", "messagesAdded": [{}]}])
    assert (changes.added, changes.next_history_id) == ((), "900")


@pytest.mark.parametrize(("error", "forgotten"), [(NotFound, True), (Unavailable, False)])
async def test_only_a_404_means_that_gmail_has_forgotten(error: Any, forgotten: bool) -> None:
    class Failing:
        async def call(self, method: str, **asked: Any) -> dict[str, Any]:
            raise error("x")

    if forgotten:
        assert await history.read_changes(Failing(), "1", most=1) is None  # type: ignore[arg-type]
    else:
        with pytest.raises(Unavailable):
            await history.read_changes(Failing(), "1", most=1)  # type: ignore[arg-type]


# --- cursors -------------------------------------------------------------------------------------


def test_a_cursor_leads_back_to_its_place_whatever_the_letter_case_of_the_address() -> None:
    assert read_cursor(write_cursor("123456", "Jane@Example.com"), "jane@example.COM ") == "123456"


def test_a_cursor_shows_no_address() -> None:
    cursor = write_cursor("1", "jane@example.com")
    assert "jane" not in cursor
    assert len(cursor) < 50


@pytest.mark.parametrize("place", ["", "-1", "1" * 21, "12x"])
def test_a_place_that_is_no_history_id_is_refused(place: str) -> None:
    with pytest.raises(InvalidInput):
        read_cursor(write_cursor(place, "a@b.example"), "a@b.example")
