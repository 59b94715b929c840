"""The `fast` extra: numba compiles a formula's program to one loop over the elements.

NumPy goes over the arrays once for each step of a program; a loop that does all steps element by
element goes over them once: on 335,114 float32, Adam takes 0.06 ms instead of 0.3.

Nothing needs it: without numba (the extra `fast`), NumPy computes the same bits. It is
loaded (0.7 s, then 0.2 s for each program, which numba keeps on disk) at the first step of an
optimizer with many parameters. The environment variable GLASSGRAD_FAST says otherwise: 0 never,
1 also for few.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .program import Program

MANY = 100_000
"""Elements in a step from which loading numba is soon paid back."""

asked = os.environ.get("GLASSGRAD_FAST")
"""What the user says: "0", "1", or None."""

loaded = False
"""Whether an optimizer has asked for numba, and found it."""

DTYPES = {np.dtype(np.float32), np.dtype(np.float64)}


def pays(size: int, dtype: Any) -> bool:
    """Whether a step on so many elements is to be compiled, if it can be."""
    return dtype in DTYPES and asked != "0" and (size >= MANY or asked == "1")


@functools.lru_cache(maxsize=256)
def kernel(program: Program) -> Callable[..., None] | None:
    """The program as a function of arrays of one shape and dtype, however they lie in memory, and
    of its numbers as one more array; None if there is no numba."""
    global loaded
    try:
        import numba  # noqa: F401
    except ImportError:
        return None
    loaded = True
    lines, _ = program.lines("{out} = {expression}", "c[{}]")
    arrays = [f"a{i}" for i in range(program.arrays)]
    changed = {out for _, out, *_ in program.steps}
    reads = [f"{name} = {name}s.flat[i]" for name in arrays]
    writes = [f"a{i}s.flat[i] = a{i}" for i in range(program.arrays) if i in changed]
    body = "\n".join(f"        {line}" for line in [*reads, *lines, *writes])
    arguments = ", ".join([*(f"{name}s" for name in arrays), "c"])
    import hashlib  # where it is needed: it takes longer to load than all of optim

    # numba keeps kernels on disk by file and name, so the name must say which kernel it is.
    name = f"kernel_{hashlib.sha256((arguments + body).encode()).hexdigest()[:16]}"
    source = f"def {name}({arguments}):\n    for i in range(a0s.size):\n{body}\n"
    namespace: dict[str, Any] = {"np": np, "__name__": __name__}
    exec(compile(source, __file__, "exec"), namespace)
    return compiled(namespace[name])


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """The function, compiled at its first call, or taken from the disk then."""
    from numba import njit

    # error_model: divide as NumPy does. No fastmath: the same bits as NumPy.
    compiler = functools.partial(njit, nogil=True, error_model="numpy")
    kernel: Callable[..., None]
    try:
        kernel = compiler(cache=True)(function)
    except RuntimeError:  # no place to keep it
        kernel = compiler()(function)
    return kernel
