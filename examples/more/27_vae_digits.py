r"""
27 · Invented digits: a variational autoencoder
===============================================

An autoencoder squeezes an image into two numbers and draws it again. A *variational* one also
makes sure that the two numbers are spread like a bell curve; so you can choose two numbers
yourself, and get a digit that nobody has written.

.. math::

    L = \underbrace{-\log p(x \mid z)}_{\text{draw again}} +
        \underbrace{\tfrac12 \sum ( \mu^2 + \sigma^2 - \log \sigma^2 - 1 )}_{\text{stay near}},
    \qquad z = \mu + \sigma \epsilon, \;\; \epsilon \sim N(0, 1)
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
rng = np.random.default_rng(0)
(x_train, t_train), (x_test, t_test) = nn.load_digits()


# %%
# The model
# ---------
# The encoder gives a mean and a spread for each image. A random point is drawn from there. To let
# the slope pass through the drawing, chance stays outside: :math:`\epsilon` is drawn first, then
# scaled and shifted. That is the *reparametrisation trick*.


class VAE(nn.Module):
    def __init__(self, codes=2):
        self.encoder = nn.Sequential(
            nn.Dense(128, activation="relu"), nn.Dense(64, activation="relu")
        )
        self.mean = nn.Dense(codes)
        self.log_variance = nn.Dense(codes)
        self.decoder = nn.Sequential(
            nn.Dense(64, activation="relu"), nn.Dense(128, activation="relu"), nn.Dense(64)
        )

    def forward(self, x):
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        noise = rng.standard_normal(mean.shape).astype(np.float32)
        z = mean + np.exp(log_variance / 2) * noise
        return self.decoder(z), mean, log_variance


def loss_of(model, x):
    logits, mean, log_variance = model(x)
    draw_again = nn.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    stay_near = 0.5 * np.sum(mean**2 + np.exp(log_variance) - log_variance - 1)
    return (draw_again + stay_near) / len(x)


# %%
# Training
# --------

model = VAE()
with no_grad():
    model(x_train[:1])  # layers find their sizes
optimizer = optim.Adam(model, lr=0.003)
losses = []
for _ in tqdm(range(2 if QUICK else 150), desc="epochs", disable=None):
    total = 0.0
    for x in nn.data.batches(x_train, None, batch_size=64, rng=rng):
        loss = loss_of(model, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    losses.append(total / len(x_train))
print(f"loss {losses[0]:.2f} → {losses[-1]:.2f}")

# %%
# Drawn again
# -----------
# Above the test image, below what is left of it after the passage through two numbers.


def probabilities(z):
    with no_grad():
        return nn.sigmoid(model.decoder(z).data)


with no_grad():
    codes = model.mean(model.encoder(x_test)).data
again = probabilities(codes)
fig, axes = plt.subplots(2, 10, figsize=(10, 2.2), layout="constrained")
for i in range(10):
    for row, images in enumerate((x_test, again)):
        axes[row, i].imshow(images[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes[row, i].set(xticks=[], yticks=[])
fig.savefig(OUT / "27_again.png")

# %%
# The map of codes, and digits that nobody wrote
# ----------------------------------------------
# Left, where the test images lie; nobody told the network which digit is which. Right, what the
# decoder draws for points on a grid.

fig, axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
for digit in range(10):
    for z in codes[t_test == digit]:
        axes[0].text(*z, str(digit), color=plt.get_cmap("tab10")(digit), fontsize=9)
axes[0].set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), title="codes of the test images")
steps = np.linspace(-2, 2, 12)
z = np.stack(np.meshgrid(steps, steps[::-1]), axis=-1).reshape(-1, 2)
sheet = probabilities(z).reshape(12, 12, 8, 8).transpose(0, 2, 1, 3).reshape(96, 96)
axes[1].imshow(sheet, cmap="gray_r")
axes[1].set(xticks=[], yticks=[], title="drawn from a grid of codes")
fig.savefig(OUT / "27_map.png")

# %%
# Try
# ---
# * Leave ``stay_near`` out. What does the map look like, and what do invented digits?
# * Use 8 codes. How much sharper are the images drawn again?
# * Walk in a straight line from the code of a 1 to the code of a 7.
