"""glassgrad's engine."""
from ._identity import NameClashWarning, __distribution__, __version__
from .graph import enable_grad, no_grad
from .tensor import Tensor, asarray
from .declare import constant, elementwise, op
from .ops import *
from . import methods
