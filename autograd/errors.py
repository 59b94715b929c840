"""Errors that teach: the user's own line, with the shape of every operand written under it."""

from __future__ import annotations

import ast
import linecache
import sys
import warnings
from types import FrameType
from typing import Any

import numpy as np

from .tensor import Tensor

_PACKAGE = __name__.rpartition(".")[0]


def user_frame() -> FrameType | None:
    """The innermost frame that is not the engine's: where the user wrote the op."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module != _PACKAGE and not module.startswith(_PACKAGE + "."):
            return frame
        frame = frame.f_back
    return None


def warn(message: str, category: type[Warning]) -> None:
    """Warns at the user's own line, however deep in the engine the reason was found."""
    frame, depth = sys._getframe(1), 1
    user = user_frame()
    while frame.f_back is not None and frame is not user:
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, category, stacklevel=depth + 1 if frame is user else 2)


def user_line(frame: FrameType | None = None) -> str:
    """`file.py:12: loss = f(x)`: where in the user's code this happens, or "" if unknown.

    Cheap enough to call for every op under `ag.debug()`.
    """
    frame = frame or user_frame()
    if frame is None:
        return ""
    source = linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}: {source}".rstrip(": ")


def shapes_under_line(frame: FrameType | None = None) -> str:
    """The user's line with the shapes of its arrays written under their names.

        y = np.tanh(x @ w + b)
                    │   │   └ (4,)
                    │   └ (5, 4)
                    └ (2, 3)

    After T. Parr's TensorSensor, https://github.com/parrt/tensor-sensor.
    """
    frame = frame or user_frame()
    if frame is None:
        return ""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()
    operands = _operands(frame, line)
    if not operands:
        return line
    rows = [line]
    columns = [column for column, _ in operands]
    for column, shape in reversed(operands):
        rows.append(
            "".join("│" if i in columns and i < column else " " for i in range(column))
            + f"└ {shape}"
        )
    return "\n".join(rows)


def _operands(frame: FrameType, line: str) -> list[tuple[int, str]]:
    """The names in the line that stand for arrays: where each stands, and its shape."""
    start = len("return ") if line.startswith("return ") else 0
    source = line[start:] + (" pass" if line.endswith(":") else "")
    try:
        tree = ast.parse(source)
    except SyntaxError:  # one line of several
        return []
    found: dict[int, str] = {}
    names = {**frame.f_globals, **frame.f_locals}
    for node in ast.walk(tree):
        value = _value_of(node, names)
        if isinstance(value, (Tensor, np.ndarray)):
            before = source.encode()[: getattr(node, "col_offset", 0)]  # ast counts bytes
            found[start + len(before.decode())] = str(value.shape)
    return sorted(found.items())


def _value_of(node: ast.AST, names: dict[str, Any]) -> Any:
    """The value of a plain name or of an attribute of one; nothing is called or computed."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _value_of(node.value, names)
        return getattr(owner, "__dict__", {}).get(node.attr) if owner is not None else None
    return None
