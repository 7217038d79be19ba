"""Handle users.settings.*: filters, vacation responder, send-as addresses, and a few reads.

Methods reserved for an administrator's service account always refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arcade_gmail_local.sandbox.google_error import administrators_only, not_found
from arcade_gmail_local.sandbox.http.call import Call, Handler

# Filters


async def list_filters(call: Call) -> dict[str, Any]:
    """List all filters, unpaged, under the key `filter`, which is absent when there is none."""
    found = [each.resource() for each in call.mailbox.settings.filters.all()]
    return {"filter": found} if found else {}


async def get_filter(call: Call) -> dict[str, Any]:
    return call.mailbox.settings.filters.get(call.path["id"]).resource()


async def create_filter(call: Call) -> dict[str, Any]:
    settings = call.mailbox.settings
    made = settings.filters.create(call.body, call.mailbox.labels, settings.verified_forwarding)
    return made.resource()


async def delete_filter(call: Call) -> None:
    call.mailbox.settings.filters.delete(call.path["id"])


# Vacation


async def get_vacation(call: Call) -> dict[str, Any]:
    return call.mailbox.settings.vacation.resource()


async def update_vacation(call: Call) -> dict[str, Any]:
    call.mailbox.settings.vacation.update(call.body)
    return call.mailbox.settings.vacation.resource()


# Send-as


async def list_send_as(call: Call) -> dict[str, Any]:
    return {"sendAs": [alias.resource() for alias in call.mailbox.settings.send_as.all()]}


async def get_send_as(call: Call) -> dict[str, Any]:
    return call.mailbox.settings.send_as.get(call.path["sendAsEmail"]).resource()


async def patch_send_as(call: Call) -> dict[str, Any]:
    return call.mailbox.settings.send_as.patch(call.path["sendAsEmail"], call.body).resource()


async def update_send_as(call: Call) -> dict[str, Any]:
    return call.mailbox.settings.send_as.update(call.path["sendAsEmail"], call.body).resource()


# Forwarding, language, IMAP, POP


async def list_forwarding(call: Call) -> dict[str, Any]:
    found = [_forwarding(*each) for each in call.mailbox.settings.forwarding.items()]
    return {"forwardingAddresses": found} if found else {}


async def get_forwarding(call: Call) -> dict[str, Any]:
    address = call.path["forwardingEmail"].lower()
    if address not in call.mailbox.settings.forwarding:
        raise not_found()
    return _forwarding(address, call.mailbox.settings.forwarding[address])


async def get_auto_forwarding(_: Call) -> dict[str, Any]:
    return {"enabled": False}


async def get_language(_: Call) -> dict[str, Any]:
    return {"displayLanguage": "en"}


async def get_imap(_: Call) -> dict[str, Any]:
    return {"enabled": True, "autoExpunge": True, "expungeBehavior": "archive", "maxFolderSize": 0}


async def get_pop(_: Call) -> dict[str, Any]:
    return {"accessWindow": "disabled", "disposition": "leaveInInbox"}


async def refuse(_: Call) -> dict[str, Any]:
    raise administrators_only()


def _forwarding(address: str, status: str) -> dict[str, Any]:
    return {"forwardingEmail": address, "verificationStatus": status}


_ADMINISTRATORS = (
    "sendAs.create",
    "sendAs.delete",
    "sendAs.verify",
    "forwardingAddresses.create",
    "forwardingAddresses.delete",
    "updateAutoForwarding",
    "delegates.list",
    "delegates.get",
    "delegates.create",
    "delegates.delete",
)

HANDLERS: Mapping[str, Handler] = {
    "users.settings.filters.list": list_filters,
    "users.settings.filters.get": get_filter,
    "users.settings.filters.create": create_filter,
    "users.settings.filters.delete": delete_filter,
    "users.settings.getVacation": get_vacation,
    "users.settings.updateVacation": update_vacation,
    "users.settings.sendAs.list": list_send_as,
    "users.settings.sendAs.get": get_send_as,
    "users.settings.sendAs.patch": patch_send_as,
    "users.settings.sendAs.update": update_send_as,
    "users.settings.forwardingAddresses.list": list_forwarding,
    "users.settings.forwardingAddresses.get": get_forwarding,
    "users.settings.getAutoForwarding": get_auto_forwarding,
    "users.settings.getLanguage": get_language,
    "users.settings.getImap": get_imap,
    "users.settings.getPop": get_pop,
    **{f"users.settings.{name}": refuse for name in _ADMINISTRATORS},
}
