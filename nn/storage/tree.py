"""Nested state (dicts, lists, numbers, text, arrays) among a file's arrays, never as a pickle.

The arrays are written as arrays; what holds them together is JSON, kept as one more array of bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .stored import Array, Stored

HOLDER = "state.json"


def pack(tree: Any, prefix: str) -> dict[str, Array]:
    """Arrays by names that begin with `prefix`, from which `unpack` makes the tree again.

    Raises TypeError, saying where, for what is none of None, bool, int, float, str, an array, a
    NumPy number, a list or tuple (which comes back as a list), or a dict with str keys.
    """
    arrays: dict[str, Array] = {}

    def plain(value: Any, place: str) -> Any:
        if isinstance(value, (np.ndarray, np.generic)):  # first: an np.float64 is a float, too
            name = f"{prefix}{len(arrays)}"
            arrays[name] = np.asarray(value)
            return {"array" if isinstance(value, np.ndarray) else "number": name}
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, (list, tuple)):
            return [plain(item, f"{place}[{i}]") for i, item in enumerate(value)]
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return {"dict": {key: plain(item, f"{place}.{key}") for key, item in value.items()}}
        raise TypeError(
            f"{place or 'it'} is {value!r}: only numbers, text, arrays, and lists and dicts of "
            "them can be saved."
        )

    text = json.dumps(plain(tree, ""), separators=(",", ":"))
    return {**arrays, prefix + HOLDER: np.frombuffer(text.encode(), np.uint8)}


def unpack(found: Mapping[str, Stored], prefix: str, path: Path) -> Any:
    """The tree again, out of what `opened` yields.

    Raises ValueError, naming the file, if it is not what `pack` makes.
    """

    def tree(plain: Any) -> Any:
        if isinstance(plain, list):
            return [tree(item) for item in plain]
        if not isinstance(plain, dict):
            return plain
        ((kind, held),) = plain.items()
        if kind == "dict":
            return {key: tree(item) for key, item in held.items()}
        array = np.array(found[prefix + held.removeprefix(prefix)])
        return {"array": array, "number": array[()]}[kind]

    try:
        text = np.asarray(found[prefix + HOLDER]).tobytes()
        return tree(json.loads(text))
    except Exception as error:  # as for the formats: JSON may be anything
        raise ValueError(f"{path} is damaged in its {prefix}{HOLDER}: {error}") from error


def is_plain(value: Any) -> bool:
    """Whether `pack` takes it."""
    try:
        pack(value, "")
    except (TypeError, ValueError, RecursionError):
        return False
    return True
