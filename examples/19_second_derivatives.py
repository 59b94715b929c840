r"""
19 · Second derivatives: Newton's method
========================================

The slope of the slope says how the function bends. With it, a step knows not only where to go but
how far. Here you differentiate twice, find a minimum in one step, and compare with plain descent
in the valley where that zig-zags.

.. math::

    x \leftarrow x - H^{-1} \nabla f, \qquad H_{ij} = \frac{\partial^2 f}{\partial x_i \partial x_j}
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import optim
from autograd import Tensor

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)

# %%
# Derivatives of derivatives
# --------------------------
# ``ag.grad`` gives a function, and you can take its gradient again. tanh and its first four:

ag.plot.derivatives(np.tanh, order=4)
plt.savefig(OUT / "19_tanh.png")

# %%
# In PyTorch's manner: ``create_graph=True`` records the backward pass as well, so it can be walked
# back, too. For :math:`x^3` at 2: 12, then 12, then 6.

a = Tensor(2.0, requires_grad=True, name="a")
y = a**3
for order in (1, 2, 3):
    a.zero_grad()
    y.backward(create_graph=True)
    y = a.grad
    print(f"derivative {order}: {y.item()}")

# %%
# The picture of the slope is a graph like any other. This is the first derivative of tanh, with
# the steps that computed it.

a = Tensor(0.5, requires_grad=True, name="a")
np.tanh(a).backward(create_graph=True)
picture = ag.draw(a.grad)
picture.save(OUT / "19_slope.svg")
picture

# %%
# Newton's method, one variable
# -----------------------------
# Where the slope is 0, divide the slope by the bend. On :math:`x^4 - 2x^2` from 2:


def wave(x):
    return x**4 - 2 * x**2


slope, bend = ag.grad(wave), ag.grad(ag.grad(wave))
point = 2.0
for i in range(7):
    print(f"{i}: x = {point:.15f}")
    point = point - slope(point) / bend(point)

# %%
# The number of right digits about doubles with each step. Gradient descent gets a fixed share
# closer.

newton, descent = [2.0], [2.0]
for _ in range(12):
    newton.append(newton[-1] - slope(newton[-1]) / bend(newton[-1]))
    descent.append(descent[-1] - 0.05 * slope(descent[-1]))
fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.semilogy(np.maximum(np.abs(np.array(newton) - 1), 1e-17), "o-", label="Newton")
ax.semilogy(np.abs(np.array(descent) - 1), "s--", label="gradient descent, lr 0.05")
ax.set(xlabel="step", ylabel="distance to the minimum at 1")
ax.legend()
fig.savefig(OUT / "19_newton.png")

# %%
# Two variables: the Hessian
# --------------------------
# All second derivatives make a matrix, one row for each variable. For the narrow valley of lesson
# 12 it says at once that one direction bends twenty times as much.


def valley(x):
    return x[0] ** 2 / 20 + x[1] ** 2


start = np.array([-7.0, 2.0])
H = ag.hessian(valley)(start)
print(H)
step = np.linalg.solve(H, ag.grad(valley)(start))
print("after one Newton step:", start - step)

ax = optim.plot.paths(
    valley, start, {"SGD, 30 steps": optim.SGD(lr=0.95)}, 30, xlim=(-8, 8), ylim=(-3, 3)
)
ax.plot(*np.array([start, start - step]).T, "s--", color="black")
ax.annotate("Newton, 1 step", start - step, (1, 1.5), arrowprops={"arrowstyle": "->"})
plt.savefig(OUT / "19_valley.png")

# %%
# **Trap.** Newton looks for a place where the slope is 0. A maximum is such a place, and so is a
# saddle. Started at 0.1, the method runs uphill: there the bend is negative.

point = 0.1
for _ in range(5):
    point = point - slope(point) / bend(point)
print(f"arrived at {point:.6f}, bend {bend(point):.1f}: a maximum")

# %%
# Large models
# ------------
# For 39,760 parameters the Hessian has 1.6 billion numbers. But H *times a vector* costs about as
# much as two gradients, and never makes the matrix.

big = np.linspace(-1, 1, 10_000)
v = np.ones_like(big)
quartic = lambda x: np.sum(x**4) + np.sum(x) ** 2
hv = ag.hvp(quartic, big, v)
print("H·v:", hv.shape, "right:", np.allclose(hv, 12 * big**2 * v + 2 * v.sum()))

# %%
# Try
# ---
# * Minimise ``np.sum(x**4)`` with Newton. Why is it slow there?
# * Is the Hessian of ``np.sum(np.sin(np.outer(x, x)))`` symmetric? Test it with ``ag.hessian``.
# * ``optim.LBFGS`` guesses the bend from gradients. Send it through the valley.
