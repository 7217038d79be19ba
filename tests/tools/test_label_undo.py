"""What was done to a label itself is taken back, and never more than that."""

from __future__ import annotations

from typing import Any

from mail import write_mail

from arcade_gmail_multiuser.gmail.scopes import GMAIL_LABELS
from arcade_gmail_multiuser.tools.labels.tools import (
    create_label,
    delete_label,
    list_labels,
    update_label,
)
from arcade_gmail_multiuser.tools.organise.tools import change_email_labels, undo_change
from arcade_gmail_multiuser.tools.read import get_email

WRITES = {"users.labels.create", "users.labels.patch", "users.labels.delete"}


async def labels(person: Any) -> dict[str, str]:
    return {label["name"]: label["id"] for label in (await person.use(list_labels))["labels"]}


async def undo(person: Any, answer: dict[str, Any]) -> Any:
    return await person.use(undo_change, undo_token=answer["undo_token"])


async def test_a_new_label_is_deleted_again_and_that_may_be_repeated(world: Any) -> None:
    person = await world.account()
    made = await person.use(create_label, label_name="Work")
    undone = await undo(person, made)
    assert undone["status"] == "done"
    assert undone["label"] == {
        "id": made["id"],
        "name": "Work",
        "now": "deleted",
        "changed": True,
    }
    assert "Work" not in await labels(person)
    await world.forget_requests()
    assert (await undo(person, made))["label"]["changed"] is False
    assert not WRITES & set(await world.methods())


async def test_a_new_label_that_is_on_mail_by_now_is_kept(world: Any) -> None:
    person = await world.account(write_mail())
    made = await person.use(create_label, label_name="Work")
    await person.use(
        change_email_labels, action="add", label_name="Work", email_ids=[person.ids[0]]
    )
    failed = await person.fails(undo_change, undo_token=made["undo_token"])
    assert failed.code == "conflict"
    assert "1 messages" in failed.error.message
    assert "Work" in (await person.use(get_email, email_id=person.ids[0]))["label_names"]


async def test_a_new_label_that_was_renamed_since_then_is_kept(world: Any) -> None:
    person = await world.account()
    made = await person.use(create_label, label_name="Work")
    await person.use(update_label, current_name="Work", new_name="Clients")
    failed = await person.fails(undo_change, undo_token=made["undo_token"])
    assert (failed.code, '"Clients"' in failed.error.message) == ("conflict", True)
    assert "Clients" in await labels(person)


async def test_a_renamed_label_gets_its_name_back_and_keeps_its_mail(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work"]})
    renamed = await person.use(update_label, current_name="Work", new_name="Büro/Ämter")
    for changed in (True, False):
        undone = await undo(person, renamed)
        assert undone["status"] == "done"
        assert undone["label"] == {
            "id": renamed["id"],
            "name": "Work",
            "now": "renamed_back",
            "changed": changed,
        }
    assert "Work" in (await person.use(get_email, email_id=person.ids[0]))["label_names"]


async def test_a_change_of_letter_case_is_taken_back(world: Any) -> None:
    person = await world.account()
    await person.use(create_label, label_name="work")
    renamed = await person.use(update_label, current_name="work", new_name="WORK")
    assert (await undo(person, renamed))["label"]["name"] == "work"


async def test_a_label_renamed_again_since_then_is_left_as_it_is(world: Any) -> None:
    person = await world.account()
    await person.use(create_label, label_name="A")
    renamed = await person.use(update_label, current_name="A", new_name="B")
    await person.use(update_label, current_name="B", new_name="C")
    failed = await person.fails(undo_change, undo_token=renamed["undo_token"])
    assert (failed.code, '"C"' in failed.error.message) == ("conflict", True)
    assert "C" in await labels(person)


async def test_a_former_name_that_another_label_has_now_is_a_conflict(world: Any) -> None:
    person = await world.account()
    await person.use(create_label, label_name="A")
    renamed = await person.use(update_label, current_name="A", new_name="B")
    await person.use(create_label, label_name="a")
    failed = await person.fails(undo_change, undo_token=renamed["undo_token"])
    assert failed.code == "conflict"
    assert {"a", "B"} <= set(await labels(person))


async def test_a_renamed_label_that_is_gone_is_not_found(world: Any) -> None:
    person = await world.account()
    await person.use(create_label, label_name="A")
    renamed = await person.use(update_label, current_name="A", new_name="B")
    await person.use(delete_label, label_name="B")
    failed = await person.fails(undo_change, undo_token=renamed["undo_token"])
    assert failed.code == "not_found"
    assert "CreateLabel" in failed.error.message


async def test_renaming_to_the_same_name_leaves_nothing_to_undo(world: Any) -> None:
    person = await world.account()
    await person.use(create_label, label_name="A")
    assert "undo_token" not in await person.use(update_label, current_name="A", new_name="A")


async def test_a_deleted_label_is_made_again_and_its_lost_mail_is_told_of(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work"]})
    deleted = await person.use(delete_label, label_name="Work")
    undone = await undo(person, deleted)
    assert undone["status"] == "partly_done"
    assert undone["label"]["now"] == "made_again"
    assert undone["label"]["id"] == (await labels(person))["Work"] != deleted["id"]
    assert "1 messages" in undone["warnings"][0]
    again = await undo(person, deleted)
    assert (again["label"]["changed"], again["status"]) == (False, "partly_done")
    assert "Work" not in (await person.use(get_email, email_id=person.ids[0]))["label_names"]


async def test_a_deleted_label_without_mail_comes_back_whole(world: Any) -> None:
    person = await world.account()
    look = {
        "labelListVisibility": "labelHide",
        "messageListVisibility": "hide",
        "color": {"textColor": "#ffffff", "backgroundColor": "#000000"},
    }
    token = await person.token([GMAIL_LABELS])
    labels_of = f"{world.url}/gmail/v1/users/me/labels"
    signed = {"headers": {"Authorization": f"Bearer {token}"}}
    await world.http.post(labels_of, json={"name": "Work", **look}, **signed)
    deleted = await person.use(delete_label, label_name="work")
    undone = await undo(person, deleted)
    assert (undone["status"], "warnings" in undone) == ("done", False)
    answer = await world.http.get(f"{labels_of}/{undone['label']['id']}", **signed)
    label = await answer.json()
    assert {key: label[key] for key in look} == look
    assert label["name"] == "Work"


async def test_lost_mail_is_told_of_when_its_number_is_not_known(world: Any) -> None:
    person = await world.account()
    await person.use(create_label, label_name="Work")
    await world.fault("users.labels.get", status=500, times=None)
    deleted = await person.use(delete_label, label_name="Work")
    undone = await undo(person, deleted)
    assert undone["status"] == "partly_done"
    assert undone["warnings"][0].startswith("The messages")


async def test_the_token_of_one_person_does_nothing_for_another(world: Any) -> None:
    alice, bob = await world.account(), await world.account()
    await bob.use(create_label, label_name="Work")
    made = await alice.use(create_label, label_name="Work")
    failed = await bob.fails(undo_change, undo_token=made["undo_token"])
    assert failed.code == "invalid_input"
    assert "Work" in await labels(bob)
