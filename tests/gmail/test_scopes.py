from __future__ import annotations

from arcade_gmail_multiuser.gmail import scopes
from arcade_gmail_multiuser.gmail.api.requests import load_document


def test_every_gmail_scope_named_here_is_one_of_googles() -> None:
    described = load_document()["auth"]["oauth2"]["scopes"].keys()
    ours = {getattr(scopes, n) for n in scopes.__all__ if not n.startswith("USERINFO")}
    assert ours <= described


def test_all_names_are_exported() -> None:
    assert set(scopes.__all__) == {name for name in vars(scopes) if name.isupper()}
