"""Weights in files: `.safetensors` or `.npz`, never pickles.

A file is written whole or not at all. Reading trusts nothing: names, shapes and dtypes are known
before data is read, no read is larger than they say, and what does not add up is a ValueError that
names the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ..data.files import write_atomically
from . import npz, safetensors, tree
from .stored import Array, Stored

__all__ = ["TRAINING", "Array", "Stored", "opened", "tree", "write"]

TRAINING = "training/"
"""What the names begin with of all that a file holds besides a model's weights."""

FORMATS: dict[str, ModuleType] = {".npz": npz, ".safetensors": safetensors}


def write(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> None:
    """Writes arrays by name, in the format that the path's ending asks for."""
    path = Path(path)
    content = _format(path).pack(arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[dict[str, Stored]]:
    """What the file holds, by name; arrays are read when they are asked for, until it closes."""
    path = Path(path)
    unpack = _format(path).unpack
    with path.open("rb") as file:
        yield unpack(file, path)


def _format(path: Path) -> ModuleType:
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise ValueError(
            f"{path}: weights are kept in files that end in {' or '.join(FORMATS)}."
        ) from None
