"""The shapes of what the API takes and gives, as JSON Schema for its OpenAPI document."""

from __future__ import annotations

from typing import Any

__all__ = ["SCHEMAS", "page_of_items", "ref"]

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
MOMENT: Schema = {"type": "string", "format": "date-time"}
MOMENT_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
ANY_OBJECT: Schema = {"type": "object"}
USER_ID: Schema = {"type": "string", "minLength": 1, "maxLength": 512}
TEXTS: Schema = {"type": "array", "items": TEXT}
URI: Schema = {"type": "string", "maxLength": 2048}
STATUS: Schema = {"enum": ["not_started", "pending", "completed", "failed"]}
PHASE: Schema = {"enum": ["pending", "running", "success", "failed"]}
FORMAT: Schema = {"enum": ["openai", "anthropic", "arcade"]}
"""What a caller may name as `format` and `include_format`."""


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def shape(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    found: Schema = {"type": "object", "properties": properties}
    return {**found, "required": list(required)} if required else found


def page_of_items(items: Schema) -> Schema:
    """Describe one page of a list."""
    return shape(
        ("items", "limit", "offset", "page_count", "total_count"),
        items={"type": "array", "items": items},
        limit=COUNT,
        offset=COUNT,
        page_count=COUNT,
        total_count=COUNT,
    )


_HTTP = {"uri": URI, "secret": {"type": "string", "minLength": 16}, "retry": COUNT}
_TIMEOUT: Schema = {"type": "integer", "minimum": 1, "maximum": 600}
_OUTPUT = shape(
    value={}, error=ANY_OBJECT, logs={"type": "array"}, authorization=ref("Authorization")
)
_SCHEDULED: dict[str, Schema] = {
    "id": TEXT,
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "run_at": MOMENT,
    "started_at": MOMENT_OR_NULL,
    "finished_at": MOMENT_OR_NULL,
    "execution_status": PHASE,
    "execution_type": TEXT,
    "tool_name": TEXT,
    "toolkit_name": TEXT,
    "toolkit_version": TEXT_OR_NULL,
    "user_id": TEXT,
}

SCHEMAS: dict[str, Schema] = {
    "Error": shape(("name", "message"), name=TEXT, message=TEXT),
    "Health": shape(("healthy",), healthy=FLAG),
    "AuthorizeRequest": shape(
        ("user_id", "auth_requirement"),
        user_id=USER_ID,
        next_uri=URI,
        auth_requirement=shape(
            ("provider_id",),
            provider_id=TEXT,
            provider_type={"const": "oauth2"},
            oauth2=shape(scopes=TEXTS),
        ),
    ),
    "ConfirmRequest": shape(("flow_id", "user_id"), flow_id=TEXT, user_id=USER_ID),
    "Confirmed": shape(("auth_id",), auth_id=TEXT, next_uri=URI),
    "ConnectionsPageRequest": shape(("user_id",), user_id=USER_ID),
    "ConnectionsPage": shape(("url", "expires_at"), url=URI, expires_at=MOMENT),
    "Authorization": shape(
        ("status", "scopes", "user_id", "context"),
        id=TEXT,
        status=STATUS,
        url=TEXT_OR_NULL,
        scopes=TEXTS,
        provider_id=TEXT,
        user_id=TEXT,
        context=ANY_OBJECT,
    ),
    "Tool": shape(
        ("name", "qualified_name", "fully_qualified_name", "toolkit", "input", "requirements"),
        name=TEXT,
        qualified_name=TEXT,
        fully_qualified_name=TEXT,
        description=TEXT_OR_NULL,
        toolkit=ANY_OBJECT,
        input=ANY_OBJECT,
        output={"type": ["object", "null"]},
        requirements=ANY_OBJECT,
        metadata=ANY_OBJECT,
        formatted_schema=ANY_OBJECT,
    ),
    "ToolAuthorizeRequest": shape(
        ("tool_name", "user_id"), tool_name=TEXT, user_id=USER_ID, tool_version=TEXT, next_uri=URI
    ),
    "ExecuteRequest": shape(
        ("tool_name", "user_id"),
        tool_name=TEXT,
        user_id=USER_ID,
        tool_version=TEXT,
        input=ANY_OBJECT,
        run_at=MOMENT,
        include_error_stacktrace=FLAG,
    ),
    "Executed": shape(
        ("id", "execution_id", "execution_type", "status", "success"),
        id=TEXT,
        execution_id=TEXT,
        execution_type={"enum": ["immediate", "scheduled"]},
        duration={"type": "number"},
        finished_at=MOMENT,
        run_at=MOMENT,
        status=TEXT,
        success=FLAG,
        output=_OUTPUT,
    ),
    "ScheduledCall": shape(tuple(_SCHEDULED), **_SCHEDULED),
    "ScheduledCallWithAttempts": shape(
        (*_SCHEDULED, "input", "attempts"),
        **_SCHEDULED,
        input=ANY_OBJECT,
        attempts={
            "type": "array",
            "items": shape(
                ("id", "started_at", "finished_at", "success"),
                id=TEXT,
                started_at=MOMENT,
                finished_at=MOMENT,
                success=FLAG,
                output={"oneOf": [{"type": "null"}, _OUTPUT]},
                system_error_message=TEXT_OR_NULL,
            ),
        },
    ),
    "WorkerCreateRequest": shape(
        ("id", "http"),
        id={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"},
        type={"const": "http"},
        enabled=FLAG,
        http=shape(("uri", "secret", "timeout", "retry"), **_HTTP, timeout=_TIMEOUT),
    ),
    "WorkerUpdateRequest": shape(enabled=FLAG, http=shape(**_HTTP, timeout=_TIMEOUT)),
    "Worker": shape(
        ("id", "enabled", "type", "http"),
        id=TEXT,
        enabled=FLAG,
        managed=FLAG,
        type=TEXT,
        binding=ANY_OBJECT,
        requirements=ANY_OBJECT,
        http=shape(
            uri=TEXT,
            timeout=COUNT,
            retry=COUNT,
            secret=shape(binding=TEXT, exists=FLAG, editable=FLAG),
        ),
    ),
    "WorkerHealth": shape(
        ("id", "enabled", "healthy"), id=TEXT, enabled=FLAG, healthy=FLAG, message=TEXT
    ),
    "SecretRequest": shape(
        ("value",),
        value={"type": "string", "minLength": 1, "maxLength": 65536},
        description=TEXT,
    ),
    "Secret": shape(
        ("id", "key"),
        id=TEXT,
        key=TEXT,
        description=TEXT,
        binding=ANY_OBJECT,
        created_at=MOMENT_OR_NULL,
        updated_at=MOMENT_OR_NULL,
        last_accessed_at=MOMENT_OR_NULL,
    ),
    "Provider": shape(
        ("id", "type", "oauth2"),
        id=TEXT,
        provider_id=TEXT,
        description=TEXT,
        type=TEXT,
        status=TEXT,
        binding=ANY_OBJECT,
        oauth2=ANY_OBJECT,
    ),
    "Connection": shape(
        ("id", "user_id", "provider_id", "connection_status", "scopes"),
        id=TEXT,
        connection_id=TEXT,
        connection_status={"enum": ["active", "reauthorize"]},
        provider_id=TEXT,
        provider_type=TEXT,
        provider_description=TEXT,
        provider_user_info=ANY_OBJECT,
        scopes=TEXTS,
        user_id=TEXT,
        created_at=MOMENT,
        updated_at=MOMENT,
        last_used_at=MOMENT_OR_NULL,
    ),
}
