"""Run the sample application with one command: `python -m examples.fastapi_app`.

Without ARCADE_BASE_URL and ARCADE_API_KEY it starts sandbox, worker and engine beside itself, as
`arcade-gmail-multiuser up` does. With them it uses that engine, which has to know the address of
the verifier: `arcade-gmail-multiuser up --verifier-url http://127.0.0.1:8000/gmail/verify`.

The model is any OpenAI-compatible one: OPENAI_MODEL, OPENAI_API_KEY and, if it is not OpenAI's,
OPENAI_BASE_URL. Without them a stand-in answers, which knows a few phrases.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
import sys
from contextlib import AsyncExitStack

import uvicorn
from arcadepy import AsyncArcade
from pydantic_ai.models import Model

from arcade_gmail_local.commands.stack import Stack
from arcade_gmail_multiuser import MultiUserGmailManager
from examples.fastapi_app.app import VERIFIER_PATH, create_app
from examples.fastapi_app.stand_in_model import PHRASES, stand_in_model

SEEDED = ("alice@example.com", "bob@example.com")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m examples.fastapi_app",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (%(default)s)")
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(arguments.port))
    except KeyboardInterrupt:
        return 0
    except OSError as problem:
        print(f"Port {arguments.port} cannot be used: {problem.strerror}.", file=sys.stderr)
        return 1
    return 0


async def serve(port: int) -> None:
    # The socket first: the engine has to be told our address before we run.
    listener = socket.create_server(("127.0.0.1", port))
    own = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with AsyncExitStack() as exits:
        client = await exits.enter_async_context(await engine_client(exits, own))
        model, phrases = chat_model()
        app = create_app(
            MultiUserGmailManager(client),
            model,
            public_url=own,
            # Without a secret of its own a restart signs everybody out, which suits a sample.
            session_secret=os.environ.get("SESSION_SECRET") or secrets.token_urlsafe(32),
            phrases=phrases,
        )
        # No access log: the verifier's address carries flow ids.
        config = uvicorn.Config(app, log_level="warning", access_log=False)
        print(f"Open {own} and sign in as {' or '.join(SEEDED)}. Ctrl-C ends it.", flush=True)
        await uvicorn.Server(config).serve(sockets=[listener])


async def engine_client(exits: AsyncExitStack, own: str) -> AsyncArcade:
    """Use the engine of the environment, or start one."""
    if os.environ.get("ARCADE_BASE_URL") and os.environ.get("ARCADE_API_KEY"):
        return AsyncArcade()
    running = await exits.enter_async_context(Stack(verifier_url=f"{own}{VERIFIER_PATH}"))
    return AsyncArcade(base_url=running.engine, api_key=running.api_key)


def chat_model() -> tuple[Model, tuple[str, ...]]:
    """Use the model of the environment, or the stand-in with examples of what it understands."""
    name, key = os.environ.get("OPENAI_MODEL"), os.environ.get("OPENAI_API_KEY")
    if not name or not key:
        return stand_in_model(), PHRASES
    try:
        from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415 - needs OpenAI's SDK
    except ImportError:
        sys.exit("A language model needs pydantic-ai-slim[openai]; see examples/README.md.")
    return OpenAIChatModel(name), ()


if __name__ == "__main__":
    sys.exit(main())
