"""LBFGS: Newton's method from the last few steps and how they changed the gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import numpy as np

from autograd import Tensor, memory

from .linesearch import strong_wolfe
from .optimizer import Optimizer, Work
from .parameters import Array
from .settings import Rate


class LBFGS(Optimizer):
    """Quasi-Newton steps for smooth losses without noise: the whole data set at once.

        p ← p + α·d,  d = −H·g,  H ≈ the inverse Hessian

    H is never formed: two loops over the last `history_size` pairs s = Δp, y = Δg apply it. α comes
    from a line search that satisfies the strong Wolfe conditions; with line_search=False it is lr.

    It evaluates the loss several times a step, so the step needs a function that computes it:
    `lbfgs.minimize(lambda: loss(model(x), t))`, or `step(closure)`, where the closure calls
    zero_grad() and backward(), and returns the loss. One call makes up to `max_iter` steps, and
    fewer when the largest |g| is below `tolerance_grad`, or the change below `tolerance_change`.

    Examples
    --------
    >>> from autograd import Tensor
    >>> x = Tensor([-1.2, 1.0], requires_grad=True)
    >>> lbfgs = LBFGS([x], max_iter=100)
    >>> lbfgs.minimize(lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)
    >>> x.data.round(6)
    array([1., 1.])

    Source: J. Nocedal, S. J. Wright, Numerical Optimization, 2006, algorithms 7.4 and 7.5.
    """

    lr: Rate = 1.0
    max_iter: int = 20
    history_size: int = 10
    tolerance_grad: float = 1e-7
    tolerance_change: float = 1e-9
    line_search: bool = True

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Up to `max_iter` quasi-Newton steps; returns the loss before them.

        Raises TypeError without a closure, RuntimeError without parameters.
        """
        if closure is None:
            raise TypeError(
                "LBFGS.step evaluates the loss several times. Write step(closure), where the "
                "closure calls zero_grad(), computes the loss, goes backward and returns it; or "
                "minimize(lambda: …)."
            )
        self._check_settings()
        loss = closure()
        self._require_parameters()
        work = self._gather()
        self._warn_of_nan(work)
        if work:
            self._descend(closure, float(loss), work)
        self.iterations += 1
        return loss

    def _check_settings(self) -> None:
        settings = [{**group, "params": None} for group in self.param_groups]
        if any(group != settings[0] for group in settings):
            raise ValueError(
                "LBFGS steps along one direction through all parameters: its groups cannot have "
                "settings of their own. Give all parameters in one list."
            )
        if self.accumulate != 1:
            raise ValueError(
                f"LBFGS.accumulate = {self.accumulate}: it needs the whole loss at each point. Add "
                "the parts up in the closure."
            )

    def _descend(self, closure: Callable[[], Any], loss: float, work: list[Work]) -> None:
        now = self._current(self.param_groups[0])
        arrays = [w.p for w in work]

        def evaluate() -> tuple[float, Array]:
            try:
                value = float(closure())
            except BaseException:
                _write(arrays, x)  # back from where the search was trying
                raise
            return value, _vector([w.g for w in self._gather()])

        g = _vector([w.g for w in work])
        for i in range(now["max_iter"]):
            if abs(g).max(initial=0) <= now["tolerance_grad"]:
                return
            pairs = self._remember(g, now["history_size"])
            direction = -_inverse_hessian(pairs, g)
            slope = float(np.vdot(g, direction))
            if not slope < -now["tolerance_change"]:
                return
            alpha = now["lr"]
            if not pairs:  # H is the identity: its length means nothing yet
                alpha *= min(1.0, 1 / float(abs(g).sum()))
            before, x = loss, _vector(arrays)
            if now["line_search"]:

                def along(alpha: float, x: Array = x, d: Array = direction) -> tuple[float, Array]:
                    _write(arrays, x + alpha * d)
                    return evaluate()

                alpha, loss, _, ahead = strong_wolfe(along, direction, loss, g, alpha)
                _write(arrays, x + alpha * direction)
            else:
                _write(arrays, x + alpha * direction)
                if i + 1 < now["max_iter"]:
                    loss, ahead = evaluate()
                else:
                    ahead = g
            self.shared |= {"step": alpha * direction, "gradient": g}
            g = ahead
            if abs(alpha * direction).max(initial=0) <= now["tolerance_change"]:
                return
            if i + 1 < now["max_iter"] and abs(loss - before) < now["tolerance_change"]:
                return

    def _remember(self, g: Array, size: int) -> list[tuple[Array, Array]]:
        """The pairs (s, y), oldest first, after the last step has joined them: if it met positive
        curvature, without which H would have no descent."""
        known = self.shared
        if any(vector.shape[-1] != g.size for vector in known.values()):
            known.clear()  # parameters were frozen or thawed since: another space
        if "step" in known:
            s, y = known.pop("step"), g - known.pop("gradient")
            if float(np.vdot(s, y)) > 1e-10:
                for name, vector in (("steps", s), ("changes", y)):
                    before = known.get(name, np.empty((0, g.size), g.dtype))
                    known[name] = np.concatenate([before, vector[None]])[-size:]
        return list(zip(known.get("steps", ()), known.get("changes", ())))

    def minimize(self, loss: Tensor | Callable[[], Tensor]) -> None:
        """As every optimizer's, but the loss must be a function that computes it."""
        if isinstance(loss, Tensor):
            raise TypeError(
                "LBFGS.minimize needs the loss as a function, to evaluate it at several points. "
                "Write minimize(lambda: …)."
            )
        super().minimize(loss)

    def update(self, params: MutableMapping[Any, Any], grads: Mapping[Any, Any]) -> None:
        raise TypeError(
            "LBFGS needs the loss at several points, which two dicts do not have. Write "
            "step(closure) or minimize(lambda: …) on Tensors."
        )


def _inverse_hessian(pairs: list[tuple[Array, Array]], q: Array) -> Array:
    """H·q, by the two-loop recursion over s and y."""
    if not pairs:
        return q
    factors = []
    for s, y in reversed(pairs):
        factors.append(float(np.vdot(s, q)) / float(np.vdot(y, s)))
        q = q - factors[-1] * y
    s, y = pairs[-1]
    q = q * (float(np.vdot(s, y)) / float(np.vdot(y, y)))
    for (s, y), factor in zip(pairs, reversed(factors)):
        q = q + (factor - float(np.vdot(y, q)) / float(np.vdot(y, s))) * s
    return q


def _vector(arrays: list[Array]) -> Array:
    return np.concatenate([array.ravel() for array in arrays])


def _write(arrays: list[Array], vector: Array) -> None:
    start = 0
    for array in arrays:
        array[...] = vector[start : start + array.size].reshape(array.shape)
        memory.changed(array)
        start += array.size
