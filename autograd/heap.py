"""Freed arrays stay with the process: the next step finds their memory ready.

A step of training frees its activations when it ends, and the next one allocates the same again. In
between, the C library would hand the memory back to the system, and fetching it anew, page by page,
took two thirds of the time of an elementwise chain on arrays of 4 MB (glibc 2.36, 7,000 page faults
a step, 2026-11). So glibc is told to keep up to 256 MB, for arrays of up to 32 MB each; larger ones
are handed back at once, as always. Other C libraries are left alone, and so is a process whose
environment says what it wants (`MALLOC_TRIM_THRESHOLD_`, `MALLOC_MMAP_THRESHOLD_`).
"""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT, _LARGEST = 256 << 20, 32 << 20  # glibc allows no more than 32 MB for the latter


def keep_freed_memory() -> None:
    """Asks glibc to keep what is freed, up to a bound."""
    if any(name in os.environ for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")):
        return
    mallopt = getattr(ctypes.CDLL(None) if os.name == "posix" else None, "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_THRESHOLD, _LARGEST)
