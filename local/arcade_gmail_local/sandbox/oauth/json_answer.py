"""A JSON answer laid out as Google's servers lay theirs out, and kept by no cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response


def json_answer(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Give `body` with Google's two-space indent; the answer may hold tokens, so it is no-store."""
    return Response(
        json.dumps(body, indent=2, ensure_ascii=False) + "\n",
        status_code=status,
        media_type="application/json; charset=utf-8",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache", **(headers or {})},
    )
