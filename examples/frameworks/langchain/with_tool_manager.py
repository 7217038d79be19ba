"""The same with langchain-arcade's own ToolManager, for code that already uses it.

    python examples/frameworks/langchain/with_tool_manager.py alice@example.com bob@example.com

It needs no change but ARCADE_BASE_URL. It is synchronous, so LangGraph runs each call in a thread;
it stops the run at any error of a tool, and keeps waiting for a person who has declined. main.py
does neither.
"""

import asyncio
import json
import os
import sys
from typing import Any

from arcadepy import Arcade
from langchain_arcade import ToolManager
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import create_react_agent
from langgraph.types import Command, interrupt

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = [
    f"GmailMultiuser.{name}" for name in ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")
]
SENDS = {"GmailMultiuser_SendEmail"}
TERMINAL = asyncio.Lock()
DENIED = "The person does not want this to be done."


def approved_first(tool: StructuredTool) -> StructuredTool:
    """Let a tool interrupt the graph, and run only if it is resumed with a yes."""
    run = tool.func

    def call(config: RunnableConfig, **arguments: Any) -> Any:
        question = {"name": tool.name, "arguments": arguments}
        return run(config=config, **arguments) if interrupt(question) else DENIED

    tool.func = call
    return tool


async def says_yes(user_id: str, tool: str, arguments: Any) -> bool:
    """Show a person what the model wants to do, and ask. Here everyone shares one terminal."""
    async with TERMINAL:
        print(f"{user_id}: {tool} {json.dumps(arguments)}: do it? [y/N]", flush=True)
        return (await asyncio.to_thread(sys.stdin.readline)).strip().lower() == "y"


async def grant(gmail: ToolManager, user_id: str, tool: str) -> None:
    """Show a person where to grant what a tool needs, and wait until they have."""
    asked = await asyncio.to_thread(gmail.authorize, tool, user_id)
    if asked.status != "completed":
        print(f"{user_id}: open this page to connect: {asked.url}", flush=True)
        await asyncio.to_thread(gmail.wait_for_auth, asked.id)


async def ask(agent: Any, gmail: ToolManager, user_id: str, task: str) -> str:
    """Let the agent do a task for one person, through every permission and yes it needs."""
    config = {"configurable": {"thread_id": user_id, "user_id": user_id}}
    state = await agent.ainvoke({"messages": [("user", task)]}, config)
    while asked := state.get("__interrupt__"):
        told = [one.value for one in asked if isinstance(one.value, dict)]
        if failures := [one["error"] for one in told if "error" in one]:
            raise RuntimeError(failures[0])
        wanted = next(one for one in reversed(state["messages"]) if one.type == "ai")
        for call in wanted.tool_calls:
            await grant(gmail, user_id, call["name"])
        answers = {
            one.id: await says_yes(user_id, one.value["name"], one.value["arguments"])
            for one in asked
            if isinstance(one.value, dict)
        }
        state = await agent.ainvoke(Command(resume=answers) if answers else None, config)
    return str(state["messages"][-1].content)


async def main(people: list[str]) -> None:
    # arcadepy retries POSTs without an idempotency key: a mail could go out twice.
    gmail = ToolManager(client=Arcade(max_retries=0))
    tools = [
        approved_first(tool) if tool.name in SENDS else tool
        for tool in gmail.init_tools(tools=TOOLS)
    ]
    model = ChatOpenAI(model=os.environ["OPENAI_MODEL"])
    # In v1 an interrupted call would have the calls beside it made twice, a send among them.
    agent = create_react_agent(model, tools, checkpointer=InMemorySaver(), version="v2")

    async def one(user_id: str) -> None:
        print(f"{user_id}: {await ask(agent, gmail, user_id, TASK)}", flush=True)

    await asyncio.gather(*(one(user_id) for user_id in people))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or sys.exit(__doc__)))
