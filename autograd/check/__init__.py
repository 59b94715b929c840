"""Checking gradients against differences: `check_gradients` for functions that the engine records,
`check_vjp` for a backward pass written by hand on plain arrays.

    slope.py     the slope of a function of one number, with its own error, and kinks
    compare.py   a gradient against slopes: a random direction first, elements only on failure
    levels.py    a function, its gradient as a function, …: every order is a first order
    subject.py   the user's function: nested inputs, captured parameters, names
    run.py       one check, order by order
    promises.py  what a gradient promises beside being right
    failure.py   the picture of what is wrong
    blame.py     which op is at fault
    shrink.py    the smallest input that fails
    report.py    what is said in the end
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..graph import Array, enable_grad
from ..tensor import Tensor
from ..tree import leaves, rebuild
from .blame import culprit
from .report import GradientError, KinkAt, Report, checked
from .run import Run
from .slope import complex_slope, slope, unit_slope
from .subject import Subject, nothing_to_check

__all__ = ("GradientError", "KinkAt", "Report", "check_gradients", "check_vjp")

STEPS: dict[str, Callable[..., Any]] = {
    "adaptive": slope,
    "one": unit_slope,
    "complex": complex_slope,
}


def check_gradients(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    kinks: str = "report",
    step: str = "adaptive",
    directions: int = 2,
    seed: int = 0,
    shrink: bool = True,
) -> Report:
    """Compares the gradients of f with slopes by differences: ∂f/∂x, and the gradient's gradient.

    Parameters
    ----------
    f : callable
        Takes the inputs (as Tensors), gives a Tensor or any nesting of them. A Module will do;
        Tensors that f reads without being given them (its parameters) are checked too.
    *inputs : arrays, Tensors, floats, or dicts, lists and tuples of them
        Where to check. Integers, strings, … are passed on as they are. Narrower dtypes than
        float64 are widened for the comparison, and then compared with the gradient in their own.
    order : int
        2 also checks what `create_graph=True` computes: gradients of gradients.
    kinks : {"report", "error"}
        What to do about points without a derivative (one-sided slopes differ).
    step : {"adaptive", "one", "complex"}
        "one" is exact for an f that is linear in each input. "complex" is exact for an f that is
        analytic and computes on complex numbers (first order only; the second is "adaptive").
    directions : int
        How many random directions are tried in each input.
    seed : int
        Of the directions: the same check every time.
    shrink : bool
        Whether to look for the smallest failing input.

    Returns
    -------
    Report
        How well each input's gradient fits, and `.kinks`.

    Raises
    ------
    GradientError (an AssertionError)
        If a gradient is wrong, depends on memory layout or on `create_graph`, has the wrong shape
        or dtype; if f is not the same every time, or overwrites its inputs.
    TypeError, ValueError
        If there is nothing to check: no floating-point input or output, nothing finite.

    Examples
    --------
    >>> import numpy as np, autograd as ag
    >>> x, w = np.array([[1.0, 2.0]]), np.array([[0.5], [-1.0]])
    >>> ag.check_gradients(lambda x, w: np.tanh(x @ w), x, w).kinks
    []
    >>> wrong = ag.elementwise(lambda x: x**2, lambda g, x: g * x, name="square")
    >>> try:
    ...     ag.check_gradients(wrong, np.array([1.5, 3.0]))
    ... except AssertionError as error:
    ...     print(error)
    the gradient of square with respect to x is wrong.
    <BLANKLINE>
            gradient      slope  ratio
      x[0]       1.5  3 ± ...    0.5
      x[1]         3  6 ± ...    0.5
    <BLANKLINE>
    The ratio is ½: a factor 2 is missing, everywhere.
    ...
    The smallest input found that fails:
      x = array([1.])
    ...

    Costs some ten evaluations for each input and order, whatever its size. Sources: the random
    projection is HIPS autograd's; the tolerance of 1e-9, ChainRulesTestUtils.jl's; looking for
    kinks, Chainer's.
    """
    __tracebackhide__ = True  # pytest then ends its traceback at the caller's line
    return examined(f, inputs, order, kinks, step, directions, seed, shrink)


def examined(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    order: int = 2,
    kinks: str = "report",
    step: str = "adaptive",
    directions: int = 2,
    seed: int = 0,
    shrink: bool = True,
    brief: bool = False,
) -> Report:
    """`check_gradients`; a `brief` failure is found as surely, but says less, in less time."""
    __tracebackhide__ = True
    _check_options(order, kinks, step, directions)
    _check_function("check_gradients", f)
    with enable_grad():
        with Subject(f, inputs, promote=True) as subject:
            if not subject.names:
                raise nothing_to_check("check_gradients", subject.name, inputs)
            run = Run(
                subject.name,
                subject.names,
                subject.level,
                subject.arrays,
                own=len(subject.given),
                kinks=kinks,
                method=STEPS[step],
                directions=directions,
                seed=seed,
                shrink=shrink,
                blame=None if brief else partial(culprit, subject, is_right=_is_right),
            )
            report = run.all_orders(order)
        if any(a.dtype.itemsize < 8 for a in subject.given + [p.array for p in subject.captured]):
            with Subject(f, inputs, promote=False) as narrow:
                run.check_narrow(narrow.level, narrow.arrays)
    return checked(report)


def _is_right(f: Callable[..., Any], values: Sequence[Any], order: int) -> bool:
    try:
        with Subject(f, values, promote=True) as op:
            Run(op.name, op.names, op.level, op.arrays, own=0).all_orders(order)
    except GradientError:
        return False
    except (TypeError, ValueError):  # nothing to compare here
        return True
    return True


def check_vjp(
    f: Callable[..., Any],
    f_vjp: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    kinks: str = "report",
    step: str = "adaptive",
    directions: int = 2,
    seed: int = 0,
    shrink: bool = True,
) -> Report:
    """Compares a backward pass written by hand, on plain arrays, with slopes by differences.

    Parameters
    ----------
    f : callable
        `f(*inputs)`, on arrays: an array, or a tuple of arrays.
    f_vjp : callable
        `f_vjp(g, *inputs)`: one gradient for each input, None where there is none; `g` is the
        gradient that arrives at f's output (for a tuple of outputs, a tuple of gradients).
    inputs : sequence of arrays
        Widened to float64 where f takes that; else judged by what their own dtype can tell.

    The other parameters, the result and the errors are those of `check_gradients`.

    Examples
    --------
    >>> import numpy as np
    >>> def softmax(x):
    ...     e = np.exp(x - x.max())
    ...     return e / e.sum()
    >>> def softmax_vjp(g, x):
    ...     y = softmax(x)
    ...     return [y * (g - (g * y).sum())]
    >>> check_vjp(softmax, softmax_vjp, [np.array([1.0, 2.0, 4.0])]).kinks
    []

    For a PyTorch function, `f = lambda x: op(torch.tensor(x)).numpy()`, and a three-line `f_vjp`
    around `torch.autograd.grad` will do.
    """
    __tracebackhide__ = True
    _check_options(1, kinks, step, directions)
    _check_function("check_vjp", f)
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(
            f"check_vjp: inputs is a list: write [x], not x itself ({type(inputs).__name__})."
        )
    subject = _ByHand(f, f_vjp, inputs)
    if not subject.names:
        raise nothing_to_check("check_vjp", subject.name, inputs)
    run = Run(
        subject.name,
        subject.names,
        subject,
        subject.arrays,
        own=len(subject.arrays),
        kinks=kinks,
        method=STEPS[step],
        directions=directions,
        seed=seed,
        shrink=shrink,
        blame=lambda i, order: (None, []),
    )
    return checked(run.all_orders(1))


class _ByHand(Subject):
    """f and f_vjp, as a level of order 1."""

    def __init__(
        self, f: Callable[..., Any], f_vjp: Callable[..., Any], inputs: Sequence[Any]
    ) -> None:
        super().__init__(f, inputs, promote=True)
        self.f_vjp = f_vjp
        if self.promote and any(a.dtype.itemsize < 8 for a in self.given):
            try:
                self.value(self.arrays)
            except Exception:  # made for float32 only, as much that is written in C
                self.promote = False

    def filled(self, arrays: Sequence[Array]) -> list[Any]:
        remaining = iter(arrays)
        return rebuild(self.inputs, lambda v: next(remaining) if self.is_input(v) else v)

    def outputs(self, arrays: Sequence[Array]) -> Any:
        return self.f(*self.filled(arrays))

    def gradient(self, count: int) -> None:
        """A gradient made by hand is not recorded: there is no second order."""

    def value(self, arrays: Sequence[Array]) -> list[Array]:
        outputs = [np.asarray(y) for y in leaves(self.outputs(arrays))]
        return [y for y in outputs if y.dtype.kind in "fc"]

    def pull(self, arrays: Sequence[Array], weights: Sequence[Array]) -> list[Array]:
        remaining = iter(weights)
        like = self.outputs(arrays)
        g = rebuild(
            like,
            lambda y: next(remaining) if np.asarray(y).dtype.kind in "fc" else np.zeros_like(y),
        )
        found = self.f_vjp(g, *self.filled(arrays))
        if not isinstance(found, (tuple, list, dict)):
            found = [found]
        if len(found) != len(self.inputs):
            raise TypeError(
                f"f_vjp gave {len(found)} gradients for {len(self.inputs)} inputs: it must give "
                "one for each, None where there is none."
            )
        gradients = [
            g
            for x, part in zip(self.inputs, found, strict=True)
            for keep, g in zip(leaves(x), _as_many(part, x), strict=True)
            if self.is_input(keep)
        ]
        return [
            np.zeros_like(a) if g is None else np.asarray(g)
            for a, g in zip(arrays, gradients, strict=True)
        ]


def _as_many(gradients: Any, like: Any) -> list[Any]:
    return [None] * len(leaves(like)) if gradients is None else leaves(gradients)


def _check_function(asked: str, f: Any) -> None:
    if not callable(f):
        what = "Tensor" if isinstance(f, Tensor) else type(f).__name__
        raise TypeError(
            f"{asked}: a {what} is no function. Pass the function that computes it: "
            f"{asked}(lambda x: …, …)."
        )


def _check_options(order: int, kinks: str, step: str, directions: int) -> None:
    for name, value in (("order", order), ("directions", directions)):
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name} must be a whole number, 1 or more, not {value!r}.")
    if kinks not in ("report", "error"):
        raise ValueError(f'kinks must be "report" or "error", not {kinks!r}.')
    if step not in STEPS:
        raise ValueError(f"step must be one of {', '.join(map(repr, STEPS))}, not {step!r}.")
