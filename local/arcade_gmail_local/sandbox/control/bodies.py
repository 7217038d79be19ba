"""Validate the JSON bodies of the control API."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
)
from starlette.requests import Request

from arcade_gmail_local.sandbox.errors import InvalidInput
from arcade_gmail_local.sandbox.mail.charsets import decode_base64_strictly
from arcade_gmail_local.sandbox.mail.store import ARRIVED
from arcade_gmail_local.sandbox.oauth.consent_scopes import full_scope

MAX_LATENCY_MS = 60_000


class Body(BaseModel):
    """The base of all bodies: JSON's own types, and no unknown field."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _mail(given: object) -> object:
    return decode_base64_strictly(given) if isinstance(given, str) else given


def _message(given: object) -> object:
    return {"raw": given} if isinstance(given, str) else given


def _scope(given: str) -> str:
    scope = full_scope(given)
    if scope is None:
        raise ValueError(
            f"{given!r} is not a scope: use a url, a Gmail scope's short name such as "
            "gmail.readonly, or openid, email or profile"
        )
    return scope


Raw = Annotated[bytes, BeforeValidator(_mail)]


class Message(Body):
    raw: Raw
    label_ids: list[str] = Field(default=list(ARRIVED), alias="labelIds")
    internal_date_ms: int | None = Field(default=None, alias="internalDate", strict=False)


class Account(Body):
    email: str
    name: str = ""
    messages: list[Annotated[Message, BeforeValidator(_message)]] = []


class Incoming(Body):
    email: str
    raw: Raw
    sender: str | None = None


class Alias(Body):
    email: str
    name: str = ""
    reply_to: str = ""
    signature: str = ""
    pending: bool = False


class MailboxChange(Body):
    email: str
    send_as: list[Alias] = []
    forwarding: dict[str, Literal["accepted", "pending"]] = {}


class Token(Body):
    email: str
    scopes: list[Annotated[str, AfterValidator(_scope)]]
    expires_in: float = 3600


class Owner(Body):
    email: str


class Latency(Body):
    ms: float = Field(ge=0, le=MAX_LATENCY_MS)


class LimitChange(Body):
    units_per_minute: PositiveInt | None = None
    max_in_flight: PositiveInt | None = None
    max_recipients: PositiveInt | None = None


B = TypeVar("B", bound=BaseModel)


async def read_body(request: Request, model: type[B]) -> B:
    """Parse a JSON body.

    Raises:
        InvalidInput: names the first field that is wrong, and why.
    """
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "The body"
        raise InvalidInput(f"{place}: {first['msg']}.") from None
