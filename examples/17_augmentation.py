r"""
17 · Augmentation: more from the same images
============================================

A network that has seen 60 digits knows these 60 by heart. Show it each of them a little turned,
moved or darkened, new in every epoch, and it has to learn what stays the same. Here you look at
such changes and measure what they are worth.

.. math::

    (x, t) \;\to\; (\text{change}(x), t): \quad \text{the image changes, the answer does not}
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import nn
import optim
from nn.augment import Brightness, Compose, Crop, Rotation, Shift

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it

# %%
# The notes: "a workbook of 50,000 tasks for training, and a mock exam of 10,000". The workbook is
# varied; the exam is not. Ours is small on purpose: 60 digits to learn from.

(x_train, t_train), (x_test, t_test) = nn.load_digits()
x_few, t_few = x_train[:60], t_train[:60]

# %%
# Darker, turned, cropped
# -----------------------
# An augmentation is a function of images. Chance comes from ``nn.seed`` or ``rng=``: the same seed
# gives the same changes. The image that you pass in stays as it is.

image = x_few[:1]
changes = {
    "darkness": Brightness((0.4, 1.0), shape=(8, 8)),
    "rotation": Rotation(25, shape=(8, 8)),
    "crop": Crop((0.7, 1.0), shape=(8, 8)),
    "shift": Shift(1, shape=(8, 8)),
    "all": Compose([Rotation(15), Shift(1), Brightness((0.6, 1.0))], shape=(8, 8)),
}
fig, axes = plt.subplots(len(changes), 8, figsize=(8, 5.4), layout="constrained")
for row, (name, change) in zip(axes, changes.items()):
    varied = change(np.repeat(image, 8, axis=0), rng=0)
    varied[0] = image[0]
    for ax, picture in zip(row, varied):
        ax.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
axes[0, 0].set_title("original")
fig.savefig(OUT / "17_changes.png")

same = np.array_equal(changes["all"](image, rng=3), changes["all"](image, rng=3))
print("the same seed, the same change:", same)

# %%
# What is it worth?
# -----------------
# The same network twice. ``augment=`` changes each batch before the network sees it; the test
# images are never changed.

augment = Compose([Rotation(10), Crop((0.8, 1.0))], shape=(8, 8))
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, change, style in [("as they are", None, "-"), ("augmented", augment, "--")]:
    nn.seed(0)
    model = nn.Sequential(nn.Dense(128, activation="relu"), nn.Dense(10))
    model.compile(optimizer=optim.Adam(lr=0.003), loss="cross_entropy", metrics=["accuracy"])
    history = model.fit(
        x_few,
        t_few,
        epochs=5 if QUICK else 200,
        batch_size=30,
        verbose=0,
        validation_data=(x_test, t_test),
        augment=change,
    ).history
    ax.plot(history["val_accuracy"], style, label=name)
    known, new = history["accuracy"][-1], history["val_accuracy"][-1]
    print(f"{name:11}: training images {known:.3f}, test images {new:.3f}")
ax.set(xlabel="epoch", ylabel="accuracy on test images", ylim=(0.6, 1))
ax.legend()
fig.savefig(OUT / "17_worth.png")

# %%
# **Trap.** Not every change keeps the answer. A 6 turned by 180° is a 9, a mirrored 2 is no digit.
# Choose changes that happen to real inputs.
#
# Try
# ---
# * Rotate by up to 180 degrees. Which digits suffer? (Lesson 14 shows how to draw the confusions.)
# * Use 30 digits, then all 1,438. When is augmentation worth most?
# * Write one of your own: any function ``(images, rng) -> images``. Erase a random corner.
