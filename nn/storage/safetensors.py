"""The safetensors format: 8 bytes of length, a JSON header, the arrays one after the other.

Written out here because it is short, and because the writer of the package of that name (0.8.0)
stores arrays wrongly that are not C-contiguous.

Source: https://huggingface.co/docs/safetensors (Format).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..data.files import read_at_most
from .stored import Array, Stored, checked_size

DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}
LONGEST_HEADER = 100_000_000  # the format's own limit


def pack(arrays: Mapping[str, Array]) -> bytes:
    """The bytes of a file; the widest dtypes first, so that all data lies aligned."""
    header: dict[str, Any] = {}
    body = bytearray()
    for name, array in sorted(arrays.items(), key=lambda item: -item[1].itemsize):
        dtype = array.dtype.newbyteorder("<")
        if dtype not in NAMES:
            raise ValueError(f"safetensors has no dtype for {name!r}, which is {array.dtype}.")
        data = np.asarray(array, dtype, order="C").tobytes()
        header[name] = {
            "dtype": NAMES[dtype],
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + body


def unpack(file: IO[bytes], path: Path) -> dict[str, Stored]:
    """Every array in the file, not yet read."""
    found: dict[str, Stored] = {}
    try:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(read_at_most(file, 8), "little")
        start = 8 + length
        if size < 8 or length > LONGEST_HEADER or start > size:
            raise ValueError(f"a header of {length} bytes does not fit into a file of {size}")
        header = json.loads(read_at_most(file, length), object_pairs_hook=_each_once)
        header.pop("__metadata__", None)
        end = 0
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            if entry["dtype"] not in DTYPES:
                raise ValueError(f"{name!r} is {entry['dtype']}, which NumPy does not have")
            dtype, shape = np.dtype(DTYPES[entry["dtype"]]), tuple(entry["shape"])
            begin, end = end, end + checked_size(dtype, shape)
            if entry["data_offsets"] != [begin, end]:
                raise ValueError(f"the place of {name!r} is not that of a {dtype} {shape}")
            found[name] = Stored(
                dtype, shape, partial(_read, file, start + begin, end - begin, dtype, shape, path)
            )
        if start + end != size:
            raise ValueError(f"its arrays end at byte {start + end}, the file at {size}")
    except Exception as error:  # JSON may be anything, nested a million deep too
        raise ValueError(f"{path} is damaged, or not a safetensors file: {error}") from error
    return found


def _read(
    file: IO[bytes], place: int, size: int, dtype: np.dtype[Any], shape: Any, path: Path
) -> Array:
    file.seek(place)
    content = read_at_most(file, size)
    if len(content) != size:
        raise ValueError(f"{path} ends before its data does.")
    return np.frombuffer(content, dtype).reshape(shape)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("its header names something twice")
    return found
