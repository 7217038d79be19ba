"""Serve the tools over the Model Context Protocol, with Arcade's own MCP server.

  ARCADE_API_URL   the engine that has people's tokens
  ARCADE_API_KEY   a key that this engine allows to read tokens

Over stdio it works for one person, whom ARCADE_USER_ID names. Over http everybody comes with a
token of your authorization server (a signed JWT), whose `sub` is the user id, whose audience is
the resource, and whose `scope` has the Google scopes of the tools to be called. Instead of
--issuer, --jwks-uri and --resource, arcade_mcp_server's own variables
MCP_RESOURCE_SERVER_CANONICAL_URL and MCP_RESOURCE_SERVER_AUTHORIZATION_SERVERS will do.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from typing import TYPE_CHECKING

from arcade_gmail_multiuser.cli import listening
from arcade_gmail_multiuser.cli.extras import missing_line
from arcade_gmail_multiuser.errors import ConfigurationError

if TYPE_CHECKING:
    from arcade_gmail_multiuser.mcp_auth import FrontDoor

__all__ = ["add_arguments", "run"]

SHUTDOWN_S = 25
"""For calls under way: a send that is cut off leaves nobody knowing whether it went out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "transport",
        nargs="?",
        choices=("stdio", "http"),
        default="stdio",
        help="how the client talks to it (%(default)s)",
    )
    listening.add_arguments(parser, port=8000)
    http = parser.add_argument_group("who may come in over http")
    http.add_argument("--issuer", metavar="URL", help="who signs people's tokens (their `iss`)")
    http.add_argument("--jwks-uri", metavar="URL", help="where the issuer's public keys are")
    http.add_argument(
        "--resource", metavar="URL", help="this server's address for clients (where it listens)"
    )
    http.add_argument(
        "--audience",
        action="append",
        default=[],
        metavar="TEXT",
        help="what `aud` has to be; may be repeated (the resource)",
    )
    http.add_argument(
        "--algorithm", default="RS256", help="what tokens are signed with (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    if importlib.util.find_spec("arcade_mcp_server") is None:
        raise ConfigurationError(missing_line("arcade_mcp_server"))
    if not os.environ.get("ARCADE_API_KEY"):
        print(
            "ARCADE_API_KEY is not set: every tool that needs Gmail will be refused.",
            file=sys.stderr,
        )
    # A server for mail does not call home unless it is told to.
    os.environ.setdefault("ARCADE_USAGE_TRACKING", "0")
    return serve_http(arguments) if arguments.transport == "http" else serve_stdio()


def serve_stdio() -> int:
    import asyncio

    from arcade_gmail_multiuser import server

    asyncio.run(server.serve_stdio())
    return 0


def serve_http(arguments: argparse.Namespace) -> int:
    listener = listening.listen(arguments)
    door = door_of(arguments, listening.url_of(listener))
    from arcade_gmail_multiuser import server

    app = server.create_http_app(door)
    return listening.serve(app, listener, "mcp", shutdown_s=SHUTDOWN_S)


def door_of(arguments: argparse.Namespace, own_url: str) -> FrontDoor:
    """Build the front door from flags, else from the environment; there is no server without."""
    from arcade_gmail_multiuser import mcp_auth

    if bool(arguments.issuer) != bool(arguments.jwks_uri):
        raise ConfigurationError("--issuer and --jwks-uri belong together.")
    if arguments.issuer:
        return mcp_auth.front_door(
            resource=arguments.resource or f"{own_url}/mcp",
            issuer=arguments.issuer,
            jwks_uri=arguments.jwks_uri,
            audiences=arguments.audience,
            algorithm=arguments.algorithm,
        )
    door = mcp_auth.front_door_of_environment()
    if door is None:
        raise ConfigurationError(
            "Over http people are told apart by their tokens: give --issuer and --jwks-uri."
        )
    return door
