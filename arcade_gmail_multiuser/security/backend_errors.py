"""Turn every way in which a backend can fail into one StorageError, in bounded time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from arcade_gmail_multiuser.errors import GmailMultiuserError, StorageError

__all__ = ["failing_closed"]


@contextlib.asynccontextmanager
async def failing_closed(
    patience_s: float, refusal: Callable[[BaseException], StorageError]
) -> AsyncIterator[None]:
    """Run the body for at most `patience_s`; whatever goes wrong in it becomes `refusal(cause)`.

    Our own errors pass. The cause is not chained: drivers quote statements and addresses.
    """
    try:
        async with asyncio.timeout(patience_s):
            yield
    except GmailMultiuserError:
        raise
    except Exception as failed:  # noqa: BLE001 - while connecting, drivers raise errors of their own
        raise refusal(failed) from None
