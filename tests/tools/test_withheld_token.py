"""A person who is connected is not asked to connect again where only the token is kept back."""

from __future__ import annotations

import pytest
from arcade_core.schema import ToolAuthorizationContext, ToolContext

from arcade_gmail_multiuser.errors import MissingToken, TokenWithheld
from arcade_gmail_multiuser.tools.checks import gmail_client
from arcade_gmail_multiuser.tools.error_adapter import GmailErrorAdapter


@pytest.mark.parametrize("token", [None, "", "  "])
def test_an_account_without_its_token_is_a_matter_for_the_operator(token: str | None) -> None:
    account = ToolAuthorizationContext(token=token, user_info={"email": "pat@example.com"})
    with pytest.raises(TokenWithheld) as raised:
        gmail_client(ToolContext(authorization=account, user_id="pat"))
    error = GmailErrorAdapter().from_exception(raised.value)
    assert (error.extra or {})["code"] == "token_withheld"
    assert (error.status_code, error.can_retry) == (403, False)
    assert "token_readers" in (error.developer_message or "")
    assert "pat@example.com" not in str(error)


@pytest.mark.parametrize("authorization", [None, ToolAuthorizationContext(token=None)])
def test_without_an_account_the_person_has_yet_to_connect(
    authorization: ToolAuthorizationContext | None,
) -> None:
    with pytest.raises(MissingToken):
        gmail_client(ToolContext(authorization=authorization, user_id="pat"))
