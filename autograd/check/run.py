"""One check from beginning to end: order by order, first the promises around a gradient (the same
every time, nothing overwritten, right shape and dtype), then its values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph import Array
from .compare import RELATIVE, Comparison, Wrong, weights_for
from .report import GradientError, KinkAt, Report, element, pattern, table
from .shrink import smallest_failing
from .slope import Slope

ALL = 64  # inputs of up to this many elements are compared in full once something is wrong

LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "negative strides": lambda a: np.flip(np.flip(a).copy()),
    "Fortran order": lambda a: a.copy(order="F"),
    "every second element": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a.copy(),
}


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
        kinks: str,
        method: Callable[..., Slope],
        directions: int,
        seed: int,
        shrink: bool,
        explain: Callable[[int, int], tuple[str | None, list[str]]] = lambda i, order: (None, []),
    ) -> None:
        self.name, self.names, self.level, self.arrays = name, list(names), level, list(arrays)
        self.own = own  # how many of the inputs were given, and may be made smaller
        self.kinks, self.method, self.directions = kinks, method, directions
        self.rng = np.random.default_rng(seed)
        self.seed, self.shrink, self.explain = seed, shrink, explain
        self.report = Report(name, {n: a.shape for n, a in zip(names, arrays, strict=True)})
        self.skip: list[tuple[int, tuple[int, ...]]] = []
        self.first: tuple[list[Array], list[Array]] = ([], [])  # weights and gradients of order 1

    def all_orders(self, order: int) -> Report:
        for k in range(1, order + 1):
            self.one_order(k)
            if k < order:
                count = len(self.arrays)
                self.level = self.level.gradient(count)
                self.arrays += self.weights
                self.names += _names_of_weights(k, len(self.weights))
        return self.report

    def one_order(self, k: int) -> None:
        outputs = self._twice(k, "value", lambda: self.level.value(self.arrays))
        if not any(np.isfinite(out).any() for out in outputs) and any(out.size for out in outputs):
            raise ValueError(f"{self.name} gives nothing finite at these inputs: no slope to compare.")
        self.weights = weights_for(outputs, self.rng)
        gradients = self._twice(k, "gradient", lambda: self.level.pull(self.arrays, self.weights))
        self._shapes_fit(k, gradients)
        if k == 1:
            self.first = self.weights, gradients
        else:
            self._same(k - 1, outputs, self.level.recorded(self.arrays), "create_graph",
                       "backward(create_graph=True) gives another gradient than backward()")  # fmt: skip
        found = Comparison(
            self.level.value, self.arrays, self.weights, gradients,
            skip=self.skip, seed=self.seed + k, method=self.method,
        ).run(self.directions)  # fmt: skip
        self._note(k, found)
        if found.wrong:
            raise self._failure(k, found)
        for layout, relaid in LAYOUTS.items():
            others = self.level.pull(
                [relaid(a) for a in self.arrays], [relaid(w) for w in self.weights]
            )
            self._same(k, gradients, others, "layout",
                       f"with the same values laid out in memory with {layout}, the gradient is another")  # fmt: skip

    # -- the promises around a gradient -----------------------------------------------------

    def _twice(self, k: int, what: str, compute: Callable[[], list[Array]]) -> list[Array]:
        """Computes it, and once more: nothing may have been overwritten, nothing be different."""
        inputs = [*self.arrays, *getattr(self, "weights", [])]
        names = [*self.names, *_names_of_weights(k, len(inputs) - len(self.names))]
        before = [a.copy() for a in inputs]
        first = [np.array(out) for out in compute()]
        for name, array, copied in zip(names, inputs, before, strict=True):
            if not np.array_equal(array, copied, equal_nan=True):
                raise GradientError(
                    f"computing the {what} of {self.name} overwrites its input {name}: differences "
                    "would compare values that are gone, and so does anybody else who holds that "
                    "array. Compute on a copy (x = x.copy()), or write x = x + … instead of x += ….",
                    problem="mutation", input=name, order=k,
                )  # fmt: skip
        for a, b in zip(first, compute(), strict=True):
            if a.shape != b.shape or not _close(a, b, 1e-8):
                raise GradientError(
                    f"the {what} of {self.name} differs from call to call at the same inputs, so no "
                    "difference means anything. Is there dropout or noise in it? Switch it off "
                    "(model.eval()), or make it the same each time (seed it inside the function).",
                    problem="random", order=k,
                )  # fmt: skip
        return first

    def _shapes_fit(self, k: int, gradients: Sequence[Array]) -> None:
        for name, x, g in zip(self.names, self.arrays, gradients, strict=True):
            if g.shape != x.shape:
                raise GradientError(
                    f"the gradient of {self.name} with respect to {name} has shape {g.shape}, but "
                    f"{name} has shape {x.shape}.{_missing_sum(x.shape, g.shape)}",
                    problem="shape", input=name, order=k,
                )  # fmt: skip
            if g.dtype != x.dtype:
                raise GradientError(
                    f"the gradient of {self.name} with respect to {name} has dtype {g.dtype}, but "
                    f"{name} has dtype {x.dtype}: write Python's numbers and math.*, which take on "
                    "an array's dtype, not NumPy scalars; or cast at the end.",
                    problem="dtype", input=name, order=k,
                )  # fmt: skip

    def _same(
        self, k: int, expected: Sequence[Array], actual: Sequence[Array], problem: str, what: str
    ) -> None:
        """Raises unless the gradients agree up to rounding (judged by moving inputs by rounding)."""
        for i, (name, e, a) in enumerate(zip(self.names, expected, actual, strict=False)):
            if _close(e, a, 1e-11) or _close(e, a, 1e-11, self._rounding(k, i)):
                continue
            at = np.unravel_index(int(np.argmax(np.abs(a - e))), e.shape)
            index = tuple(map(int, at))
            raise GradientError(
                f"{self.name}, order {k}: {what}.\n\n"
                f"  {element(name, index)}: {a[index]:.10g} instead of {e[index]:.10g}",
                problem=problem, input=name, order=k, wrong=[(index, float(a[index]), float(e[index]))],
            )  # fmt: skip

    def _rounding(self, k: int, i: int) -> float:
        """How much a gradient of order k moves when the inputs move by what rounding moves them."""
        if k != self.level.order:
            return 0.0
        signs = [self.rng.choice([-1.0, 1.0], a.shape) for a in self.arrays]
        moved = [
            a + s * np.spacing(np.abs(a)) for a, s in zip(self.arrays, signs, strict=True)
        ]
        there, here = (self.level.pull(arrays, self.weights)[i] for arrays in (moved, self.arrays))
        return 100 * float(np.abs(there - here).max(initial=0))

    # -- the values ---------------------------------------------------------------------------

    def _note(self, k: int, found: Comparison) -> None:
        self.report.orders[k] = {
            name: error for name, error in zip(self.names, found.errors, strict=True)
        }
        self.report.evaluations += found.evaluations
        self.report.unexamined += found.unexamined
        for kink in found.kinks:
            at = KinkAt(element(self.names[kink.input], kink.index), k, kink.left, kink.right, kink.analytic)
            self.report.kinks.append(at)
            if kink.index is not None:
                self.skip.append((kink.input, kink.index))
            if self.kinks == "error":
                raise GradientError(
                    f"{self.name} has no derivative at {at}.",
                    problem="kink", input=self.names[kink.input], order=k,
                )  # fmt: skip

    def _failure(self, k: int, found: Comparison) -> GradientError:
        i = found.wrong[0].input
        name = self.names[i]
        wrong, looks = self._whole(i, found)
        if name.startswith("g") and i >= len(self.names) - len(self.weights) and k > 1:
            looks = looks or "The backward pass is not linear in the gradient that arrives."
        op, trail = self.explain(i, k)
        lines = [
            f"the gradient of {self.name} with respect to {name} is wrong"
            + (f" at order {k}: the gradient of its gradient." if k == 2 else f" at order {k}." if k > 2 else "."),
            "",
            *table(name, wrong[:8]),
        ]
        if len(wrong) > 8:
            lines.append(f"  … and {len(wrong) - 8} more elements")
        lines += [""] + ([looks] if looks else []) + trail
        smallest = None
        if self.shrink:
            smallest = smallest_failing(self.level, self.arrays, self.own, self._still_fails(k))
            shown = [f"{n} = {np.array_repr(a)}" for n, a in zip(self.names, smallest[: self.own], strict=False)]
            if shown:
                lines += ["The smallest input found that fails:", *(f"  {line}" for text in shown for line in text.split("\n"))]
        lines.append(f"(differences at steps of about {wrong[0].step:.1g}; seed={self.seed})")
        return GradientError(
            "\n".join(lines), problem="value", input=name, order=k, op=op, smallest=smallest,
            wrong=[(w.index, w.analytic, w.numeric) for w in wrong],
        )  # fmt: skip

    def _whole(self, i: int, found: Comparison) -> tuple[list[Wrong], str | None]:
        """Every wrong element of a small input, and the pattern that they make together."""
        x = self.arrays[i]
        if x.size > ALL or found.wrong[0].index is None:
            return [w for w in found.wrong if w.input == i], None
        every = [found.at(i, index) for index in np.ndindex(x.shape)]
        analytic = np.array([w.analytic for w in every]).reshape(x.shape)
        numeric = np.array([w.numeric for w in every]).reshape(x.shape)
        errors = np.array([w.error for w in every]).reshape(x.shape)
        tolerance = 10 * errors + RELATIVE * max(float(np.abs(numeric).max()), 1e-300)
        skipped = [index for j, index in self.skip if j == i]
        wrong = [
            w for w in every
            if not abs(w.analytic - w.numeric) <= tolerance[w.index] and w.index not in skipped
        ]  # fmt: skip
        return wrong or found.wrong[:1], pattern(analytic, numeric, tolerance)

    def _still_fails(self, k: int) -> Callable[[list[Array]], bool]:
        """Whether the check at order k also fails for these arrays."""
        base, own = self.level, len(self.report.shapes)
        for _ in range(k - 1):
            base = base.below

        def fails(arrays: list[Array]) -> bool:
            level, arrays = base, arrays[:own]
            rng = np.random.default_rng(self.seed)
            try:
                for n in range(1, k + 1):
                    weights = weights_for(level.value(arrays), rng)
                    if n == k:
                        gradients = level.pull(arrays, weights)
                        found = Comparison(
                            level.value, arrays, weights, gradients, seed=self.seed + k, method=self.method
                        ).run()
                        return bool(found.wrong) and not found.kinks
                    level, arrays = level.gradient(len(arrays)), [*arrays, *weights]
            except Exception:  # inputs that f does not take are no smaller example
                return False
            return False

        return fails


def _names_of_weights(order: int, count: int) -> list[str]:
    name = "g" + "′" * (order - 1)
    return [name] if count == 1 else [f"{name}[{i}]" for i in range(count)]


def _close(a: Array, b: Array, relative: float, absolute: float = 0.0) -> bool:
    scale = float(np.abs(a[np.isfinite(a)]).max(initial=0))
    return np.allclose(a, b, rtol=relative, atol=relative * scale + absolute, equal_nan=True)


def _missing_sum(shape: tuple[int, ...], got: tuple[int, ...]) -> str:
    try:
        fits = np.broadcast_shapes(shape, got) == got
    except ValueError:
        fits = False
    if not fits:
        return ""
    extra = len(got) - len(shape)
    axes = [*range(extra), *(extra + i for i, n in enumerate(shape) if n == 1 and got[extra + i] != 1)]
    return f" Broadcasting stretched it: sum the gradient over axes {tuple(axes)}, then reshape."
