r"""
25 · A recurrent network goes on with a sine (DeZero's demo)
============================================================

Until now, information went one way, from input to output. A *recurrent* network hands its state on
to its own next step, so it has a memory. Here one reads a noisy sine, number by number, learns to
say what comes next, and then goes on by itself.

.. math::

    h_t = \tanh(x_t W_x + h_{t-1} W_h + b), \qquad y_t = h_t W_y
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd import no_grad

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it
nn.seed(0)

# %%
# Data
# ----
# 1,000 points of a sine with noise, as in the demo. The target is the same series, one step later.
# The series is cut into 20 pieces that are read side by side, as a batch.

rng = np.random.default_rng(0)
series = np.sin(np.linspace(0, 25 * 2 * np.pi, 1001)) + rng.uniform(-0.05, 0.05, 1001)
x = series[:-1].reshape(20, 50, 1).astype(np.float32)
t = series[1:].reshape(20, 50, 1).astype(np.float32)
print("batch, time, features:", x.shape)


# %%
# The model
# ---------
# The state comes out, too: whoever wants to go on hands it in again.


class Reader(nn.Module):
    def __init__(self, units):
        self.memory = nn.RNN(units)
        self.out = nn.Dense(1)

    def forward(self, x, state=None):
        outputs, state = self.memory(x, state)
        return self.out(outputs), state


model = Reader(30)
with no_grad():
    model(x)  # layers find their sizes
optimizer = optim.Adam(model, lr=0.005)

# %%
# Training: the slope walks back through all 50 steps, *backpropagation through time*. The same
# weights are used at each of them, so their slopes add up.

losses = []
for _ in tqdm(range(20 if QUICK else 300), desc="epochs", disable=None):
    y, _ = model(x)
    loss = nn.mean_squared_error(y, t)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"loss {losses[0]:.3f} → {losses[-1]:.5f}; the noise alone has {0.1**2 / 12:.5f}")

# %%
# Going on alone
# --------------
# It reads 60 points of a clean *cosine*. Then it gets nothing more: each answer is the next input.

clean = np.cos(np.linspace(0, 16 * np.pi, 321)).astype(np.float32)
with no_grad():
    y, state = model(clean[None, :60, None])
    heard, said = y.data[0, :, 0], [y.data[0, -1, 0]]
    for _ in range(160):
        y, state = model(np.reshape(said[-1], (1, 1, 1)), state)
        said.append(y.data[0, 0, 0])

fig, axes = plt.subplots(1, 2, figsize=(11, 3), layout="constrained", width_ratios=[1, 2.5])
axes[0].semilogy(losses)
axes[0].set(xlabel="epoch", ylabel="loss")
axes[1].plot(clean[:221], color="0.7", label="cosine")
axes[1].plot(range(1, 61), heard, label="next, while reading")
axes[1].plot(range(60, 221), said, "--", label="alone")
axes[1].axvline(60, color="0.5", linestyle=":")
axes[1].legend(loc="lower right")
fig.savefig(OUT / "25_sine.png")

# %%
# Its rhythm is nearly right, and it was never told what a sine is. Small errors feed themselves,
# so sooner or later it falls out of step.
#
# Try
# ---
# * ``nn.LSTM`` or ``nn.GRU`` instead of ``nn.RNN``. Who keeps time the longest?
# * Five units. Then two: can two numbers remember a sine?
# * Train on a sum of two sines with different periods.
