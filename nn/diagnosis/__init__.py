"""How a network is: signals on their way forward, gradients on their way back, and what to do.

`measure` looks, `advice` thinks, `show` tells.
"""

from .measure import diagnose
from .report import Diagnosis, Layer

__all__ = ["Diagnosis", "Layer", "diagnose"]
