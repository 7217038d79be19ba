"""A stranger's address is asked once, over a checked connection, or not at all."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from arcade_gmail_multiuser.errors import ConnectionFailed, DeadlineExceeded, InvalidInput
from arcade_gmail_multiuser.gmail.unsubscribe import one_click
from arcade_gmail_multiuser.gmail.unsubscribe.one_click import (
    OneClick,
    Pinned,
    PinnedPoster,
    target_of,
)

PUBLIC = "93.184.216.34"


class Names:
    def __init__(self, *addresses: str) -> None:
        self.given = list(addresses)
        self.asked: list[str] = []

    async def addresses(self, host: str) -> list[str]:
        self.asked.append(host)
        return self.given


class Posts:
    def __init__(self) -> None:
        self.made: list[tuple[Pinned, bytes]] = []

    async def post(self, where: Pinned, body: bytes) -> int:
        self.made.append((where, body))
        return 200


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://list.example.com/u?id=1&x=%20", "list.example.com", "/u?id=1&x=%20"),
        ("HTTPS://List.Example.COM:443", "list.example.com", "/"),
        ("https://list.example.com?id=1#frag", "list.example.com", "/?id=1"),
        ("https://bücher.example.com/x", "xn--bcher-kva.example.com", "/x"),
        ("https://list.example.com./x", "list.example.com", "/x"),
    ],
)
def test_a_public_https_address_is_taken_apart(url: str, host: str, path: str) -> None:
    assert target_of(url) == (host, path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://list.example.com/",
        "ftp://list.example.com/",
        "https:///x",
        "https://user:pw@list.example.com/",
        "https://list.example.com@169.254.169.254/",
        "https://list.example.com:8443/",
        "https://list.example.com:22/",
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://localhost/",
        "https://db.localhost/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://intranet/",
        "https://list.example.com\\@10.0.0.1/",
        "https://list.example.com/a b",
        "https://list.example.com/\r\nHost: x",
        "https://list.example.com/ä",
        "https://１２７.０.０.１/",
        "https://-x.example.com/",
        "https://" + "a" * 3_000,
        "https://list.example.com/" + "a" * 2_000,
    ],
)
async def test_any_other_address_is_refused_before_its_name_is_even_looked_up(url: str) -> None:
    names, posts = Names(PUBLIC), Posts()
    with pytest.raises(InvalidInput) as caught:
        await OneClick(names, posts).ask(url)
    assert names.asked == []
    assert posts.made == []
    assert not url or url not in caught.value.message


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "192.0.2.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:7f00:1::1", "2001:db8::1", "rubbish", "",
    ],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_not_asked(address: str) -> None:
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        posts = Posts()
        with pytest.raises(InvalidInput):
            await OneClick(Names(*found), posts).ask("https://list.example.com/u")
        assert posts.made == []


async def test_a_name_that_nobody_knows_is_not_asked() -> None:
    with pytest.raises(InvalidInput, match="nowhere"):
        await OneClick(Names(), Posts()).ask("https://list.example.com/u")


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"])
async def test_the_connection_goes_to_the_address_that_was_checked(address: str) -> None:
    names, posts = Names(address, "8.8.8.8"), Posts()
    assert await OneClick(names, posts).ask("https://list.example.com/u?x=1") == 200
    [(where, body)] = posts.made
    assert (where.host, where.path, where.address) == ("list.example.com", "/u?x=1", address)
    assert body == b"List-Unsubscribe=One-Click"
    assert names.asked == ["list.example.com"]


# --- the real poster, against a server on loopback that it would never choose by itself ----------


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "list.example.com")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("list.example.com")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    folder: Path = tmp_path_factory.mktemp("tls")
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context()
    client.load_verify_locations(pem)
    return server, client


@asynccontextmanager
async def listening(tls: ssl.SSLContext, answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head + await reader.read(1_000))
        writer.write(answer)
        await writer.drain()
        if answer:
            writer.close()
        else:
            await asyncio.sleep(5)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_the_post_says_what_rfc_8058_asks_and_nothing_else(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with listening(tls[0], OK) as (port, heard):
        where = Pinned("list.example.com", "/u?x=%2F1", "127.0.0.1")
        assert await PinnedPoster(port=port, tls=tls[1]).post(where, one_click.BODY) == 200
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /u?x=%2F1 HTTP/1.1\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert body == b"List-Unsubscribe=One-Click"
    assert not [name for name in (b"authorization", b"cookie", b"referer") if name in head.lower()]


async def test_a_redirect_is_not_followed(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    answer = b"HTTP/1.1 307 X\r\nLocation: https://list.example.com/2\r\nContent-Length: 0\r\n\r\n"
    async with listening(tls[0], answer) as (port, heard):
        where = Pinned("list.example.com", "/", "127.0.0.1")
        assert await PinnedPoster(port=port, tls=tls[1]).post(where, one_click.BODY) == 307
        assert len(heard) == 1


async def test_a_certificate_for_another_name_is_not_accepted(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with listening(tls[0], OK) as (port, heard):
        with pytest.raises(ConnectionFailed):
            await PinnedPoster(port=port, tls=tls[1]).post(
                Pinned("other.example.com", "/", "127.0.0.1"), b""
            )
        assert heard == []


async def test_an_endless_answer_and_a_silent_server_do_not_hold_the_call(
    tls: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = Pinned("list.example.com", "/", "127.0.0.1")
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n" + b"x" * 200_000
    async with listening(tls[0], endless) as (port, _):
        assert await PinnedPoster(port=port, tls=tls[1]).post(where, one_click.BODY) == 200
    monkeypatch.setattr(one_click, "TIMEOUT_S", 0.2)
    async with listening(tls[0], b"") as (port, _):
        with pytest.raises(DeadlineExceeded):
            await PinnedPoster(port=port, tls=tls[1]).post(where, one_click.BODY)
