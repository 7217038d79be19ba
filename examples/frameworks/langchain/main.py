"""LangGraph with Gmail, for several people at once.

    python examples/frameworks/langchain/main.py alice@example.com bob@example.com

A tool that lacks permission interrupts the graph; once the person has agreed, the graph goes on
with that very call. ARCADE_BASE_URL, ARCADE_API_KEY, OPENAI_API_KEY and OPENAI_MODEL say where.
"""

import asyncio
import os
import sys
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import create_react_agent
from langgraph.types import Command, interrupt

from arcade_gmail_multiuser.client import MultiUserGmailAgent
from arcade_gmail_multiuser.errors import GmailMultiuserError

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")


def gmail_tool(gmail: MultiUserGmailAgent, function: dict[str, Any]) -> StructuredTool:
    """Make a LangChain tool; whose mail it works on comes with the call's configuration."""

    async def call(config: RunnableConfig, **arguments: Any) -> Any:
        user_id = config["configurable"]["user_id"]
        request = {"action": function["name"], "parameters": arguments}
        answer = await gmail.process_email_request(user_id, request)
        while answer.get("authRequired"):
            interrupt(function["name"])
            answer = await gmail.process_email_request(user_id, request)
        return answer["data"] if answer["success"] else answer["error"]

    return StructuredTool.from_function(
        coroutine=call,
        name=function["name"],
        description=function["description"],
        args_schema=function["parameters"],
    )


async def agree(gmail: MultiUserGmailAgent, user_id: str, tools: list[str]) -> None:
    """Show a person where to agree to these tools, all at once, and wait until they have."""
    asked = await gmail.manager.authenticate_user(user_id, tools)
    if "url" in asked:
        print(f"{user_id}: open this page to connect: {asked['url']}", flush=True)
        await gmail.manager.wait_for_authorization(user_id, tools)


async def ask(agent: Any, gmail: MultiUserGmailAgent, user_id: str, task: str) -> str:
    """Let the agent do a task for one person, through every permission it needs."""
    # In an application the id comes from the session of who is signed in.
    config = {"configurable": {"thread_id": user_id, "user_id": user_id}}
    state = await agent.ainvoke({"messages": [("user", task)]}, config)
    while asked := state.get("__interrupt__"):
        await agree(gmail, user_id, [wish.value for wish in asked])
        state = await agent.ainvoke(Command(resume={wish.id: True for wish in asked}), config)
    return str(state["messages"][-1].content)


async def main(people: list[str]) -> None:
    gmail = MultiUserGmailAgent()
    async with gmail.manager:
        described = await gmail.tool_definitions(people[0], "openai", only=TOOLS)
        tools = [gmail_tool(gmail, one["function"]) for one in described]
        model = ChatOpenAI(model=os.environ["OPENAI_MODEL"])
        # One agent serves everybody: its checkpoints are kept by thread, and a thread is a person.
        # In v1 a call that waits would have its neighbours done twice, a send among them.
        agent = create_react_agent(model, tools, checkpointer=InMemorySaver(), version="v2")

        async def one(user_id: str) -> None:
            try:
                said = await ask(agent, gmail, user_id, TASK)
            except GmailMultiuserError as problem:
                # One who declines, or takes too long, holds up nobody else.
                said = problem.message
            print(f"{user_id}: {said}", flush=True)

        await asyncio.gather(*(one(user_id) for user_id in people))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or sys.exit(__doc__)))
