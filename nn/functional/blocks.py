"""Work on large arrays, block by block: what is computed on the way stays in the cache, and
several threads share the blocks.

NumPy computes in one thread, and lets others run meanwhile. Its matrix products have threads of
their own, so blocks are for what stands between them: a GELU, a softmax, a norm.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import numpy as np

BLOCK = 1 << 16
"""Elements in a block: four float32 arrays of it fit into a core's own cache."""

ENOUGH = 4
"""Blocks for which a thread (some 50 µs to start and to wait for) is soon paid back."""


def in_blocks(work: Callable[[slice], Any], rows: int, width: int) -> None:
    """Calls work(rows of a block) for all blocks of a (rows, width) array, in any order.

    >>> import numpy as np
    >>> x, out = np.arange(5.0), np.empty(5)
    >>> def work(block):
    ...     np.square(x[block], out=out[block])
    >>> in_blocks(work, rows=5, width=1)
    >>> out
    array([ 0.,  1.,  4.,  9., 16.])
    """
    step = max(1, BLOCK // max(width, 1))
    threads = max(1, min(_threads(), rows // step // ENOUGH))

    def share(first: int) -> None:
        for start in range(first * step, rows, threads * step):
            work(slice(start, start + step))

    if threads == 1:
        share(0)
        return
    waiting = [_pool().submit(copy_context().run, share, i) for i in range(1, threads)]
    share(0)
    for other in waiting:
        other.result()  # raises what was raised there


def elementwise(function: Callable[..., Any], *arrays: Any) -> Any:
    """function(*arrays), which works element by element on arrays of one shape, in blocks.

    >>> import numpy as np
    >>> elementwise(np.hypot, np.array([3.0, 0.0]), np.array([4.0, 1.0]))
    array([5., 1.])
    """
    first = arrays[0]
    if first.size <= BLOCK or not all(a.flags.c_contiguous for a in arrays):
        return function(*arrays)
    flat = [a.reshape(-1) for a in arrays]
    out = np.empty_like(first)

    def work(block: slice) -> None:
        out.reshape(-1)[block] = function(*[a[block] for a in flat])

    in_blocks(work, first.size, 1)
    return out


@functools.cache
def _threads() -> int:
    """As many as the processor has cores for us, unless OMP_NUM_THREADS says otherwise."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit():
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _pool() -> Any:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(_threads() - 1, thread_name_prefix="nn-blocks")


_forget_pool = _pool.cache_clear
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)  # threads are not copied into a child
