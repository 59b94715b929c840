r"""
21 · Two moons (micrograd's demo)
=================================

The best-known demo of A. Karpathy's micrograd: a small network learns to part two half moons, with
the loss of a support vector machine. Here it runs on arrays instead of single numbers, so it takes
a moment instead of a minute.

.. math::

    L = \frac1N \sum_n \max(0,\, 1 - t_n y_n) + \alpha \sum_w w^2, \qquad t_n \in \{-1, 1\}
"""

# sphinx_gallery_thumbnail_number = 2
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import nn
import optim

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
nn.seed(1)

# %%
# One neuron, drawn
# -----------------
# micrograd's other famous picture: ``draw_dot``. Every value with its gradient.

a = ag.Tensor(2.0, requires_grad=True, name="a")
b = ag.Tensor(-3.0, requires_grad=True, name="b")
c = ag.Tensor(10.0, requires_grad=True, name="c")
d = np.tanh((a * b + c) / 4)
d.backward()
picture = ag.draw(d)
picture.save(OUT / "21_neuron.svg")
picture

# %%
# The data
# --------
# 100 points. The loss wants targets −1 and 1.

x, t = nn.data.moons(100, noise=0.1, rng=1)
t = 2 * t - 1
print(x.shape, np.unique(t))

# %%
# The model
# ---------
# 2 → 16 → 16 → 1, with ReLUs: 337 numbers, as in micrograd.

model = nn.Sequential(
    nn.Dense(16, activation="relu", init="he_normal", in_features=2),
    nn.Dense(16, activation="relu", init="he_normal", in_features=16),
    nn.Dense(1, in_features=16),
)
print(sum(p.size for p in model.parameters()), "parameters")

# %%
# The loop
# --------
# A hundred steps on all points, with a learning rate that falls from 1 to 0.1, and a small penalty
# on large weights.

optimizer = optim.SGD(model, lr=lambda step: 1.0 - 0.9 * step / 100)
losses = []
for step in range(100):
    score = model(x)[:, 0]
    penalty = 1e-4 * sum((p**2).sum() for p in model.parameters())
    loss = nn.hinge(score, t) + penalty
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    if step % 20 == 0 or step == 99:
        accuracy = np.mean((score.data > 0) == (t > 0))
        print(f"step {step:2}  loss {losses[-1]:.3f}  accuracy {accuracy:.0%}")

# %%
# The boundary
# ------------

fig, axes = plt.subplots(1, 2, figsize=(12, 4.6), layout="constrained")
nn.plot.decision_boundary(model, x, t > 0, threshold=0, names={0: "−1", 1: "+1"}, ax=axes[0])
axes[1].plot(losses)
axes[1].set(xlabel="step", ylabel="loss")
fig.savefig(OUT / "21_moons.png")

# %%
# Try
# ---
# * Use tanh instead of ReLU. How does the boundary look now?
# * More noise: 0.3. When is a penalty of 1e-2 better than 1e-4?
# * Replace the hinge by ``nn.binary_cross_entropy_with_logits`` with targets 0 and 1.
