"""Plain MCP with Gmail, for several people at once: a host of the official client, no framework.

    python examples/frameworks/mcp/main.py alice@example.com bob@example.com

Everybody has a session of their own, opened with a token of your authorization server that names
them: MCP_TOKENS holds them as a JSON object, by user id. MCP_URL says where
`arcade-gmail-multiuser mcp http` serves, OPENAI_API_KEY and OPENAI_MODEL which model answers.
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
PAUSE_S = 2.0
MOST_CALLS = 150


async def call(gmail: Client, user_id: str, name: str, arguments: dict[str, Any]) -> str:
    """Call a tool for one person, once they have agreed to it; give its answer as text."""
    for attempt in range(MOST_CALLS):
        answer = await gmail.call_tool(name, arguments)
        url = authorization_url(answer)
        if url is None:
            return "\n".join(part.text for part in answer.content if part.type == "text")
        if attempt == 0:
            print(f"{user_id}: open this page to connect: {url}", flush=True)
        # A call without permission has done nothing, so even a send may be called again.
        await asyncio.sleep(PAUSE_S)
    return "The person has not agreed to this, so it was not done."


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
            told = await call(gmail, user_id, wish.function.name, arguments)
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
