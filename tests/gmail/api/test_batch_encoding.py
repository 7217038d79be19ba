from __future__ import annotations

import random
from email import message_from_bytes, policy

import pytest

from arcade_gmail_multiuser.gmail.api.batch import MAX_CALLS, decode, encode
from arcade_gmail_multiuser.gmail.api.requests import BuiltRequest, build
from arcade_gmail_multiuser.gmail.api.transport import Answer


def get(ident: str) -> BuiltRequest:
    return build("users.messages.get", userId="me", id=ident, format="full")


def part(place: object, body: bytes = b'{"id": "x"}', status: str = "200 OK") -> bytes:
    return (
        b"Content-Type: application/http\r\nContent-ID: <response-item-%s>\r\n\r\n"
        b"HTTP/1.1 %s\r\nContent-Type: application/json; charset=UTF-8\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (str(place).encode(), status.encode(), len(body), body)
    )


def answer(*parts: bytes, boundary: str = "b_1", end: bytes = b"--b_1--\r\n") -> Answer:
    body = b"".join(b"--b_1\r\n" + p + b"\r\n" for p in parts) + end
    return Answer(200, {"content-type": f"multipart/mixed; boundary={boundary}"}, body)


# --- encode --------------------------------------------------------------------------------------


def test_a_batch_is_a_multipart_of_http_requests() -> None:
    envelope = encode([get("a1"), get("b2")])
    message = message_from_bytes(
        b"Content-Type: " + envelope.content_type.encode() + b"\r\n\r\n" + envelope.body,
        policy=policy.HTTP,
    )
    assert message.get_content_type() == "multipart/mixed"
    parts = list(message.iter_parts())
    assert [p.get_content_type() for p in parts] == ["application/http"] * 2
    assert [p["Content-ID"] for p in parts] == ["<item-0>", "<item-1>"]
    first = parts[0].get_payload(decode=True)
    assert isinstance(first, bytes)
    assert first.startswith(b"GET /gmail/v1/users/me/messages/a1?format=full&alt=json HTTP/1.1\r\n")


def test_a_write_in_a_batch_keeps_its_body() -> None:
    body = {"addLabelIds": ["日本"]}
    modify = build("users.messages.modify", userId="me", id="a1", body=body)
    raw = encode([modify]).body
    assert modify.body is not None
    assert b"Content-Length: %d\r\n\r\n%s\r\n--" % (len(modify.body), modify.body) in raw


def test_no_part_is_signed() -> None:
    assert b"authorization" not in encode([get("a1")]).body.lower()


def test_a_search_cannot_end_its_part() -> None:
    evil = "x\r\n--batch_\r\nContent-ID: <item-9>\r\n\r\nDELETE / HTTP/1.1\r\n"
    raw = encode([build("users.messages.list", userId="me", q=evil)]).body
    assert raw.count(b"HTTP/1.1") == 1
    assert b"DELETE" not in raw.split(b"?")[0]
    assert raw.count(b"Content-ID:") == 1


def test_a_batch_shows_nothing_of_itself() -> None:
    assert "canary" not in repr(encode([get("canary")]))


@pytest.mark.parametrize("count", [0, MAX_CALLS + 1])
def test_a_batch_is_neither_empty_nor_larger_than_google_advises(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 50"):
        encode([get("a1")] * count)


# --- decode --------------------------------------------------------------------------------------


def test_parts_may_come_in_any_order() -> None:
    places = list(range(10))
    random.Random(1).shuffle(places)
    found = decode(answer(*(part(p, b'{"n": %d}' % p) for p in places)), 10)
    assert [f and f.body for f in found] == [b'{"n": %d}' % n for n in range(10)]


def test_each_part_has_a_status_and_headers_of_its_own() -> None:
    found = decode(answer(part(0), part(1, b"{}", "429 Too Many Requests")), 2)
    assert [f and f.status for f in found] == [200, 429]
    assert found[0] is not None
    assert found[0].headers["content-type"] == "application/json; charset=UTF-8"


def test_a_missing_part_is_missing_and_the_others_stay_where_they_belong() -> None:
    found = decode(answer(part(0, b"{}"), part(2, b"[]")), 3)
    assert [f and f.body for f in found] == [b"{}", None, b"[]"]


def test_of_a_part_that_comes_twice_neither_is_believed() -> None:
    found = decode(answer(part(0, b"{}"), part(1, b"[]"), part(0, b"null")), 2)
    assert [f and f.body for f in found] == [None, b"[]"]


def test_a_part_nobody_asked_for_is_ignored() -> None:
    found = decode(answer(part(0), part(7), part("-1"), part("x")), 1)
    assert [f is not None for f in found] == [True]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"no headers at all",
        b"Content-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}",
        b"Content-ID: <response-item-0>\r\n\r\n",
        b"Content-ID: <response-item-0>\r\n\r\nnot http\r\n\r\n{}",
        b"Content-ID: <response-item-0>\r\n\r\nHTTP/1.1 two hundred\r\n\r\n{}",
        b"Content-ID: <response-item-0>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        b"\xff\xfe\x00",
    ],
)
def test_a_broken_part_costs_only_itself(broken: bytes) -> None:
    found = decode(answer(broken, part(1, b"{}")), 2)
    assert [f and f.body for f in found] == [None, b"{}"]


def test_what_comes_after_the_last_boundary_is_cut_off_and_not_believed() -> None:
    cut = answer(part(0, b"{}"), part(1, b'{"id": "half'), end=b"")
    cut = Answer(200, cut.headers, cut.body.rstrip(b"\r\n"))
    found = decode(cut, 2)
    assert [f and f.body for f in found] == [b"{}", None]


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/mixed", "text/html; boundary=b_1", "multipart/mixed;"],
)
def test_an_answer_that_is_no_batch_holds_nothing(content_type: str) -> None:
    whole = answer(part(0))
    assert decode(Answer(200, {"content-type": content_type}, whole.body), 1) == [None]


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/mixed; boundary="b_1"',
        "multipart/mixed; charset=UTF-8; boundary=b_1",
        "Multipart/Mixed; Boundary=b_1",
    ],
)
def test_the_boundary_is_found_however_it_is_written(content_type: str) -> None:
    whole = answer(part(0))
    found = decode(Answer(200, {"content-type": content_type}, whole.body), 1)
    assert found[0] is not None


@pytest.mark.parametrize(
    "echo", [b"<response-item-0>", b"response-item-0", b"<item-0>", b"  <response-item-0>  "]
)
def test_the_content_id_is_recognised_however_it_is_echoed(echo: bytes) -> None:
    raw = part(0).replace(b"<response-item-0>", echo)
    assert decode(answer(raw), 1)[0] is not None


def test_bare_line_feeds_are_read_too() -> None:
    whole = answer(part(0, b"{}"), part(1, b"[]"))
    bare = Answer(200, whole.headers, whole.body.replace(b"\r\n", b"\n"))
    assert [f and f.body for f in decode(bare, 2)] == [b"{}", b"[]"]


def test_a_body_that_holds_the_boundary_inside_a_line_is_left_whole() -> None:
    body = b'{"snippet": "--b_1 and --b_1--"}'
    found = decode(answer(part(0, body)), 1)
    assert found[0] is not None
    assert found[0].body == body
