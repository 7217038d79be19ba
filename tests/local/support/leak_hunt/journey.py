"""All paths through the stack, most of them failing ones."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from arcadepy import AsyncArcade
from leak_search.raised import Raised

from arcade_gmail_local.commands.browser import Browser, Page
from arcade_gmail_local.commands.sign_in import _next_button, sign_in
from arcade_gmail_multiuser.client import MultiUserGmailManager
from arcade_gmail_multiuser.gmail.scopes import (
    GMAIL_COMPOSE,
    GMAIL_MODIFY,
    GMAIL_READONLY,
    GMAIL_SEND,
)
from leak_hunt.application import Application
from leak_hunt.hunted_stack import HuntedStack
from leak_hunt.planted import Planted

ANN, BEN, CAT, DAN, EVE = (f"{name}@example.com" for name in ("ann", "ben", "cat", "dan", "eve"))
WIDE = [GMAIL_READONLY, GMAIL_SEND, GMAIL_COMPOSE, GMAIL_MODIFY]
CONFIRM = "/v1/oauth/confirm"


class Journey:
    """One application, five people, and a sandbox that misbehaves on order."""

    def __init__(
        self, stack: HuntedStack, app: Application, sandbox: httpx.AsyncClient, planted: Planted
    ) -> None:
        self.stack = stack
        self.app = app
        self.sandbox = sandbox
        self.planted = planted
        self.engine = str(app.http.base_url).rstrip("/")
        self.email_id = ""
        self.raised = Raised([stack.control], [stack.control])

    async def run(self, *, briefly: bool) -> None:
        """Take every path but the last ones, or briefly those that store something."""
        for person in (ANN, BEN, CAT, DAN, EVE):
            letter = base64.b64encode(self.planted.letter(person)).decode()
            await self.control("POST", "accounts", email=person, messages=[letter])
        await self.what_the_engine_refuses()
        await self.connect(ANN)
        await self.connect(BEN, [GMAIL_READONLY])
        await self.consents_that_fail()
        await self.read_and_write()
        if not briefly:
            await self.calls_that_are_wrong()
            await self.google_misbehaving()
            await self.with_the_client()
        await self.scheduled_calls()
        await self.tokens_that_end()

    async def run_to_the_end(self) -> None:
        """Disconnect while the provider is away, and call when the worker is."""
        await self.disconnect(BEN)
        await self.stack.stop("sandbox")
        await self.app.run("ListEmails", ANN, {})
        await self.disconnect(ANN)
        await self.stack.stop("serve")
        await self.app.run("SendEmail", CAT, self.letter())
        await self.app.run("SearchEmailsByQuery", CAT, {"query": self.planted.query})

    async def control(self, method: str, path: str, **body: Any) -> Any:
        reply = await self.sandbox.request(method, f"/_sandbox/{path}", json=body or None)
        assert reply.status_code < 300, reply.text
        return reply.json() if reply.content else None

    async def fault(self, path: str, times: int = 1, **action: Any) -> None:
        await self.control("POST", "faults", match={"path": path}, action=action, times=times)

    def letter(self, **more: Any) -> dict[str, Any]:
        subject, text = self.planted.subject, self.planted.text
        return {"recipient": BEN, "subject": subject, "body": text, **more}

    # Connecting

    async def ask_to_connect(self, user: str, scopes: list[str] | None = None) -> dict[str, Any]:
        requirement = {"provider_id": "google", "oauth2": {"scopes": scopes or WIDE}}
        body = {"user_id": user, "auth_requirement": requirement}
        found = (await self.app.ask("POST", "/v1/auth/authorize", body)).json()
        assert isinstance(found, dict)
        return found

    async def connect(self, user: str, scopes: list[str] | None = None) -> None:
        await sign_in((await self.ask_to_connect(user, scopes))["url"], user)

    async def consent(self, browser: Browser, url: str, person: str) -> Page:
        """Go as far as the page on which the person would confirm."""
        page = await browser.open(url)
        while page.forms and CONFIRM not in page.url:
            form, button = _next_button(page, person)
            page = await browser.submit(form, button=button)
        return page

    async def what_the_engine_refuses(self) -> None:
        secret, text = self.planted.stray, self.planted.text
        ask = self.app.ask
        await ask("GET", "/v1/tools", headers={"Authorization": f"Bearer {secret.encode().hex()}"})
        await ask("GET", "/v1/tools?user_id=nobody&limit=500")
        await ask("GET", "/v1/formatted_tools")
        await ask("GET", "/v1/swagger")
        await ask("GET", f"/v1/auth/status?id={secret}")
        await ask("GET", f"/v1/oauth/callback?state={secret}&code={secret}")
        await ask("GET", f"/v1/oauth/callback?error={text}")
        await ask("GET", f"/v1/oauth/start?flow_id={secret}")
        await ask("POST", "/v1/auth/confirm_user", {"flow_id": secret, "user_id": ANN})
        await ask("POST", "/v1/tools/execute", content=f'{{"input": "{text}'.encode())
        await ask("POST", "/v1/tools/execute", {"tool_name": text, "user_id": ANN, "input": text})
        # The control: a user's id is meant to be seen, wherever it is.
        await self.ask_to_connect(self.stack.control)

    async def consents_that_fail(self) -> None:
        wrong = await self.ask_to_connect(CAT)
        async with Browser() as browser:
            page = await self.consent(browser, wrong["url"], CAT)
            flow_id = page.url.rpartition("flow_id=")[2]
            await browser.open(f"{self.engine}/v1/oauth/callback?state=x&code=y")
            body = {"flow_id": flow_id, "user_id": BEN}
            await self.app.ask("POST", "/v1/auth/confirm_user", body)
            await self.app.ask("POST", "/v1/auth/confirm_user", {**body, "user_id": CAT})
            await self.app.ask("GET", f"/v1/auth/status?id={wrong['id']}&wait=1")
        for status, answer in (
            (400, {"error": "invalid_grant", "error_description": self.planted.upstream}),
            (401, {"error": "invalid_client", "error_description": self.planted.upstream}),
            (500, self.planted.upstream),
            (200, {"access_token": [self.planted.upstream], "token_type": "Bearer"}),
        ):
            await self.fault("/token", status=status, body=answer)
            await self.finish_badly(DAN)
        await self.fault("/token", drop="before")
        await self.finish_badly(DAN)
        await self.fault("/token", drop="after")
        await self.finish_badly(DAN)
        await self.fault("/oauth2/v2/userinfo", times=2, status=500, body=self.planted.upstream)
        await self.finish_badly(DAN)
        await self.control("DELETE", "faults")
        await self.connect(CAT)
        # Another Google account for a user who has one.
        other = await self.ask_to_connect(BEN)
        async with Browser() as browser:
            page = await self.consent(browser, other["url"], DAN)
            if page.forms:
                form, button = _next_button(page, DAN)
                await browser.submit(form, button=button)

    async def finish_badly(self, person: str) -> None:
        asked = await self.ask_to_connect(person)
        async with Browser() as browser:
            page = await self.consent(browser, asked["url"], person)
            flow_id = page.url.rpartition("flow_id=")[2]
            body = {"flow_id": flow_id, "user_id": person}
            await self.app.ask("POST", "/v1/auth/confirm_user", body)
        await self.app.ask("GET", f"/v1/auth/status?id={asked['id']}")

    # Calling

    async def read_and_write(self) -> None:
        run = self.app.run
        listed = await run("ListEmails", ANN, {"include_body": True}, holds_mail=True)
        self.email_id = listed["output"]["value"]["emails"][0]["id"]
        one = {"email_id": self.email_id}
        await run("GetEmail", ANN, one, holds_mail=True)
        await run("GetAttachment", ANN, one, holds_mail=True)
        await run("SearchEmailsByQuery", ANN, {"query": self.planted.query}, holds_mail=True)
        await run("ListEmailsByHeader", ANN, {"subject": [self.planted.subject]}, holds_mail=True)
        attached = {"filename": self.planted.file_name, "content": self.planted.file_text}
        await run("SendEmail", ANN, self.letter(), holds_mail=True)
        await run("MultiUserGmailSend", ANN, self.letter(attachments=[attached]), holds_mail=True)
        await run("WriteDraftEmail", ANN, self.letter(), holds_mail=True)
        await run("ReplyToEmail", ANN, {**one, "body": self.planted.text}, holds_mail=True)
        await run("WhoAmI", ANN, {})

    async def calls_that_are_wrong(self) -> None:
        run, words = self.app.run, self.planted
        await run("NoSuchTool", ANN, {"q": words.query})
        await run("SendEmail", "nobody@example.com", self.letter())
        await run("SendEmail", BEN, self.letter())
        await run("SearchEmailsByQuery", ANN, {"query": [words.query], "max_results": words.text})
        await run("SearchEmailsByQuery", ANN, {"query": words.query, "page_token": words.text})
        await run("SearchEmailsByQuery", ANN, {"query": words.query, words.text: 1})
        await run("ListEmails", ANN, {"n_emails": words.query})
        await run("GetEmail", ANN, {"email_id": words.query})
        await run("GetEmail", ANN, {"email_id": "19a0000000000000"})
        await run("SendEmail", ANN, self.letter(recipient=words.text))
        await run("SendEmail", ANN, self.letter(subject=f"{words.subject}\r\nBcc: x@example.com"))
        await run("SendEmail", ANN, {"context": words.text})
        await run("SendEmail", ANN, self.letter(body=words.text + 27_000_000 * "x"))
        labels = {"email_id": self.email_id, "labels_to_add": [words.query]}
        await run("ChangeEmailLabels", ANN, labels)
        await run("GetAttachment", ANN, {"email_id": self.email_id, "attachment": words.query})

    async def google_misbehaving(self) -> None:
        words = self.planted
        told = {
            "error": {"code": 0, "message": words.upstream, "errors": [{"reason": words.upstream}]}
        }
        sends, reads = "/messages/send", "/messages"
        missing = {"www-authenticate": 'Bearer error="insufficient_scope"'}
        for action in (
            {"status": 400, "body": told},
            {"status": 403, "body": told, "headers": missing},
            {"status": 404, "body": told},
            {"status": 429, "body": told, "headers": {"retry-after": "600"}},
            {"status": 500, "body": words.upstream},
            {"status": 503, "body": words.upstream, "headers": {"retry-after": "600"}},
            {
                "status": 302,
                "headers": {"location": f"http://127.0.0.1:9/{words.upstream.encode().hex()}"},
            },
            {"status": 200, "body": words.upstream},
            {"drop": "before"},
            {"drop": "after"},
            {"truncate": 40},
        ):
            # A read is repeated by itself; the sandbox that ends later makes one fail to the end.
            await self.fault(sends, **action)
            await self.fault(reads, **action)
            await self.app.run("SendEmail", ANN, self.letter())
            await self.app.run("SearchEmailsByQuery", ANN, {"query": words.query})
            await self.control("DELETE", "faults")

    async def scheduled_calls(self) -> None:
        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
        planned = [
            await self.app.run("SendEmail", ANN, self.letter(), run_at=soon),
            await self.app.run(
                "SearchEmailsByQuery", ANN, {"query": self.planted.query}, run_at=soon
            ),
            await self.app.run("GetEmail", ANN, {"email_id": self.email_id}, run_at=soon),
            await self.app.run("GetEmail", ANN, {"email_id": self.planted.query}, run_at=soon),
        ]
        await self.app.run("SendEmail", ANN, self.letter(), run_at=self.planted.text)
        await self.app.ask("GET", "/v1/scheduled_tools")
        for one in planned:
            while True:
                path = f"/v1/scheduled_tools/{one['id']}"
                found = (await self.app.ask("GET", path, holds_mail=True)).json()
                if found["execution_status"] in ("success", "failed"):
                    break
                await asyncio.sleep(0.1)
        await self.app.ask("GET", "/v1/scheduled_tools")

    async def with_the_client(self) -> None:
        """Do what an application does with our own client, and keep what it raises."""
        words, key = self.planted, self.app.http.headers["authorization"].removeprefix("Bearer ")
        async with AsyncArcade(api_key=key, base_url=self.engine, max_retries=0) as arcade:
            manager = MultiUserGmailManager(arcade)
            await manager.execute_gmail_action(ANN, "send_email", self.letter())
            for action, given in (
                ("SearchEmailsByQuery", {"query": words.query, "page_token": words.text}),
                ("SearchEmailsByQuery", {"query": words.query, words.text: 1}),
                ("GetEmail", {"email_id": words.query}),
                ("SendEmail", self.letter(recipient=words.text)),
                ("SendEmail", self.letter(body={words.text})),
                (words.text, self.letter()),
            ):
                with self.raised.keeping():
                    await manager.execute_gmail_action(ANN, action, given)
            for action in ("SendEmail", "SearchEmailsByQuery"):
                await self.fault("*/messages*", times=9, status=400, body=words.upstream)
                with self.raised.keeping():
                    given = self.letter() if action == "SendEmail" else {"query": words.query}
                    await manager.execute_gmail_action(ANN, action, given)
                await self.control("DELETE", "faults")
            with self.raised.keeping():
                await manager.wait_for_authorization("nobody", timeout_s=0)
            self.raised.shown.append(f"{manager!r} {vars(manager)!r}")
        with self.raised.keeping():
            await manager.execute_gmail_action(ANN, "SendEmail", self.letter())

    # Tokens

    async def tokens_that_end(self) -> None:
        await self.connect(EVE)
        read = {"n_emails": 1}
        await self.control("POST", "expirations", email=ANN)
        await self.app.run("ListEmails", ANN, read, holds_mail=True)  # refreshes
        for status, error in ((500, "x"), (400, "invalid_grant_not"), (401, "invalid_client")):
            await self.control("POST", "expirations", email=CAT)
            answer = {"error": error, "error_description": self.planted.upstream}
            await self.fault("/token", times=3, status=status, body=answer)
            await self.app.run("ListEmails", CAT, read)
            await self.control("DELETE", "faults")
        await self.control("POST", "withdrawals", email=EVE)
        await self.app.run("ListEmails", EVE, read)
        await self.app.run("ListEmails", CAT, read, holds_mail=True)

    async def disconnect(self, user: str) -> None:
        found = await self.app.ask("GET", f"/v1/admin/user_connections?user_id={user}")
        for one in found.json()["items"]:
            await self.app.ask("GET", f"/v1/admin/user_connections/{one['id']}")
            await self.app.ask("DELETE", f"/v1/admin/user_connections/{one['id']}")
