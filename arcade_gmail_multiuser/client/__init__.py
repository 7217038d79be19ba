"""What an application imports: people through authorization, tools for each of them, web routes."""

from __future__ import annotations

from arcade_gmail_multiuser.client.agent import MultiUserGmailAgent
from arcade_gmail_multiuser.client.anthropic_model import AnthropicModel
from arcade_gmail_multiuser.client.cache import CacheFigures, UserContextCache, WarmUp
from arcade_gmail_multiuser.client.conversation import (
    ChatModel,
    Message,
    Reply,
    RunResult,
    RunState,
    ToolCall,
)
from arcade_gmail_multiuser.client.loop import Limits
from arcade_gmail_multiuser.client.manager import MultiUserGmailManager
from arcade_gmail_multiuser.client.openai_model import OpenAIModel
from arcade_gmail_multiuser.client.verifier import verifier_routes

__all__ = [
    "AnthropicModel",
    "CacheFigures",
    "ChatModel",
    "Limits",
    "Message",
    "MultiUserGmailAgent",
    "MultiUserGmailManager",
    "OpenAIModel",
    "Reply",
    "RunResult",
    "RunState",
    "ToolCall",
    "UserContextCache",
    "WarmUp",
    "verifier_routes",
]
