"""What a parameter that is null means: that its default holds.

A model in strict mode sends every parameter, and null for each that it leaves out, also where the
default is a number. Arcade's evals write that null as the word None among a parameter's choices.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import ValidatorFunctionWrapHandler, WrapValidator

__all__ = ["null_means_default"]

F = TypeVar("F", bound=Callable[..., Any])

_WORD = "None"


def null_means_default(tool: F) -> F:
    """Let every optional parameter of a tool be null. Stands below `@tool`.

    It changes the function's signature, from which Arcade makes the model that checks inputs, and
    nothing else: called from Python the function is what it was.
    """
    signature = inspect.signature(tool)
    parameters = [_nullable(parameter) for parameter in signature.parameters.values()]
    vars(tool)["__signature__"] = signature.replace(parameters=parameters)
    return tool


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
