"""What a check says: a report when the gradients are right, a picture of the problem when not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array
from .compare import Wrong


class KinkAt(NamedTuple):
    """An element with no derivative: the slopes from both sides, and what the gradient says."""

    element: str
    order: int
    left: float
    right: float
    gradient: float

    def __str__(self) -> str:
        if not (math.isfinite(self.left) and math.isfinite(self.right)):
            sides = "no finite slope"
        elif self.left == self.right:
            sides = f"a slope that settles on nothing (about {self.left:.4g})"
        else:
            sides = f"slope {self.left:.4g} from the left, {self.right:.4g} from the right"
        return f"{self.element} at order {self.order}: {sides}; the gradient says {self.gradient:.4g}"


class Report:
    """The result of a check that passed: how well, at what cost, and where there is no derivative.

    Attributes
    ----------
    orders : dict of int to dict of str to float
        For each order and input: the largest error found, relative to the gradient's size.
    kinks : list of KinkAt
        The elements at which the function has no derivative, where nothing was compared.
    evaluations : int
        How often the function (at order 2: its gradient) was evaluated.
    unexamined : int
        Elements left out because kinks or roughness elsewhere used up the search.
    """

    def __init__(self, name: str, shapes: dict[str, tuple[int, ...]]) -> None:
        self.name = name
        self.shapes = shapes
        self.orders: dict[int, dict[str, float]] = {}
        self.kinks: list[KinkAt] = []
        self.evaluations = 0
        self.unexamined = 0

    def __repr__(self) -> str:
        inputs = {k: v for found in self.orders.values() for k, v in found.items()}
        width = max(map(len, ["input", *inputs]))
        shapes = {name: str(self.shapes.get(name, "")) for name in inputs}
        wide = max(map(len, ["shape", *shapes.values()]))
        rows = [
            f"gradients of {self.name} match at order{'s' if len(self.orders) > 1 else ''} "
            f"{' and '.join(map(str, self.orders))} ({self.evaluations} evaluations)",
            f"  {'input':{width}}  {'shape':{wide}}"
            + "".join(f"  {f'error {order}':>9}" for order in self.orders),
        ]
        for name in inputs:
            errors = [found.get(name) for found in self.orders.values()]
            cells = ["" if e is None else f"{e:.0e}" for e in errors]
            row = f"  {name:{width}}  {shapes[name]:{wide}}" + "".join(f"  {c:>9}" for c in cells)
            rows.append(row.rstrip())
        for kink in self.kinks[:6]:
            rows.append(f"  kink: {kink}")
        if len(self.kinks) > 6:
            rows.append(f"  … and {len(self.kinks) - 6} more kinks")
        if self.unexamined:
            rows.append(f"  not examined for so many kinks: {self.unexamined} elements")
        return "\n".join(rows)


class GradientError(AssertionError):
    """A gradient is wrong. The message is the picture; the attributes are for programs.

    Attributes
    ----------
    problem : str
        What kind of problem: "value", "layout", "dtype", "shape", "create_graph", "mutation",
        "random", "kink".
    input : str
        The name of the input.
    order : int
    wrong : list of (index, analytic, numeric)
        The wrong elements that were looked at.
    op : str or None
        The op whose own rule is wrong, if it is known.
    smallest : list of arrays or None
        The smallest input found that fails.
    """

    def __init__(
        self, message: str, *, problem: str, input: str = "", order: int = 1, wrong: Any = (),
        op: str | None = None, smallest: list[Array] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.problem = problem
        self.input = input
        self.order = order
        self.wrong = list(wrong)
        self.op = op
        self.smallest = smallest


def element(name: str, index: tuple[int, ...] | None) -> str:
    """`x[0, 2]`: as one would write it."""
    if index is None:
        return f"{name}, along a random direction"
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def table(name: str, wrong: Sequence[Wrong]) -> list[str]:
    """The wrong elements, a row each, with the numbers lined up."""
    rows = [("", "gradient", "slope", "ratio")]
    for w in wrong:
        shown = _spell(w.numeric, w.error)
        rows.append((element(name, w.index), f"{w.analytic:.10g}", shown, _ratio(w)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(
            cell.ljust(n) if k == 0 else cell.rjust(n) for k, (cell, n) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]  # fmt: skip


def _spell(value: float, error: float) -> str:
    """A number with as many digits as are known."""
    if not math.isfinite(error) or error <= 0 or value == 0:
        return f"{value:.10g}"
    digits = max(1, min(11, math.ceil(math.log10(abs(value) / error))))
    return f"{value:.{digits}g} ± {error:.0e}"


def _ratio(w: Wrong) -> str:
    return f"{w.analytic / w.numeric:.7g}" if w.numeric else "–"


def pattern(analytic: Array, numeric: Array, tolerance: Array) -> str | None:
    """What the wrong gradient looks like, as a whole: a factor, a sign, a transposed matrix, …"""
    wrong = ~(np.abs(analytic - numeric) <= tolerance)
    if not np.isfinite(analytic).all():
        return "The gradient is not finite, though the slope is."
    if numeric.ndim >= 2 and numeric.shape[-1] == numeric.shape[-2] and _close(analytic, numeric.mT, tolerance):
        return "The gradient is transposed: its last two axes are exchanged."
    for axis in range(numeric.ndim):
        if numeric.shape[axis] > 1 and _close(analytic, np.flip(numeric, axis), tolerance):
            return f"The gradient is the wrong way round along axis {axis}: strides taken for positive?"
    ratios = analytic[wrong & (numeric != 0)] / numeric[wrong & (numeric != 0)]
    if ratios.size and wrong.sum() == ratios.size and np.ptp(ratios) <= 1e-6 * np.abs(ratios).max():
        everywhere = "everywhere" if wrong.all() else "wherever it is wrong"
        return f"The ratio is {_factor(float(np.median(ratios)))} {everywhere}."
    if wrong.sum() == 1 and wrong.size > 2:
        return f"All other {wrong.size - 1} elements are right."
    return None


def _close(a: Array, b: Array, tolerance: Array) -> bool:
    return bool(np.all(np.abs(a - b) <= tolerance.max()))


def _factor(ratio: float) -> str:
    for value, meaning in (
        (-1.0, "−1: a sign is wrong,"),
        (2.0, "2: something is counted twice, or a factor ½ is missing,"),
        (0.5, "½: a factor 2 is missing,"),
        (0.0, "0: the gradient is lost (detach, .data, float(), a comparison?),"),
    ):
        if abs(ratio - value) < 1e-6:
            return meaning
    if abs(ratio - round(ratio)) < 1e-6 and 2 < abs(ratio) < 1e6:
        return f"{ratio:.0f}: a sum over {abs(ratio):.0f} where a mean is meant, or a repeated count,"
    if abs(1 / ratio - round(1 / ratio)) < 1e-6 and abs(1 / ratio) > 2:
        return f"1/{1 / ratio:.0f}: a mean over {abs(1 / ratio):.0f} where a sum is meant,"
    return f"{ratio:.7g}"
