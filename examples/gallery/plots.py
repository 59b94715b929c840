"""Draws the plots of this folder, each a few dozen kilobytes: `python examples/gallery/plots.py`.

Another folder may be named. Pictures are PNG with 48 colours, which is as many as they have.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from matplotlib import use
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # runs from a checkout, too

import autograd as ag
import nn
import optim

OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
use("Agg")


def save(name, axes):
    """The figure that the Axes are in, as a small PNG."""
    figure = np.ravel(axes)[0].figure.canvas.figure
    file = io.BytesIO()
    figure.savefig(file, dpi=90)
    picture = Image.open(file).convert("RGB").quantize(48, dither=Image.Dither.NONE)
    path = OUT / f"{name}.png"
    picture.save(path, optimize=True)
    print(f"{path.name:20} {path.stat().st_size:,} bytes")


def main():
    nn.seed(0)
    save("derivatives", ag.plot.derivatives(np.tanh, order=4, name="tanh"))

    valley = lambda x: x[0] ** 2 / 20 + x[1] ** 2
    family = {
        "SGD": optim.SGD(lr=0.95), "Momentum": optim.Momentum(lr=0.1),
        "Adagrad": optim.Adagrad(lr=1.5), "Adam": optim.Adam(lr=0.3),
    }  # fmt: skip
    save("paths", optim.plot.paths(valley, [-7, 2], family, xlim=(-8, 4), ylim=(-2.5, 3)))

    x, t = nn.data.spirals(240, noise=0.03, classes=3)
    model = nn.Sequential(nn.Dense(48, "relu"), nn.Dense(48, "relu"), nn.Dense(3))
    model.compile(optim.Adam(lr=0.01), "cross_entropy", metrics=["accuracy"])
    model.fit(x, t, epochs=60, verbose=0)
    save("boundary", nn.plot.decision_boundary(model, x, t))

    (x, t), (x_test, t_test) = nn.load_digits()
    model = nn.Sequential(nn.Dense(64, "relu"), nn.Dense(10))
    model.compile(optim.Adam(lr=0.003), "cross_entropy", metrics=["accuracy"])
    history = model.fit(x, t, epochs=20, verbose=0, validation_data=(x_test, t_test))
    save("curves", nn.plot.curves(history))
    read = model.predict(x_test).argmax(axis=1)
    some = np.sort(np.argsort(read == t_test, kind="stable")[:24])  # the wrong ones, and others
    save("digits", nn.plot.images(x_test[some], t_test[some], read[some]))

    large = nn.init.normal(std=1.0)  # weights of another time: sigmoids saturate
    deep = nn.Sequential(*[nn.Dense(20, "sigmoid", init=large) for _ in range(9)], nn.Dense(1))
    x = np.random.default_rng(0).normal(size=(64, 20))
    save("gradients", nn.plot.gradients(deep, x, x[:, :1], loss="mse"))


if __name__ == "__main__":
    main()
