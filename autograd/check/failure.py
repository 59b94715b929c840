"""The picture of a wrong gradient: which elements, by how much, what they look like together, which
op is at fault, and the smallest input that shows it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..graph import Array
from .compare import RELATIVE, Comparison, Wrong
from .report import GradientError, element

SHOWN = 8  # rows of the table
LOST = "lost (detach, .data, float(), a comparison?)"
ALL = 64  # inputs of up to this many elements are compared in full once something is wrong


def failure(
    what: str,
    order: int,
    name: str,
    wrong: Sequence[Wrong],
    told: Sequence[str] = (),
    op: str | None = None,
    smaller: Sequence[tuple[str, Array]] = (),
) -> GradientError:
    """The error for input `name`: the wrong elements, what is `told` of them, and the names and
    values of the smallest failing input."""
    which = {1: "gradient", 2: "gradient of the gradient"}.get(order, f"gradient of order {order}")
    title = f"the {which} of {what} with respect to {name} is wrong."
    lines = [title, "", *table(name, wrong[:SHOWN])]
    if len(wrong) > SHOWN:
        lines.append(f"  … and {len(wrong) - SHOWN} more elements")
    lines += ["", *told]
    if smaller:
        lines += ["The smallest input found that fails:", *spelled(smaller)]
    lines.append(f"(by differences at steps of about {wrong[0].step:.1g})")
    return GradientError(
        "\n".join(lines),
        problem="value",
        input=name,
        order=order,
        op=op,
        smallest=[array for _, array in smaller],
        wrong=[(w.index, w.analytic, w.numeric) for w in wrong],
    )


def spelled(named: Iterable[tuple[str, Any]]) -> list[str]:
    """Names and values as lines of Python."""
    shown = []
    for name, value in named:
        text = repr(getattr(value, "array", value))  # a Tensor's values are what matters
        shown.append(f"  {name} = {text}".replace("\n", "\n" + " " * (len(name) + 5)))
    return shown


def looked_at(
    comparisons: Sequence[Comparison], skipped: set[tuple[int, ...]]
) -> tuple[list[Wrong], str | None]:
    """The wrong elements (all, of a small input), and the pattern that they make together.
    `comparisons` are the one that failed and, before it, any that is easier to read."""
    found = comparisons[-1].wrong
    i = found[0].input
    first = [w for w in found if w.input == i]
    shape = comparisons[-1].arrays[i].shape
    whole = math.prod(shape) <= ALL
    places = (
        [at for at in np.ndindex(shape) if at not in skipped] if whole else [w.index for w in first]
    )
    for comparison in comparisons:
        every = [v for v in (comparison.at(i, at) for at in places) if isinstance(v, Wrong)]
        largest = max((abs(w.numeric) for w in every), default=0.0)
        near = RELATIVE * largest + comparison.floor
        wrong = [w for w in every if not abs(w.analytic - w.numeric) <= 10 * w.error + near]
        if wrong:
            return wrong, pattern(shape, every, wrong) if whole else None
    return first, None


def table(name: str, wrong: Sequence[Wrong]) -> list[str]:
    """The wrong elements, a row each, with the numbers lined up."""
    rows = [("", "gradient", "slope", "ratio")]
    for w in wrong:
        shown = _spell(w.numeric, w.error)
        rows.append((element(name, w.index), f"{w.analytic + 0.0:.10g}", shown, _ratio(w)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    first, *others = widths
    return [
        "  ".join(["", row[0].ljust(first), *map(str.rjust, row[1:], others)]).rstrip()
        for row in rows
    ]


def _spell(value: float, error: float) -> str:
    """A number with as many digits as are known."""
    if not math.isfinite(error) or error <= 0 or value == 0:
        return f"{value:.10g}"
    digits = max(1, min(11, math.ceil(math.log10(abs(value) / error))))
    return f"{value:.{digits}g} ± {error:.0e}"


def _ratio(w: Wrong) -> str:
    return _seven_digits(w.analytic / w.numeric + 0.0) if w.numeric else "–"


def _seven_digits(ratio: float) -> str:
    """Seven digits, or as many as it takes to tell it from 1."""
    text = f"{ratio:.7g}"
    return text if text not in ("1", "-1") or abs(ratio) == 1 else f"{ratio:.12g}"


def pattern(shape: tuple[int, ...], every: Sequence[Wrong], wrong: Sequence[Wrong]) -> str | None:
    """What a wrong gradient looks like as a whole: a factor, a sign, a transposed matrix, …"""
    if not all(math.isfinite(w.analytic) for w in wrong):
        return "The gradient is not finite, though the slope is."
    if [w.analytic for w in every] == [0]:
        return f"The gradient is 0: it is {LOST}."
    if len(wrong) == 1 and len(every) > 2:
        return f"The other {len(every) - 1} elements are right."
    if wrong[0].numeric and all(w.numeric for w in wrong):
        ratios = [w.analytic / w.numeric for w in wrong]
        blur = max(abs(w.error / w.numeric) for w in wrong)
        if max(ratios) - min(ratios) <= 1e-6 * max(map(abs, ratios)) + 10 * blur and len(every) > 1:
            everywhere = "everywhere" if len(wrong) == len(every) else "wherever it is wrong"
            return f"The ratio is {_factor(sum(ratios) / len(ratios))} {everywhere}."
    if len(every) == math.prod(shape) > 1:
        analytic = np.array([w.analytic for w in every]).reshape(shape)
        numeric = np.array([w.numeric for w in every]).reshape(shape)
        near = 1e-6 * float(np.abs(numeric).max())
        if len(shape) > 1 and shape[-1] == shape[-2] and np.allclose(analytic, numeric.mT, 0, near):
            return "The gradient is transposed: its last two axes are exchanged."
        for axis, n in enumerate(shape):
            if n > 1 and np.allclose(analytic, np.flip(numeric, axis), 0, near):
                return f"The gradient is the wrong way round along axis {axis}."
    return None


def _factor(ratio: float) -> str:
    for value, meaning in (
        (-1.0, "−1: a sign is wrong,"),
        (2.0, "2: something is counted twice, or a factor ½ is missing,"),
        (0.5, "½: a factor 2 is missing,"),
        (0.0, f"0: the gradient is {LOST},"),
    ):
        if abs(ratio - value) < 1e-6:
            return meaning
    n = round(max(abs(ratio), abs(1 / ratio)))
    if 1 < n < 1e6 and abs(ratio - math.copysign(n, ratio)) < 1e-6:
        return f"{ratio:.0f}: a sum over {n} where a mean is meant, or something counted {n} times,"
    if 1 < n < 1e6 and abs(1 / ratio - math.copysign(n, ratio)) < 1e-6:
        return f"1/{1 / ratio:.0f}: a mean over {n} where a sum is meant,"
    return _seven_digits(ratio)
