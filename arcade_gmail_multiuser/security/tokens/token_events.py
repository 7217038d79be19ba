"""Tell the audit what happens to a connection's tokens."""

from __future__ import annotations

from arcade_gmail_multiuser.security.recorder import Outcome, Recorder
from arcade_gmail_multiuser.security.tokens.record import TokenKey

__all__ = ["TokenEvents"]


class TokenEvents:
    """Record events before what they tell of takes effect.

    A recorder that raises stops the operation: what cannot be audited does not happen.
    """

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder

    async def tell(
        self,
        event: str,
        key: TokenKey,
        outcome: Outcome = "succeeded",
        *,
        actor: str = "token_manager",
        **detail: str | int | bool,
    ) -> None:
        if self._recorder is not None:
            await self._recorder.record(
                event,
                outcome=outcome,
                actor=actor,
                user_id=key.user_id,
                provider=key.provider,
                detail=detail,
            )
