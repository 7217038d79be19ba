"""A model that answers each message of the eval suites from the script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from evals.model_server import Answer, ModelServer
from evals.script import Call, Line

__all__ = ["ScriptedModel", "Take"]

Take = Literal["right", "neighbour"]


class ScriptedModel(ModelServer):
    """Serve one take of the script while entered."""

    def __init__(self, script: Mapping[str, Line], take: Take) -> None:
        super().__init__()
        self.answered: list[str] = []
        self._script = script
        self._take = take

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """Make the call that the script has for the last message."""
        message = request["messages"][-1]["content"]
        line = self._script.get(message)
        if line is None:
            return self.refuse(f"not in the script: {message}")
        call: Call = getattr(line, self._take)
        answer = self.call(request, call.tool, call.arguments)
        if answer[0] == 200:
            self.answered.append(message)
        return answer
