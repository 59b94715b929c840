"""Two habits for files: read no more than was asked for, and replace a file whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Protocol

CHUNK = 1 << 16


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_at_most(file: Readable, limit: int) -> bytearray:
    """Read up to `limit` bytes; memory grows with what is there, not with `limit`.

    (`file.read(limit)` of a buffered file sets `limit` bytes aside before it has read one.)
    """
    data = bytearray()
    while chunk := file.read(min(CHUNK, limit - len(data))):
        data += chunk
    return data


def write_atomically(path: Path, data: bytes | bytearray) -> None:
    """Write to a temporary file beside `path`, flush it to the disk, then take the name over."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
