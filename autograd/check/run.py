"""One check from beginning to end: order by order, first the promises around a gradient (the same
every time, nothing overwritten, right shape and dtype), then its values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..graph import Array
from .compare import ENOUGH, Comparison, Kink, typical, weights_for
from .failure import failure, looked_at
from .levels import quietly
from .report import GradientError, KinkAt, NothingFinite, Report, element
from .shrink import fails, smallest_failing
from .slope import Slope, complex_slope, slope

LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "negative strides": lambda a: np.flip(np.flip(a).copy()),
    "Fortran order": lambda a: a.copy(order="F"),
    "every second element": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a.copy(),
}

Blamed = tuple[str | None, list[str]]
"""The name of the op at fault, if known, and lines that tell about it."""


class Run:
    """What stays the same from order to order of one check."""

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        level: Any,
        arrays: Sequence[Array],
        *,
        own: int,
        kinks: str = "report",
        method: Callable[..., Slope] = slope,
        directions: int = 1,
        seed: int = 0,
        shrink: bool = False,
        blame: Callable[[int, int], Blamed] | None = None,
    ) -> None:
        self.name = name
        self.names, self.arrays = list(names), list(arrays)  # at order 2: and the weights of 1
        self.level = self.first = level
        self.own = own  # how many of the inputs were given, and may be made smaller
        self.inputs = len(arrays)
        self.kinks, self.shrink, self.blame = kinks, shrink, blame
        self.method, self.directions, self.seed = method, directions, seed
        # Without `blame` an error is brief: which elements, but not why.
        self.rng = np.random.default_rng(seed)
        self.report = Report(name, {n: a.shape for n, a in zip(names, arrays, strict=True)})
        self.skip: list[tuple[int, tuple[int, ...]]] = []
        self.weights: list[Array] = []
        self.wide: tuple[list[Array], list[Array]] = ([], [])  # order 1's weights and gradients

    def all_orders(self, order: int) -> Report:
        with quietly():
            return self._all_orders(order)

    def _all_orders(self, order: int) -> Report:
        for k in range(1, order + 1):
            if k > 1:
                self.level = self.level.gradient(len(self.arrays))
                self.arrays += self.weights
                self.names += _names_of_weights(k - 1, len(self.weights))
                self.weights = []
            if k == 2 and self.method is complex_slope:
                self.method = slope  # gradients are not recorded for complex numbers
            self.one_order(k)
        return self.report

    def one_order(self, k: int) -> None:
        outputs = self._steady(k, "value", lambda: self.level.value(self.arrays))
        if any(y.size for y in outputs) and not any(np.isfinite(y).any() for y in outputs):
            raise NothingFinite(f"{self.name} gives nothing finite here: no slope to compare.")
        self.weights = weights_for(outputs, self.rng)
        gradients = self._steady(k, "gradient", lambda: self.level.pull(self.arrays, self.weights))
        self._fitting(k, gradients)
        if k == 1:
            plain = [np.where(w, 1, 0).astype(w.dtype) for w in self.weights]
            self.wide = plain, self.level.pull(self.arrays, plain)
        found = Comparison(
            self.level,
            self.arrays,
            self.weights,
            gradients,
            skip=self.skip,
            seed=self.seed + k,
            method=self.method,
            enough=ENOUGH if self.blame else 1,
        ).run(self.directions)
        self._note(k, found)
        if found.wrong:
            raise self._failure(k, found)
        if derived := self.level.gradient(len(self.arrays)):
            what = "backward(create_graph=True) gives another gradient than backward()"
            recorded = derived.recorded([*self.arrays, *self.weights])
            self._same("create_graph", k, gradients, recorded, what)
        for layout, relaid in LAYOUTS.items():
            arrays, weights = ([relaid(a) for a in them] for them in (self.arrays, self.weights))
            what = f"the gradient is another when the same values lie in memory with {layout}"
            self._same("layout", k, gradients, self.level.pull(arrays, weights), what)

    # -- the promises around a gradient -----------------------------------------------------

    def _steady(self, k: int, what: str, compute: Callable[[], list[Array]]) -> list[Array]:
        """Computes it twice: nothing may have been overwritten, nothing be different."""
        inputs = [*self.arrays, *self.weights]
        names = [*self.names, *_names_of_weights(k, len(self.weights))]
        before = [a.copy() for a in inputs]
        first = [np.array(out) for out in compute()]
        for name, array, copied in zip(names, inputs, before, strict=True):
            if not np.array_equal(array, copied, equal_nan=True):
                raise GradientError(
                    f"computing the {what} of {self.name} overwrites its input {name}, which "
                    "others may still need (backward does). Work on a copy: x = x.copy(), or "
                    "x = x + … instead of x += ….",
                    problem="mutation",
                    input=name,
                    order=k,
                )
        for a, b in zip(first, compute(), strict=True):
            if a.shape != b.shape or not _close(a, b, 1e-8):
                raise GradientError(
                    f"the {what} of {self.name} differs from call to call at the same inputs, so "
                    "differences mean nothing. Is there dropout or noise in it? Switch it off "
                    "(model.eval()), or seed it inside the function.",
                    problem="random",
                    order=k,
                )
        return first

    def _fitting(self, k: int, gradients: Sequence[Array]) -> None:
        """Raises unless each gradient has its input's shape and dtype."""
        for name, x, g in zip(self.names, self.arrays, gradients, strict=False):
            of = f"the gradient of {self.name} with respect to {name} has"
            if g.shape != x.shape:
                raise GradientError(
                    f"{of} shape {g.shape}, but {name} has shape {x.shape}."
                    + _missing_sum(x.shape, g.shape),
                    problem="shape",
                    input=name,
                    order=k,
                )
            if g.dtype != x.dtype:
                raise GradientError(
                    f"{of} dtype {g.dtype}, but {name} has dtype {x.dtype}. Python's numbers and "
                    "math.* take on an array's dtype, NumPy's scalars do not; or cast at the end.",
                    problem="dtype",
                    input=name,
                    order=k,
                )

    def _same(
        self, problem: str, k: int, expected: Sequence[Array], actual: Sequence[Array], what: str
    ) -> None:
        """Raises unless the gradients of order k agree, up to rounding."""
        for i, (name, e, a) in enumerate(zip(self.names, expected, actual, strict=False)):
            if _close(e, a, 1e-11) or _close(
                e, a, 1e-11, self._rounding(self.level, self.weights, i)
            ):
                continue
            raise self._elsewhere(problem, k, name, e, a, f"{self.name}, order {k}: {what}")

    def check_narrow(self, level: Any, arrays: Sequence[Array]) -> None:
        """Raises unless the gradient in the inputs' own dtype is the wide one, up to rounding."""
        with quietly():
            self._check_narrow(level, arrays)

    def _check_narrow(self, level: Any, arrays: Sequence[Array]) -> None:
        weights, wide = self.wide
        outputs = level.value(arrays)
        weights = [w.astype(out.dtype) for w, out in zip(weights, outputs, strict=True)]
        narrow = level.pull(arrays, weights)
        self.arrays = list(arrays)
        self._fitting(1, narrow)
        for i, (name, e, a) in enumerate(zip(self.names, wide, narrow, strict=False)):
            eps = 1000 * float(np.finfo(a.dtype).eps)
            size = typical(arrays[i]) or 1.0
            lost = eps * max(eps * size, *map(typical, outputs)) / size
            if _close(e, a, eps, lost):
                continue
            if _close(e, a, eps, lost + self._rounding(level, weights, i)):
                continue
            what = f"the gradient of {self.name} is wrong in {a.dtype}, though right in {e.dtype}"
            raise self._elsewhere("dtype", 1, name, e, a, what)

    def _rounding(self, level: Any, weights: Sequence[Array], i: int) -> float:
        """How much a gradient moves when the inputs move by what rounding moves them."""
        signs = [self.rng.choice([-1.0, 1.0], a.shape) for a in self.arrays]
        moved = [
            (a + s * np.spacing(np.abs(a))).astype(a.dtype)
            for a, s in zip(self.arrays, signs, strict=True)
        ]
        there, here = (level.pull(arrays, weights)[i] for arrays in (moved, self.arrays))
        return 100 * float(np.abs(there - here).max(initial=0))

    def _elsewhere(
        self, problem: str, k: int, name: str, expected: Array, actual: Array, what: str
    ) -> GradientError:
        worst = int(np.argmax(np.abs(actual - expected)))
        at = tuple(map(int, np.unravel_index(worst, expected.shape)))
        is_now, should = float(actual[at]), float(expected[at])
        return GradientError(
            f"{what}.\n\n  {element(name, at)}: {is_now:.10g} instead of {should:.10g}",
            problem=problem,
            input=name,
            order=k,
            wrong=[(at, is_now, should)],
        )

    # -- the values ---------------------------------------------------------------------------

    def _note(self, k: int, found: Comparison) -> None:
        """Puts into the report what a comparison found, but for what is wrong."""
        self.report.orders[k] = {
            name: error if np.any(g) or error else None
            for name, error, g in zip(self.names, found.errors, found.gradients, strict=True)
        }
        self.report.evaluations += found.evaluations
        self.report.unexamined += found.unexamined
        for kink in found.kinks:
            name = self.names[kink.input]
            if kink.index is not None:
                self.skip.append((kink.input, kink.index))
                plain = self._readable(k, found)[0].at(kink.input, kink.index)
                kink = plain if isinstance(plain, Kink) else kink
            at = KinkAt(element(name, kink.index), k, kink.left, kink.right, kink.analytic)
            self.report.kinks.append(at)
            if self.kinks == "error":
                what = f"{self.name} has no derivative with respect to {at}."
                raise GradientError(what, problem="kink", input=name, order=k)

    def _readable(self, k: int, found: Comparison) -> list[Comparison]:
        """Before it, the comparison of the plain sum of the outputs: its numbers say more."""
        if k > 1 or all((w == 1).all() for w in self.weights):
            return [found]
        ones = [(w != 0).astype(w.dtype) for w in self.weights]
        gradients = self.level.pull(self.arrays, ones)
        return [
            Comparison(self.level, self.arrays, ones, gradients, method=self.method),
            found,
        ]

    def _failure(self, k: int, found: Comparison) -> GradientError:
        i = found.wrong[0].input
        name = self.names[i]
        if self.blame is None:
            return failure(self.name, k, name, [w for w in found.wrong if w.input == i])
        skipped = {index for j, index in self.skip if j == i}
        wrong, looks = looked_at(self._readable(k, found), skipped)
        if i >= self.inputs:
            looks = "The gradient that arrives was taken out of the graph, or enters not linearly."
        op, told = self.blame(i, k)
        smaller: list[Array] = []
        if self.shrink:
            still = partial(fails, self.first, order=k, seed=self.seed, method=self.method)
            smaller = smallest_failing(self.arrays[: self.inputs], self.own, still)[: self.own]
        told = [looks, *told] if looks else told
        return failure(
            self.name, k, name, wrong, told, op, list(zip(self.names, smaller, strict=False))
        )


def _names_of_weights(order: int, count: int) -> list[str]:
    name = "g" + "′" * (order - 1)
    return [name] if count == 1 else [f"{name}[{i}]" for i in range(count)]


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
