"""Turn every failure of a storage backend into one StorageError, within a time limit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from arcade_gmail_multiuser.errors import GmailMultiuserError, StorageError

__all__ = ["fail_closed"]


@contextlib.asynccontextmanager
async def fail_closed(
    timeout_s: float, refusal: Callable[[BaseException], StorageError]
) -> AsyncIterator[None]:
    """Run the body for at most `timeout_s`, and raise `refusal(cause)` for any failure in it.

    Our own errors pass. The cause is not chained: drivers quote statements and addresses.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except GmailMultiuserError:
        raise
    except Exception as failed:  # noqa: BLE001 - while connecting, drivers raise anything
        raise refusal(failed) from None
