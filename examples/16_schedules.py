r"""
16 · Schedules, and changing horses
===================================

Large steps at the start, small ones at the end: first get near, then settle. Here you let the
learning rate fall in several ways, and then do what the notes suggest: begin with Adam, which
comes down fast, and finish with SGD, which settles calmly.

.. math::

    \eta_t = \frac{\eta}{1 + \text{decay} \cdot t}, \qquad
    \eta_t = \tfrac12 \eta \left( 1 + \cos \frac{\pi t}{T} \right)
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import nn
import optim
from optim import schedule

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it

# %%
# A schedule is a function of time
# --------------------------------
# It takes the number of steps so far and gives the rate. Put it where the number would stand.

T = 100
falls = {
    "constant": lambda t: 0.1,
    "InverseTime (decay)": schedule.InverseTime(0.1, decay=0.05),
    "Step": schedule.Step(0.1, every=30, factor=0.3),
    "Exponential": schedule.Exponential(0.1, factor=0.5, every=20),
    "Cosine": schedule.Cosine(0.1, steps=T),
    "Warmup, then Cosine": schedule.Warmup(schedule.Cosine(0.1, steps=T - 15), steps=15),
    "OneCycle": schedule.OneCycle(0.1, steps=T),
}
fig, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for i, (name, rate) in enumerate(falls.items()):
    ax.plot([rate(t) for t in range(T)], ["-", "--", ":", "-."][i % 4], label=name)
ax.set(xlabel="step", ylabel="learning rate")
ax.legend(fontsize=8, loc="upper right")
fig.savefig(OUT / "16_schedules.png")
print("the first step has the full rate:", falls["InverseTime (decay)"](0))

# %%
# Why it helps
# ------------
# With mini-batches each gradient is a bit wrong. At a constant rate the point trembles around the
# minimum for ever; the size of the tremble goes with the rate. Let the rate fall, and it comes to
# rest.

fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained", sharex=True, sharey=True)
for ax, rate, name in zip(axes, (0.3, schedule.Cosine(0.3, steps=150)), ("constant", "Cosine")):
    rng = np.random.default_rng(0)
    p = {"x": np.array([-3.0, 2.0])}
    optimizer, path = optim.SGD(lr=rate), []
    for _ in range(150):
        path.append(p["x"].copy())
        optimizer.update(p, {"x": p["x"] + rng.normal(size=2)})  # the true slope, and noise
    path = np.array(path)
    ax.plot(*path.T, "-", linewidth=0.7)
    ax.plot(*path[-1], "ko")
    ax.set(title=f"rate: {name}", aspect="equal")
    tremble = np.linalg.norm(path[-20:], axis=1).mean()
    print(f"{name:8}: mean distance of the last 20 points {tremble:.2f}")
fig.savefig(OUT / "16_tremble.png")

# %%
# Adam first, then SGD
# --------------------
# ``optim.SGD(adam, lr=…)`` takes over Adam's parameters, live, in the middle of training. What
# Adam remembers (its means of g and g²) is of no use to SGD and stays behind; momentum starts from
# 0.

(x_train, t_train), (x_test, t_test) = nn.load_digits()
half = 2 if QUICK else 10


def new_model():
    nn.seed(0)
    return nn.Sequential(nn.Dense(64, activation="relu"), nn.Dense(10))


def train(model, optimizer, epochs):
    model.compile(optimizer=optimizer, loss="cross_entropy", metrics=["accuracy"])
    run = model.fit(
        x_train, t_train, epochs=epochs, batch_size=32, verbose=0, validation_data=(x_test, t_test)
    )
    return run.history["val_loss"]


curves = {}
model = new_model()
curves["SGD"] = train(model, optim.SGD(lr=0.1), 2 * half)
model = new_model()
curves["Adam"] = train(model, optim.Adam(lr=0.01), 2 * half)
model = new_model()
adam = optim.Adam(lr=0.01)
first = train(model, adam, half)
second = train(model, optim.SGD(adam, lr=schedule.Cosine(0.05, steps=half * 45)), half)
curves["Adam, then SGD"] = first + second

fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for (name, values), style in zip(curves.items(), ("-", "--", "o-")):
    ax.plot(range(1, 2 * half + 1), values, style, markersize=3, label=name)
    wobble = np.abs(np.diff(values[half:])).mean()
    print(f"{name:15} last test loss {values[-1]:.3f}, moves by {wobble:.4f} from epoch to epoch")
ax.axvline(half + 0.5, color="0.7", linestyle=":")
ax.set(xlabel="epoch", ylabel="test loss", yscale="log")
ax.legend()
fig.savefig(OUT / "16_changing_horses.png")

# %%
# Once an epoch
# -------------
# Keras's callback asks at each epoch, with the rate so far.

model = new_model()
model.compile(optimizer=optim.SGD(lr=0.1), loss="cross_entropy")
halve = nn.LearningRateSchedule(lambda epoch, lr: lr / 2 if epoch else lr)
model.fit(x_train, t_train, epochs=3, verbose=0, callbacks=[halve])
print("after three epochs:", model.optimizer.lr)

# %%
# Try
# ---
# * Give Adam a Cosine schedule, too. Do you still need SGD?
# * Write a schedule of your own: any function of t will do.
# * Change horses the other way round: SGD first, then Adam.
