r"""
07 · Derivatives by trying
==========================

A derivative says how much the output changes when the input changes a little. So: change the input
a little, and look. Here you do that for one variable and for several, draw a tangent with it, and
meet five ways in which these few lines go wrong.

.. math::

    f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)

# %%
# One variable
# ------------
# The true derivative of :math:`0.01x^2 + 0.1x` is :math:`0.02x + 0.1`: 0.2 at 5, 0.3 at 10.


def numerical_diff(f, x):
    h = 1e-4
    return (f(x + h) - f(x - h)) / (2 * h)


def function_1(x):
    return 0.01 * x**2 + 0.1 * x


print(float(numerical_diff(function_1, 5)), float(numerical_diff(function_1, 10)))
print(float(ag.numerical_diff(function_1, 5)), "is the library's")

# %%
# **Trap.** The notes' comment beside ``h = 1e-4`` says 0.00001. It is 0.0001. And they call
# ``function_1`` without defining it; it is the one above.
#
# How small should h be?
# ----------------------
# Not as small as possible. A large h is a bad approximation; a tiny h loses digits, because two
# almost equal numbers are subtracted. Looking to both sides (*central*) is far better than to one.

hs = 10.0 ** np.arange(-13, 0.5, 0.5)
f, x0, exact = np.sin, 1.0, np.cos(1.0)
forward = [abs((f(x0 + h) - f(x0)) / h - exact) for h in hs]
central = [abs((f(x0 + h) - f(x0 - h)) / (2 * h) - exact) for h in hs]
fig, ax = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
ax.loglog(hs, forward, "o--", markersize=3, label="one side")
ax.loglog(hs, central, "s-", markersize=3, label="both sides")
ax.axvline(1e-4, color="0.6", linewidth=0.8)
ax.set(xlabel="h", ylabel="error of the slope of sin at 1")
ax.legend()
fig.savefig(OUT / "07_step_size.png")
print(f"best h, both sides: {hs[np.argmin(central)]:.0e}")

# %%
# The tangent
# -----------
# The tangent at x has that slope, and touches the curve: :math:`t \mapsto d\,t + (f(x) - d\,x)`.
# The notes' version also prints d. A function that computes should not print; ask for the number.

line = ag.tangent_line(function_1, 5)
print("slope", float(line(1) - line(0)), " intercept", float(line(0)), " at 5:", float(line(5)))

ag.plot.tangent(function_1, 5, xlim=(0, 20))
plt.savefig(OUT / "07_tangent.png")

# %%
# Several variables
# -----------------
# A *partial* derivative moves one variable and holds the others still. For :math:`x_0^2 + x_1^2`
# at (3, 4), write two functions of one variable:


def function_tmp1(x0):
    return x0 * x0 + 4.0**2.0


def function_tmp2(x1):
    return 3.0**2.0 + x1 * x1


print(float(numerical_diff(function_tmp1, 3.0)), float(numerical_diff(function_tmp2, 4.0)))

# %%
# All partial derivatives together are the *gradient*.


def function_2(x):
    return x[0] ** 2 + x[1] ** 2


for point in ([3.0, 4.0], [0.0, 2.0], [3.0, 0.0]):
    print(point, "→", ag.numerical_gradient(function_2, np.array(point)).tolist())

# %%
# Five traps
# ----------
# Here is the notes' code, with its flaws.


def notes_gradient(f, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for i in range(x.size):
        before = x[i]
        x[i] = before + h
        above = f(x)
        x[i] = before - h
        below = f(x)
        grad[i] = (above - below) / (2 * h)
        x[i] = before
    return grad


# %%
# **1. Integers.** In an array of integers, 3 + 0.0001 is cut to 3, and 3 − 0.0001 to 2. The result
# is nonsense, and an integer too. The library refuses.

print("the notes' code:", notes_gradient(function_2, np.array([3, 4])))
try:
    ag.numerical_gradient(function_2, np.array([3, 4]))
except TypeError as error:
    print("TypeError:", error)

# %%
# **2. More dimensions.** ``x[i]`` is a whole row of a matrix. The notes loop over rows, which
# helps for two dimensions and not for three. The library visits every element of any shape.

cube = np.arange(8.0).reshape(2, 2, 2)
print(ag.numerical_gradient(lambda x: np.sum(x**2), cube).round(6).tolist())
try:
    notes_gradient(lambda x: np.sum(x**2), cube)
except (IndexError, ValueError) as error:
    print(type(error).__name__ + ":", error)

# %%
# **3. A crash in the middle.** If f raises, the notes leave x changed. The library puts every bit
# back.


def fails_below_3(x):
    if x[0] < 3:
        raise RuntimeError("too low")
    return x[0]


for gradient in (notes_gradient, ag.numerical_gradient):
    x = np.array([3.0, 4.0])
    try:
        gradient(fails_below_3, x)
    except RuntimeError:
        print("x is", x.tolist(), "after", gradient.__name__)

# %%
# **4. The array must be the very one that f reads.** A network's loss ignores its argument:
# ``lambda W: net.loss(x, t)`` reads the weights from the network. It sees a change only if *that
# array* is changed. Work on a copy, and every slope is 0, without a word.

weights = np.array([1.0, 2.0])
loss = lambda ignored: np.sum(weights**2)
print("in place :", ag.numerical_gradient(loss, weights).round(6))
print("on a copy:", ag.numerical_gradient(loss, weights.copy()))

# %%
# **5. A print left behind.** The notes' loop prints x at every row. For the 39,760 parameters of
# lesson 11 you would not find your results again.
#
# Try
# ---
# * Find the h with the smallest error for float32 numbers: ``np.float32(1.0)``.
# * Take the slope of ``abs`` at 0. The true one does not exist; what do you get, and why?
# * Draw the tangent of ``np.tanh`` at 0, 1 and 3.
