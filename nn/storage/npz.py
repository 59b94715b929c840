"""NumPy's `.npz`: a zip of `.npy` files, each with a checksum. `np.load` reads it too."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..data.files import read_at_most
from .stored import Array, Stored, checked_size

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def pack(arrays: Mapping[str, Array]) -> bytes:
    """The bytes of a file: the same for the same arrays, at any time of day."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return buffer.getvalue()


def unpack(file: IO[bytes], path: Path) -> dict[str, Stored]:
    """Every array in the file, not yet read."""
    found: dict[str, Stored] = {}
    try:
        archive = zipfile.ZipFile(file)
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name in found:
                raise ValueError(f"there are two arrays {name!r}")
            with archive.open(member) as data:
                shape, fortran, dtype = _header(data)
                size = checked_size(dtype, shape)
                if data.tell() + size != member.file_size:
                    raise ValueError(f"the size of {name!r} is not that of a {dtype} {shape}")
            read = partial(_read, archive, member, dtype, shape, "F" if fortran else "C", path)
            found[name] = Stored(dtype, shape, read)
    except Exception as error:  # zipfile alone raises seven kinds for damaged files
        raise ValueError(f"{path} is damaged, or not an npz file: {error}") from error
    return found


def _read(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, dtype: np.dtype[Any], shape: Any, order: Any,
    path: Path,
) -> Array:
    size = checked_size(dtype, shape)
    try:
        with archive.open(member) as data:
            _header(data)
            content = read_at_most(data, size)  # and at its end compares the checksum
        return np.frombuffer(content, dtype).reshape(shape, order=order)
    except Exception as error:
        raise ValueError(f"{path} is damaged in {member.filename!r}: {error}") from error


def _header(data: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(data)
    if version not in HEADERS:
        raise ValueError(f"version {version} of the npy format is for records, not for weights")
    return HEADERS[version](data)
