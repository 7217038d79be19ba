"""The tools that change many messages: every one is accounted for, and all of it can be undone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mail import write_mail

from arcade_gmail_multiuser.gmail.organise import label_changes
from arcade_gmail_multiuser.tools.drafts.tools import write_draft_email
from arcade_gmail_multiuser.tools.organise.tools import (
    archive_email,
    change_email_labels,
    change_thread_labels,
    report_spam,
    restore_email,
    set_thread_trash_status,
    trash_email,
    triage_emails,
    undo_change,
)
from arcade_gmail_multiuser.tools.read import get_email
from arcade_gmail_multiuser.tools.search.tools import search_emails_by_query

NOBODY = "18c2f0a1b2c3d4e5"
COUNTS = ("requested", "changed", "already", "not_found", "failed")


async def labels(person: Any, id_: str) -> set[str]:
    return set((await person.use(get_email, email_id=id_))["label_names"])


async def all_labels(person: Any) -> list[set[str]]:
    return [await labels(person, id_) for id_ in person.ids]


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    assert answer["requested"] == sum(answer[name] for name in COUNTS[1:])
    return tuple(answer[name] for name in COUNTS)


# --- by id ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("mark_read", {"INBOX", "UNREAD"}, {"INBOX"}),
        ("mark_unread", {"INBOX"}, {"INBOX", "UNREAD"}),
        ("star", {"INBOX"}, {"INBOX", "STARRED"}),
        ("unstar", {"INBOX", "STARRED"}, {"INBOX"}),
        ("unarchive", {"Work"}, {"Work", "INBOX"}),
        ("untrash", {"TRASH", "Work"}, {"Work"}),
        ("mark_important", {"INBOX"}, {"INBOX", "IMPORTANT"}),
        ("mark_not_important", {"INBOX", "IMPORTANT"}, {"INBOX"}),
        ("mark_not_spam", {"SPAM", "UNREAD"}, {"INBOX", "UNREAD"}),
    ],
)
async def test_each_action_does_what_it_says_once_and_is_undone(
    world: Any, action: str, before: set[str], after: set[str]
) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": sorted(before)})
    answer = await person.use(triage_emails, action=action, email_ids=person.ids)
    assert (answer["status"], counts(answer)) == ("done", (1, 1, 0, 0, 0))
    assert await labels(person, person.ids[0]) == after
    again = await person.use(triage_emails, action=action, email_ids=person.ids)
    assert (again["status"], counts(again)) == ("done", (1, 0, 1, 0, 0))
    assert "undo_token" not in again
    undone = await person.use(undo_change, undo_token=answer["undo_token"])
    assert (undone["status"], undone["reverted"]) == ("done", 1)
    assert await labels(person, person.ids[0]) == before


async def test_every_message_of_a_mixed_call_has_its_own_outcome(world: Any) -> None:
    person = await world.account(
        {"raw": write_mail("a"), "labelIds": ["INBOX", "UNREAD"]},
        {"raw": write_mail("b"), "labelIds": ["INBOX"]},
        {"raw": write_mail("c"), "labelIds": ["INBOX", "UNREAD"]},
    )
    first, second, third = person.ids
    await world.control(
        "faults",
        {"match": {"path": f"*messages/{third}"}, "action": {"status": 500}, "times": None},
    )
    answer = await person.use(
        triage_emails,
        action="mark_read",
        email_ids=[first, second, third, NOBODY, "not an id", first.upper()],
        include_full_ledger=True,
    )
    assert answer["status"] == "partly_done"
    assert counts(answer) == (5, 1, 1, 1, 2)
    outcomes = {entry["id"]: entry["outcome"] for entry in answer["ledger"]}
    assert outcomes == {
        "not an id": "failed",
        first: "changed",
        second: "already",
        third: "failed",
        NOBODY: "not_found",
    }
    problems = {entry["id"]: entry["code"] for entry in answer["problems"]}
    assert problems == {third: "unavailable", NOBODY: "not_found", "not an id": "invalid_input"}
    await world.control("faults", method="DELETE")
    assert "UNREAD" in await labels(person, third)


async def test_a_change_that_fails_altogether_is_an_error_and_no_success(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX"]})
    await world.fault("users.messages.batchModify", status=503, times=None)
    failed = await person.fails(triage_emails, action="star", email_ids=person.ids)
    assert failed.code == "unavailable"


async def test_ids_that_nobody_has_are_counted_and_the_status_says_not_done(world: Any) -> None:
    person = await world.account()
    answer = await person.use(triage_emails, action="star", email_ids=[NOBODY])
    assert (answer["status"], answer["not_found"]) == ("not_done", 1)
    assert "users.messages.batchModify" not in await world.methods()


async def test_a_draft_takes_no_label_by_id_and_is_left_alone_by_search(world: Any) -> None:
    person = await world.account({"raw": write_mail("Hi"), "labelIds": ["INBOX"]})
    draft = await person.use(write_draft_email, subject="Hi", body="x", recipient="bob@example.com")
    ids = [draft["message_id"], *person.ids]
    answer = await person.use(triage_emails, action="star", email_ids=ids)
    assert counts(answer) == (2, 1, 0, 0, 1)
    assert "draft" in answer["problems"][0]["message"]
    found = await person.use(triage_emails, action="mark_unread", query="subject:hi")
    assert counts(found) == (1, 1, 0, 0, 0)


async def test_mail_in_trash_is_not_put_into_the_inbox(world: Any) -> None:
    person = await world.account(
        {"raw": write_mail(), "labelIds": ["TRASH"]}, {"raw": write_mail(), "labelIds": ["Work"]}
    )
    answer = await person.use(triage_emails, action="unarchive", email_ids=person.ids)
    assert counts(answer) == (2, 1, 0, 0, 1)
    assert "untrash" in answer["problems"][0]["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"email_ids": []},
        {"query": "  "},
        {"email_ids": [NOBODY], "query": "in:inbox"},
        {"email_ids": [NOBODY] * 201},
    ],
)
@pytest.mark.parametrize("tool", [triage_emails, change_email_labels])
async def test_messages_are_named_in_exactly_one_way(
    world: Any, tool: Any, wrong: dict[str, Any]
) -> None:
    person = await world.account()
    more = {"action": "add", "label_name": "STARRED"} if tool is change_email_labels else {}
    failed = await person.fails(tool, **{"action": "star", **more, **wrong})
    assert failed.code == "invalid_input"
    assert await world.requests() == []


# --- by search -----------------------------------------------------------------------------------


async def test_a_search_changes_what_it_finds_and_tells_what_was_so_already(world: Any) -> None:
    person = await world.account(
        *({"raw": write_mail("news"), "labelIds": ["INBOX", "UNREAD"]} for _ in range(3)),
        *({"raw": write_mail("news"), "labelIds": ["INBOX"]} for _ in range(2)),
        {"raw": write_mail("other"), "labelIds": ["INBOX", "UNREAD"]},
    )
    answer = await person.use(triage_emails, action="mark_read", query="subject:news")
    assert (answer["status"], counts(answer)) == ("done", (5, 3, 2, 0, 0))
    assert answer["more_match"] is False
    assert "users.messages.get" not in await world.methods()
    undone = await person.use(undo_change, undo_token=answer["undo_token"])
    assert undone["reverted"] == 3
    assert [("UNREAD" in found) for found in await all_labels(person)] == [
        True, True, True, False, False, True,
    ]  # fmt: skip


async def test_a_search_with_too_many_matches_goes_on_when_it_is_repeated(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_changes, "MAX_MESSAGES", 2)
    person = await world.account(
        *({"raw": write_mail("n"), "labelIds": ["INBOX"]} for _ in range(5))
    )
    seen = []
    for _ in range(4):
        answer = await person.use(
            change_email_labels, action="add", label_name="starred", query="in:inbox"
        )
        seen.append((answer["changed"], answer["already"], answer["more_match"]))
    assert seen == [(2, 0, True), (2, 2, True), (1, 4, False), (0, 5, False)]


async def test_a_search_is_followed_over_pages_and_says_where_it_stops(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_changes, "MAX_PAGES", 2)
    monkeypatch.setattr(label_changes, "PAGE_SIZE", 2)
    person = await world.account(
        *({"raw": write_mail("n"), "labelIds": ["INBOX"]} for _ in range(5))
    )
    answer = await person.use(triage_emails, action="star", query="in:inbox")
    assert (answer["changed"], answer["more_match"]) == (4, True)


@pytest.mark.parametrize(("action", "bin_"), [("untrash", "TRASH"), ("mark_not_spam", "SPAM")])
async def test_a_rescue_by_search_looks_only_where_such_mail_is(
    world: Any, action: str, bin_: str
) -> None:
    person = await world.account(
        {"raw": write_mail("a"), "labelIds": [bin_]}, {"raw": write_mail("a"), "labelIds": ["Work"]}
    )
    answer = await person.use(triage_emails, action=action, query="subject:a")
    assert counts(answer) == (1, 1, 0, 0, 0)
    assert await labels(person, person.ids[1]) == {"Work"}
    assert bin_ not in await labels(person, person.ids[0])


async def test_untrashing_names_each_message_that_stayed(world: Any) -> None:
    person = await world.account(
        *({"raw": write_mail("a"), "labelIds": ["TRASH"]} for _ in range(3))
    )
    await world.control(
        "faults",
        {
            "match": {"path": f"*messages/{person.ids[1]}/untrash"},
            "action": {"status": 500},
            "times": None,
        },
    )
    answer = await person.use(triage_emails, action="untrash", query="subject:a")
    assert (answer["status"], counts(answer)) == ("partly_done", (3, 2, 0, 0, 1))
    assert [p["id"] for p in answer["problems"]] == [person.ids[1]]


async def test_an_empty_search_is_done_and_changes_nothing(world: Any) -> None:
    person = await world.account()
    answer = await person.use(triage_emails, action="star", query="subject:nothing")
    assert (answer["status"], counts(answer)) == ("done", (0, 0, 0, 0, 0))


# --- labels by name ------------------------------------------------------------------------------


async def test_a_label_is_put_on_and_taken_off_by_name_in_any_case(world: Any) -> None:
    person = await world.account(
        {"raw": write_mail(), "labelIds": ["INBOX", "Work/Q3"]},
        {"raw": write_mail(), "labelIds": ["INBOX"]},
    )
    answer = await person.use(
        change_email_labels, action="add", label_name="WORK / q3", email_ids=person.ids
    )
    assert counts(answer) == (2, 1, 1, 0, 0)
    taken = await person.use(
        change_email_labels, action="remove", label_name="work/q3", query="in:inbox"
    )
    assert counts(taken) == (2, 2, 0, 0, 0)
    await person.use(undo_change, undo_token=taken["undo_token"])
    await person.use(undo_change, undo_token=answer["undo_token"])
    assert await all_labels(person) == [{"INBOX", "Work/Q3"}, {"INBOX"}]


async def test_the_trash_as_a_label_takes_the_inbox_and_undo_gives_it_back(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX"]})
    answer = await person.use(
        change_email_labels, action="add", label_name="trash", email_ids=person.ids
    )
    assert await labels(person, person.ids[0]) == {"TRASH"}
    await person.use(undo_change, undo_token=answer["undo_token"])
    assert await labels(person, person.ids[0]) == {"INBOX"}


@pytest.mark.parametrize(
    ("name", "code"), [("Wrok", "unknown_label"), ("sent", "invalid_input"), (" ", "invalid_input")]
)
async def test_a_label_that_cannot_be_changed_changes_nothing(
    world: Any, name: str, code: str
) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work"]})
    failed = await person.fails(
        change_email_labels, action="add", label_name=name, email_ids=person.ids
    )
    assert failed.code == code
    assert "users.messages.batchModify" not in await world.methods()


# --- one message, one conversation ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "after"),
    [
        (archive_email, {"UNREAD", "Work"}),
        (report_spam, {"UNREAD", "Work", "SPAM"}),
        (trash_email, {"UNREAD", "Work", "TRASH"}),
    ],
)
async def test_a_change_of_one_message_is_undone_exactly(
    world: Any, tool: Any, after: set[str]
) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "UNREAD", "Work"]})
    answer = await person.use(tool, email_id=person.ids[0])
    assert await labels(person, person.ids[0]) == after
    undone = await person.use(undo_change, undo_token=answer["undo_token"])
    assert undone["status"] == "done"
    assert await labels(person, person.ids[0]) == {"INBOX", "UNREAD", "Work"}


@pytest.mark.parametrize("tool", [archive_email, report_spam])
async def test_what_is_so_already_is_not_written(world: Any, tool: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX"]})
    await person.use(tool, email_id=person.ids[0])
    await world.forget_requests()
    answer = await person.use(tool, email_id=person.ids[0])
    assert answer["changed"] is False
    assert await world.methods() == ["users.messages.get"]
    assert (await person.fails(tool, email_id=NOBODY)).code == "not_found"


async def test_a_restored_message_is_in_the_inbox_again(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["INBOX", "Work"]})
    trashed = await person.use(trash_email, email_id=person.ids[0])
    assert trashed["restore"].endswith(f'RestoreEmail(email_id="{person.ids[0]}", to_inbox=true).')
    answer = await person.use(restore_email, email_id=person.ids[0])
    assert (answer["changed"], answer["in_inbox"], answer["warnings"]) == (True, True, [])
    assert await labels(person, person.ids[0]) == {"INBOX", "Work"}
    again = await person.use(restore_email, email_id=person.ids[0])
    assert again["changed"] is False


async def test_mail_that_the_user_sent_is_not_restored_into_the_inbox(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["SENT", "TRASH"]})
    answer = await person.use(restore_email, email_id=person.ids[0])
    assert (answer["changed"], answer["in_inbox"]) == (True, False)
    assert answer["warnings"] == []


async def test_half_a_restoration_is_said(world: Any) -> None:
    person = await world.account({"raw": write_mail(), "labelIds": ["TRASH"]})
    await world.fault("users.messages.modify", status=500, times=None)
    answer = await person.use(restore_email, email_id=person.ids[0])
    assert (answer["changed"], answer["in_inbox"]) == (True, False)
    assert "unarchive" in answer["warnings"][0]


async def test_a_conversation_goes_to_trash_and_comes_back_as_it_was(world: Any) -> None:
    person = await world.account(
        {"raw": write_mail("Plan", Message_ID="<a@x.org>"), "labelIds": ["INBOX", "Work"]},
        {"raw": write_mail("Re: Plan", References="<a@x.org>"), "labelIds": ["Work"]},
    )
    thread = (await person.use(get_email, email_id=person.ids[0]))["thread_id"]
    answer = await person.use(set_thread_trash_status, thread_id=thread, in_trash=True)
    assert (answer["in_trash"], answer["message_count"], answer["changed"]) == (True, 2, 2)
    again = await person.use(set_thread_trash_status, thread_id=thread, in_trash=True)
    assert (again["changed"], "undo_token" in again) == (0, False)
    await person.use(undo_change, undo_token=answer["undo_token"])
    assert await all_labels(person) == [{"INBOX", "Work"}, {"Work"}]
    await person.use(set_thread_trash_status, thread_id=thread, in_trash=True)
    back = await person.use(set_thread_trash_status, thread_id=thread, in_trash=False)
    assert (back["in_trash"], back["changed"]) == (False, 2)
    assert await all_labels(person) == [{"Work"}, {"Work"}]


async def test_labels_of_a_conversation_are_undone_message_by_message(world: Any) -> None:
    person = await world.account(
        {"raw": write_mail("Plan", Message_ID="<a@x.org>"), "labelIds": ["INBOX", "Work"]},
        {"raw": write_mail("Re: Plan", References="<a@x.org>"), "labelIds": ["INBOX", "STARRED"]},
    )
    thread = (await person.use(get_email, email_id=person.ids[0]))["thread_id"]
    answer = await person.use(
        change_thread_labels,
        thread_id=thread,
        labels_to_add=["STARRED"],
        labels_to_remove=["Work", "INBOX"],
    )
    await person.use(undo_change, undo_token=answer["undo_token"])
    assert await all_labels(person) == [{"INBOX", "Work"}, {"INBOX", "STARRED"}]


# --- undo ----------------------------------------------------------------------------------------


async def test_undo_says_what_it_could_not_revert(world: Any) -> None:
    person = await world.account(*({"raw": write_mail(), "labelIds": ["INBOX"]} for _ in range(3)))
    answer = await person.use(triage_emails, action="star", email_ids=person.ids)
    gone = {"error": {"code": 404, "message": "Requested entity was not found."}}
    for id_, action in ((1, {"status": 404, "body": gone}), (2, {"status": 500})):
        await world.control(
            "faults",
            {
                "match": {"path": f"*messages/{person.ids[id_]}/modify"},
                "action": action,
                "times": None,
            },
        )
    undone = await person.use(undo_change, undo_token=answer["undo_token"])
    assert undone["status"] == "partly_done"
    assert (undone["reverted"], undone["not_found"], undone["failed"]) == (1, 1, 1)
    assert {p["id"] for p in undone["problems"]} == set(person.ids[1:])


async def test_a_token_of_another_user_or_a_damaged_one_is_refused_before_any_request(
    world: Any,
) -> None:
    alice, bob = (
        await world.account({"raw": write_mail(), "labelIds": ["INBOX"]}),
        await world.account(),
    )
    token = (await alice.use(archive_email, email_id=alice.ids[0]))["undo_token"]
    await world.forget_requests()
    middle = len(token) // 2
    flipped = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for wrong in (flipped, token[:-4], "", "nonsense", "日本", "A" * 40_000):
        assert (await alice.fails(undo_change, undo_token=wrong)).code == "invalid_input"
    assert (await bob.fails(undo_change, undo_token=token)).code == "invalid_input"
    assert await world.requests() == []


async def test_two_people_at_once_change_and_undo_their_own(world: Any) -> None:
    people = [
        await world.account(*({"raw": write_mail("n"), "labelIds": ["INBOX"]} for _ in range(4)))
        for _ in range(2)
    ]

    async def work(person: Any) -> None:
        answer = await person.use(triage_emails, action="star", query="in:inbox")
        assert answer["changed"] == 4
        assert (await person.use(undo_change, undo_token=answer["undo_token"]))["reverted"] == 4

    await asyncio.gather(*(work(person) for person in people))
    for person in people:
        found = await person.use(
            search_emails_by_query, query="is:starred", result_detail="count_only"
        )
        assert found["count"] == 0
    requests = await world.requests()
    users = {}
    for request in requests:
        users.setdefault(request["token"], set()).add(request["user"])
    assert all(len(found) == 1 for found in users.values())
