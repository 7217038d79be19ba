"""The tools that change a mailbox without sending: labels of a thread, and Trash."""

from __future__ import annotations

from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.organise.tools import (
    change_thread_labels,
    restore_email,
    trash_email,
)
from arcade_gmail_multiuser.tools.read import get_email
from arcade_gmail_multiuser.tools.search.tools import search_emails_by_query


async def thread_of(person: Any, id_: str) -> str:
    return str((await person.use(get_email, email_id=id_))["thread_id"])


async def test_labels_are_added_and_removed_by_name_on_every_message_of_a_thread(
    world: Any,
) -> None:
    person = await world.account(
        {
            "raw": write_mail("Plan", Message_ID="<a@x.org>"),
            "labelIds": ["INBOX", "UNREAD", "Work/Q3"],
        },
        {"raw": write_mail("Re: Plan", References="<a@x.org>"), "labelIds": ["INBOX"]},
    )
    thread = await thread_of(person, person.ids[0])
    answer = await person.use(
        change_thread_labels,
        thread_id=thread,
        labels_to_add=["starred", "WORK/q3"],
        labels_to_remove=["inbox", "UNREAD"],
    )
    assert (answer["added"], answer["removed"]) == (["STARRED", "Work/Q3"], ["INBOX", "UNREAD"])
    assert (answer["message_count"], answer["changed"]) == (2, 2)
    for id_ in person.ids:
        labels = set((await person.use(get_email, email_id=id_))["label_names"])
        assert labels == {"STARRED", "Work/Q3"}


async def test_a_change_that_is_already_so_is_no_error(world: Any) -> None:
    person = await world.account(write_mail())
    thread = await thread_of(person, person.ids[0])
    for added, changed in ((["STARRED"], 1), ([], 0)):
        answer = await person.use(
            change_thread_labels,
            thread_id=thread,
            labels_to_add=["STARRED"],
            labels_to_remove=["Trash"],
        )
        assert "STARRED" in answer["label_ids"]
        assert (answer["added"], answer["removed"]) == (added, [])
        assert (answer["changed"], "undo_token" in answer) == (changed, bool(changed))


@pytest.mark.parametrize(
    ("add", "remove", "code"),
    [
        (["Wrok"], [], "unknown_label"),
        (["STARRED"], ["starred"], "invalid_input"),
        (["SENT"], [], "invalid_input"),
        ([], ["DRAFT"], "invalid_input"),
        ([], [], "invalid_input"),
        ([" "], [], "invalid_input"),
    ],
)
async def test_a_wrong_change_is_refused_and_changes_nothing(
    world: Any, add: list[str], remove: list[str], code: str
) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work"]})
    thread = await thread_of(person, person.ids[0])
    failed = await person.fails(
        change_thread_labels, thread_id=thread, labels_to_add=add, labels_to_remove=remove
    )
    assert failed.code == code
    assert failed.error.can_retry
    assert "users.threads.modify" not in await world.methods()


async def test_an_unknown_label_names_the_closest(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work"]})
    thread = await thread_of(person, person.ids[0])
    failed = await person.fails(
        change_thread_labels, thread_id=thread, labels_to_add=["Wrok"], labels_to_remove=[]
    )
    assert "Work" in (failed.error.additional_prompt_content or "")


async def test_an_unknown_thread_is_not_found(world: Any) -> None:
    person = await world.account()
    failed = await person.fails(
        change_thread_labels,
        thread_id="18c2f0a1b2c3d4e5",
        labels_to_add=["STARRED"],
        labels_to_remove=[],
    )
    assert failed.code == "not_found"


async def test_a_message_in_trash_comes_back_by_the_call_that_the_answer_names(world: Any) -> None:
    person = await world.account(write_mail("Old"))
    before = (await person.use(get_email, email_id=person.ids[0]))["label_ids"]
    answer = await person.use(trash_email, email_id=person.ids[0])
    assert answer["was_already_in_trash"] is False
    assert answer["previous_label_ids"] == before
    assert "TRASH" in answer["label_ids"]
    assert "INBOX" not in answer["label_ids"]
    found = await person.use(search_emails_by_query, query="in:inbox", result_detail="count_only")
    assert found["count"] == 0

    assert f'RestoreEmail(email_id="{answer["id"]}", to_inbox=true)' in answer["restore"]
    await person.use(restore_email, email_id=answer["id"], to_inbox=True)
    restored = (await person.use(get_email, email_id=person.ids[0]))["label_ids"]
    assert sorted(restored) == sorted(before)


async def test_trashing_twice_says_that_nothing_changed(world: Any) -> None:
    person = await world.account(write_mail())
    await person.use(trash_email, email_id=person.ids[0])
    assert (await person.use(trash_email, email_id=person.ids[0]))["was_already_in_trash"] is True
