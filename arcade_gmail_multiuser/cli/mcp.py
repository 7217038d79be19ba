"""Serve the tools over the Model Context Protocol, with Arcade's own MCP server.

  ARCADE_API_URL   the engine that stores people's tokens
  ARCADE_API_KEY   a key that this engine allows to read tokens

Over stdio it serves one person, named by ARCADE_USER_ID. Over http each request carries a signed
JWT of your authorization server: its `sub` is the user id, its audience the resource, and its
`scope` has the Google scopes of the tools to be called. arcade_mcp_server's own variables
MCP_RESOURCE_SERVER_CANONICAL_URL and MCP_RESOURCE_SERVER_AUTHORIZATION_SERVERS can replace
--issuer, --jwks-uri and --resource.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from arcade_gmail_multiuser.cli import http_server
from arcade_gmail_multiuser.errors import ConfigurationError

if TYPE_CHECKING:
    from arcade_gmail_multiuser.mcp_auth import McpAuth

__all__ = ["add_arguments", "run"]

SHUTDOWN_S = 25
"""For calls in progress: if a send is cut off, no one knows whether it went out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "transport",
        nargs="?",
        choices=("stdio", "http"),
        default="stdio",
        help="how the client talks to it (%(default)s)",
    )
    http_server.add_arguments(parser, port=8000)
    http = parser.add_argument_group("authentication over http")
    http.add_argument("--issuer", metavar="URL", help="who signs the tokens (their `iss`)")
    http.add_argument("--jwks-uri", metavar="URL", help="the issuer's public keys")
    http.add_argument(
        "--resource",
        metavar="URL",
        help="this server's address for clients (where it listens)",
    )
    http.add_argument(
        "--audience",
        action="append",
        default=[],
        metavar="TEXT",
        help="what `aud` must be; may be repeated (the resource)",
    )
    http.add_argument(
        "--algorithm", default="RS256", help="how the tokens are signed (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    if not os.environ.get("ARCADE_API_KEY"):
        print(
            "ARCADE_API_KEY is not set: every tool that needs Gmail will fail.",
            file=sys.stderr,
        )
    # A server for mail does not call home unless asked to.
    os.environ.setdefault("ARCADE_USAGE_TRACKING", "0")
    return serve_http(arguments) if arguments.transport == "http" else serve_stdio()


def serve_stdio() -> int:
    import asyncio

    from arcade_gmail_multiuser import server

    asyncio.run(server.serve_stdio())
    return 0


def serve_http(arguments: argparse.Namespace) -> int:
    listener = http_server.listen(arguments)
    auth = auth_from(arguments, http_server.url_of(listener))
    from arcade_gmail_multiuser import server

    app = server.create_http_app(auth)
    return http_server.serve(app, listener, "mcp", shutdown_s=SHUTDOWN_S)


def auth_from(arguments: argparse.Namespace, own_url: str) -> McpAuth:
    """Read the authentication from flags, else from the environment; refuse to go without."""
    from arcade_gmail_multiuser import mcp_auth

    if bool(arguments.issuer) != bool(arguments.jwks_uri):
        raise ConfigurationError("--issuer and --jwks-uri belong together.")
    if arguments.issuer:
        return mcp_auth.make_mcp_auth(
            resource=arguments.resource or f"{own_url}/mcp",
            issuer=arguments.issuer,
            jwks_uri=arguments.jwks_uri,
            audiences=arguments.audience,
            algorithm=arguments.algorithm,
        )
    auth = mcp_auth.mcp_auth_from_environment()
    if auth is None:
        raise ConfigurationError(
            "Over http each person needs a token of their own: give --issuer and --jwks-uri."
        )
    return auth
