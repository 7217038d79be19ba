"""The same with agents-arcade's own get_arcade_tools, for code that already uses it.

    python examples/frameworks/openai_agents/with_arcade_tools.py alice@example.com bob@example.com

It needs no change but ARCADE_BASE_URL. Its tools stop the run at any error, and arcadepy keeps
waiting for a person who has declined. main.py does neither.
"""

import asyncio
import json
import os
import sys
from functools import partial
from typing import Any

from agents import (
    Agent,
    RunContextWrapper,
    Runner,
    set_default_openai_api,
    set_tracing_disabled,
)
from agents_arcade import get_arcade_tools
from arcadepy import AsyncArcade

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = [
    f"GmailMultiuser.{name}" for name in ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")
]
SENDS = {"GmailMultiuser_SendEmail"}
TERMINAL = asyncio.Lock()
DENIED = "The person does not want this to be done."


async def needs_approval(
    gmail: AsyncArcade,
    tool: str,
    context: RunContextWrapper[dict[str, str]],
    _arguments: dict[str, Any],
    _call_id: str,
) -> bool:
    """Stop at a call that would send, or lacks permission."""
    if tool in SENDS:
        return True
    user_id = context.context["user_id"]
    return (await gmail.tools.authorize(tool_name=tool, user_id=user_id)).status != "completed"


async def says_yes(user_id: str, tool: str, arguments: Any) -> bool:
    """Show a person what the model wants to do, and ask. Here everyone shares one terminal."""
    async with TERMINAL:
        print(f"{user_id}: {tool} {json.dumps(arguments)}: do it? [y/N]", flush=True)
        return (await asyncio.to_thread(sys.stdin.readline)).strip().lower() == "y"


async def ask(agent: Agent[Any], gmail: AsyncArcade, user_id: str, task: str) -> str:
    """Let the agent do a task for one person, through every permission and yes it needs."""
    person = {"user_id": user_id}
    result = await Runner.run(agent, task, context=person)
    while result.interruptions:
        state = result.to_state()
        for call in result.interruptions:
            asked = await gmail.tools.authorize(tool_name=call.name, user_id=user_id)
            if asked.status != "completed":
                print(f"{user_id}: open this page to connect: {asked.url}", flush=True)
                await gmail.auth.wait_for_completion(asked)
            arguments = json.loads(call.arguments or "{}")
            if call.name in SENDS and not await says_yes(user_id, call.name, arguments):
                state.reject(call, rejection_message=DENIED)
            else:
                state.approve(call)
        result = await Runner.run(agent, state, context=person)
    return str(result.final_output)


async def main(people: list[str]) -> None:
    set_default_openai_api("chat_completions")  # what servers other than OpenAI's speak
    set_tracing_disabled(True)  # traces would take people's mail to OpenAI
    # arcadepy retries POSTs without an idempotency key: a mail could go out twice.
    async with AsyncArcade(max_retries=0) as gmail:
        tools = await get_arcade_tools(gmail, tools=TOOLS)
        for tool in tools:
            tool.needs_approval = partial(needs_approval, gmail, tool.name)
        agent = Agent(name="Gmail", model=os.environ["OPENAI_MODEL"], tools=tools)

        async def one(user_id: str) -> None:
            print(f"{user_id}: {await ask(agent, gmail, user_id, TASK)}", flush=True)

        await asyncio.gather(*(one(user_id) for user_id in people))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or sys.exit(__doc__)))
