"""glassgrad's engine: the autograd you can see through.

README.md in this folder tells the idea in one page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._identity import NameClashWarning, __distribution__, __version__

# isort: split
from . import methods as _methods  # noqa: F401 - attaches operators and methods to Tensor
from . import ops as _ops
from ._lazy import lazy
from .backward import GradientWarning
from .declare import composite, constant, elementwise, op, refuse
from .graph import enable_grad, no_grad
from .heap import keep_freed_memory
from .op import A, Sample
from .ops import *
from .tensor import Tensor, asarray

keep_freed_memory()

if TYPE_CHECKING:
    from . import plot, testing
    from .check import check_gradients, check_vjp
    from .debugging import DetachWarning, debug
    from .explaining import explain
    from .functional import (
        elementwise_grad,
        grad,
        hessian,
        hvp,
        jacobian,
        jvp,
        stop_gradient,
        value_and_grad,
        vjp,
    )
    from .numerical import numerical_diff, numerical_gradient, tangent_line
    from .pictures import Picture, Walk, draw, walk
    from .profiling import profile
    from .support import supported
    from .tree import flatten

__all__ = [
    # tensors and their graph
    "Tensor", "asarray", "no_grad", "enable_grad", "stop_gradient",
    # derivatives of functions
    "grad", "value_and_grad", "elementwise_grad", "jacobian", "hessian", "hvp", "vjp", "jvp",
    "flatten",
    "numerical_diff", "numerical_gradient", "tangent_line",
    # your own ops
    "op", "elementwise", "composite", "constant", "refuse", "A", "Sample", "supported",
    # when something is wrong
    "debug", "explain", "profile", "DetachWarning", "GradientWarning",
    "check_gradients", "check_vjp", "testing",
    # pictures
    "draw", "walk", "Picture", "Walk", "plot",
    # the package itself
    "NameClashWarning", "__distribution__", "__version__",
]  # fmt: skip
__all__ += [name for name, value in vars(_ops).items() if callable(value)]  # one for each op

if not TYPE_CHECKING:
    # loaded when first asked for: the engine itself imports nothing but NumPy
    __getattr__, __dir__ = lazy(
        __name__,
        {
            None: "plot testing",
            "check": "check_gradients check_vjp",
            "debugging": "debug DetachWarning",
            "explaining": "explain",
            "functional": "grad value_and_grad elementwise_grad jacobian hessian hvp vjp jvp "
            "stop_gradient",
            "numerical": "numerical_diff numerical_gradient tangent_line",
            "pictures": "draw walk Picture Walk",
            "profiling": "profile",
            "support": "supported",
            "tree": "flatten",
        },
    )
