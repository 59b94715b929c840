"""What a check says: a report when the gradients are right, a picture of the problem when not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..graph import Array


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
        says = f"the gradient says {self.gradient + 0.0:.4g}"
        return f"{self.element} at order {self.order}: {sides}; {says}"


class LeftOut(NamedTuple):
    """Elements that could not be compared, as something there is not finite."""

    what: str
    order: int
    missing: int
    size: int

    def __str__(self) -> str:
        return (
            f"{self.missing} of {self.size} elements of {self.what}, not finite at order "
            f"{self.order}"
        )


class Report:
    """The result of a check that passed: how well, at what cost, and where there is no derivative.

    Attributes
    ----------
    orders : dict of int to dict of str to float
        For each order and input: the largest error found, relative to the gradient's size. None if
        the gradient is 0 throughout, and the slope too: the input has no influence. NaN if none of
        its elements could be compared.
    kinks : list of KinkAt
        The elements at which the function has no derivative, where nothing was compared.
    left_out : list of LeftOut
        How many elements could not be compared, because a value or a gradient is not finite there.
    evaluations : int
        How often the function (at order 2: its gradient) was evaluated.
    unexamined : int
        Elements left out because kinks or roughness elsewhere used up the search.
    """

    def __init__(self, name: str, shapes: dict[str, tuple[int, ...]]) -> None:
        self.name = name
        self.shapes = shapes
        self.orders: dict[int, dict[str, float | None]] = {}
        self.kinks: list[KinkAt] = []
        self.left_out: list[LeftOut] = []
        self.evaluations = 0
        self.unexamined = 0

    def __repr__(self) -> str:
        inputs = list(dict.fromkeys(name for found in self.orders.values() for name in found))
        width = max(map(len, ["input", *inputs]))
        shapes = {name: str(self.shapes.get(name, "")) for name in inputs}
        wide = max(map(len, ["shape", *shapes.values()]))
        orders = f"order{'s' if len(self.orders) > 1 else ''} {' and '.join(map(str, self.orders))}"
        found = (
            f"match at {orders} ({self.evaluations} evaluations)"
            if self.evaluations
            else f"have the right shapes at {orders}; there is no element to compare"
        )
        rows = [
            f"gradients of {self.name} {found}",
            f"  {'input':{width}}  {'shape':{wide}}"
            + "".join(f"  {f'error {order}':>9}" for order in self.orders),
        ]
        for name in inputs:
            errors = [found.get(name, "") for found in self.orders.values()]
            cells = [_cell(error) for error in errors]
            row = f"  {name:{width}}  {shapes[name]:{wide}}" + "".join(f"  {c:>9}" for c in cells)
            rows.append(row.rstrip())
        rows += [f"  kink: {kink}" for kink in self.kinks[:6]]
        if len(self.kinks) > 6:
            rows.append(f"  … and {len(self.kinks) - 6} more kinks")
        rows += [f"  not compared: {left_out}" for left_out in self.left_out]
        if self.unexamined:
            rows.append(f"  not examined for so many kinks: {self.unexamined} elements")
        return "\n".join(rows)


def _cell(error: Any) -> str:
    if error == "" or error is None:
        return "all 0" if error is None else ""
    return "–" if math.isnan(error) else f"{error:.0e}"


def checked(report: Report) -> Report:
    """The report, if anything was compared, or if there are no elements at all."""
    if report.evaluations or not report.left_out:
        return report
    why = "; ".join(map(str, report.left_out))
    raise NothingFinite(f"nothing of {report.name} could be compared: {why}.")


class GradientError(AssertionError):
    """A gradient is wrong. The message is the picture; the attributes are for programs.

    Attributes
    ----------
    problem : str
        What is wrong: "value", "shape", "dtype", "layout", "create_graph", "mutation", "random"
        or "kink".
    input : str
        The name of the input.
    order : int
        1 for the gradient, 2 for the gradient's gradient.
    wrong : list of (index, analytic, numeric)
        The wrong elements that were looked at.
    op : str or None
        The op whose own rule is wrong, if it is known.
    smallest : list of arrays or None
        The smallest input found that fails.
    """

    def __init__(
        self,
        message: str,
        *,
        problem: str,
        input: str = "",
        order: int = 1,
        wrong: Sequence[tuple[Any, float, float]] = (),
        op: str | None = None,
        smallest: list[Array] | None = None,
    ) -> None:
        super().__init__(message)
        self.problem = problem
        self.input = input
        self.order = order
        self.wrong = list(wrong)
        self.op = op
        self.smallest = smallest


class NothingFinite(ValueError):
    """The function gives no finite value at these inputs, so that nothing can be compared."""


def element(name: str, index: tuple[int, ...] | None) -> str:
    """`x[0, 2]`: as one would write it."""
    if index is None:
        return f"{name}, along a random direction"
    return f"{name}[{', '.join(map(str, index))}]" if index else name
