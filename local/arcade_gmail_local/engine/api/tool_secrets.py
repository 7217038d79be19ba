"""/v1/admin/secrets: which secrets tools find, and setting and removing them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arcade_gmail_local.engine.events import Events
from arcade_gmail_local.engine.http.answers import Refusal, answer, page_answer
from arcade_gmail_local.engine.http.bodies import (
    bad_request,
    check_id,
    page_of,
    read_object,
    text_or_none,
)
from arcade_gmail_local.engine.http.callers import caller_of
from arcade_gmail_local.engine.http.moments import iso_or_none
from arcade_gmail_local.engine.running.secret_store import SECRET_KEY, SecretRecord, SecretStore

__all__ = ["SecretsApi"]

_LARGEST_BODY = 256 * 1024
_LONGEST_VALUE = 64 * 1024


class SecretsApi:
    """What arcadepy's `client.admin.secrets` calls, and what `arcade secret set` does."""

    def __init__(self, secrets: SecretStore, events: Events) -> None:
        self._secrets = secrets
        self._events = events

    def routes(self) -> list[Route]:
        return [
            Route("/v1/admin/secrets", self.list, methods=["GET"]),
            Route("/v1/admin/secrets/{key}", self.put, methods=["POST", "PUT"]),
            Route("/v1/admin/secrets/{key}", self.remove, methods=["DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        """List the keys; no value and no part of one is ever shown."""
        limit, offset = page_of(request)
        every = await self._secrets.every()
        page = [_describe(one) for one in every[offset : offset + limit]]
        return page_answer(page, limit=limit, offset=offset, total=len(every))

    async def put(self, request: Request) -> Response:
        """Set the secret of a key."""
        key = request.path_params["key"]
        if not SECRET_KEY.fullmatch(key):
            bad_request("A secret's key has letters, digits, dots, dashes or underscores.")
        if self._secrets.is_fixed(key):
            raise _fixed()
        body = await read_object(request, max_bytes=_LARGEST_BODY)
        value = body.get("value")
        if not isinstance(value, str) or not value or len(value) > _LONGEST_VALUE:
            bad_request(f"value must be a text of 1 to {_LONGEST_VALUE} characters.")
        if any("\ud800" <= c <= "\udfff" for c in value):
            bad_request("value has half of a surrogate pair.")
        description = text_or_none(body, "description") or ""
        await self._events.tell(
            "tool_secret.set", "started", actor=caller_of(request).name, secret=key
        )
        return answer(_describe(await self._secrets.put(key, value, description)))

    async def remove(self, request: Request) -> Response:
        """Remove a secret by its id."""
        secret_id = check_id(request.path_params["key"])
        held = next((one for one in await self._secrets.every() if one.id == secret_id), None)
        if held is None:
            raise _unknown()
        if held.fixed:
            raise _fixed()
        await self._events.tell(
            "tool_secret.deleted", "started", actor=caller_of(request).name, secret=held.key
        )
        if not await self._secrets.remove(secret_id):
            raise _unknown()
        return Response(status_code=204)


def _unknown() -> Refusal:
    return Refusal(404, "not_found", "There is no such secret.")


def _fixed() -> Refusal:
    return Refusal(
        403, "secret_is_fixed", "This secret comes from the engine's settings; change it there."
    )


def _describe(secret: SecretRecord) -> dict[str, Any]:
    kind = "static" if secret.fixed else "project"
    return {
        "id": secret.id,
        "key": secret.key,
        "description": secret.description,
        "binding": {"id": kind, "type": kind},
        "created_at": iso_or_none(secret.created_at),
        "updated_at": iso_or_none(secret.updated_at),
        "last_accessed_at": iso_or_none(secret.last_accessed_at),
    }
