"""glassgrad's engine: the autograd you can see through."""

from ._identity import NameClashWarning, __distribution__, __version__
from .backward import GradientWarning
from .debug import DetachWarning, debug
from .declare import composite, constant, elementwise, op, refuse
from .explain import explain
from .functional import (
    elementwise_grad, grad, hessian, hvp, jacobian, jvp, stop_gradient, value_and_grad, vjp,
)
from .graph import enable_grad, no_grad
from .numerical import numerical_diff, numerical_gradient, tangent_line
from .op import A, Sample
from .ops import *
from .tensor import Tensor, asarray
from .tree import flatten
from . import methods
