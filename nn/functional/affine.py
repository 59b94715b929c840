"""x @ w + b in one op: a fully connected layer (the book's Affine), but for its activation."""

from __future__ import annotations

import numpy as np

from autograd import op

from . import fast


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
    return (g.reshape(-1, w.shape[1]) @ w.T).reshape(x_shape)


@affine.wrt("w")
def _(g, x, w_shape):
    m, n = w_shape
    return x.reshape(-1, m).T @ g.reshape(-1, n)


@affine.wrt("b")
def _(g):
    rows = g.reshape(-1, g.shape[-1])
    return np.dot(np.ones(len(rows), g.dtype), rows)  # their sum: BLAS is the faster at it
