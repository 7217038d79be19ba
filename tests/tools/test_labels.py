"""The tools that make, rename and delete labels: by name, in any case, and never Gmail's own."""

from __future__ import annotations

from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.tools.labels.tools import (
    create_label,
    delete_label,
    list_labels,
    update_label,
)
from arcade_gmail_multiuser.tools.read import get_email


async def names(person: Any) -> set[str]:
    return {label["name"] for label in (await person.use(list_labels))["labels"]}


@pytest.mark.parametrize("name", ["Work", "仕事/請求書", " Work / Q3 "])
async def test_a_new_label_has_the_name_given_without_stray_blanks(world: Any, name: str) -> None:
    person = await world.account()
    answer = await person.use(create_label, label_name=name)
    tidy = name.strip().replace(" / ", "/")
    assert (answer["name"], answer["changed"]) == (tidy, True)
    assert tidy in await names(person)
    assert answer.get("missing_parent") == (tidy.rpartition("/")[0] or None)


async def test_a_nested_label_under_a_parent_that_exists_misses_nothing(world: Any) -> None:
    person = await world.account()
    await person.use(create_label, label_name="Work")
    answer = await person.use(create_label, label_name="work/Q3")
    assert "missing_parent" not in answer


async def test_a_name_that_exists_in_other_letter_case_is_a_conflict_that_names_it(
    world: Any,
) -> None:
    person = await world.account()
    await person.use(create_label, label_name="Work/Q3")
    await world.forget_requests()
    failed = await person.fails(create_label, label_name="WORK / q3")
    assert failed.code == "conflict"
    assert failed.error.status_code == 409
    assert '"Work/Q3"' in failed.error.message
    assert "users.labels.create" not in await world.methods()


async def test_a_conflict_that_only_google_sees_is_a_conflict_too(world: Any) -> None:
    person = await world.account()
    await world.fault(
        "users.labels.create",
        status=409,
        body={
            "error": {
                "code": 409,
                "message": "Label name exists or conflicts",
                "errors": [{"reason": "aborted"}],
                "status": "ABORTED",
            }
        },
    )
    assert (await person.fails(create_label, label_name="Work")).code == "conflict"


async def test_a_lost_answer_does_not_make_two_labels_nor_an_error(world: Any) -> None:
    person = await world.account()
    await world.fault("users.labels.create", drop="after")
    answer = await person.use(create_label, label_name="Work")
    listed = (await person.use(list_labels))["labels"]
    assert [label["id"] for label in listed if label["name"] == "Work"] == [answer["id"]]


@pytest.mark.parametrize("name", ["", "  ", "a//b", "/a", "a/", "a\nb", "x" * 226])
async def test_a_name_that_cannot_be_is_refused_before_any_request(world: Any, name: str) -> None:
    person = await world.account()
    assert (await person.fails(create_label, label_name=name)).code == "invalid_input"
    assert await world.requests() == []


async def test_renaming_keeps_id_and_mail_and_tells_what_is_nested(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work", "Work/Q3"]})
    answer = await person.use(update_label, current_name="work", new_name="Office")
    assert (answer["previous_name"], answer["name"]) == ("Work", "Office")
    assert answer["nested"] == ["Work/Q3"]
    email = await person.use(get_email, email_id=person.ids[0])
    assert answer["id"] in email["label_ids"]
    assert "Office" in email["label_names"]


async def test_renaming_changes_the_case_of_a_name_and_the_same_name_changes_nothing(
    world: Any,
) -> None:
    person = await world.account()
    await person.use(create_label, label_name="work")
    assert (await person.use(update_label, current_name="WORK", new_name="Work"))["changed"]
    await world.forget_requests()
    again = await person.use(update_label, current_name="Work", new_name="Work")
    assert again["changed"] is False
    assert "users.labels.patch" not in await world.methods()


async def test_renaming_onto_another_label_is_a_conflict(world: Any) -> None:
    person = await world.account()
    for name in ("Work", "Home"):
        await person.use(create_label, label_name=name)
    failed = await person.fails(update_label, current_name="Home", new_name="WORK")
    assert failed.code == "conflict"
    assert '"Work"' in failed.error.message


@pytest.mark.parametrize("name", ["INBOX", "inbox", "sent", "Trash", "promotions"])
async def test_gmails_own_labels_are_neither_renamed_nor_deleted(world: Any, name: str) -> None:
    person = await world.account()
    assert (await person.fails(update_label, current_name=name, new_name="X")).code == (
        "invalid_input"
    )
    assert (await person.fails(delete_label, label_name=name)).code == "invalid_input"
    assert not {"users.labels.patch", "users.labels.delete"} & set(await world.methods())


async def test_an_unknown_label_names_the_closest(world: Any) -> None:
    person = await world.account()
    await person.use(create_label, label_name="Invoices")
    failed = await person.fails(delete_label, label_name="Invoice")
    assert failed.code == "unknown_label"
    assert "Invoices" in (failed.error.additional_prompt_content or "")


async def test_a_deleted_label_is_gone_and_its_mail_is_not(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work", "Work/Q3"]})
    answer = await person.use(delete_label, label_name="WORK")
    assert (answer["name"], answer["status"], answer["messages_that_had_it"]) == (
        "Work",
        "deleted",
        1,
    )
    assert answer["nested"] == ["Work/Q3"]
    assert set((await person.use(get_email, email_id=person.ids[0]))["label_names"]) == {
        "INBOX",
        "Work/Q3",
    }


async def test_a_count_that_cannot_be_read_does_not_keep_a_label_from_being_deleted(
    world: Any,
) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["Work"]})
    await world.fault("users.labels.get", status=500, times=None)
    answer = await person.use(delete_label, label_name="Work")
    assert "messages_that_had_it" not in answer
    assert "Work" not in await names(person)
