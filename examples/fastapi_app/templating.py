"""Render templates as pages. Jinja escapes everything, because mail is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates

from examples.fastapi_app.sessions import csrf_of, signed_in

__all__ = ["doing", "render"]

_DOING = {
    "WhoAmI": "know which account this is",
    "ListEmails": "look at your latest mail",
    "SearchEmailsByQuery": "search your mail",
    "GetEmail": "read one mail",
    "ListLabels": "look at your labels",
    "SendEmail": "send a mail",
}


def doing(tool: str) -> str:
    """Describe what a call does. Models write `Toolkit_Tool`, Arcade `Toolkit.Tool`."""
    name = tool.replace(".", "_").rpartition("_")[2]
    return _DOING.get(name, f"use {name}")


_TEMPLATES = Jinja2Templates(directory=Path(__file__).parent / "templates")
_TEMPLATES.env.filters["doing"] = doing


def render(request: Request, name: str, status: int = 200, **known: Any) -> Response:
    """Render a page; every template has `user_id` and `csrf`."""
    known = {"user_id": signed_in(request), "csrf": csrf_of(request), **known}
    return _TEMPLATES.TemplateResponse(request, name, known, status_code=status)
