"""What an application must not get away with: each line names the error mypy has to find there."""

from arcade_gmail_multiuser import (
    MultiUserGmailAgent,
    MultiUserGmailManager,
    SecureTokenManager,
    UserContextCache,
)


async def misspelt_keys(gmail: MultiUserGmailManager, agent: MultiUserGmailAgent) -> None:
    asked = await gmail.authenticate_user("alice@example.com")
    if "url" in asked:
        print(asked["mesage"])  # E: typeddict-item
    else:
        print(asked["authentificated"])  # E: typeddict-item
    answer = await agent.process_email_request("alice@example.com", {"action": "list"})
    if answer["success"]:
        print(answer["result"])  # E: typeddict-item
    elif "authUrl" in answer:
        print(answer["auth_url"])  # E: typeddict-item
    else:
        print(answer["error"]["massage"])  # E: typeddict-item
    loaded = await agent.initialize_user_tools("alice@example.com")
    print(loaded["tool"])  # E: typeddict-item
    print((await gmail.disconnect("alice@example.com"))["conections"])  # E: typeddict-item


async def keys_not_asked_for(agent: MultiUserGmailAgent, tokens: SecureTokenManager) -> None:
    answer = await agent.process_email_request("alice@example.com", {"action": "list"})
    print(answer["data"])  # E: typeddict-item
    context = await tokens.get_user_context("alice@example.com")
    print(context["token"])  # E: typeddict-item


async def forgotten_user(gmail: MultiUserGmailManager, cache: UserContextCache) -> None:
    await gmail.execute_gmail_action("ListEmails")  # E: call-arg
    gmail.authenticate_user("alice@example.com")  # E: unused-coroutine
    cache.set_cached_tools(["ListEmails"], [])  # E: arg-type
