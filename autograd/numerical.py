"""Numerical differentiation: slopes by evaluating a function twice, as the study notes do.

It needs nothing but the function's values, so it is what analytic gradients are checked against;
but it takes two evaluations for every parameter, and that is why autograd exists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import no_grad
from .tensor import Tensor


def numerical_diff(f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> Any:
    """The slope of f at x by the central difference: (f(x + h) − f(x − h)) / 2h.

    Its error is about h²·f'''/6 from the formula and ε·|f|/h from rounding.

    Parameters
    ----------
    f : callable
        Of one number (or, element by element, of an array).
    x : float or array_like
    h : float
        Half the distance between the two evaluations.

    Examples
    --------
    >>> numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5)
    0.1999999999990898

    Source: S. Goki, Deep Learning from Scratch, section 4.3.
    """
    _check_step(h)
    return (f(x + h) - f(x - h)) / (2 * h)


def numerical_gradient(f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> Any:
    """The gradient of f at x, one central difference for each element of x.

    Each element is changed in place, in the very array that is passed, and put back bit for bit
    (also if f raises). So f may ignore its argument and read the same array elsewhere, as
    `lambda W: network.loss(x, t)` does.

    Parameters
    ----------
    f : callable
        Takes x, gives one number.
    x : ndarray or Tensor of any shape, of a floating-point dtype
    h : float

    Returns
    -------
    ndarray of the shape and dtype of x

    Raises
    ------
    TypeError
        If x holds integers: adding h to an integer array would be lost.
    ValueError
        If f gives more than one number, x is read-only, or h is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0]))
    array([6., 8.])

    Source: S. Goki, Deep Learning from Scratch, section 4.4.
    """
    _check_step(h)
    array = x.array if isinstance(x, Tensor) else np.asarray(x)
    if array.dtype.kind != "f":
        raise TypeError(
            f"numerical_gradient: x has dtype {array.dtype}, and x + {h} would not fit into it. "
            "Pass floats: np.array([3.0, 4.0]), or x.astype(float)."
        )
    if not array.flags.writeable:
        raise ValueError(
            "numerical_gradient changes x in place, but it is read-only: pass x.copy()."
        )
    if not isinstance(x, (Tensor, np.ndarray)):
        x = array
    gradient = np.zeros(array.shape, array.dtype)
    with no_grad():
        for i in np.ndindex(array.shape):
            before = array[i]
            try:
                array[i] = before + h
                above = _one_number(f(x))
                array[i] = before - h
                below = _one_number(f(x))
            finally:
                array[i] = before
            gradient[i] = (above - below) / (2 * h)
    return gradient


def tangent_line(f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> Callable[[Any], Any]:
    """The tangent of f at x, as a function: t ↦ d·t + (f(x) − d·x), with d from `numerical_diff`.

    Examples
    --------
    >>> line = tangent_line(lambda x: 0.01 * x**2 + 0.1 * x, 5)
    >>> round(line(5), 12), round(line(0), 12)
    (0.75, -0.25)

    Source: S. Goki, Deep Learning from Scratch, section 4.3.
    """
    slope = numerical_diff(f, x, h)
    intercept = f(x) - slope * x
    return lambda t: slope * t + intercept


def _check_step(h: float) -> None:
    if not h > 0:
        raise ValueError(f"the step h must be positive, not {h}.")


def _one_number(value: Any) -> Any:
    array = value.array if isinstance(value, Tensor) else np.asarray(value)
    if array.size != 1:
        raise ValueError(
            f"numerical_gradient needs a function that gives one number, but f(x) has shape "
            f"{array.shape}. Sum or average it."
        )
    return array.reshape(())[()]
