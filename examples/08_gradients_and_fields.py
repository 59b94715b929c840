r"""
08 · The gradient, and its field
================================

The gradient points to where a function grows fastest; its opposite points downhill. Here you
compute it at 324 points at once and draw an arrow at each. You also see what autograd gives
instead of differences: the exact slope, for one evaluation.

.. math::

    \nabla f = \left( \frac{\partial f}{\partial x_0}, \frac{\partial f}{\partial x_1} \right),
    \qquad f = x_0^2 + x_1^2 \;\Rightarrow\; \nabla f = (2x_0, 2x_1)
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)

# %%
# 324 points
# ----------
# A grid from −2 to 2.25 in steps of 0.25 is 18 by 18. As one array it has the shape (2, 324): the
# first row holds every x0, the second every x1.

x0 = np.arange(-2, 2.5, 0.25)
x1 = np.arange(-2, 2.5, 0.25)
X, Y = np.meshgrid(x0, x1)
points = np.array([X.flatten(), Y.flatten()])
print(points.shape)

# %%
# **Trap.** The notes write ``x, Y = np.meshgrid(...)`` and go on with ``X``: a NameError. Python
# cares about capitals.
#
# One function for all of them
# ----------------------------
# ``numerical_gradient`` needs one number from f. So f adds up the squares of all elements; every
# element is still differentiated alone.


def function_2(x):
    return np.sum(x**2)


gradient = ag.numerical_gradient(function_2, points)
exact = 2 * points
print(f"largest error of the differences: {np.abs(gradient - exact).max():.1e}")

# %%
# **Trap.** The notes define ``function_2(x) = x[0]**2 + x[1]**2`` and differentiate row by row.
# Each row holds 324 numbers, and the function looks at the first two of them. Almost every slope
# comes out 0.


def notes_function_2(x):
    return x[0] ** 2 + x[1] ** 2


rows = np.array([ag.numerical_gradient(notes_function_2, row) for row in points])
print(f"non-zero: {np.count_nonzero(rows)} of {rows.size}, should be {np.count_nonzero(exact)}")

# %%
# Exact, and in one go
# --------------------
# ``ag.grad(f)`` is the gradient as a function. It differentiates the steps that f takes instead of
# trying f out, so there is no h and no error from it.

print(f"largest error of autograd: {np.abs(ag.grad(function_2)(points) - exact).max():.1e}")

calls = 0


def counted(x):
    global calls
    calls += 1
    return np.sum(x**2)


ag.numerical_gradient(counted, points)
by_differences, calls = calls, 0
ag.grad(counted)(points)
print("evaluations: by differences", by_differences, "· by autograd", calls)

# %%
# The field
# ---------
# Arrows show the *negative* gradient: where to go to make f smaller. They are long where f is
# steep and vanish at the minimum.

ag.plot.gradient_field(function_2)
plt.savefig(OUT / "08_field.png")

# %%
# The arrows of a bowl all meet at the minimum. On a saddle, :math:`x_0^2 - x_1^2`, they meet in
# one direction and flee in the other, although the gradient in the middle is 0 as well.

ag.plot.gradient_field(lambda x: x[0] ** 2 - x[1] ** 2)
plt.savefig(OUT / "08_saddle.png")

# %%
# Try
# ---
# * Draw the field of ``np.sum(np.sin(x[0]) * np.cos(x[1]))`` from −4 to 4. Where are its minima?
# * Draw the field of ``x[0]**2 / 20 + x[1]**2``. Do the arrows still point at the minimum?
# * Write the gradient of ``np.sum(np.abs(x))`` down, then ask ``ag.grad``. What about 0?
