"""Call a worker: list its tools or run one, each under a token that lives for seconds."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt

from arcade_gmail_local.engine.outbound import Outbound, OutboundAnswer, OutboundRequest
from arcade_gmail_local.engine.settings import WorkerSettings
from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    Unavailable,
)

__all__ = ["ToolCall", "WorkerClient", "WorkerResult"]

logger = logging.getLogger(__name__)

_TOKEN_LIFE_S = 45
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_OFF_THE_LOOP_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class ToolCall:
    """One call as the worker protocol wants it. Holds a token and mail: it has no repr."""

    execution_id: str
    created_at: str
    toolkit: str
    name: str
    version: str | None
    inputs: dict[str, Any]
    user_id: str
    token: str | None = None
    user_info: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    large: bool = False
    """Whether to encode it off the event loop."""

    def masked(self, raw: bytes) -> bytes:
        """Mask the call's token in an answer."""
        # A token is checked to be plain when it is accepted, so JSON writes it in one way.
        return raw.replace(self.token.encode(), b"[redacted]") if self.token else raw

    def encode(self) -> bytes:
        context: dict[str, Any] = {
            "user_id": self.user_id,
            "secrets": [],
            "metadata": [{"key": k, "value": v} for k, v in self.metadata.items()],
        }
        if self.token is not None:
            context["authorization"] = {"token": self.token, "user_info": self.user_info}
        body = {
            "run_id": self.execution_id,
            "execution_id": self.execution_id,
            "created_at": self.created_at,
            "tool": {"name": self.name, "toolkit": self.toolkit, "version": self.version},
            "inputs": self.inputs,
            "context": context,
        }
        return json.dumps(body, separators=(",", ":")).encode("ascii")


@dataclass(frozen=True, slots=True, repr=False)
class WorkerResult:
    """A tool's result: `output` as the worker wrote it, free of the call's own token."""

    success: bool
    output: dict[str, Any]
    large: bool


class WorkerClient:
    """Speak the worker protocol over HTTP with a signed token that expires."""

    def __init__(
        self, settings: WorkerSettings, outbound: Outbound, *, clock: Callable[[], float]
    ) -> None:
        self.id = settings.id
        self.settings = settings
        self._outbound = outbound
        self._clock = clock
        self._signed = ""
        self._signed_at: int | None = None

    async def tools(self) -> list[Any]:
        """Read the worker's catalog.

        Raises:
            Unavailable: the worker is away or its answer is not a catalog.
            ConfigurationError: the worker does not accept our secret.
        """
        try:
            reply = await self._outbound.send(
                OutboundRequest(
                    "GET",
                    self._address("tools"),
                    headers=self._headers(),
                    timeout_s=min(self.settings.timeout_s, 15.0),
                    max_answer_bytes=_MAX_ANSWER_BYTES,
                )
            )
        except (ConnectionFailed, DeadlineExceeded):
            raise _unreachable() from None
        self._check_secret(reply)
        try:
            found = json.loads(reply.body) if reply.status == 200 else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list):
            raise Unavailable("The worker did not list its tools.")
        return found

    async def healthy(self) -> bool:
        """Ask whether the worker is up; any answer but 200 means that it is not."""
        try:
            reply = await self._outbound.send(
                OutboundRequest(
                    "GET", self._address("health"), headers=self._headers(), timeout_s=5.0
                )
            )
        except (ConnectionFailed, DeadlineExceeded, Unavailable):
            return False
        return reply.status == 200

    async def invoke(self, call: ToolCall) -> WorkerResult:
        """Run a tool once. A call that may have acted is never repeated here.

        Raises:
            Unavailable: the worker was not reached, so nothing happened.
            OutcomeUnknown: the call was sent and no usable answer came.
            NotFound, InvalidInput: the worker refused it without running anything.
        """
        request = OutboundRequest(
            "POST",
            self._address("tools/invoke"),
            headers={**self._headers(), "Content-Type": "application/json"},
            # Never in a variable: it holds the token.
            body=await asyncio.to_thread(call.encode) if call.large else call.encode(),
            timeout_s=self.settings.timeout_s,
            max_answer_bytes=_MAX_ANSWER_BYTES,
        )
        try:
            reply = await self._outbound.send(request)
        except ConnectionFailed as problem:
            if not problem.sent:
                raise _unreachable() from None
            raise _unknown("the connection broke") from None
        except DeadlineExceeded:
            raise _unknown("no answer in time") from None
        except Unavailable:
            raise _unknown("the answer is too large") from None
        self._check_secret(reply)
        if reply.status == 404:
            raise NotFound("The worker does not have this tool in this version.")
        if reply.status in (400, 422):
            raise InvalidInput("The worker does not accept these inputs.")
        return await self._result(reply, call)

    async def _result(self, reply: OutboundAnswer, call: ToolCall) -> WorkerResult:
        if reply.status != 200:
            raise _unknown(f"HTTP {reply.status}")
        # A tool that echoes its token, in a value or an error, must not show it.
        raw = call.masked(reply.body)
        try:
            large = len(raw) > _OFF_THE_LOOP_BYTES
            found = await asyncio.to_thread(_parse, raw) if large else _parse(raw)
        except (ValueError, RecursionError):
            raise _unknown("the answer is not JSON") from None
        if not isinstance(found, dict) or not isinstance(found.get("success"), bool):
            raise _unknown("the answer is not a tool result")
        output = found.get("output")
        return WorkerResult(found["success"], output if isinstance(output, dict) else {}, large)

    def _check_secret(self, reply: OutboundAnswer) -> None:
        if reply.status in (401, 403):
            logger.critical("the worker refuses our token; check that both have the same secret")
            raise ConfigurationError("The worker refuses the engine's secret; tell the operator.")

    def _address(self, path: str) -> str:
        return f"{self.settings.url.rstrip('/')}/worker/{path}"

    def _headers(self) -> dict[str, str]:
        now = int(self._clock())
        if self._signed_at != now:
            # One signature serves all calls of the same second.
            claims = {"aud": "worker", "ver": "1", "iat": now, "exp": now + _TOKEN_LIFE_S}
            self._signed = jwt.encode(claims, self.settings.secret, algorithm="HS256")
            self._signed_at = now
        return {"Authorization": f"Bearer {self._signed}", "Accept": "application/json"}


def _parse(raw: bytes) -> Any:
    # Python reads NaN and Infinity, which JSON cannot write: they become null.
    return json.loads(raw, parse_constant=lambda _name: None)


def _unreachable() -> Unavailable:
    return Unavailable(
        "The worker cannot be reached; nothing was done. Try again in a moment.",
        retry_after_ms=1000,
    )


def _unknown(why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        "The tool may or may not have acted; look before repeating the call.",
        developer_message=why,
    )
