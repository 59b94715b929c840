r"""
04 · Softmax, and how it overflows
==================================

Softmax turns scores into probabilities: all positive, with sum 1. The formula is short, and its
obvious code is wrong twice: it overflows, and it mixes up the rows of a batch. Here you see both,
and the two small changes that make it right.

.. math::

    y_k = \frac{e^{a_k}}{\sum_i e^{a_i}} = \frac{e^{a_k - c}}{\sum_i e^{a_i - c}}
    \quad\text{for any } c
"""

import os
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import nn

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)


def naive_softmax(a):
    exp_a = np.exp(a)
    return exp_a / np.sum(exp_a)


# %%
# Scores become probabilities
# ---------------------------

y = naive_softmax(np.array([0.3, 2.9, 4.0]))
print(y.round(8), "sum", y.sum())

# %%
# Softmax keeps the order: the largest score is the largest probability. And it looks only at
# differences: adding 100 to every score changes nothing. So for the *answer* alone you can leave
# softmax out.

print(
    nn.softmax(np.array([0.3, 2.9, 4.0])).argmax(),
    nn.softmax(np.array([0.3, 2.9, 4.0]) + 100).round(8),
)

# %%
# **Trap: overflow.** A score of 1010 is nothing unusual, but :math:`e^{1010}` is more than a float
# can hold. It becomes infinity, and infinity divided by infinity is not a number.

large = np.array([1010.0, 1000.0, 990.0])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print("naive :", naive_softmax(large))
print("NumPy says:", *[str(w.message) for w in caught], sep="\n  ")

# %%
# The cure is in the formula: subtract :math:`c = \max a` first. The largest exponent is then
# :math:`e^0 = 1`. Nothing can overflow, and the result is the same.

print("stable:", nn.softmax(large).tolist())

# %%
# **Trap: the missing axis.** ``np.sum(exp_a)`` adds up the whole batch. With two samples the two
# rows *together* have sum 1, so neither is a probability.

batch = np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]])
print("naive, sum of each row:", naive_softmax(batch).sum(axis=1).round(3))
print("nn   , sum of each row:", nn.softmax(batch).sum(axis=1))

# %%
# Sharp or soft
# -------------
# Multiply the scores by a number before softmax. Small numbers make the probabilities alike, large
# ones make the winner take all. (One divided by that number is called the temperature.)

scores = np.array([1.0, 2.0, 0.5, 3.0])
factors = [0.1, 1, 3, 10]
fig, axes = plt.subplots(1, 4, figsize=(11, 2.8), layout="constrained", sharey=True)
for ax, factor in zip(axes, factors):
    ax.bar(range(4), nn.softmax(factor * scores), color="#4477aa")
    ax.set(title=f"scores × {factor}", xlabel="class", xticks=range(4))
axes[0].set_ylabel("probability")
fig.savefig(OUT / "04_softmax.png")

# %%
# Try
# ---
# * What does softmax of ``[-1000, -1000]`` give, naive and stable?
# * Two classes: show that softmax of ``[a, 0]`` is ``sigmoid(a)``.
# * Where is ``nn.log_softmax`` better than ``np.log(nn.softmax(...))``? Try ``[0, 1000]``.
