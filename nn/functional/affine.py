"""x @ w + b in one op: a fully connected layer (the book's Affine). With a ReLU behind it, which is
where most networks spend their time, it is one op still."""

from __future__ import annotations

import math

import numpy as np

from autograd import op

from . import fast
from .activation import relu_slope, zeros_beside
from .sums import sum_of_rows

FEW, LARGE = 48, 1 << 14
"""Samples, and elements of w, for which products in float32 take 1/2 to 9/10 of their time if what
they give has the samples side by side in memory, and not one after the other: (w @ g.T).T, not
g @ w.T (OpenBLAS 0.3.31, AVX-512, one and two threads; without AVX-512 the same)."""


@op(formula="x @ w + b", signature="(b,m),(m,n),(n)->(b,n)")
def affine(x, w, b):
    """x @ w + b, over any number of leading axes of x.

    Shapes: (…, m), (m, n), (n) -> (…, n).

    Raises ValueError for other shapes.

    >>> affine(np.array([1.0, 0.5]), np.array([[0.1, 0.3], [0.2, 0.4]]), np.array([0.1, 0.2]))
    array([0.3, 0.7])

    Source: K. Saito, Deep Learning from Scratch, 2017, section 5.6.
    """
    x = np.asarray(x)
    out = _product(x, w, b)
    if not fast.add_row(out, b, least=-math.inf):
        out += b
    return out if x.ndim == 2 else out.reshape(*x.shape[:-1], w.shape[1])


@op(
    formula="max(0, x @ w + b)",
    signature="(b,m),(m,n),(n)->(b,n)",
    kinks=lambda x, w, b: x @ w + b,
)
def affine_relu(x, w, b):
    """relu(x @ w + b), the same numbers in fewer passes over them.

    Shapes: (…, m), (m, n), (n) -> (…, n).

    Raises ValueError for other shapes.

    >>> affine_relu(np.array([1.0, 0.5]), np.array([[-1.0, 0.3], [0.2, 0.4]]), np.array([0.1, 0.2]))
    array([0. , 0.7])
    """
    x = np.asarray(x)
    out = _product(x, w, b)
    if not fast.add_row(out, b, least=0):
        out += b
        np.maximum(out, zeros_beside(out), out=out)
    return out if x.ndim == 2 else out.reshape(*x.shape[:-1], w.shape[1])


def _product(x, w, b):
    """x @ w, to which b is to be added: one product of matrices, however many leading axes there
    are."""
    if np.shape(b) != w.shape[1:]:
        raise ValueError(
            f"a bias of shape {np.shape(b)} does not go with a weight of shape {w.shape}: it has a "
            f"number for each column, so its shape is {w.shape[1:]}."
        )
    if x.ndim != 2:
        return x.reshape(-1, w.shape[0]) @ w
    return (w.T @ x.T).T if _side_by_side(x, w) else x @ w


def _side_by_side(rows, w):
    """Whether the product is to be laid out with the samples side by side."""
    return len(rows) <= FEW and w.size >= LARGE and w.dtype == np.float32


def _wrt_x(g, w, x_shape):
    rows = _rows(g)
    if len(x_shape) == 2 and _side_by_side(rows, w):
        return (w @ rows.T).T
    return (rows @ w.T).reshape(x_shape)


def _wrt_w(g, x):
    x, g = _rows(x), _rows(g)
    return np.dot(x.T, g) if len(x) == 1 else x.T @ g  # matmul leaves one row to no BLAS


def _wrt_b(g):
    return sum_of_rows(_rows(g))


def _rows(a):
    """All leading axes as one."""
    return a if a.ndim == 2 else a.reshape(-1, a.shape[-1])


affine_relu.first(relu_slope)
for layer in (affine, affine_relu):
    layer.wrt("x")(_wrt_x)
    layer.wrt("w")(_wrt_w)
    layer.wrt("b")(_wrt_b)
