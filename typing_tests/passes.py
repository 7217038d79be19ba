"""What an application writes. All of it type-checks; see tests/test_typing.py."""

from collections.abc import Sequence

from arcadepy.types import ToolDefinition
from starlette.requests import Request
from starlette.routing import Route

from arcade_gmail_multiuser import (
    GmailMultiuserError,
    Keyring,
    MultiUserGmailAgent,
    MultiUserGmailManager,
    SecureTokenManager,
    ToolFailed,
    UserContextCache,
    WarmUp,
    new_key,
    verifier_routes,
)


async def connect(gmail: MultiUserGmailManager) -> str:
    asked = await gmail.authenticate_user("alice@example.com", ["ListEmails", "SendEmail"])
    if "url" in asked:
        return asked["url"] + asked["message"]
    connected: bool = asked["authenticated"]
    assert connected
    await gmail.wait_for_authorization("alice@example.com")
    ended = await gmail.disconnect("alice@example.com")
    return str(ended["connections"])


async def ask(gmail: MultiUserGmailAgent) -> str:
    answer = await gmail.process_email_request("alice@example.com", {"action": "list"})
    if answer["success"]:
        return str(answer["data"])
    if "authUrl" in answer:
        return answer["authUrl"]
    return answer["error"]["code"] + answer["error"].get("hint", "")


async def tools(gmail: MultiUserGmailAgent) -> Sequence[ToolDefinition]:
    loaded = await gmail.initialize_user_tools("alice@example.com")
    return loaded["tools"]


async def warm(cache: UserContextCache, gmail: MultiUserGmailManager) -> WarmUp:
    return await cache.warm_cache(gmail.client, ["alice@example.com"])


async def token(tokens: SecureTokenManager) -> str | None:
    context = await tokens.get_user_context("alice@example.com")
    if "needs_refresh" in context:
        return None
    if context["authenticated"]:
        return context["token"]
    return None


def keyring() -> Keyring:
    return Keyring([new_key()])


def who(request: Request) -> str | None:
    return request.cookies.get("session")


def routes(gmail: MultiUserGmailManager) -> list[Route]:
    return verifier_routes(gmail, who)


def explain(problem: GmailMultiuserError) -> str:
    return problem.kind if isinstance(problem, ToolFailed) else problem.message
