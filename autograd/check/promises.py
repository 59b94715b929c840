"""What a gradient promises beside being right: the same every time, nothing overwritten, shape and
dtype of its input, whatever the memory layout, and in float32 too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph import Array
from .compare import typical
from .report import GradientError, element

LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "negative strides": lambda a: np.flip(np.flip(a).copy()),
    "Fortran order": lambda a: a.copy(order="F"),
    "every second element": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a.copy(),
}


class Promises:
    """Asks them of one function, by name."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.rng = np.random.default_rng(seed)

    def steady(
        self, order: int, what: str, inputs: dict[str, Array], compute: Callable[[], list[Array]]
    ) -> list[Array]:
        """What it computes, twice: nothing may have been overwritten, nothing be different."""
        before = [a.copy() for a in inputs.values()]
        first = [np.array(out) for out in compute()]
        for (name, array), copied in zip(inputs.items(), before, strict=True):
            if not np.array_equal(array, copied, equal_nan=True):
                raise GradientError(
                    f"computing the {what} of {self.name} overwrites its input {name}, which "
                    f"others may still need (backward does). Work on a copy: {name} = "
                    f"{name}.copy(), or {name} = {name} + … instead of {name} += ….",
                    problem="mutation",
                    input=name,
                    order=order,
                )
        for a, b in zip(first, compute(), strict=True):
            if a.shape != b.shape or not _close(a, b, 1e-8):
                raise GradientError(
                    f"the {what} of {self.name} differs from call to call at the same inputs, so "
                    "differences mean nothing. Is there dropout or noise in it? Switch it off "
                    "(model.eval()), or seed it inside the function.",
                    problem="random",
                    order=order,
                )
        return first

    def fitting(self, order: int, inputs: dict[str, Array], gradients: Sequence[Array]) -> None:
        """Each gradient has its input's shape and dtype."""
        for (name, x), g in zip(inputs.items(), gradients, strict=True):
            of = f"the gradient of {self.name} with respect to {name} has"
            if g.shape != x.shape:
                raise GradientError(
                    f"{of} shape {g.shape}, but {name} has shape {x.shape}."
                    + _missing_sum(x.shape, g.shape),
                    problem="shape",
                    input=name,
                    order=order,
                )
            if g.dtype != x.dtype:
                raise GradientError(
                    f"{of} dtype {g.dtype}, but {name} has dtype {x.dtype}. Python's numbers and "
                    "math.* take on an array's dtype, NumPy's scalars do not; or cast at the end.",
                    problem="dtype",
                    input=name,
                    order=order,
                )

    def both_ways(
        self, level: Any, inputs: dict[str, Array], weights: list[Array], gradients: list[Array]
    ) -> None:
        """The same from the plain backward and from the recorded one, if there is one."""
        arrays = list(inputs.values())
        derived = level.gradient(len(arrays))
        if derived is not None:
            what = "backward(create_graph=True) gives another gradient than backward()"
            found = derived.recorded([*arrays, *weights])
            self._same(level, inputs, weights, gradients, found, "create_graph", what)

    def any_layout(
        self, level: Any, inputs: dict[str, Array], weights: list[Array], gradients: list[Array]
    ) -> None:
        """The same for the same values laid out otherwise in memory. What was written by hand may
        refuse a layout, as PyTorch does: that is no wrong gradient."""
        by_hand = level.gradient(len(inputs)) is None
        for layout, relaid in LAYOUTS.items():
            try:
                found = level.pull([*map(relaid, inputs.values())], [*map(relaid, weights)])
            except Exception:
                if by_hand:
                    continue
                raise
            what = f"the gradient is another when the same values lie in memory with {layout}"
            self._same(level, inputs, weights, gradients, found, "layout", what)

    def _same(
        self,
        level: Any,
        inputs: dict[str, Array],
        weights: list[Array],
        expected: list[Array],
        actual: list[Array],
        problem: str,
        what: str,
    ) -> None:
        for i, (name, e, a) in enumerate(zip(inputs, expected, actual, strict=False)):
            if not _close(e, a, 1e-11):
                blur = self._rounding(level, list(inputs.values()), weights, i)
                if not _close(e, a, 1e-11, blur):
                    what = f"{self.name}, order {level.order}: {what}"
                    raise _elsewhere(problem, level.order, name, e, a, what)

    def in_their_own_dtype(
        self, level: Any, inputs: dict[str, Array], weights: list[Array], wide: list[Array]
    ) -> None:
        """The gradient of narrow inputs is the one of `wide` ones, up to rounding."""
        arrays = list(inputs.values())
        outputs = level.value(arrays)
        weights = [w.astype(out.dtype) for w, out in zip(weights, outputs, strict=True)]
        narrow = level.pull(arrays, weights)
        self.fitting(1, inputs, narrow)
        for i, (name, e, a) in enumerate(zip(inputs, wide, narrow, strict=True)):
            eps = 1000 * float(np.finfo(a.dtype).eps)
            size = typical(arrays[i]) or 1.0
            lost = eps * max(eps * size, *map(typical, outputs)) / size
            if not _close(e, a, eps, lost):
                lost += self._rounding(level, arrays, weights, i)
                if not _close(e, a, eps, lost):
                    what = f"the gradient of {self.name} is wrong in {a.dtype}, though right in"
                    raise _elsewhere("dtype", 1, name, e, a, f"{what} {e.dtype}")

    def _rounding(self, level: Any, arrays: list[Array], weights: list[Array], i: int) -> float:
        """How much a gradient moves when the inputs move by what rounding moves them."""
        signs = [self.rng.choice([-1.0, 1.0], a.shape) for a in arrays]
        moved = [
            (a + s * np.spacing(np.abs(a))).astype(a.dtype)
            for a, s in zip(arrays, signs, strict=True)
        ]
        there, here = (level.pull(at, weights)[i] for at in (moved, arrays))
        return 100 * float(np.abs(there - here).max(initial=0))


def _elsewhere(
    problem: str, order: int, name: str, expected: Array, actual: Array, what: str
) -> GradientError:
    """The error for a gradient that is right in one way and another in another: the worst place."""
    worst = int(np.argmax(np.abs(actual - expected)))
    at = tuple(map(int, np.unravel_index(worst, expected.shape)))
    found, right = float(actual[at]), float(expected[at])
    return GradientError(
        f"{what}.\n\n  {element(name, at)}: {found:.10g} instead of {right:.10g}",
        problem=problem,
        input=name,
        order=order,
        wrong=[(at, found, right)],
    )


def _close(a: Array, b: Array, relative: float, absolute: float = 0.0) -> bool:
    scale = float(np.abs(a[np.isfinite(a)]).max(initial=0))
    return np.allclose(a, b, rtol=relative, atol=relative * scale + absolute, equal_nan=True)


def _missing_sum(shape: tuple[int, ...], got: tuple[int, ...]) -> str:
    """What to do about a gradient that has the shape to which broadcasting stretched its input."""
    try:
        fits = np.broadcast_shapes(shape, got) == got
    except ValueError:
        fits = False
    if not fits:
        return ""
    extra = len(got) - len(shape)
    stretched = [extra + i for i, n in enumerate(shape) if n == 1 and got[extra + i] != 1]
    axes = (*range(extra), *stretched)
    return f" Broadcasting stretched {shape}: sum the gradient over axes {axes}, then reshape it."
