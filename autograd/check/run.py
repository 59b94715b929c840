"""One check from beginning to end: order by order, what a gradient promises, then its values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..backward import MisfitError
from ..graph import Array
from .compare import ENOUGH, Comparison, Kink, weights_for
from .failure import failure, looked_at
from .levels import quietly
from .promises import Promises
from .report import GradientError, KinkAt, LeftOut, NothingFinite, Report, element
from .shrink import fails, smallest_failing
from .slope import Slope, complex_slope, slope

Blamed = tuple[str | None, list[str]]
"""The name of the op at fault, if known, and lines that tell about it."""


class Run:
    """What stays the same from order to order of one check.

    `own` is how many of the arrays were given by the user, and may be made smaller. Without
    `blame` an error is brief: one wrong element, but not why.
    """

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        level: Any,
        arrays: Sequence[Array],
        *,
        own: int = 0,
        kinks: str = "report",
        method: Callable[..., Slope] = slope,
        directions: int = 1,
        seed: int = 0,
        shrink: bool = False,
        blame: Callable[[int, int], Blamed] | None = None,
    ) -> None:
        self.name, self.level, self.base = name, level, list(arrays)
        self.inputs = dict(
            zip(names, arrays, strict=True)
        )  # beyond order 1: and the weights before
        self.first, self.own = level, own
        self.kinks, self.shrink, self.blame = kinks, shrink, blame
        self.method, self.directions, self.seed = method, directions, seed
        self.rng = np.random.default_rng(seed)
        self.promises = Promises(name, seed)
        self.report = Report(name, {n: a.shape for n, a in self.inputs.items()})
        self.skip: list[tuple[int, tuple[int, ...]]] = []
        self.plain: tuple[list[Array], list[Array]] = ([], [])  # weights 1, and their gradients

    def all_orders(self, order: int) -> Report:
        __tracebackhide__ = True
        with quietly():
            weights: list[Array] = []
            for k in range(1, order + 1):
                if k > 1:
                    self.level = self.level.gradient(len(self.inputs))
                    self.inputs |= _named(k - 1, weights)
                try:
                    weights = self._one_order(k)
                except MisfitError as error:
                    raise GradientError(
                        f"{self.name}, order {k}: {error}",
                        problem="shape",
                        input=error.input,
                        order=k,
                        op=error.op,
                    ) from None
        return self.report

    def check_narrow(self, level: Any, arrays: Sequence[Array]) -> None:
        """Compares the gradient in the inputs' own dtype with that of order 1."""
        __tracebackhide__ = True
        with quietly():
            inputs = dict(zip(self.report.shapes, arrays, strict=True))
            self.promises.in_their_own_dtype(level, inputs, *self.plain)

    def _one_order(self, k: int) -> list[Array]:
        """Checks the gradients of order k, and gives the weights that arrived at the outputs."""
        __tracebackhide__ = True
        level, arrays = self.level, list(self.inputs.values())
        if k > 1 and self.method is complex_slope:
            self.method = slope  # gradients are not recorded for complex numbers
        outputs = self.promises.steady(k, "value", self.inputs, lambda: level.value(arrays))
        if any(y.size for y in outputs) and not any(np.isfinite(y).any() for y in outputs):
            raise NothingFinite(f"{self.name} gives nothing finite here: no slope to compare.")
        weights = weights_for(outputs, self.rng)
        gradients = self.promises.steady(
            k, "gradient", self.inputs | _named(k, weights), lambda: level.pull(arrays, weights)
        )
        self.promises.fitting(k, self.inputs, gradients)
        if k == 1:
            ones = [np.where(w, 1, 0).astype(w.dtype) for w in weights]
            self.plain = ones, level.pull(arrays, ones)
        found = Comparison(
            level,
            arrays,
            weights,
            gradients,
            skip=self.skip,
            seed=self.seed + k,
            method=self.method,
            enough=ENOUGH if self.blame else 1,
        ).run(self.directions)
        self._note_left_out(k, found)
        self._note(k, found)
        if found.wrong:
            raise self._failure(k, found)
        self.promises.both_ways(level, self.inputs, weights, gradients)
        self.promises.any_layout(level, self.inputs, weights, gradients)
        return weights

    def _note(self, k: int, found: Comparison) -> None:
        """Puts into the report what a comparison found, but for what is wrong."""
        self.report.orders[k] = {
            name: math.nan if g.size and n == g.size else error if np.any(g) or error else None
            for name, error, g, n in zip(
                self.inputs, found.errors, found.gradients, found.left_out, strict=True
            )
        }
        self.report.evaluations += found.evaluations
        self.report.unexamined += found.unexamined
        for kink in found.kinks:
            name = list(self.inputs)[kink.input]
            if kink.index is not None:
                self.skip.append((kink.input, kink.index))
                plain = self._readable(k, found)[0].at(kink.input, kink.index)
                kink = plain if isinstance(plain, Kink) else kink
            at = KinkAt(element(name, kink.index), k, kink.left, kink.right, kink.analytic)
            self.report.kinks.append(at)
            if self.kinks == "error":
                what = f"{self.name} has no derivative with respect to {at}."
                raise GradientError(what, problem="kink", input=name, order=k)

    def _note_left_out(self, k: int, found: Comparison) -> None:
        """Puts into the report how much of the output and of each input was not compared."""
        left_out = []
        if k == 1:
            lost = sum(int((w == 0).sum()) for w in found.weights)
            left_out.append(LeftOut("the output", k, lost, sum(w.size for w in found.weights)))
        for (name, shape), lost in zip(self.report.shapes.items(), found.left_out, strict=False):
            what = f"the gradient with respect to {name}"
            left_out.append(LeftOut(what, k, lost, math.prod(shape)))
        told = {before.what for before in self.report.left_out}
        self.report.left_out += [new for new in left_out if new.missing and new.what not in told]

    def _readable(self, k: int, found: Comparison) -> list[Comparison]:
        """Before it, the comparison of the plain sum of the outputs: its numbers say more."""
        if k > 1 or all((w == 1).all() for w in found.weights):
            return [found]
        return [Comparison(self.level, found.arrays, *self.plain, method=self.method), found]

    def _failure(self, k: int, found: Comparison) -> GradientError:
        i = found.wrong[0].input
        name = list(self.inputs)[i]
        if self.blame is None:
            return failure(self.name, k, name, [w for w in found.wrong if w.input == i])
        skipped = {index for j, index in self.skip if j == i}
        wrong, looks = looked_at(self._readable(k, found), skipped)
        if i >= len(self.base):
            looks = "The gradient that arrives was taken out of the graph, or enters not linearly."
        op, told = self.blame(i, k)
        smaller: list[Array] = []
        if self.shrink:
            still = partial(fails, self.first, order=k, seed=self.seed, method=self.method)
            smaller = smallest_failing(self.base, self.own, still)[: self.own]
        told = [looks, *told] if looks else told
        shown = list(zip(self.inputs, smaller, strict=False))
        return failure(self.name, k, name, wrong, told, op, shown)


def _named(order: int, weights: Sequence[Array]) -> dict[str, Array]:
    """The weights by name: g, the gradient that arrives at order 1, g′ at order 2, …"""
    name = "g" + "′" * (order - 1)
    if len(weights) == 1:
        return {name: weights[0]}
    return {f"{name}[{i}]": w for i, w in enumerate(weights)}
