"""Connect Gmail, ask the agent, say yes or no to it, disconnect."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic_ai.models import Model

from arcade_gmail_multiuser import MultiUserGmailAgent, MultiUserGmailManager, NotFound
from examples.fastapi_app.connections_page import connections_link
from examples.fastapi_app.conversations import Conversations
from examples.fastapi_app.gmail_agent import TOOLS, gmail_agent
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
        model: Model,
        public_url: str,
        phrases: tuple[str, ...],
    ) -> None:
        self.manager = manager
        self.gmail = MultiUserGmailAgent(manager)
        self.agent = gmail_agent(model)
        self.conversations = Conversations()
        self.public_url = public_url
        self.phrases = phrases


def _services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


With = Annotated[Services, Depends(_services)]


@router.get("/")
async def home(request: Request, user_id: SignedIn, services: With) -> Response:
    """Show where things stand. It asks the engine each time, so what it shows is true."""
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
        await conversation.ask(services.agent, services.gmail, prompt)
    return RedirectResponse(NEWS, 303)


@router.post("/go-on", dependencies=[CheckedForm])
async def go_on(user_id: SignedIn, services: With) -> Response:
    """Continue a run that had to wait until Gmail was connected."""
    await services.conversations.of(user_id).go_on(services.agent, services.gmail)
    return RedirectResponse(NEWS, 303)


@router.post("/decide", dependencies=[CheckedForm])
async def decide(
    user_id: SignedIn,
    services: With,
    call: Annotated[str, Form()],
    decision: Annotated[str, Form()],
) -> Response:
    """Answer what the agent asked; anything but a yes leaves it undone."""
    conversation = services.conversations.of(user_id)
    await conversation.decide(services.agent, services.gmail, call, yes=decision == "yes")
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
