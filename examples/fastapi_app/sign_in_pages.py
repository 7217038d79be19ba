"""Sign in and out. A demonstration: replace it with your own sign-in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from examples.fastapi_app.sessions import CheckedForm, begin, local_path
from examples.fastapi_app.templating import render

__all__ = ["router"]

router = APIRouter()


@router.get("/sign-in")
async def ask_who(request: Request, after: Annotated[str, Query(alias="next")] = "/") -> Response:
    return render(request, "sign_in.html", next=local_path(after))


@router.post("/sign-in", dependencies=[CheckedForm])
async def sign_in(
    request: Request,
    user_id: Annotated[str, Form(min_length=1, max_length=200)],
    after: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    begin(request, user_id)
    return RedirectResponse(local_path(after), 303)


@router.post("/sign-out", dependencies=[CheckedForm])
async def sign_out(request: Request) -> Response:
    request.session.clear()
    return RedirectResponse("/sign-in", 303)
