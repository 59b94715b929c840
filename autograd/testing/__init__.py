"""Hypothesis strategies for gradients: arrays to test on, tests in one line, random programs.

    >>> import numpy as np
    >>> from autograd import testing
    >>> testing.assert_gradients_match(np.matmul, testing.signature("(m,n),(n,p)->(m,p)"))

Needs the extra `test` (hypothesis and pytest); `import autograd` alone loads none of this.

    arrays.py      shapes, dtypes, arrays, Tensors, groups that broadcast or fit a signature
    calls.py       calls of a declared op, from what its declaration says
    programs.py    random programs over the registry of ops
    properties.py  from a function to a test
"""

try:
    import hypothesis as _hypothesis  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "autograd.testing needs hypothesis, of the extra `test` "
        '(in a checkout: pip install -e ".[test]")',
        name="hypothesis",
    ) from error

from .arrays import arrays_away_from, broadcastable, dtypes, shapes, signature, tensors
from .calls import Call, calls
from .programs import Program, graphs
from .properties import assert_gradients_match, assert_op, gradient_property

__all__ = [
    "shapes", "dtypes", "tensors", "arrays_away_from", "broadcastable", "signature",
    "assert_gradients_match", "gradient_property",
    "assert_op", "calls", "Call",
    "graphs", "Program",
]  # fmt: skip
