"""Get a link to the embedded engine's page of connections."""

from __future__ import annotations

from arcadepy import APIError, AsyncArcade, NotFoundError

from arcade_gmail_multiuser import EngineUnavailable, NotFound

__all__ = ["connections_link"]


async def connections_link(client: AsyncArcade, user_id: str) -> str:
    """Ask for a link for the signed-in user; it works once.

    Raises:
        NotFound: this engine has no such page; Arcade Cloud's people use its dashboard.
    """
    try:
        found = await client.post(
            "/v1/connections_page", cast_to=dict[str, str], body={"user_id": user_id}
        )
    except NotFoundError:
        raise NotFound("This engine has no page of connections.") from None
    except APIError:
        raise EngineUnavailable("The engine has no link to your connections right now.") from None
    return found["url"]
