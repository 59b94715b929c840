"""No derivative on purpose: what these answer is a yes or no, a place, a shape, a text, or depends
on nothing but the shape. On Tensors they compute on the arrays and give plain results."""

from __future__ import annotations

import numpy as np

from ..declare import constant

__all__ = ()

# comparisons and tests
constant(
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.signbit,
    np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj,
    np.isclose, np.allclose, np.array_equal, np.array_equiv, np.isin,
    *[getattr(np, name) for name in ("in1d",) if hasattr(np, name)],  # NumPy < 2.4
    np.shares_memory, np.may_share_memory,
)  # fmt: skip

# places
constant(
    np.nonzero, np.argwhere, np.flatnonzero, np.unravel_index, np.ravel_multi_index, np.ix_,
    np.diag_indices_from, np.tril_indices_from, np.triu_indices_from,
)  # fmt: skip

# arrays of a Tensor's shape and dtype
constant(np.zeros_like, np.ones_like, np.empty_like)

# dtypes, ranks, plans, texts
constant(
    np.einsum_path, np.linalg.matrix_rank,
    np.result_type, np.can_cast, np.min_scalar_type, np.common_type,
    np.array2string, np.array_repr, np.array_str,
)  # fmt: skip
