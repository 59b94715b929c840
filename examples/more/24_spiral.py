r"""
24 · The spiral (DeZero's demo)
===============================

Three arms wound around each other, and a network with one hidden layer that unwinds them: the demo
of K. Saito's DeZero. Here it is trained with a written-out loop, and you watch the regions form.

.. math::

    y = \text{softmax}\big(\sigma(x W_1 + b_1)\, W_2 + b_2\big)
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

import nn
import optim

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it
nn.seed(1984)

x, t = nn.data.spirals(300, noise=0.02, classes=3, turns=0.65, rng=1984)
print(x.shape, np.bincount(t))

# %%
# The model of the demo: ten hidden units.

model = nn.Sequential(
    nn.Dense(10, activation="sigmoid", init=1.0, in_features=2), nn.Dense(3, in_features=10)
)
optimizer = optim.Momentum(model, lr=0.5)

# %%
# Four lines for each batch
# -------------------------
# Clear the gradients, predict and measure, walk back, adjust. At some epochs the regions are
# drawn.

max_epoch = 20 if QUICK else 300
losses = []
fig, axes = plt.subplots(1, 4, figsize=(16, 4.2), layout="constrained")
panels = dict(zip((1, max_epoch // 10, max_epoch // 3, max_epoch), axes))
for epoch in tqdm(range(1, max_epoch + 1), desc="epochs", disable=None):
    total = 0.0
    for x_batch, t_batch in nn.data.batches(x, t, batch_size=30, rng=epoch):
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x_batch), t_batch)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x_batch)
    losses.append(total / len(x))
    if epoch in panels:
        nn.plot.decision_boundary(model, x, t, resolution=100, legend=False, ax=panels[epoch])
        panels[epoch].set(title=f"after epoch {epoch}", xticks=[], yticks=[], xlabel="", ylabel="")
fig.savefig(OUT / "24_spiral.png")
print(f"loss {losses[0]:.3f} → {losses[-1]:.3f}, accuracy {nn.accuracy(model.predict(x), t):.2f}")

# %%
# The loss still jumps a little: each batch has only 30 of the 300 points.

fig, ax = plt.subplots(figsize=(5, 2.6), layout="constrained")
ax.plot(losses)
ax.set(xlabel="epoch", ylabel="loss")
fig.savefig(OUT / "24_loss.png")

# %%
# The film
# --------
# The same with ``fit``, and a callback that films the regions.

nn.seed(1984)
model = nn.Sequential(nn.Dense(10, activation="sigmoid", init=1.0), nn.Dense(3))
model.compile(optimizer=optim.Momentum(lr=0.5), loss="cross_entropy")
film = nn.plot.BoundaryAnimation(x, t, every=max_epoch // 10, resolution=60)
model.fit(x, t, epochs=max_epoch, batch_size=30, verbose=0, callbacks=[film])
film.save(OUT / "24_film.gif")
film

# %%
# Try
# ---
# * Five arms and 30 hidden units. Wind them further: ``turns=1.5``.
# * Use ReLU. What do the borders look like?
# * Take the hidden layer away. Which accuracy can a straight cut reach?
