"""Keep visits to the connections page: a link that works once, then one browser's short session.

    POST /v1/connections_page ──▶ link (5 minutes, once) ──▶ cookie (15 minutes, this browser)

The application's server, which knows who is signed in, asks for the link; no address
names a user. Link and cookie are random, and only their hashes are stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_local.engine import tables
from arcade_gmail_local.engine.authorization.flows import digest

__all__ = ["LINK_TTL_S", "VISIT_TTL_S", "Visits"]

LINK_TTL_S = 300.0
VISIT_TTL_S = 900.0
_V = tables.page_visits


class Visits:
    """Keep one project's visits in the database, so that any process can answer."""

    def __init__(self, engine: AsyncEngine, *, project: str, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._project = project
        self._clock = clock

    async def invite(self, user_id: str) -> tuple[str, float]:
        """Make a link for a user; return its secret part, and when it expires."""
        now = self._clock()
        link = secrets.token_urlsafe(32)
        async with self._engine.begin() as db:
            await db.execute(delete(_V).where(_V.c.expires_at <= now))
            await db.execute(
                insert(_V).values(
                    link_hash=digest(link),
                    project=self._project,
                    user_id=user_id,
                    cookie_hash=None,
                    expires_at=now + LINK_TTL_S,
                )
            )
        return link, now + LINK_TTL_S

    async def begin(self, link: str) -> str | None:
        """Use up a link and return the visit's cookie; only one of any number of tries gets it."""
        now = self._clock()
        cookie = secrets.token_urlsafe(32)
        change = (
            update(_V)
            .where(
                _V.c.link_hash == digest(link),
                _V.c.project == self._project,
                _V.c.cookie_hash.is_(None),
                _V.c.expires_at > now,
            )
            .values(cookie_hash=digest(cookie), expires_at=now + VISIT_TTL_S)
        )
        async with self._engine.begin() as db:
            return cookie if (await db.execute(change)).rowcount == 1 else None

    async def visitor(self, cookie: str) -> str | None:
        """Return the user whose visit this is, or None when it is over."""
        query = select(_V.c.user_id).where(
            _V.c.cookie_hash == digest(cookie),
            _V.c.project == self._project,
            _V.c.expires_at > self._clock(),
        )
        async with self._engine.connect() as db:
            found: str | None = (await db.execute(query)).scalar_one_or_none()
        return found

    async def end(self, cookie: str) -> None:
        async with self._engine.begin() as db:
            await db.execute(
                delete(_V).where(_V.c.cookie_hash == digest(cookie), _V.c.project == self._project)
            )
