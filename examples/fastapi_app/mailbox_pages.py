"""Connect Gmail, ask the agent, say yes or no to it, disconnect."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from arcade_gmail_multiuser.client import ChatModel, MultiUserGmailAgent, MultiUserGmailManager
from arcade_gmail_multiuser.errors import NotFound
from examples.fastapi_app.connections_page import connections_link
from examples.fastapi_app.conversations import TOOLS, Conversations
from examples.fastapi_app.sessions import CheckedForm, SignedIn, require_sign_in
from examples.fastapi_app.templating import render

__all__ = ["Services", "router"]

router = APIRouter()
NEWS = "/#news"


class Services:
    """What the pages work with."""

    def __init__(
        self,
        manager: MultiUserGmailManager,
        model: ChatModel,
        public_url: str,
        phrases: tuple[str, ...],
    ) -> None:
        self.manager = manager
        self.agent = MultiUserGmailAgent(manager)
        self.model = model
        self.conversations = Conversations()
        self.public_url = public_url
        self.phrases = phrases


def _services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


With = Annotated[Services, Depends(_services)]


@router.get("/")
async def home(request: Request, user_id: SignedIn, services: With) -> Response:
    """Show where things stand. The engine is asked each time, so what is shown is true."""
    asked = await services.manager.authenticate_user(
        user_id, TOOLS, next_uri=f"{services.public_url}/"
    )
    return render(
        request,
        "home.html",
        connect_url=asked.get("url"),
        conversation=services.conversations.of(user_id),
        phrases=services.phrases,
    )


@router.post("/ask", dependencies=[CheckedForm])
async def ask(
    user_id: SignedIn, services: With, prompt: Annotated[str, Form(max_length=4000)]
) -> Response:
    if prompt.strip():
        conversation = services.conversations.of(user_id)
        await conversation.begin(services.agent, services.model, prompt)
    return RedirectResponse(NEWS, 303)


@router.post("/go-on", dependencies=[CheckedForm])
async def go_on(user_id: SignedIn, services: With) -> Response:
    """Take up a run again that had to wait for an authorization."""
    conversation = services.conversations.of(user_id)
    if conversation.state.messages:
        await conversation.begin(services.agent, services.model, None)
    return RedirectResponse(NEWS, 303)


@router.post("/decide", dependencies=[CheckedForm])
async def decide(user_id: SignedIn, services: With, decision: Annotated[str, Form()]) -> Response:
    """Answer what the agent asked; anything but a yes leaves it undone."""
    await services.conversations.of(user_id).decide(decision == "yes")
    return RedirectResponse(NEWS, 303)


@router.get("/connections")
async def connections(user_id: SignedIn, services: With) -> Response:
    """Show the engine's own page of what is connected, where the engine has one."""
    try:
        target = await connections_link(services.manager.client, user_id)
    except NotFound:
        target = "/disconnect"
    return RedirectResponse(target, 303)


@router.get("/disconnect", dependencies=[Depends(require_sign_in)])
async def ask_to_disconnect(request: Request) -> Response:
    return render(request, "disconnect.html")


@router.post("/disconnect", dependencies=[CheckedForm])
async def disconnect(user_id: SignedIn, services: With) -> Response:
    await services.manager.disconnect(user_id)
    services.conversations.forget(user_id)
    return RedirectResponse("/", 303)
