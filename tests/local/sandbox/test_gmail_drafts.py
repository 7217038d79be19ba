"""Drafts: an id that lasts, a message that does not, and one sending."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE, BOB = "alice@example.com", "bob@example.com"


def body_of(raw: bytes, **more: Any) -> dict[str, Any]:
    return {"message": {"raw": base64.urlsafe_b64encode(raw).decode(), **more}}


async def test_a_draft_is_listed_read_and_found_among_the_messages(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE)
    assert await google.get(alice, "drafts") == {"resultSizeEstimate": 0}
    draft = await google.post(alice, "drafts", body_of(write_mail("Later", to=BOB)))
    assert draft["id"].startswith("r")
    assert draft["message"]["labelIds"] == ["DRAFT"]
    short = {"id": draft["message"]["id"], "threadId": draft["message"]["threadId"]}
    listed = await google.get(alice, "drafts")
    assert listed["drafts"] == [{"id": draft["id"], "message": short}]
    assert await google.ids(alice) == [short["id"]]
    read = await google.get(alice, f"drafts/{draft['id']}", format="metadata")
    assert read["message"]["id"] == short["id"]
    assert (await google.get(alice, "drafts", q="subject:none")) == {"resultSizeEstimate": 0}


async def test_an_update_replaces_the_message_under_the_same_draft_id(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE)
    draft = await google.post(alice, "drafts", body_of(write_mail("One", to=BOB)))
    path = f"drafts/{draft['id']}"
    answer = await google.ask(alice, "PUT", path, json=body_of(write_mail("Two", to=BOB)))
    updated = answer.json()
    assert updated["id"] == draft["id"]
    assert updated["message"]["id"] != draft["message"]["id"]
    gone = await google.ask(alice, "GET", f"messages/{draft['message']['id']}")
    assert gone.status_code == 404
    assert len((await google.get(alice, "drafts"))["drafts"]) == 1


async def test_a_reply_draft_stays_in_its_thread_only_while_told_so(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, write_mail("Plan", message_id="<1@x>"))
    root = (await google.ids(alice))[0]
    reply = write_mail("Re: Plan", to=BOB, in_reply_to="<1@x>")
    draft = await google.post(alice, "drafts", body_of(reply, threadId=root))
    assert draft["message"]["threadId"] == root
    path = f"drafts/{draft['id']}"
    kept = await google.ask(alice, "PUT", path, json=body_of(reply, threadId=root))
    assert kept.json()["message"]["threadId"] == root
    left = await google.ask(alice, "PUT", path, json=body_of(reply))
    assert left.json()["message"]["threadId"] != root


async def test_a_sent_draft_is_a_new_message_in_the_drafts_thread(
    google: Any, write_mail: Mail
) -> None:
    alice, bob = google.person(ALICE, write_mail("Plan", message_id="<1@x>")), google.person(BOB)
    root = (await google.ids(alice))[0]
    reply = write_mail("Re: Plan", to=BOB, in_reply_to="<1@x>")
    draft = await google.post(alice, "drafts", body_of(reply, threadId=root))
    sent = await google.post(alice, "drafts/send", {"id": draft["id"]})
    assert sent["labelIds"] == ["SENT"]
    assert sent["threadId"] == root
    assert sent["id"] != draft["message"]["id"]
    assert len(await google.ids(bob)) == 1
    assert (await google.ask(alice, "GET", f"drafts/{draft['id']}")).status_code == 404
    assert "drafts" not in await google.get(alice, "drafts")


async def test_a_draft_is_sent_once_however_many_try_at_the_same_moment(
    google: Any, write_mail: Mail
) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    draft = await google.post(alice, "drafts", body_of(write_mail(to=BOB)))
    body = {"id": draft["id"]}
    tries = [google.ask(alice, "POST", "drafts/send", json=body) for _ in range(20)]
    statuses = sorted([answer.status_code for answer in await asyncio.gather(*tries)])
    assert statuses == [200] + [404] * 19
    assert len(await google.ids(bob)) == 1
    assert len(await google.ids(alice)) == 1


async def test_a_draft_can_be_changed_in_the_moment_it_is_sent(
    google: Any, write_mail: Mail
) -> None:
    alice, bob = google.person(ALICE), google.person(BOB)
    draft = await google.post(alice, "drafts", body_of(write_mail("Old", to=BOB)))
    body = {"id": draft["id"], **body_of(write_mail("New", to=BOB))}
    await google.post(alice, "drafts/send", body)
    assert len(await google.ids(bob, "subject:new")) == 1


async def test_a_draft_nobody_would_get_is_kept(
    google: Any, write_mail: Mail, refusal: Refusal
) -> None:
    alice = google.person(ALICE)
    draft = await google.post(alice, "drafts", body_of(write_mail(to="")))
    answer = await google.ask(alice, "POST", "drafts/send", json={"id": draft["id"]})
    assert refusal(answer)[2] == "Recipient address required"
    await google.get(alice, f"drafts/{draft['id']}")


async def test_deleting_a_draft_skips_the_trash(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE)
    draft = await google.post(alice, "drafts", body_of(write_mail()))
    assert (await google.ask(alice, "DELETE", f"drafts/{draft['id']}")).status_code == 204
    assert await google.ids(alice, "in:anywhere") == []


async def test_deleting_its_message_deletes_the_draft(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE)
    draft = await google.post(alice, "drafts", body_of(write_mail()))
    await google.ask(alice, "DELETE", f"messages/{draft['message']['id']}")
    assert (await google.ask(alice, "GET", f"drafts/{draft['id']}")).status_code == 404


async def test_a_draft_carries_no_other_label(
    google: Any, write_mail: Mail, refusal: Refusal
) -> None:
    alice = google.person(ALICE)
    message = (await google.post(alice, "drafts", body_of(write_mail())))["message"]
    path, change = f"messages/{message['id']}/modify", {"addLabelIds": ["STARRED"]}
    answer = await google.ask(alice, "POST", path, json=change)
    assert refusal(answer)[0] == 400
    thread = await google.post(alice, f"threads/{message['threadId']}/modify", change)
    assert thread["messages"][0]["labelIds"] == ["DRAFT"]


@pytest.mark.parametrize(
    ("given", "code"), [("r123", 404), ("r-9", 404), ("18c0000000000000", 404), ("zzz", 400)]
)
async def test_an_unknown_draft_is_a_404_and_an_impossible_id_a_400(
    google: Any, refusal: Refusal, given: str, code: int
) -> None:
    alice = google.person(ALICE)
    assert refusal(await google.ask(alice, "GET", f"drafts/{given}"))[0] == code
    answer = await google.ask(alice, "POST", "drafts/send", json={"id": given})
    assert refusal(answer)[0] == code


async def test_another_persons_draft_is_not_found(google: Any, write_mail: Mail) -> None:
    draft = await google.post(google.person(ALICE), "drafts", body_of(write_mail(to=BOB)))
    answer = await google.ask(google.person(BOB), "POST", "drafts/send", json={"id": draft["id"]})
    assert answer.status_code == 404
