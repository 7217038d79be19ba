"""Plain MCP with Gmail, for several people at once: a host of the official client, no framework.

    python examples/frameworks/mcp/main.py alice@example.com bob@example.com

Each person has a session of their own, opened with a token of your authorization server that names
them: MCP_TOKENS has them as a JSON object, by user id. A call that would send is made as a dry run
first; the person sees its preview and says yes or no. MCP_URL is where `arcade-gmail-multiuser mcp
http` serves; OPENAI_API_KEY and OPENAI_MODEL name the model.
"""

import asyncio
import json
import os
import sys
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult
from openai import AsyncOpenAI

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = {
    f"GmailMultiuser_{name}" for name in ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")
}
SENDS = {"GmailMultiuser_SendEmail"}
TERMINAL = asyncio.Lock()
PAUSE_S = 2.0
MAX_CALLS = 150


async def says_yes(user_id: str, tool: str, arguments: Any) -> bool:
    """Show a person what the model wants to do, and ask. Here everyone shares one terminal."""
    async with TERMINAL:
        print(f"{user_id}: {tool} {json.dumps(arguments)}: do it? [y/N]", flush=True)
        return (await asyncio.to_thread(sys.stdin.readline)).strip().lower() == "y"


async def call_if_approved(
    gmail: Client, user_id: str, name: str, arguments: dict[str, Any]
) -> str:
    """Show the person what a call would send, and make it only if they say yes."""
    if name in SENDS and arguments.get("dry_run") is not True:
        preview = await call(gmail, user_id, name, {**arguments, "dry_run": True})
        if not await says_yes(user_id, name, preview):
            return "The person does not want this to be done."
    return await call(gmail, user_id, name, arguments)


async def call(gmail: Client, user_id: str, name: str, arguments: dict[str, Any]) -> str:
    """Call a tool for one person once they have granted access; return its answer as text."""
    for attempt in range(MAX_CALLS):
        answer = await gmail.call_tool(name, arguments)
        url = authorization_url(answer)
        if url is None:
            return "\n".join(part.text for part in answer.content if part.type == "text")
        if attempt == 0:
            print(f"{user_id}: open this page to connect: {url}", flush=True)
        # A call without permission has done nothing, so even a send may be repeated.
        await asyncio.sleep(PAUSE_S)
    return "The person has not granted access, so nothing was done."


def authorization_url(answer: CallToolResult) -> str | None:
    for part in answer.content if answer.is_error else ():
        if part.type == "text" and part.text.startswith("{"):
            return json.loads(part.text).get("authorization_url")
    return None


async def ask(model: AsyncOpenAI, gmail: Client, user_id: str, task: str) -> str:
    """Let the model do a task with one person's session."""
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.input_schema,
            },
        }
        for tool in (await gmail.list_tools()).tools
        if tool.name in TOOLS
    ]
    messages: list[Any] = [{"role": "user", "content": task}]
    while True:
        reply = await model.chat.completions.create(
            model=os.environ["OPENAI_MODEL"], messages=messages, tools=tools
        )
        message = reply.choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return str(message.content)
        for wish in message.tool_calls:
            arguments = json.loads(wish.function.arguments)
            told = await call_if_approved(gmail, user_id, wish.function.name, arguments)
            messages.append({"role": "tool", "tool_call_id": wish.id, "content": told})


async def main(people: list[str]) -> None:
    # In an application each token is the one that the person signed in with.
    tokens = json.loads(os.environ["MCP_TOKENS"])
    model = AsyncOpenAI()

    async def one(user_id: str) -> None:
        headers = {"Authorization": f"Bearer {tokens[user_id]}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(os.environ["MCP_URL"], http_client=http)) as gmail,
        ):
            print(f"{user_id}: {await ask(model, gmail, user_id, TASK)}", flush=True)

    await asyncio.gather(*(one(user_id) for user_id in people))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or sys.exit(__doc__)))
