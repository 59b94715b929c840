"""The IDX file format, in which MNIST is published: a header, then the numbers, nothing else.

    offset  bytes  meaning
    0       2      zero
    2       1      what the numbers are (the table below)
    3       1      how many dimensions
    4       4 each the dimensions, big-endian
    then           the numbers, big-endian, last dimension fastest

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", section on file formats.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .files import Readable, read_at_most, write_atomically

DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
MAX_DIMS = 4
MAX_BYTES = 1 << 30  # EMNIST's largest file, 547 MB, fits


def read_idx(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> NDArray[Any]:
    """Read an IDX file, gzipped if its name ends in `.gz`, into an array.

    The array has 1 to 4 dimensions, the machine's byte order, C order, and may be written to.
    Memory stays at the size that the header declares, whatever the file holds.

    Raises ValueError, naming the file, for damage of any kind: truncated, too long, not IDX, not
    gzip, a header that declares more than `max_bytes`. FileNotFoundError where there is no file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_idx(f"{folder}/labels.gz", np.array([5, 0, 4], dtype=np.uint8))
    ...     read_idx(f"{folder}/labels.gz")
    array([5, 0, 4], dtype=uint8)

    Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", section on file formats.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _read(file, max_bytes)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = f"{path}: damaged gzip: {error}. Fetch it again, or drop .gz if it is unpacked."
        raise ValueError(message) from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read(file: Readable, max_bytes: int) -> NDArray[Any]:
    dtype, shape = _read_header(file)
    expected = math.prod(shape) * dtype.itemsize  # Python ints: no overflow
    if expected > max_bytes:
        raise ValueError(
            f"its header declares {dtype.name} of shape {shape}, {expected:,} bytes; the limit "
            f"is {max_bytes:,}. If you trust the file, pass a larger max_bytes= to read_idx."
        )
    data = read_at_most(file, expected + 1)
    if len(data) != expected:
        found = f"only {len(data):,}" if len(data) < expected else "more"
        raise ValueError(
            f"its header declares {dtype.name} of shape {shape}, {expected:,} bytes, but {found} "
            "follow. Is it cut off, or two files in one?"
        )
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_header(file: Readable) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4:
        raise ValueError(f"an IDX file starts with 4 bytes of magic; this one ends after {magic!r}")
    zero, code, dims = struct.unpack(">HBB", magic)
    if zero:
        hint = " It looks gzipped: let its name end in .gz." if magic[:2] == b"\x1f\x8b" else ""
        raise ValueError(f"an IDX file starts with two zero bytes; this one with {magic!r}.{hint}")
    if code not in DTYPES:
        known = ", ".join(f"{code:#04x} {dtype.name}" for code, dtype in DTYPES.items())
        raise ValueError(f"its numbers are of unknown kind {code:#04x}. IDX knows {known}.")
    if not 1 <= dims <= MAX_DIMS:
        raise ValueError(f"it declares {dims} dimensions; 1 to {MAX_DIMS} can be read")
    sizes = file.read(4 * dims)
    if len(sizes) < 4 * dims:
        raise ValueError(f"it ends within its header, which declares {dims} dimensions")
    return DTYPES[code], struct.unpack(f">{dims}I", sizes)


def write_idx(path: str | os.PathLike[str], array: ArrayLike) -> None:
    """Write an array of 1 to 4 dimensions as an IDX file, gzipped if the name ends in `.gz`.

    The file appears whole or not at all, and equal arrays give equal bytes.

    Raises TypeError for a dtype that IDX does not have, ValueError for another number of
    dimensions.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_idx(f"{folder}/images", np.zeros((2, 28, 28), dtype=np.uint8))
    ...     os.path.getsize(f"{folder}/images")
    1584

    Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", section on file formats.
    """
    path, array = Path(path), np.asarray(array)
    big_endian = array.dtype.newbyteorder(">")
    if big_endian not in CODES:
        known = ", ".join(dtype.name for dtype in CODES)
        raise TypeError(
            f"write_idx: IDX has no {array.dtype}, only {known}. Convert first, for instance "
            "array.astype(np.int32)."
        )
    if not 1 <= array.ndim <= MAX_DIMS:
        raise ValueError(
            f"write_idx: shape {array.shape} has {array.ndim} dimensions; IDX files here have 1 "
            f"to {MAX_DIMS}. Reshape first."
        )
    header = struct.pack(f">HBB{array.ndim}I", 0, CODES[big_endian], array.ndim, *array.shape)
    data = header + array.astype(big_endian).tobytes()
    write_atomically(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
