"""What was computed until an op raised, and the op that did: found in the exception's traceback."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from .. import call as calls
from ..graph import Constant
from ..op import Op
from ..tensor import Tensor
from .names import around
from .simplify import Failure
from .subject import Subject, place

ENGINE = calls.__name__.removesuffix("call")  # "autograd."


def until(error: Exception, frame: types.FrameType, *first: tuple[str, Any]) -> Subject:
    """The failed op as the subject of a picture. If it was no op that raised: the error, again."""
    failure: Failure | None = None
    local: list[tuple[str, Any]] = []
    traceback = error.__traceback__
    while traceback is not None:
        variables, module = traceback.tb_frame.f_locals, traceback.tb_frame.f_globals
        if module is vars(calls) and isinstance(variables.get("op"), Op):
            failure = _failure(variables, error)
        elif not f"{module.get('__name__')}.".startswith(ENGINE):
            local += variables.items()
        traceback = traceback.tb_next
    if failure is None:
        raise error
    visible = [(name, thing) for name, thing in local[::-1] if not name.startswith("_")]
    subject = Subject([failure], around(frame, *first, *visible))
    subject.remarks.append(f"what was computed until {failure.op.name} failed")
    return subject


def _failure(variables: dict[str, Any], error: Exception) -> Failure:
    """From the variables of the engine's own frame that called the op's function."""
    op: Op = variables["op"]
    called = variables.get("called") or variables
    inputs: list[Any] = []
    for name in op.inputs:
        given = called.get(name)
        inputs += given if name in op.sequences and isinstance(given, (list, tuple)) else [given]
    settings = {
        name: value
        for name, value in variables.get("called", {}).items()
        if name not in op.inputs
        and isinstance(value, (int, str, tuple))
        and value != op._defaults.get(name)
    }
    return Failure(op, tuple(map(_input, inputs)), settings, error)


def _input(value: Any) -> Any:
    if isinstance(value, Tensor):
        return place(value)
    return Constant(value) if isinstance(value, np.ndarray) else value
