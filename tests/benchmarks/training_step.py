"""A training step of the study notes' network: 784-256-256-256-10, ReLU, softmax cross entropy.

Zero the gradients, forward, backward, update; float32. Against PyTorch (the better of its eager
optimizer and its fused one), against NumPy by hand with the same optimizer formula, and against the
floor: nothing but the step's matrix products, into memory that is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from harness import Engine, Row, main, race

SIZES = [784, 256, 256, 256, 10]
LR = {"SGD": 1e-5, "Adam": 1e-6}
"""Small, so that a batch is not learnt by heart: gradients would become denormal numbers, slow."""


def weights_and_batch(batch: int, sizes: list[int] = SIZES) -> tuple[list[Any], Any, Any]:
    """The same for every engine: weights as He proposes, one batch of noise with labels."""
    import numpy as np

    rng = np.random.default_rng(0)
    weights = [
        (rng.standard_normal((m, n)) * np.sqrt(2 / m)).astype(np.float32)
        for m, n in pairwise(sizes)
    ]
    x = rng.standard_normal((batch, sizes[0])).astype(np.float32)
    return weights, x, rng.integers(sizes[-1], size=batch)


def glassgrad(batch: int, optimizer: str, sizes: list[int] = SIZES) -> Callable[[], Any]:
    import nn
    import optim

    weights, x, labels = weights_and_batch(batch, sizes)
    hidden = [nn.Dense(n, "relu", in_features=m) for m, n in pairwise(sizes[:-1])]
    model = nn.Sequential(*hidden, nn.Dense(sizes[-1], in_features=sizes[-2]))
    for layer, weight in zip(model.layers, weights):
        layer.weight.data = weight
    optimizer = getattr(optim, optimizer)(model.parameters(), lr=LR[optimizer])

    def step():
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()

    return step


def pytorch(
    batch: int, optimizer: str, fused: bool, sizes: list[int] = SIZES
) -> Callable[[], Any]:
    import torch

    weights, x, labels = weights_and_batch(batch, sizes)
    layers: list[Any] = []
    for weight in weights:
        linear = torch.nn.Linear(*weight.shape)
        linear.weight.data = torch.from_numpy(weight.T.copy())
        torch.nn.init.zeros_(linear.bias)
        layers += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    family = getattr(torch.optim, optimizer)
    optimizer = family(model.parameters(), lr=LR[optimizer], **({"fused": True} if fused else {}))
    x, labels = torch.from_numpy(x), torch.from_numpy(labels)

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()

    return step


def mygrad(batch: int, optimizer: str) -> Callable[[], Any]:
    """MyGrad has no optimizers: the update is the one by hand."""
    import mygrad as mg
    import numpy as np
    from mygrad.nnet import relu, softmax_crossentropy

    weights, x, labels = weights_and_batch(batch)
    params = [mg.tensor(w) for w in weights]
    biases = [mg.tensor(np.zeros(w.shape[1], np.float32)) for w in weights]
    update = by_hand(optimizer, [p.data for p in (*params, *biases)])

    def step():
        a = x
        for i, (w, b) in enumerate(zip(params, biases)):
            a = a @ w + b
            if i < len(params) - 1:
                a = relu(a)
        softmax_crossentropy(a, labels).backward()
        update([p.data for p in (*params, *biases)], [p.grad for p in (*params, *biases)])
        for p in (*params, *biases):
            p.null_grad()

    return step


def by_hand(optimizer: str, arrays: list[Any]) -> Callable[[list[Any], list[Any]], None]:
    """The update as one would write it in plain NumPy, in place, with scratch memory."""
    import numpy as np

    lr = LR[optimizer]
    ms, vs = ([np.zeros_like(p) for p in arrays] for _ in range(2))
    scratch = [np.empty_like(p) for p in arrays]
    t = 0

    def sgd(params, grads):
        for p, g, s in zip(params, grads, scratch):
            np.multiply(g, lr, out=s)
            p -= s

    def adam(params, grads, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        nonlocal t
        t += 1
        rate = float(lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t))
        for p, g, m, v, s in zip(params, grads, ms, vs, scratch):
            m *= beta_1
            np.multiply(g, 1 - beta_1, out=s)
            m += s
            v *= beta_2
            np.multiply(g, g, out=s)
            s *= 1 - beta_2
            v += s
            np.sqrt(v, out=s)
            s += epsilon
            np.divide(m, s, out=s)
            s *= rate
            p -= s

    return {"SGD": sgd, "Adam": adam}[optimizer]


def numpy_by_hand(batch: int, optimizer: str, sizes: list[int] = SIZES) -> Callable[[], Any]:
    """Forward and backward written out for this very network."""
    import numpy as np

    weights, x, labels = weights_and_batch(batch, sizes)
    biases = [np.zeros(w.shape[1], np.float32) for w in weights]
    update = by_hand(optimizer, [*weights, *biases])
    rows = np.arange(batch)

    def step():
        activations = [x]
        for i, (w, b) in enumerate(zip(weights, biases)):
            a = activations[-1] @ w
            a += b
            if i < len(weights) - 1:
                np.maximum(a, 0, out=a)
            activations.append(a)
        g = activations.pop()
        g -= g.max(axis=1, keepdims=True)
        chosen = g[rows, labels]
        np.exp(g, out=g)
        total = g.sum(axis=1, keepdims=True)
        loss = np.mean(np.log(total[:, 0]) - chosen)
        g /= total
        g[rows, labels] -= 1
        g /= batch
        dws, dbs = [], []
        for i in reversed(range(len(weights))):
            a = activations[i]
            dws.append(a.T @ g)
            dbs.append(g.sum(axis=0))
            if i:
                g = g @ weights[i].T
                g *= a > 0
        update([*weights, *biases], [*dws[::-1], *dbs[::-1]])
        return loss

    return step


def floor(batch: int, sizes: list[int] = SIZES) -> Callable[[], Any]:
    """Forward x @ w, backward x.T @ g and g @ w.T: 3 products a layer, 2 in the first."""
    import numpy as np

    weights, x, _ = weights_and_batch(batch, sizes)
    activations = [x, *[np.ones((batch, n), np.float32) for n in sizes[1:]]]
    outs = [np.empty((batch, n), np.float32) for n in sizes[1:]]
    dws = [np.empty_like(w) for w in weights]
    gs = [np.empty((batch, n), np.float32) for n in sizes]

    def step():
        for w, a, out in zip(weights, activations, outs):
            np.matmul(a, w, out=out)
        for i in reversed(range(len(weights))):
            np.matmul(activations[i].T, activations[i + 1], out=dws[i])
            if i:
                np.matmul(activations[i + 1], weights[i].T, out=gs[i])

    return step


def update_alone(optimizer: str) -> Callable[[], Any]:
    """The step of ours, on gradients that stay."""
    import numpy as np

    import optim
    from autograd import Tensor

    shapes = [s for m, n in pairwise(SIZES) for s in ((m, n), (n,))]
    params = [Tensor(np.ones(shape, np.float32), requires_grad=True) for shape in shapes]
    for p in params:
        p.grad = np.full(p.shape, 1e-6, np.float32)
    return getattr(optim, optimizer)(params, lr=LR[optimizer]).step


def update_by_hand(optimizer: str) -> Callable[[], Any]:
    import numpy as np

    shapes = [s for m, n in pairwise(SIZES) for s in ((m, n), (n,))]
    params = [np.ones(shape, np.float32) for shape in shapes]
    grads = [np.full(shape, 1e-6, np.float32) for shape in shapes]
    update = by_hand(optimizer, params)
    return lambda: update(params, grads)


def rows(quick: bool) -> Iterator[Row]:
    for batch in (32, 128)[: 1 if quick else 2]:
        for optimizer in ("SGD", "Adam")[: 1 if quick else 2]:
            times = race(
                {
                    "fast": Engine(glassgrad, batch, optimizer),
                    "NumPy alone": Engine(glassgrad, batch, optimizer, env={"GLASSGRAD_FAST": "0"}),
                    "PyTorch": Engine(pytorch, batch, optimizer, False),
                    "fused": Engine(pytorch, batch, optimizer, True),
                    "MyGrad": Engine(mygrad, batch, optimizer),
                    "by hand": Engine(numpy_by_hand, batch, optimizer),
                    "floor": Engine(floor, batch),
                },
                quick,
            )
            work = f"training step, batch {batch}, {optimizer}"
            peers = ("PyTorch", "fused")
            yield Row(f"{work}: `fast` / PyTorch", times.ratio("fast", *peers), 0.80, 0.65)
            yield Row(f"{work}: NumPy alone / PyTorch", times.ratio("NumPy alone", *peers), 1, 0.90)
            yield Row(f"{work}: / NumPy by hand", times.ratio("NumPy alone", "by hand"), 1.10, 1)
            yield Row(f"{work}: / MyGrad", times.ratio("NumPy alone", "MyGrad"), 1)
            if optimizer == "SGD":
                bar, beyond = {32: (1.5, 1.25), 128: (1.3, 1.15)}[batch]
                yield Row(f"{work}: / its products", times.ratio("fast", "floor"), bar, beyond)
    times = race(
        {
            "fast": Engine(update_alone, "Adam"),
            "NumPy alone": Engine(update_alone, "Adam", env={"GLASSGRAD_FAST": "0"}),
            "by hand": Engine(update_by_hand, "Adam"),
        },
        quick,
    )
    work = "Adam, the update alone"
    yield Row(f"{work}: NumPy alone / by hand", times.ratio("NumPy alone", "by hand"), 1.25, 1.1)
    yield Row(f"{work}: `fast` / by hand", times.ratio("fast", "by hand"), 0.5, 0.25)


if __name__ == "__main__":
    main(rows)
