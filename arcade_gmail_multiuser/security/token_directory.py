"""Look through a project's connections, wherever the SQL token store keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from arcade_gmail_multiuser.security.sql_store import record_of
from arcade_gmail_multiuser.security.token_record import TokenRecord
from arcade_gmail_multiuser.security.token_schema import tokens
from arcade_gmail_multiuser.security.token_store import patiently

__all__ = ["TokenDirectory"]

_T = tokens.c


class TokenDirectory:
    """Find and list the connections of one project. Another project's are not there."""

    def __init__(self, engine: AsyncEngine, *, project: str, patience_s: float = 10.0) -> None:
        self._engine = engine
        self._project = project
        self._patience_s = patience_s

    async def by_id(self, connection_id: str) -> TokenRecord | None:
        """Find a connection by the id it has outside."""
        mine = self._wanted(None, None)
        async with patiently(self._patience_s), self._engine.connect() as db:
            query = select(tokens).where(*mine, _T.id == connection_id)
            row = (await db.execute(query)).one_or_none()
        return None if row is None else record_of(row)

    async def page(
        self, *, limit: int, offset: int, user_id: str | None = None, provider: str | None = None
    ) -> tuple[list[TokenRecord], int]:
        """Give one page, oldest first, and how many there are in all."""
        wanted = self._wanted(user_id, provider)
        query = select(tokens).where(*wanted).order_by(_T.created_at, _T.id)
        async with patiently(self._patience_s), self._engine.connect() as db:
            total = await db.scalar(select(func.count()).select_from(tokens).where(*wanted))
            rows: Sequence[Row[Any]] = (await db.execute(query.limit(limit).offset(offset))).all()
        return [record_of(row) for row in rows], total or 0

    async def users_of_account(self, provider: str, subject: str) -> int:
        """Count the users of the project who are connected to an account.

        Google revokes an account's whole grant with any of its tokens, so while there are any
        nothing may be revoked.
        """
        same = (*self._wanted(None, provider), _T.subject == subject)
        async with patiently(self._patience_s), self._engine.connect() as db:
            return await db.scalar(select(func.count()).select_from(tokens).where(*same)) or 0

    def _wanted(self, user_id: str | None, provider: str | None) -> list[ColumnElement[bool]]:
        wanted = [_T.project == self._project]
        if user_id is not None:
            wanted.append(_T.user_id == user_id)
        if provider is not None:
            wanted.append(_T.provider == provider)
        return wanted
