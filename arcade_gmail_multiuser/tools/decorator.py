"""Declare a tool: scopes, behaviour, error adapter and null handling in one decorator.

A model in strict mode sends every parameter, and null for each that it leaves out, also where the
default is a number. Arcade's evals write that null as the word None among a parameter's choices.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from arcade_core.metadata import ToolMetadata
from arcade_tdk import tool as arcade_tool
from arcade_tdk.auth import Google
from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from arcade_gmail_multiuser.tools.error_adapter import GmailErrorAdapter

__all__ = ["tool"]

F = TypeVar("F", bound=Callable[..., Any])

_WORD = "None"


def tool(*scopes: str, does: ToolMetadata) -> Callable[[F], F]:
    """Make a tool of a function: its Google scopes, its behaviour, our errors, null as default.

    The name matters: Arcade finds tools by reading source code for a decorator called `tool`.

    Args:
        scopes: the least set of OAuth scopes that every Gmail method the tool can call accepts.
        does: what it does to a mailbox at worst, one of `behavior`'s constants.
    """

    def decorate(function: F) -> F:
        _let_null_mean_default(function)
        # A list of adapters of its own for each tool: Arcade appends to the one it is given.
        decorated: F = arcade_tool(
            requires_auth=Google(scopes=list(scopes)),
            metadata=does,
            adapters=[GmailErrorAdapter()],
        )(function)
        return decorated

    return decorate


def _let_null_mean_default(function: Callable[..., Any]) -> None:
    """Let every optional parameter be null.

    It changes the function's signature, from which Arcade makes the model that checks inputs, and
    nothing else: called from Python the function is what it was.
    """
    signature = inspect.signature(function)
    parameters = [_nullable(parameter) for parameter in signature.parameters.values()]
    vars(function)["__signature__"] = signature.replace(parameters=parameters)


def _nullable(parameter: inspect.Parameter) -> inspect.Parameter:
    default = parameter.default
    nothing: tuple[object, ...] = (None, _WORD) if _has_choices(parameter.annotation) else (None,)
    if default is inspect.Parameter.empty or (default is None and nothing == (None,)):
        return parameter

    def check(given: object, usual: ValidatorFunctionWrapHandler) -> object:
        return default if given is None or given in nothing[1:] else usual(given)

    return parameter.replace(annotation=Annotated[parameter.annotation, WrapValidator(check)])


def _has_choices(annotation: object) -> bool:
    """Tell whether a parameter is one of some words, none of which is the word None."""
    if get_origin(annotation) is Literal:
        return _WORD not in get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _WORD not in {choice.value for choice in annotation}
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _has_choices(inner[0])
    return any(map(_has_choices, inner))
