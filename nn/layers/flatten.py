"""From images to rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..module import Module


class Flatten(Module):
    """All axes but the first as one.

    Shapes: (n, …) -> (n, m).

    >>> import numpy as np, nn
    >>> nn.Flatten()(np.zeros((32, 1, 28, 28))).shape
    (32, 784)
    """

    def forward(self, x: Any) -> Any:
        return np.reshape(x, (len(x), math.prod(np.shape(x)[1:])))
