"""Plots of what a network is, does and learns, one call each; they need the extra `plots`.

    import nn
    nn.plot.activation("relu", "sigmoid")
    nn.plot.curves(model.fit(x, t, epochs=20))

A plot of one panel draws into `ax=` if that is given, and returns the Axes. One of several takes
`figure=`, a Figure or a part of one, and returns an array of Axes, one for each panel;
`axes[0].figure` is their Figure. `plt.show()` is yours to call. The graph of a computation is not
here, but in `ag.draw`.
"""

from .classes import confusion, decision_boundary
from .film import BoundaryAnimation
from .functions import activation
from .health import gradients
from .inside import activations, weights
from .pictures import feature_maps, images
from .training import curves

__all__ = [
    "activation", "curves", "weights", "activations", "gradients", "feature_maps", "images",
    "confusion", "decision_boundary", "BoundaryAnimation",
]  # fmt: skip
