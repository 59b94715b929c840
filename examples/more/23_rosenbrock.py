r"""
23 · Rosenbrock's banana
========================

The standard exam for optimizers: a curved valley, steep across and almost flat along. To find the
valley is easy; to follow it to the minimum at (1, 1) is not. Here slopes only, slopes with memory,
and methods that know how the function bends, on the same course.

.. math::

    f(x, y) = (1 - x)^2 + 100\,(y - x^2)^2
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import optim
from autograd import Tensor

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


start = np.array([-1.2, 1.0])
gradient, bend = ag.grad(rosenbrock), ag.hessian(rosenbrock)
print("slope at the start:", gradient(start), " at the minimum:", gradient(np.array([1.0, 1.0])))

# %%
# The family
# ----------

steps = 50 if QUICK else 1000
family = {
    "SGD": optim.SGD(lr=0.001),
    "Momentum": optim.Momentum(lr=0.0005),
    "RMSprop": optim.RMSprop(lr=0.01),
    "Adam": optim.Adam(lr=0.05),
}
paths = optim.descent_paths(rosenbrock, start, family, steps, gradient=gradient)

# %%
# Newton
# ------
# The Hessian knows that the valley is curved. It needs a handful of steps.

newton = [start]
for _ in range(6):
    p = newton[-1]
    newton.append(p - np.linalg.solve(bend(p), gradient(p)))
paths["Newton"] = np.array(newton)

# %%
# L-BFGS learns the bend from the slopes it has seen. It wants the loss as a function, because it
# tries several step lengths.

p = Tensor(start, requires_grad=True)
lbfgs = optim.LBFGS([p], max_iter=1)  # one step for each call
path = [start]
for _ in range(40):
    lbfgs.minimize(lambda: rosenbrock(p))
    path.append(p.numpy().copy())
paths["L-BFGS"] = np.array(path)

for name, path in paths.items():
    distance = np.linalg.norm(path[-1] - 1)
    print(f"{name:9} {len(path) - 1:5} steps, distance to (1, 1): {distance:.1e}")

# %%
# The picture
# -----------

x, y = np.meshgrid(np.linspace(-1.6, 1.6, 200), np.linspace(-0.7, 1.7, 200))
fig, axes = plt.subplots(2, 3, figsize=(11, 5.6), layout="constrained", sharex=True, sharey=True)
for ax, (name, path) in zip(axes.flat, paths.items()):
    ax.contour(x, y, rosenbrock([x, y]), levels=10.0 ** np.arange(-1, 4, 0.5), colors="0.8")
    ax.plot(*path.T, "o-", markersize=2.5, linewidth=1)
    ax.plot(1, 1, "k*", markersize=10)
    ax.set(title=f"{name}, {len(path) - 1} steps", xlim=(-1.6, 1.6), ylim=(-0.7, 1.7))
fig.savefig(OUT / "23_rosenbrock.png")

# %%
# Newton's second point is far outside of the picture: it steps over the hill, and comes back. Do
# not try that with a network of a million weights.
#
# Try
# ---
# * Find the best learning rate for SGD. Where does it begin to explode?
# * Start at (0, 3), or at (1.2, 1.2).
# * Replace 100 by 10,000. Who still arrives?
