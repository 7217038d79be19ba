"""An OpenAI-compatible server on loopback for models whose words are written down.

It is strict where a real one is: a call has to name a tool that was offered and to fit that
tool's schema, otherwise the answer is an error and stands in `complaints`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from jsonschema import Draft202012Validator

__all__ = ["Answer", "ModelServer"]

PATH = "/v1/chat/completions"
Answer = tuple[int, dict[str, Any]]


class ModelServer:
    """Serve while entered; `base_url` is what OPENAI_BASE_URL wants. A subclass has the words."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                request = json.loads(self.rfile.read(length))
                status, answer = model.complete(self.path, request)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Stay quiet: `complaints` says what matters."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def complete(self, path: str, request: Mapping[str, Any]) -> Answer:
        """Answer one chat completion."""
        if path != PATH:
            return self.refuse(f"unknown path {path}")
        return self.answer(request)

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """Say what the model says next: `text`, `call` or `refuse`."""
        raise NotImplementedError

    def call(self, request: Mapping[str, Any], tool: str, arguments: Mapping[str, Any]) -> Answer:
        """Call a tool that was offered, with arguments that fit its schema."""
        return self.calls(request, (tool, arguments))

    def calls(self, request: Mapping[str, Any], *wanted: tuple[str, Mapping[str, Any]]) -> Answer:
        """Call several tools at once; their ids count on from the tools that have answered."""
        offered = {one["function"]["name"]: one["function"] for one in request.get("tools", ())}
        number = sum(message["role"] == "tool" for message in request["messages"])
        made = []
        for tool, arguments in wanted:
            if tool not in offered:
                return self.refuse(
                    f"{tool} is not offered for: {request['messages'][-1]['content']}"
                )
            parameters = offered[tool]["parameters"]
            required = parameters.get("required", ())
            properties = parameters["properties"].items()
            left_out = {name: _nothing(schema) for name, schema in properties if name in required}
            whole = left_out | dict(arguments)
            problem = next(Draft202012Validator(parameters).iter_errors(whole), None)
            if problem is not None:
                return self.refuse(f"{tool} does not take that: {problem.message}")
            function = {"name": tool, "arguments": json.dumps(whole)}
            made.append(
                {"id": f"call_{number + len(made)}", "type": "function", "function": function}
            )
        message = {"role": "assistant", "content": None, "tool_calls": made}
        return 200, _completion(request["model"], message, "tool_calls")

    def text(self, request: Mapping[str, Any], words: str) -> Answer:
        message = {"role": "assistant", "content": words}
        return 200, _completion(request["model"], message, "stop")

    def refuse(self, complaint: str) -> Answer:
        self.complaints.append(complaint)
        return 400, {"error": {"message": complaint, "type": "invalid_request_error"}}


def _nothing(schema: Mapping[str, Any]) -> str | None:
    """Give what a strict model sends for a parameter it leaves out.

    Arcade's strict mode writes the null of an optional choice as the word None.
    """
    return "None" if "None" in schema.get("enum", ()) else None


def _completion(model: str, message: Mapping[str, Any], reason: str) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [choice],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
