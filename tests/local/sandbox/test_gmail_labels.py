"""Labels: Gmail's own and one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Mail = Callable[..., bytes]
Refusal = Callable[..., tuple[int, str, str]]
ALICE = "alice@example.com"


async def test_the_list_has_the_system_labels_as_seen_live_and_no_counts(google: Any) -> None:
    labels = (await google.get(google.person(ALICE), "labels"))["labels"]
    names = [label["id"] for label in labels]
    first = ["CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "CATEGORY_FORUMS"]
    assert names[:8] == first
    assert len(names) == 15
    hidden = {label["id"] for label in labels if label.get("labelListVisibility") == "labelHide"}
    assert hidden == {n for n in names if n.startswith("CATEGORY_")} | {
        "IMPORTANT",
        "CHAT",
        "SPAM",
        "TRASH",
    }
    assert not any("messagesTotal" in label for label in labels)


async def test_a_label_counts_its_messages_and_threads(google: Any, write_mail: Mail) -> None:
    alice = google.person(
        ALICE,
        write_mail("Plan", message_id="<1@x>"),
        write_mail("Re: Plan", in_reply_to="<1@x>"),
        write_mail("Other"),
    )
    other = (await google.ids(alice, "subject:other"))[0]
    await google.post(alice, f"messages/{other}/modify", {"removeLabelIds": ["UNREAD"]})
    label = await google.get(alice, "labels/INBOX")
    counts = [
        label[k] for k in ("messagesTotal", "messagesUnread", "threadsTotal", "threadsUnread")
    ]
    assert counts == [3, 2, 2, 1]


async def test_a_new_label_has_a_number_and_may_be_nested_and_coloured(google: Any) -> None:
    alice = google.person(ALICE)
    color = {"textColor": "#000000", "backgroundColor": "#16A766"}
    label = await google.post(alice, "labels", {"name": " Work/旅行 ", "color": color})
    assert label == {
        "id": "Label_1",
        "name": "Work/旅行",
        "messageListVisibility": "show",
        "labelListVisibility": "labelShow",
        "type": "user",
        "color": {"textColor": "#000000", "backgroundColor": "#16a766"},
    }
    assert (await google.get(alice, "labels/Label_1"))["messagesTotal"] == 0


@pytest.mark.parametrize(
    "name", ["", " ", "INBOX", "sent", "Muted", "Entwürfe", "a\nb", "a//b", "/a", "x" * 226]
)
async def test_a_reserved_or_impossible_name_is_a_400(
    google: Any, refusal: Refusal, name: str
) -> None:
    answer = await google.ask(google.person(ALICE), "POST", "labels", json={"name": name})
    assert refusal(answer) == (400, "invalidArgument", "Invalid label name")


async def test_a_name_clashes_without_regard_to_case(google: Any, refusal: Refusal) -> None:
    alice = google.person(ALICE)
    first = await google.post(alice, "labels", {"name": "Work"})
    second = await google.post(alice, "labels", {"name": "Play"})
    answer = await google.ask(alice, "POST", "labels", json={"name": "wORK"})
    assert refusal(answer) == (409, "aborted", "Label name exists or conflicts")
    path = f"labels/{second['id']}"
    assert (await google.ask(alice, "PATCH", path, json={"name": "work"})).status_code == 409
    path = f"labels/{first['id']}"
    assert (await google.ask(alice, "PATCH", path, json={"name": "WORK"})).status_code == 200


async def test_a_colour_off_the_palette_is_refused(google: Any, refusal: Refusal) -> None:
    color = {"textColor": "#123456", "backgroundColor": "#000000"}
    body = {"name": "Work", "color": color}
    answer = await google.ask(google.person(ALICE), "POST", "labels", json=body)
    assert refusal(answer)[0] == 400
    body["color"] = {"textColor": "#000000"}
    answer = await google.ask(google.person(ALICE), "POST", "labels", json=body)
    assert refusal(answer)[0] == 400


async def test_patch_changes_what_is_given_and_update_everything(google: Any) -> None:
    alice = google.person(ALICE)
    made = {"name": "Work", "labelListVisibility": "labelHide"}
    label = await google.post(alice, "labels", made)
    path = f"labels/{label['id']}"
    patched = (await google.ask(alice, "PATCH", path, json={"name": "Job"})).json()
    assert (patched["name"], patched["labelListVisibility"]) == ("Job", "labelHide")
    updated = (await google.ask(alice, "PUT", path, json={"name": "Job"})).json()
    assert updated["labelListVisibility"] == "labelShow"
    assert (await google.ask(alice, "PUT", path, json={})).status_code == 400
    wrong = {"messageListVisibility": "perhaps"}
    assert (await google.ask(alice, "PATCH", path, json=wrong)).status_code == 400


async def test_gmails_own_labels_cannot_be_renamed_or_deleted(google: Any) -> None:
    alice = google.person(ALICE)
    assert (await google.ask(alice, "DELETE", "labels/INBOX")).status_code == 400
    renamed = await google.ask(alice, "PATCH", "labels/INBOX", json={"name": "In"})
    assert renamed.status_code == 400


async def test_a_deleted_label_comes_off_the_mail_and_the_mail_stays(
    google: Any, write_mail: Mail
) -> None:
    alice = google.person(ALICE, write_mail())
    label = (await google.post(alice, "labels", {"name": "Work"}))["id"]
    found = (await google.ids(alice))[0]
    await google.post(alice, f"messages/{found}/modify", {"addLabelIds": [label]})
    assert (await google.ask(alice, "DELETE", f"labels/{label}")).status_code == 204
    message = await google.get(alice, f"messages/{found}", format="minimal")
    assert message["labelIds"] == ["INBOX", "UNREAD"]
    for http_method in ("GET", "DELETE"):
        assert (await google.ask(alice, http_method, f"labels/{label}")).status_code == 404
    # Ids are never given out twice.
    assert (await google.post(alice, "labels", {"name": "Work"}))["id"] != label
