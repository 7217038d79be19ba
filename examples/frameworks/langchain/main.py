"""LangGraph with Gmail, for several people at once.

    python examples/frameworks/langchain/main.py alice@example.com bob@example.com

A call that lacks permission, or would send, interrupts the graph; once the person has granted
access and said yes, the graph continues with that very call. Set ARCADE_BASE_URL, ARCADE_API_KEY,
OPENAI_API_KEY and OPENAI_MODEL.
"""

import asyncio
import json
import os
import sys
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import create_react_agent
from langgraph.types import Command, interrupt

from arcade_gmail_multiuser import GmailMultiuserError, MultiUserGmailAgent

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")
TERMINAL = asyncio.Lock()
DENIED = "The person does not want this to be done."


def gmail_tool(gmail: MultiUserGmailAgent, function: dict[str, Any]) -> StructuredTool:
    """Make a LangChain tool; whose mail it works on comes with the call's configuration."""

    async def call(config: RunnableConfig, **arguments: Any) -> Any:
        user_id = config["configurable"]["user_id"]
        request = {"action": function["name"], "parameters": arguments}
        # LangGraph runs this from the top again, and each interrupt returns what it was given.
        if await gmail.needs_approval(user_id, request) and not interrupt(request):
            return DENIED
        answer = await gmail.process_email_request(user_id, request)
        while "authUrl" in answer:
            interrupt(request)
            answer = await gmail.process_email_request(user_id, request)
        return answer["data"] if answer["success"] else answer["error"]

    return StructuredTool.from_function(
        coroutine=call,
        name=function["name"],
        description=function["description"],
        args_schema=function["parameters"],
    )


async def says_yes(user_id: str, tool: str, arguments: Any) -> bool:
    """Show a person what the model wants to do, and ask. Here everyone shares one terminal."""
    async with TERMINAL:
        print(f"{user_id}: {tool} {json.dumps(arguments)}: do it? [y/N]", flush=True)
        return (await asyncio.to_thread(sys.stdin.readline)).strip().lower() == "y"


async def grant(gmail: MultiUserGmailAgent, user_id: str, tools: list[str]) -> None:
    """Show a person where to grant what these tools need, at once, and wait until they have."""
    asked = await gmail.manager.authenticate_user(user_id, tools)
    if "url" in asked:
        print(f"{user_id}: open this page to connect: {asked['url']}", flush=True)
        await gmail.manager.wait_for_authorization(user_id, tools)


async def approve(gmail: MultiUserGmailAgent, user_id: str, request: dict[str, Any]) -> bool:
    """Ask the person about a call that would send; one that only lacked permission may continue."""
    if not await gmail.needs_approval(user_id, request):
        return True
    return await says_yes(user_id, request["action"], request["parameters"])


async def ask(agent: Any, gmail: MultiUserGmailAgent, user_id: str, task: str) -> str:
    """Let the agent do a task for one person, through every permission and yes it needs."""
    # In an application the id comes from the signed-in user's session.
    config = {"configurable": {"thread_id": user_id, "user_id": user_id}}
    state = await agent.ainvoke({"messages": [("user", task)]}, config)
    while asked := state.get("__interrupt__"):
        await grant(gmail, user_id, [call.value["action"] for call in asked])
        answers = {call.id: await approve(gmail, user_id, call.value) for call in asked}
        state = await agent.ainvoke(Command(resume=answers), config)
    return str(state["messages"][-1].content)


async def main(people: list[str]) -> None:
    gmail = MultiUserGmailAgent()
    async with gmail.manager:
        described = await gmail.tool_definitions(people[0], "openai", only=TOOLS)
        tools = [gmail_tool(gmail, one["function"]) for one in described]
        model = ChatOpenAI(model=os.environ["OPENAI_MODEL"])
        # One agent serves everybody: its checkpoints are kept by thread, and a thread is a person.
        # In v1 an interrupted call would have the calls beside it made twice, a send among them.
        agent = create_react_agent(model, tools, checkpointer=InMemorySaver(), version="v2")

        async def one(user_id: str) -> None:
            try:
                said = await ask(agent, gmail, user_id, TASK)
            except GmailMultiuserError as problem:
                # A person who declines or takes too long does not hold up the others.
                said = problem.message
            print(f"{user_id}: {said}", flush=True)

        await asyncio.gather(*(one(user_id) for user_id in people))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or sys.exit(__doc__)))
