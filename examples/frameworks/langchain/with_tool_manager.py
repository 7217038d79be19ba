"""The same with langchain-arcade's own ToolManager, for code that uses it already.

    python examples/frameworks/langchain/with_tool_manager.py alice@example.com bob@example.com

It needs no change but ARCADE_BASE_URL. It is synchronous, so LangGraph gives each call a thread;
it stops a run at any tool's error, and waits on for a person who has declined. main.py does not.
"""

import asyncio
import os
import sys
from typing import Any

from arcadepy import Arcade
from langchain_arcade import ToolManager
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import create_react_agent

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = [
    f"GmailMultiuser.{name}" for name in ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")
]


async def agree(gmail: ToolManager, user_id: str, tool: str) -> None:
    """Show a person where to agree to a tool, and wait until they have."""
    asked = await asyncio.to_thread(gmail.authorize, tool, user_id)
    if asked.status != "completed":
        print(f"{user_id}: open this page to connect: {asked.url}", flush=True)
        await asyncio.to_thread(gmail.wait_for_auth, asked.id)


async def ask(agent: Any, gmail: ToolManager, user_id: str, task: str) -> str:
    """Let the agent do a task for one person, through every permission it needs."""
    config = {"configurable": {"thread_id": user_id, "user_id": user_id}}
    state = await agent.ainvoke({"messages": [("user", task)]}, config)
    while asked := state.get("__interrupt__"):
        failures = [wish.value["error"] for wish in asked if isinstance(wish.value, dict)]
        if failures:
            raise RuntimeError(failures[0])
        wanted = next(one for one in reversed(state["messages"]) if one.type == "ai")
        for call in wanted.tool_calls:
            await agree(gmail, user_id, call["name"])
        state = await agent.ainvoke(None, config)
    return str(state["messages"][-1].content)


async def main(people: list[str]) -> None:
    # arcadepy repeats a POST by itself, and a mail would go out twice.
    gmail = ToolManager(client=Arcade(max_retries=0))
    tools = gmail.init_tools(tools=TOOLS)
    model = ChatOpenAI(model=os.environ["OPENAI_MODEL"])
    # In v1 a call that waits would have its neighbours done twice, a send among them.
    agent = create_react_agent(model, tools, checkpointer=InMemorySaver(), version="v2")

    async def one(user_id: str) -> None:
        print(f"{user_id}: {await ask(agent, gmail, user_id, TASK)}", flush=True)

    await asyncio.gather(*(one(user_id) for user_id in people))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or sys.exit(__doc__)))
