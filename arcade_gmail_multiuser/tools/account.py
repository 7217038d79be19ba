"""The tool that says whose mailbox this is."""

from typing import Annotated

from arcade_tdk import ToolContext

from arcade_gmail_multiuser.gmail.account import account
from arcade_gmail_multiuser.gmail.scopes import GMAIL_READONLY, USERINFO_EMAIL, USERINFO_PROFILE
from arcade_gmail_multiuser.tools.answers import receipts
from arcade_gmail_multiuser.tools.answers.shapes import Account
from arcade_gmail_multiuser.tools.behavior import READS
from arcade_gmail_multiuser.tools.context import mailbox_of
from arcade_gmail_multiuser.tools.decorator import tool

__all__ = ["who_am_i"]


@tool(GMAIL_READONLY, USERINFO_PROFILE, USERINFO_EMAIL, does=READS)
async def who_am_i(context: ToolContext) -> Annotated[Account, "The user's address and name"]:
    """Tell whose mailbox this is: Gmail address, name, picture and how much mail there is.

    Use it when the user's own name or address is needed, for instance to sign a message. Further
    addresses that the user can send from are in ListSendAsAliases.
    """
    profile, person = await account(mailbox_of(context))
    return receipts.account(profile, person, user_id=context.user_id or "")
