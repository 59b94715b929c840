r"""
20 · Check your own op
======================

You wrote a function and its derivative by hand. Is the derivative right? Here a wrong one is
caught and named, shrunk to the smallest example, and turned into a test of one line. Three minutes
from ``pip install -e ".[test]"`` in a checkout. It works for plain NumPy, C extensions and other
libraries, too.

.. math::

    \Big| \, \langle v, \nabla f(x) \rangle - \frac{f(x + hv) - f(x - hv)}{2h} \, \Big|
    \le \text{tolerance}
"""

import os
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from hypothesis import settings

import autograd as ag
from autograd.testing import assert_gradients_match, gradient_property, signature, tensors

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it


def failure(check, *args, lines=12):
    """Runs a check that should fail, and prints the beginning of what it says."""
    try:
        check(*args)
    except AssertionError as error:
        text = [*str(error).splitlines(), *getattr(error, "__notes__", [])]
        text = text[:lines] + ["…"] * (len(text) > lines)
        print(*(textwrap.fill(line, 96) for line in text), sep="\n")


# %%
# Minute one: a backward pass of your own
# ---------------------------------------
# Softplus, :math:`\log(1 + e^x)`, and its derivative, the sigmoid. On plain arrays, no Tensors:
# the backward takes the gradient that arrives, and the input.


def softplus(x):
    return np.log1p(np.exp(x))


def softplus_vjp(g, x):
    return g / (1 + np.exp(-x))


x = np.array([-1.0, 0.0, 2.0])
print(ag.check_vjp(softplus, softplus_vjp, [x]))

# %%
# Now with a slip: ``exp(x)`` instead of ``exp(-x)``. You see which element, what you said, what
# the slope really is, and the ratio of the two.


def slipped(g, x):
    return g / (1 + np.exp(x))


failure(ag.check_vjp, softplus, slipped, [x])

# %%
# Another classic: a bias is added to every row, so its gradient must be *summed* over the rows.


def add_bias(x, b):
    return x + b


def add_bias_vjp(g, x, b):
    return g, g  # b's has the wrong shape: g.sum(axis=0) is meant


failure(ag.check_vjp, add_bias, add_bias_vjp, [np.ones((3, 2)), np.array([0.5, -0.5])])

# %%
# The same call checks another library's function. For a ``torch.autograd.Function`` called ``F``,
# the backward is a lambda of three lines that makes torch tensors, calls it, and returns
# ``.numpy()``.
#
# Minute two: an op for the engine
# --------------------------------
# One declaration: the function, and what it does to the gradient. ``formula`` is what pictures
# show.

wrong = ag.elementwise(np.square, lambda g, x: g * x, name="my_square", formula="x²")
failure(ag.check_gradients, wrong, np.array([1.5, 3.0]), lines=14)

# %%
# The ratio is ½ everywhere: a factor of 2 is missing. The message says so, and the smallest input
# that fails is at the end. Put right:

square = ag.elementwise(np.square, lambda g, x: 2 * g * x, name="my_square", formula="x²")
print(ag.check_gradients(square, np.array([1.5, 3.0])))

# %%
# It went to *second order*, too: the rule is plain NumPy, so it is recorded and differentiated
# again. Rules that are right once and wrong twice exist. This one uses the number inside the
# Tensor:

frozen = ag.elementwise(
    np.square, lambda g, x: 2 * g * np.asarray(getattr(x, "array", x)), name="frozen_square"
)
failure(ag.check_gradients, frozen, np.array([1.5, 3.0]), lines=8)

# %%
# Corners are reported, not called wrong. A derivative does not exist there, whatever you return.

report = ag.check_gradients(lambda x: np.abs(x), np.array([-1.0, 0.0, 2.0]))
print(report.kinks)

# %%
# Minute three: a test that finds the input itself
# ------------------------------------------------
# You need not think of examples. Say what inputs look like, and Hypothesis draws many and shrinks
# a failure to the smallest. Here the rule is wrong only for numbers above 2.

steady = settings(max_examples=20 if QUICK else 100, deadline=None, derandomize=True)
lopsided = ag.elementwise(np.square, lambda g, x: np.where(x > 2, 3, 2) * g * x, name="lopsided")


@gradient_property(tensors(), settings=steady)
def test_lopsided(x):
    return lopsided(x)


failure(test_lopsided)

# %%
# The smallest number that fails is 2.015625: the next one above 2 on Hypothesis's grid of 1/64.
#
# In a test file, that decorator is all: pytest finds ``test_lopsided`` and runs it. For several
# inputs whose shapes belong together, write the shapes as NumPy does:

assert_gradients_match(
    lambda a, b: np.tanh(a @ b), signature("(m,n),(n,p)->(m,p)", domain=(-1, 1)), settings=steady
)
print("a @ b: fine, for many shapes and values")

# %%
# And an op that you declared knows enough about itself to be tested without any of this:

ag.testing.assert_op(square, settings=steady)
print("my_square: fine")

# %%
# The picture of a wrong slope
# ----------------------------
# Never wrong by much, and only on one side: the kind of mistake that trains a little worse and is
# never found by looking at the loss.

xs = np.linspace(-1, 4, 200)
fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.plot(xs, ag.elementwise_grad(lopsided)(xs), label="what lopsided says")
ax.plot(xs, 2 * xs, "--", label="the slope of x²")
ax.legend()
fig.savefig(OUT / "20_lopsided.png")

# %%
# Try
# ---
# * Break ``softplus_vjp`` by 0.1 %: multiply by 1.001. Is it caught?
# * Softplus overflows for large x. Which inputs does ``gradient_property(tensors(domain=(-800,
#   800)))`` find? Cure it with ``np.logaddexp``.
# * Declare an op of two inputs with ``ag.op`` (``autograd/README.md``), and test it in one line.
