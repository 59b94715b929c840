"""Plots of functions and their derivatives, one call each; they need the extra `plots`.

    import autograd as ag
    ag.plot.tangent(lambda x: 0.01 * x**2 + 0.1 * x, 5)

A plot draws into `ax=` if that is given, and returns the Axes; `plt.show()` is yours to call, and
`ax.figure.savefig("picture.svg")`. The graph of a computation is not here, but in `ag.draw`.
"""

from .functions import derivatives, gradient_field, tangent

__all__ = ["derivatives", "gradient_field", "tangent"]
