r"""
18 · What a convolutional network sees
======================================

A fully connected layer does not know which pixels are neighbours. A convolution does: it slides a
small window over the image and asks the same question everywhere. The answers form an image again,
a *feature map*. Here you train a small convolutional network on digits and look at its maps.

.. math::

    y_{ij} = \text{relu}\Big( b + \sum_{k,l} w_{kl}\; x_{i+k,\, j+l} \Big)
"""

# sphinx_gallery_thumbnail_number = 3
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import nn
import optim

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it
nn.seed(0)

# %%
# One window, by hand
# -------------------
# This window is large where a pixel on the left is dark and one on the right is light: it finds
# the right edges of strokes. Turned, it finds the lower ones.

(x_train, t_train), (x_test, t_test) = nn.load_digits(flatten=False)
print(x_train.shape, "= images, channels, rows, columns")
right_edge = np.array([[1.0, 0.0, -1.0]] * 3).reshape(1, 1, 3, 3)
lower_edge = right_edge.transpose(0, 1, 3, 2)
digit = x_test[t_test == 4][:1]
edges = [nn.relu(nn.conv2d(digit, w, padding="same")) for w in (right_edge, lower_edge)]
print("one window, at the middle:", np.sum(digit[0, 0, 3:6, 3:6] * right_edge[0, 0]).round(4))
print(
    "conv2d, the same place   :", nn.conv2d(digit, right_edge, padding="same")[0, 0, 4, 4].round(4)
)
nn.plot.images(np.concatenate([digit, *edges])[:, 0], columns=3)
plt.savefig(OUT / "18_edges.png")

# %%
# The network
# -----------
# Eight windows of 3×3, then the largest of each 2×2 field (*pooling*), then sixteen windows over
# the eight maps, and one fully connected layer to ten classes. Nobody tells it what to look for:
# the windows are learned.

model = nn.Sequential(
    nn.Conv2d(8, 3, padding="same", activation="relu"),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 3, padding="same", activation="relu"),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Dense(10),
)
model.compile(optimizer=optim.Adam(lr=0.005), loss="cross_entropy", metrics=["accuracy"])
model.fit(x_train, t_train, epochs=1 if QUICK else 15, batch_size=64, verbose=0)
model.summary()
print(f"test accuracy {model.evaluate(x_test, t_test, verbose=0)[1]:.3f}")

# %%
# A fully connected network with three layers of 256 (lesson 14) has 150,794 parameters for these
# images. This one has 2,000: a window is used everywhere, so it needs few numbers.
#
# The windows it has learned
# --------------------------

windows = model.layers[0].weight.numpy()[:, 0]
nn.plot.images(windows, columns=8)
plt.savefig(OUT / "18_windows.png")

# %%
# Feature maps
# ------------
# One digit on its way through the network, a row for each layer. Near the input you still
# recognise it. Deeper down there are only a few fields, each for a larger part of the image.

nn.plot.feature_maps(model, digit)
plt.savefig(OUT / "18_feature_maps.png")

# %%
# ``nn.capture`` gives the same as arrays, for any model, without changing it.

for path, output in nn.capture(model, digit).items():
    print(f"{path or 'model':9} {output.shape}")

# %%
# Does the place matter?
# ----------------------
# Move the image by one pixel, and the maps move with it; pooling forgets a part of the place. So
# the network minds a little less than a fully connected one. The last layer still knows the place.

flat = nn.Sequential(nn.Flatten(), nn.Dense(64, activation="relu"), nn.Dense(10))
flat.compile(optimizer=optim.Adam(lr=0.005), loss="cross_entropy", metrics=["accuracy"])
flat.fit(x_train, t_train, epochs=1 if QUICK else 15, batch_size=64, verbose=0)
moved = np.roll(x_test, 1, axis=3)
moved[..., 0] = 0
for name, net in [("convolutional", model), ("fully connected", flat)]:
    at_home = net.evaluate(x_test, t_test, verbose=0)[1]
    away = net.evaluate(moved, t_test, verbose=0)[1]
    print(f"{name:15}: {at_home:.3f}, on images moved by a pixel {away:.3f}")

# %%
# Try
# ---
# * Put ``nn.BatchNorm()`` after each convolution. Does it learn faster?
# * Train on moved images, too (``augment=nn.augment.Shift(1)``, lesson 17).
# * Draw the maps of a 1 and of an 8 side by side. Which window tells them apart?
