"""x @ w + b in one op: a fully connected layer (the book's Affine), but for its activation."""

from __future__ import annotations

import numpy as np

from autograd import op

from . import fast

FEW, LARGE = 48, 1 << 14
"""Rows of float32, and elements of w, for which (w @ g.T).T takes 4/5 to 1/2 of g @ w.T's time
(OpenBLAS 0.3.31, AVX-512, one and two threads; without AVX-512 the same)."""


@op(formula="x @ w + b", signature="(b,m),(m,n),(n)->(b,n)")
def affine(x, w, b):
    """x @ w + b, over any number of leading axes of x.

    Shapes: (…, m), (m, n), (n) -> (…, n).

    >>> affine(np.array([1.0, 0.5]), np.array([[0.1, 0.3], [0.2, 0.4]]), np.array([0.1, 0.2]))
    array([0.3, 0.7])

    Source: K. Saito, Deep Learning from Scratch, 2017, section 5.6.
    """
    x = np.asarray(x)
    m, n = w.shape
    out = x.reshape(-1, m) @ w  # one product of matrices, however many leading axes there are
    if fast.takes(out, b):
        fast.add_row(out, b)
    else:
        out += b
    return out.reshape(*x.shape[:-1], n)


@affine.wrt("x")
def _(g, w, x_shape):
    rows = g.reshape(-1, w.shape[1])
    if len(rows) <= FEW and w.size >= LARGE and w.dtype == np.float32:
        return (w @ rows.T).T.copy().reshape(x_shape)
    return (rows @ w.T).reshape(x_shape)


@affine.wrt("w")
def _(g, x, w_shape):
    m, n = w_shape
    x, g = x.reshape(-1, m), g.reshape(-1, n)
    return np.dot(x.T, g) if len(x) == 1 else x.T @ g  # matmul leaves one row to no BLAS


@affine.wrt("b")
def _(g):
    rows = g.reshape(-1, g.shape[-1])
    return np.dot(np.ones(len(rows), g.dtype), rows)  # their sum: BLAS is the faster at it
