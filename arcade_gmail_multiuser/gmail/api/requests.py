"""Write the requests of calls, as Gmail's own description has them; it also says which scopes do.

google-api-python-client ships the description (its discovery document) and builds the requests.
Its resource objects cost 1-2 ms each, so they are built once per process and only when used.

A small mail goes inside the JSON, as base64. A large one goes to Gmail's upload address, as it is,
after a JSON part (multipart/related): a third fewer bytes to carry, no 30 MB of JSON to write while
everybody waits, and beyond some 5 MB it is what Google asks for. googleapiclient could write such a
body too, but passes the mail through an e-mail generator, which may change it.
"""

from __future__ import annotations

import base64
import functools
import ipaddress
import json
import keyword
import logging
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc

from arcade_gmail_multiuser.errors import ConfigurationError, InvalidInput

__all__ = [
    "BuiltRequest",
    "accepted_scopes",
    "build",
    "build_with_mail",
    "described_methods",
    "gmail_endpoint",
    "http_method",
    "load_document",
    "thread_url",
    "userinfo_url",
]

MAX_ID_CHARACTERS = 1_024
"""Gmail's longest ids are attachments', at four to five hundred characters."""

MAX_URL_CHARACTERS = 15_000
"""Google's front end refuses longer ones with a page of HTML."""

FOR_EVERY_METHOD = frozenset({"fields"})
"""The only one of Google's common parameters that is let through; another is `access_token`."""


@dataclass(frozen=True, slots=True, repr=False)
class BuiltRequest:
    """One call to Gmail, written out but not signed. Its path may hold search text: no repr."""

    method: str
    http_method: str
    path: str
    """Path and query, from the slash on."""
    headers: Mapping[str, str]
    body: bytes | None
    postproc: Callable[[Any, bytes], Any]
    answers: bool
    """Whether Gmail describes an answer for it; the others answer with nothing."""


@functools.cache
def load_document() -> dict[str, Any]:
    """Return Gmail's discovery document. It is shared: read it, do not change it."""
    document: dict[str, Any] = json.loads(_document_text())
    return document


@functools.cache
def described_methods() -> Mapping[str, Mapping[str, Any]]:
    """Return every method of Gmail's, by names like "users.messages.get"."""
    found: dict[str, Mapping[str, Any]] = {}

    def collect(resources: Mapping[str, Any], prefix: str) -> None:
        for name, resource in resources.items():
            for method, description in resource.get("methods", {}).items():
                found[f"{prefix}{name}.{method}"] = description
            collect(resource.get("resources", {}), f"{prefix}{name}.")

    collect(load_document()["resources"], "")
    return MappingProxyType(found)


def http_method(method: str) -> str:
    """Return GET, POST, PUT, PATCH or DELETE."""
    return str(_described(method)["httpMethod"])


def accepted_scopes(method: str) -> frozenset[str]:
    """Return the scopes of which any one lets a token call the method.

    Raises:
        InvalidInput: Gmail has no such method.
    """
    return frozenset(_described(method).get("scopes", ()))


def build(method: str, **params: Any) -> BuiltRequest:
    """Write the request of one call; nothing is sent.

    The parameters are Gmail's own names; one that is None counts as left out. Ids are
    percent-encoded, and those that no id of Gmail's can look like (empty, over 1,024 characters,
    with a slash) are refused here.

    Raises:
        InvalidInput: no such method, or a parameter that is unknown, missing or of a wrong kind.
    """
    description = _described(method)
    given = {name: value for name, value in params.items() if value is not None}
    _check_names(method, description, given)
    for name, about in description.get("parameters", {}).items():
        if name in given:
            given[name] = _checked_value(name, about, given[name])
    request = _written(method, given)
    url = urlsplit(request.uri)
    path = f"{url.path}?{url.query}" if url.query else url.path
    if len(path) > MAX_URL_CHARACTERS:
        raise InvalidInput("The search or the list of headers is too long; shorten it.")
    body = request.body
    return BuiltRequest(
        method=method,
        http_method=request.method,
        path=path,
        headers=MappingProxyType(dict(request.headers)),
        body=body.encode("utf-8") if isinstance(body, str) else body,
        postproc=request.postproc,
        answers="response" in description,
    )


MAX_MAIL_IN_JSON = 4 * 1024 * 1024
"""Bytes from which a mail goes by itself. Writing so much as base64 and JSON takes some 15 ms."""


def build_with_mail(
    method: str, mime: bytes, *, thread_id: str = "", **params: Any
) -> BuiltRequest:
    """Write a call such as "users.messages.send" that brings a mail; nothing is sent.

    Args:
        thread_id: the conversation that the mail joins; "" begins a new one.
        params: the method's other parameters, by Gmail's names; not `body`.

    Raises:
        InvalidInput: no such method, one that takes no mail, or as for `build`.
    """
    if not described_methods().get(method, {}).get("supportsMediaUpload"):
        raise InvalidInput(f"{method[:80]} takes no mail.")
    message = {"threadId": thread_id} if thread_id else {}
    if len(mime) < MAX_MAIL_IN_JSON:
        raw = base64.urlsafe_b64encode(mime).decode("ascii")
        return build(method, **params, body=_with_message(method, {**message, "raw": raw}))
    request = build(method, **params, body=_with_message(method, message))
    boundary = f"mail_{secrets.token_hex(16)}"
    head = (
        f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n"
        f"{(request.body or b'').decode()}\r\n"
        f"--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    )
    joint = "&" if "?" in request.path else "?"
    return replace(
        request,
        path=f"/upload{request.path}{joint}uploadType=multipart",
        headers=MappingProxyType(
            {**request.headers, "content-type": f'multipart/related; boundary="{boundary}"'}
        ),
        body=b"".join((head.encode(), mime, f"\r\n--{boundary}--\r\n".encode())),
    )


def _with_message(method: str, message: dict[str, str]) -> dict[str, Any]:
    """Put the Message resource where the method wants it: drafts have one inside."""
    takes = described_methods()[method]["request"]["$ref"]
    return {"message": message} if takes == "Draft" else dict(message)


def _described(method: str) -> Mapping[str, Any]:
    description = described_methods().get(method)
    if description is None:
        raise InvalidInput("Gmail has no such method.", developer_message=f"method {method[:80]!r}")
    return description


def _check_names(method: str, description: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    known = set(description.get("parameters", {})) | FOR_EVERY_METHOD
    if "request" in description:
        known.add("body")
    unknown = sorted(given.keys() - known)
    if unknown:
        raise InvalidInput(f"{method} does not take {unknown[0]}.")
    for name, about in description.get("parameters", {}).items():
        if about.get("required") and name not in given:
            raise InvalidInput(f"{method} needs {name}.")


def _checked_value(name: str, about: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, (tuple, set, frozenset)):
        value = list(value)
    if isinstance(value, list) and not about.get("repeated"):
        raise InvalidInput(f"{name} takes one value, not a list.")
    allowed = about.get("enum")
    if allowed and not set(value if isinstance(value, list) else [value]) <= set(allowed):
        raise InvalidInput(f"{name} must be one of {', '.join(allowed)}.")
    if about.get("location") == "path":
        _check_id(name, value)
    return value


def _check_id(name: str, value: Any) -> None:
    """Refuse what cannot be one segment of a path; whether such an id exists, Gmail knows."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{name} is empty. Take it from an earlier list, search or read.")
    if len(value) > MAX_ID_CHARACTERS:
        raise InvalidInput(f"{name} is too long to be one of Gmail's. Copy it exactly.")
    # A dot segment or a slash, even encoded, may be resolved on the way and name another resource.
    if not value.strip(".") or any(c in "/\\?#%" or c.isspace() or ord(c) < 32 for c in value):
        raise InvalidInput(f"{name} is not one of Gmail's. Copy it exactly from an earlier answer.")


def _written(method: str, given: Mapping[str, Any]) -> Any:
    failure: InvalidInput | None = None
    try:
        return _resource_method(method)(**given)
    except (TypeError, ValueError, OverflowError):
        # Their text quotes the value, which may be search text or mail. Raising outside of this
        # block keeps that from being the context of the error.
        failure = InvalidInput(f"{method} cannot take one of the values it was given.")
    raise failure


class _NeverExecuted:
    """Stands where googleapiclient wants an http object, which keeps it from making credentials."""


class _NoUrls(logging.Filter):
    """Drops googleapiclient's debug lines that print the whole url, search text and all."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("URL being requested")


_building = threading.Lock()


@functools.cache
def _service() -> Any:
    logging.getLogger("googleapiclient.discovery").addFilter(_NoUrls())
    # It parses the text itself, because building writes into the document it is given.
    return build_from_document(_document_text(), http=_NeverExecuted())


@functools.cache
def _resource(path: str) -> Any:
    parent, _, name = path.rpartition(".")
    return getattr(_resource(parent) if parent else _service(), name)()


@functools.cache
def _resource_method_once(method: str) -> Callable[..., Any]:
    path, _, name = method.rpartition(".")
    attribute = f"{name}_" if keyword.iskeyword(name) else name
    bound: Callable[..., Any] = getattr(_resource(path), attribute)
    return bound


_ready: dict[str, Callable[..., Any]] = {}


def _resource_method(method: str) -> Callable[..., Any]:
    found = _ready.get(method)
    if found is None:
        # functools.cache alone would let two threads build the same resources at once.
        with _building:
            found = _ready[method] = _resource_method_once(method)
    return found


def _document_text() -> str:
    text: str | None = get_static_doc("gmail", "v1")
    if text is None:
        raise ConfigurationError("google-api-python-client came without Gmail's description.")
    return text


# --- where Google is -----------------------------------------------------------------------------

VARIABLE = "GMAIL_API_ENDPOINT"


DEFAULT = "https://gmail.googleapis.com"


USERINFO_PATH = "/oauth2/v2/userinfo"


GOOGLE_HOSTS = frozenset({"gmail.googleapis.com", "www.googleapis.com"})
"""Tokens go to these and to loopback; not to any `*.googleapis.com`: others are served there."""


def gmail_endpoint() -> str:
    """Return the base url of the Gmail API, without a slash at its end.

    GMAIL_API_ENDPOINT is read at every call, so a test may set it after the import.

    Raises:
        ConfigurationError: it names a host that no token may be sent to.
    """
    return _checked(os.environ.get(VARIABLE, "").strip() or DEFAULT)


def userinfo_url() -> str:
    """Return the url that tells who a token belongs to; a loopback endpoint answers it itself."""
    endpoint = gmail_endpoint()
    if urlsplit(endpoint).hostname in GOOGLE_HOSTS:
        return f"https://www.googleapis.com{USERINFO_PATH}"
    return endpoint + USERINFO_PATH


@functools.lru_cache(maxsize=16)
def _checked(given: str) -> str:
    refusal = _refusal(given)
    if refusal is not None:
        # The value stays out of the message: someone may have put a password into it.
        raise ConfigurationError(f"{VARIABLE} {refusal}")
    return given.rstrip("/")


def _refusal(given: str) -> str | None:
    try:
        url = urlsplit(given)
        port = url.port
    except ValueError:
        return "is not a url."
    if url.scheme not in {"https", "http"} or not url.hostname or not given.isascii():
        return "must be a url that begins with https://."
    if url.username is not None or url.password is not None:
        return "must not hold a user name or a password."
    if url.path.strip("/") or "?" in given or "#" in given or "\\" in given:
        return "must be a scheme, a host and a port, and nothing after them."
    return _host_refusal(url, port)


def _host_refusal(url: SplitResult, port: int | None) -> str | None:
    host = url.hostname or ""
    if _is_loopback(host):
        return None
    if host not in GOOGLE_HOSTS:
        return (
            "may name loopback or one of "
            + ", ".join(sorted(GOOGLE_HOSTS))
            + "; the tokens of users are sent there."
        )
    if url.scheme != "https":
        return "must begin with https:// for any host but loopback."
    if port not in {None, 443}:
        return "must use port 443 for Google."
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def thread_url(thread_id: str, account: str = "") -> str:
    """Return the URL that opens a conversation in Gmail's web application.

    Args:
        account: the address of the account that has it; without one the browser's first is used.
    """
    chosen = f"?authuser={quote(account, safe='@')}" if account else ""
    return f"https://mail.google.com/mail/{chosen}#all/{quote(thread_id, safe='')}"
