"""History: every change once, in order, with ids that rise."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE, BOB = "alice@example.com", "bob@example.com"


async def now(google: Any, token: str) -> str:
    return str((await google.get(token, "profile"))["historyId"])


async def test_nothing_new_has_no_history_key_but_an_id(google: Any) -> None:
    alice = google.person(ALICE)
    start = await now(google, alice)
    answer = await google.get(alice, "history", startHistoryId=start)
    assert answer == {"historyId": start}


async def test_every_change_is_told_in_order(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE)
    start = await now(google, alice)
    google.person(ALICE, write_mail())
    found = (await google.ids(alice))[0]
    body = {"addLabelIds": ["STARRED"], "removeLabelIds": ["UNREAD"]}
    await google.post(alice, f"messages/{found}/modify", body)
    await google.post(alice, f"messages/{found}/trash")
    await google.ask(alice, "DELETE", f"messages/{found}")
    answer = await google.get(alice, "history", startHistoryId=start)
    kinds = [next(k for k in r if k not in ("id", "messages")) for r in answer["history"]]
    assert kinds == [
        "messagesAdded",
        "labelsAdded",
        "labelsRemoved",
        "labelsAdded",
        "labelsRemoved",
        "messagesDeleted",
    ]
    ids = [int(record["id"]) for record in answer["history"]]
    assert ids == sorted(set(ids))
    assert int(answer["historyId"]) == ids[-1]
    short = {"id": found, "threadId": found}
    assert answer["history"][0]["messages"] == [short]
    starred = answer["history"][1]["labelsAdded"][0]
    assert starred["labelIds"] == ["STARRED"]
    assert starred["message"] == short | {"labelIds": ["INBOX", "STARRED", "UNREAD"]}


async def test_what_changes_nothing_leaves_no_history(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE, write_mail())
    start = await now(google, alice)
    found = (await google.ids(alice))[0]
    await google.post(alice, f"messages/{found}/modify", {"addLabelIds": ["INBOX"]})
    assert await now(google, alice) == start


async def test_a_messages_history_id_is_that_of_its_last_change(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, write_mail("one"), write_mail("two"))
    one = (await google.ids(alice, "subject:one"))[0]
    before = await google.get(alice, f"messages/{one}", format="minimal")
    await google.post(alice, f"messages/{one}/modify", {"addLabelIds": ["STARRED"]})
    after = await google.get(alice, f"messages/{one}", format="minimal")
    assert int(after["historyId"]) > int(before["historyId"])
    assert after["historyId"] == await now(google, alice)


async def test_history_is_filtered_by_kind_and_label(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE)
    start = await now(google, alice)
    google.person(ALICE, write_mail("one"), write_mail("two"))
    one = (await google.ids(alice, "subject:one"))[0]
    await google.post(alice, f"messages/{one}/modify", {"addLabelIds": ["STARRED"]})

    async def count(**params: Any) -> int:
        answer = await google.get(alice, "history", startHistoryId=start, **params)
        return len(answer.get("history", []))

    assert await count() == 3
    assert await count(historyTypes="messageAdded") == 2
    assert await count(historyTypes=["messageAdded", "labelAdded"]) == 3
    assert await count(historyTypes="messageDeleted") == 0
    assert await count(labelId="STARRED") == 1


async def test_history_comes_in_pages(google: Any, write_mail: Mail) -> None:
    alice = google.person(ALICE)
    start = await now(google, alice)
    google.person(ALICE, *[write_mail(str(i)) for i in range(5)])
    seen: list[str] = []
    params: dict[str, Any] = {"startHistoryId": start, "maxResults": 2}
    while True:
        page = await google.get(alice, "history", **params)
        seen += [record["id"] for record in page["history"]]
        if "nextPageToken" not in page:
            break
        params["pageToken"] = page["nextPageToken"]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("start", ["1", "99999999999"])
async def test_a_start_that_is_too_old_or_never_was_is_a_404(
    google: Any, refusal: Refusal, start: str
) -> None:
    alice = google.person(ALICE)
    answer = await google.ask(alice, "GET", f"history?startHistoryId={start}")
    assert refusal(answer)[:2] == (404, "notFound")


async def test_a_start_is_needed_and_is_a_number(google: Any, refusal: Refusal) -> None:
    alice = google.person(ALICE)
    assert refusal(await google.ask(alice, "GET", "history"))[0] == 400
    assert refusal(await google.ask(alice, "GET", "history?startHistoryId=x"))[0] == 400


async def test_forgotten_history_is_a_404_until_one_starts_anew(google: Any) -> None:
    alice = google.person(ALICE)
    start = await now(google, alice)
    answer = await google.http.post("/_sandbox/forgotten-history", json={"email": ALICE})
    assert answer.status_code == 204
    gone = await google.ask(alice, "GET", f"history?startHistoryId={start}")
    assert gone.status_code == 404
    await google.get(alice, "history", startHistoryId=await now(google, alice))


async def test_a_replaced_and_sent_draft_is_told_as_messages_that_come_and_go(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE)
    start = await now(google, alice)
    body = {"message": {"raw": base64.urlsafe_b64encode(write_mail(to=BOB)).decode()}}
    draft = await google.post(alice, "drafts", body)
    await google.ask(alice, "PUT", f"drafts/{draft['id']}", json=body)
    sent = await google.post(alice, "drafts/send", {"id": draft["id"]})
    history = (await google.get(alice, "history", startHistoryId=start))["history"]
    added = [r["messagesAdded"][0]["message"]["id"] for r in history if "messagesAdded" in r]
    deleted = [r["messagesDeleted"][0]["message"]["id"] for r in history if "messagesDeleted" in r]
    assert set(added) - set(deleted) == {sent["id"]}
    assert len(added) == 3
