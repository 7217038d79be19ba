"""Following a mailbox: net changes, cursors that belong to one person, watches."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.changes.tools import (
    list_mailbox_changes,
    stop_watching_mailbox,
    watch_mailbox,
)
from arcade_gmail_multiuser.tools.drafts.tools import send_draft_email, write_draft_email
from arcade_gmail_multiuser.tools.organise.tools import change_thread_labels, trash_email

TOPIC = "projects/my-project/topics/gmail"


async def begin(person: Any) -> str:
    return str((await person.use(list_mailbox_changes))["cursor"])


async def relabel(person: Any, id_: str, add: Any = (), remove: Any = ()) -> None:
    await person.use(
        change_thread_labels,
        thread_id=id_,
        labels_to_add=list(add),
        labels_to_remove=list(remove),
    )


async def test_the_first_call_lists_nothing_and_gives_a_place_to_begin(world: Any) -> None:
    person = await world.account(write_mail())
    first = await person.use(list_mailbox_changes)
    assert first.pop("cursor")
    assert first == {
        "added": [],
        "deleted": [],
        "relabeled": [],
        "has_more": False,
        "resync_required": False,
        "omitted": [],
    }


async def test_new_relabeled_and_trashed_mail_is_told_once(world: Any) -> None:
    person = await world.account(
        {"raw": write_mail("Read me"), "labelIds": ["INBOX", "UNREAD", "Work"]},
        write_mail("Trash me"),
    )
    cursor = await begin(person)
    [new] = await person.receive(write_mail("New"))
    await relabel(person, person.ids[0], ["STARRED"], ["UNREAD", "Work"])
    await person.use(trash_email, email_id=person.ids[1])
    found = await person.use(list_mailbox_changes, cursor=cursor)
    assert [(each["id"], each["label_names"]) for each in found["added"]] == [
        (new, ["INBOX", "UNREAD"])
    ]
    starred, trashed = found["relabeled"]
    assert (starred["labels_added"], set(starred["labels_removed"])) == (
        ["STARRED"],
        {"UNREAD", "Work"},
    )
    assert (trashed["labels_added"], trashed["labels_removed"]) == (["TRASH"], ["INBOX"])
    assert found["deleted"] == []
    again = await person.use(list_mailbox_changes, cursor=found["cursor"])
    assert (again["added"], again["relabeled"], again["has_more"]) == ([], [], False)
    assert again["cursor"] == found["cursor"]


async def test_what_cancels_out_is_not_told(world: Any) -> None:
    person = await world.account(write_mail())
    cursor = await begin(person)
    await relabel(person, person.ids[0], ["STARRED"])
    await relabel(person, person.ids[0], (), ["STARRED"])
    draft = await person.use(write_draft_email, subject="Hi", body="x", recipient="bob@example.com")
    await person.use(send_draft_email, email_id=draft["id"])
    found = await person.use(list_mailbox_changes, cursor=cursor)
    assert found["relabeled"] == found["deleted"] == []
    [sent] = found["added"]
    assert sent["label_names"] == ["SENT"]


async def test_many_changes_come_in_bounded_answers_and_none_is_lost(world: Any) -> None:
    person = await world.account()
    cursor = await begin(person)
    ids = await person.receive(*(write_mail(str(n)) for n in range(25)))
    seen: list[str] = []
    more = True
    while more:
        found = await person.use(list_mailbox_changes, cursor=cursor, max_changes=10)
        assert len(found["added"]) <= 10
        seen += [each["id"] for each in found["added"]]
        cursor, more = found["cursor"], found["has_more"]
    assert seen == ids


async def test_an_expired_cursor_asks_for_a_new_reading_and_gives_a_new_beginning(
    world: Any,
) -> None:
    person = await world.account(write_mail())
    cursor = await begin(person)
    await world.control("forgotten-history", {"email": person.email})
    found = await person.use(list_mailbox_changes, cursor=cursor)
    assert found["resync_required"] is True
    [new] = await person.receive(write_mail())
    after = await person.use(list_mailbox_changes, cursor=found["cursor"])
    assert [each["id"] for each in after["added"]] == [new]
    assert after["resync_required"] is False


def altered(cursor: str, place: int) -> str:
    packed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    packed[place] ^= 1
    return base64.urlsafe_b64encode(bytes(packed)).decode().rstrip("=")


async def test_an_altered_cursor_is_refused_wherever_it_was_altered(world: Any) -> None:
    person = await world.account()
    cursor = await begin(person)
    length = len(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for place in range(length):
        failed = await person.fails(list_mailbox_changes, cursor=altered(cursor, place))
        assert failed.code == "invalid_input"


@pytest.mark.parametrize("cursor", ["", " ", "12345", "%%%", "漢字", "A" * 5_000])
async def test_what_is_no_cursor_is_refused(world: Any, cursor: str) -> None:
    person = await world.account()
    assert (await person.fails(list_mailbox_changes, cursor=cursor)).code == "invalid_input"
    assert "users.history.list" not in await world.methods()


async def test_another_persons_cursor_is_refused(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    failed = await bob.fails(list_mailbox_changes, cursor=await begin(alice))
    assert failed.code == "invalid_input"


@pytest.mark.parametrize("most", [0, 501])
async def test_bounds_are_checked_before_anything_is_asked(world: Any, most: int) -> None:
    person = await world.account()
    failed = await person.fails(list_mailbox_changes, max_changes=most)
    assert failed.code == "invalid_input"
    assert await world.methods() == []


async def test_changes_are_told_although_the_labels_names_are_not_to_be_had(world: Any) -> None:
    person = await world.account()
    cursor = await begin(person)
    await person.receive({"raw": write_mail(), "labelIds": ["Work"]})
    await world.fault("users.labels.list", status=500, times=None)
    found = await person.use(list_mailbox_changes, cursor=cursor)
    assert found["added"][0]["label_names"] == found["added"][0]["label_ids"]
    assert found["omitted"]


async def test_a_watch_says_when_it_ends_and_where_changes_begin(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work"]})
    watch = await person.use(
        watch_mailbox, topic_name=TOPIC, label_names=["work"], time_zone="Europe/Berlin"
    )
    assert (watch["status"], watch["labels"]) == ("watching", ["Work"])
    assert watch["expires"][-6:] in ("+01:00", "+02:00")
    [new] = await person.receive(write_mail())
    found = await person.use(list_mailbox_changes, cursor=watch["cursor"])
    assert [each["id"] for each in found["added"]] == [new]
    for _ in range(2):
        assert await person.use(stop_watching_mailbox) == {"status": "stopped"}


async def test_a_second_topic_is_refused_until_the_first_is_stopped(world: Any) -> None:
    person = await world.account()
    await person.use(watch_mailbox, topic_name=TOPIC)
    failed = await person.fails(watch_mailbox, topic_name=f"{TOPIC}-2")
    assert "StopWatchingMailbox" in failed.error.message
    await person.use(stop_watching_mailbox)
    await person.use(watch_mailbox, topic_name=f"{TOPIC}-2")


async def test_a_topic_that_gmail_may_not_publish_to_says_who_has_to_allow_it(world: Any) -> None:
    person = await world.account()
    error = {
        "code": 403,
        "message": f"Error sending test message to Cloud PubSub {TOPIC} : User not authorized.",
        "errors": [{"reason": "forbidden", "domain": "global", "message": "x"}],
        "status": "PERMISSION_DENIED",
    }
    await world.fault("users.watch", status=403, body={"error": error})
    failed = await person.fails(watch_mailbox, topic_name=TOPIC)
    assert failed.code == "access_denied"
    assert "gmail-api-push@system.gserviceaccount.com" in failed.error.message


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"topic_name": "gmail"}, "invalid_input"),
        ({"topic_name": "projects/p/topics/t\n"}, "invalid_input"),
        ({"topic_name": TOPIC, "exclude_labels": True}, "invalid_input"),
        ({"topic_name": TOPIC, "label_names": [""]}, "invalid_input"),
        ({"topic_name": TOPIC, "label_names": ["Nope"]}, "unknown_label"),
        ({"topic_name": TOPIC, "time_zone": "Nowhere"}, "invalid_input"),
    ],
)
async def test_a_watch_that_cannot_be_is_refused_before_gmail_is_asked_for_it(
    world: Any, inputs: Any, code: str
) -> None:
    person = await world.account()
    assert (await person.fails(watch_mailbox, **inputs)).code == code
    assert "users.watch" not in await world.methods()
