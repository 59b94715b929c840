"""The base of all optimizers: it owns the loop, a family owns its formula.

    class Adagrad(Optimizer):
        lr: Rate = 0.01
        epsilon: float | None = 1e-6

        @staticmethod
        def formula(p, g, a, *, lr, epsilon):
            a += g * g
            p -= lr * g / (np.sqrt(a) + epsilon)

A formula is plain NumPy that works in place, element by element. Its signature says what it
needs: the parameter `p`, its gradient `g`, the arrays that it remembers from step to step (each
begins as zeros like p), and after the star its settings by name, and `t`, which counts this
parameter's steps from 1. The loop calls it on Tensors for `step()`, on the arrays of dicts for
`update(params, grads)`. What it makes on the way costs no memory: the loop has it written down as a
list of steps, which run in scratch memory, or compiled (program.py).
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Hashable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from autograd import Tensor, memory
from autograd.backward import GradientWarning
from autograd.graph import walk

from . import dicts, program, saving
from .parameters import Array, Params, describe, groups, tensors
from .settings import ELSEWHERE, Declared, Elsewhere, bound, check_spelling, checked

if TYPE_CHECKING:
    from dataclasses import InitVar

State = dict[str, Any]
"""What is remembered for one parameter: arrays by name, and "t". Empty before its first step."""

BLOCK = 1 << 18
"""Elements that go through a formula at once: fewer, and the calls cost; more, and what a step
makes falls out of the cache (4096×4096 float32: Adam 23 ms, all at once 33)."""


class NaNGradientWarning(GradientWarning):
    """A step was made with a gradient that is not a number."""


class MissingGradientWarning(GradientWarning):
    """A step found no gradient on a parameter that requires one."""


class AccumulatedGradientWarning(GradientWarning):
    """A step was made with the sum of several backwards' gradients: zero_grad() forgotten?"""


class Work(NamedTuple):
    """One parameter's part of a step."""

    place: Hashable  # among the parameters, or in the dict
    named: Any  # what describes it in warnings
    p: Array
    g: Array
    state: State
    group: dict[str, Any]


_new: Callable[..., Any] = tuple.__new__  # half the time of Work(…)


class Optimizer(Declared):
    """The base class: parameters in groups, state parallel to them, and the loop.

    Parameters
    ----------
    params : iterable of Tensors, model, or list of dicts, optional
        A list of dicts makes groups with settings of their own:
        `[{"params": a}, {"params": b, "lr": 0.1}]`. May come later, with `bind`, or not at all,
        for `update` on dicts of arrays and for `minimize`, which finds them.
    **settings
        Those of the family. Each is a number, or a schedule: a function of the number of steps
        already taken.

    Attributes
    ----------
    param_groups : list of dict
        Each with "params" and the group's settings, free to be changed between steps.
    iterations : int
        Steps taken.
    accumulate : int
        Set it to n, and only every n-th `step()` changes the parameters, by the mean of the n
        gradients that came together; `zero_grad()` waits, too.

    Raises
    ------
    TypeError
        For a setting that the family does not have (with the right spelling), and for parameters
        that are not Tensors.
    ValueError
        For no parameters at all, for results of ops, and for settings out of range.

    Examples
    --------
    A family of one's own, which steps by the sign of the gradient alone:

    >>> from optim import Rate
    >>> class SignDescent(Optimizer):
    ...     lr: Rate = 0.1
    ...
    ...     @staticmethod
    ...     def formula(p, g, *, lr):
    ...         p -= lr * np.sign(g)
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> SignDescent([x]).minimize(x[0] ** 2 + x[1] ** 2)
    >>> x.data
    array([-6.9,  1.9])
    """

    params: InitVar[Params] = None
    optional: ClassVar[dict[str, str]] = {}
    """Arrays that are remembered only if a setting asks for them, {array: setting}; the formula is
    given None for them else."""

    _arrays: ClassVar[tuple[str, ...]] = ()  # what the formula remembers
    _numbers: ClassVar[tuple[str, ...]] = ()  # its parameters after the star

    formula: ClassVar[Callable[..., None]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "formula" in cls.__dict__:
            if not isinstance(cls.__dict__["formula"], staticmethod):
                raise TypeError(
                    f"{cls.__name__}.formula is called without self: write @staticmethod above it."
                )
            parameters = inspect.signature(cls.formula).parameters.values()
            before = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
            cls._arrays = tuple(before[2:])
            cls._numbers = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
            for name in cls._numbers:
                if name not in cls.settings and name != "t":
                    raise TypeError(
                        f"{cls.__name__}.formula asks for {name!r}, which is not t and none of the "
                        f"settings: {', '.join(cls.settings)}. Arrays stand before the star."
                    )

    def __init__(self, *args: Any, **settings: Any) -> None:
        given = bound(type(self), args, settings)
        params = given.pop("params")
        self.defaults: dict[str, Any] = given
        self.param_groups: list[dict[str, Any]] = [{"params": [], **given}]
        self.state: list[State] = []  # parallel to parameters()
        self.named_state: dict[Hashable, State] = {}  # of update(), by the dict's keys
        self.shared: State = {}  # vectors over all parameters together, where a family needs them
        self.iterations = 0
        self._accumulate = 1
        self.waiting = 0  # calls of step() since the last that changed something
        self._warned: set[type[Warning]] = set()
        self._kept: dict[Any, Any] = {}  # what _prepared found, and for which settings
        if params is not None:
            self.bind(params)

    # -- parameters -------------------------------------------------------------------------

    def parameters(self) -> list[Tensor]:
        """All parameters, in order. So another optimizer can take over: `SGD(adam, lr=0.1)`.

        What an optimizer remembers is its own: the one that takes over begins with none of it.

        >>> import optim
        >>> adam = optim.Adam([Tensor([1.0], requires_grad=True)])
        >>> optim.SGD(adam, lr=0.1).parameters()[0] is adam.parameters()[0]
        True
        """
        return [p for group in self.param_groups for p in group["params"]]

    def bind(self, params: Params) -> None:
        """Gives the parameters, if they were not known when the optimizer was made.

        Raises RuntimeError if it has others already.

        >>> import optim
        >>> sgd = optim.SGD(lr=0.1)
        >>> sgd.bind([Tensor([1.0], requires_grad=True)])
        >>> sgd.parameters()
        [Tensor([1.], requires_grad=True)]
        """
        if self.state:
            if [id(p) for p in tensors(params, "bind")] == [id(p) for p in self.parameters()]:
                return
            raise RuntimeError(
                f"bind: this {type(self).__name__} steps on {len(self.state)} other parameters "
                "already, and what it remembers is theirs. Make a new one for these, or "
                "add_group(params) to step on both."
            )
        made = [self._group(g) for g in groups(params, type(self).__name__)]
        self._add(made, before=[])

    def add_group(self, params: Params, **settings: Any) -> None:
        """Adds parameters, with settings of their own where given (thawed layers, say).

        Raises TypeError, ValueError as the constructor does.

        >>> import optim
        >>> head, body = Tensor([1.0], requires_grad=True), Tensor([2.0], requires_grad=True)
        >>> sgd = optim.SGD([head], lr=0.1)
        >>> sgd.add_group([body], lr=0.01)
        >>> [group["lr"] for group in sgd.param_groups]
        [0.1, 0.01]
        """
        made = [self._group({**settings, **g}) for g in groups(params, "add_group")]
        self._add(made, before=self.param_groups if self.state else [])

    def _group(self, given: dict[str, Any]) -> dict[str, Any]:
        family = type(self)
        check_spelling(family, given)
        own = {n: checked(family, n, v) for n, v in given.items() if n != "params"}
        before = self.defaults if self.state else self.param_groups[0]  # may have been changed
        return {**before, **own, "params": given["params"]}

    def _add(self, made: list[dict[str, Any]], before: list[dict[str, Any]]) -> None:
        seen: set[int] = set()
        for group in [*before, *made]:
            for place, p in enumerate(group["params"]):
                if id(p) in seen:
                    raise ValueError(
                        f"{type(self).__name__}: {describe(p, place)} is in two groups. Whose "
                        "settings shall it follow? Leave it out of one."
                    )
                seen.add(id(p))
        self.param_groups = [*before, *made]
        self.state += [{} for group in made for _ in group["params"]]

    @property
    def accumulate(self) -> int:
        """How many calls of `step()`, and so of `backward()`, make one step.

        Raises ValueError if set to anything but a count, at least 1.

        >>> import optim
        >>> x = Tensor(1.0, requires_grad=True)
        >>> sgd = optim.SGD([x], lr=0.1)
        >>> sgd.accumulate = 2
        >>> for slope in (1.0, 3.0):
        ...     (slope * x).backward()
        ...     sgd.step()
        >>> round(x.item(), 6), sgd.iterations   # by the mean, 2
        (0.8, 1)
        """
        return self._accumulate

    @accumulate.setter
    def accumulate(self, count: int) -> None:
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
            raise ValueError(f"{type(self).__name__}.accumulate = {count!r}: a count, at least 1.")
        self._accumulate = int(count)

    # -- the loop ---------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Changes every parameter that has a gradient by the formula, in place.

        Frozen parameters (`requires_grad=False`) and those without a gradient are left alone.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss, goes backward, and returns the loss; called first.

        Returns
        -------
        What the closure returned, or None.

        Raises
        ------
        RuntimeError
            If there are no parameters to step on.

        Warns
        -----
        MissingGradientWarning, NaNGradientWarning, AccumulatedGradientWarning
            Once each, naming the parameter, before anything changes.

        Examples
        --------
        >>> import optim
        >>> x = Tensor(3.0, requires_grad=True)
        >>> sgd = optim.SGD([x], lr=0.1)
        >>> (x * x).backward()
        >>> sgd.step()
        >>> x.data   # 3 − 0.1 · 6
        array(2.4)
        """
        loss = None if closure is None else closure()
        self._require_parameters()
        if self.waiting + 1 < self.accumulate:
            self.waiting += 1
            return loss
        work = self._gather()
        self._advance(work)
        self.waiting = 0
        memory.changed(*[w.p for w in work])
        return loss

    def update(self, params: MutableMapping[Any, Any], grads: Mapping[Any, Any]) -> None:
        """The study notes' own form: changes each array of a dict by its gradient, in place.

        Numbers, which cannot change in place, are replaced in the dict. What is remembered goes
        by the dict's keys. A gradient of None leaves its parameter alone.

        Raises KeyError, TypeError, ValueError (before anything changes) if a gradient is missing,
        if a parameter is not of floats, if shapes differ.

        Examples
        --------
        >>> import numpy as np, optim
        >>> params, grads = {"W": np.array([1.0, 2.0])}, {"W": np.array([0.5, -1.0])}
        >>> optim.SGD(lr=0.1).update(params, grads)
        >>> params["W"]
        array([0.95, 2.1 ])

        Source: S. Goki, Deep Learning from Scratch, section 6.1.
        """
        work = [
            Work(key, p, p, g, self.named_state.get(key, {}), self.param_groups[0])
            for key, p, g in dicts.pairs(params, grads)
        ]
        for w in work:
            saving.check_state(w.state, w.p, f"update: parameter {w.place!r}")
        self._advance(work)
        for w in work:
            self.named_state[w.place] = w.state
            value = params[w.place]
            if isinstance(value, (Tensor, np.ndarray)):
                memory.changed(w.p)
            else:
                params[w.place] = type(value)(w.p[()])

    def minimize(self, loss: Tensor | Callable[[], Tensor]) -> None:
        """Forgets old gradients, goes backward from the loss, and steps.

        Without parameters of its own, the optimizer takes the leaves that the loss depends on.
        The loss may be a function that computes it; LBFGS, which calls it often, needs one.

        Examples
        --------
        >>> from autograd import Tensor
        >>> import optim
        >>> x = Tensor(3.0, requires_grad=True)
        >>> sgd = optim.SGD(lr=0.1)
        >>> for _ in range(50):
        ...     sgd.minimize((x - 1) ** 2)
        >>> round(x.item(), 4)
        1.0
        """

        def closure() -> Tensor:
            value = loss if isinstance(loss, Tensor) else loss()
            if not self.state and value.node is not None:
                self.bind(_leaves(value))
            self.zero_grad()
            value.backward()
            return value

        self.step(closure)

    def zero_grad(self) -> None:
        """Forgets the parameters' gradients (sets `.grad` to None); while gradients accumulate
        towards the mean of `accumulate`, it waits.

        >>> import optim
        >>> x = Tensor(3.0, requires_grad=True)
        >>> (x * x).backward()
        >>> optim.SGD([x], lr=0.1).zero_grad()
        >>> x.grad is None
        True
        """
        if self.waiting == 0:
            for p in self.parameters():
                p.grad = None

    def _gather(self) -> list[Work]:
        """Every parameter that has a gradient, after a word about those that should have."""
        work, missing, summed = [], [], []
        count = self.accumulate
        pairs = [(group, p) for group in self.param_groups for p in group["params"]]
        if len(pairs) != len(self.state):
            raise RuntimeError(
                f"step: there are {len(pairs)} parameters in param_groups, and were "
                f"{len(self.state)}. To add some, write add_group(params)."
            )
        for place, ((group, p), state) in enumerate(zip(pairs, self.state)):
            node, grad = p.node, p.grad
            if node is None:
                continue  # frozen
            if not p.array.flags.writeable:
                raise ValueError(
                    f"step: {describe(p, place)} is read-only memory by now, and a step is made in "
                    "place. Set requires_grad = False to leave it alone."
                )
            if grad is None:
                missing.append(describe(p, place))
                continue
            g = grad.array if count == 1 else np.asarray(grad.array / count)
            extra = node.extra
            if extra is not None and extra.backwards > count:
                summed.append(describe(p, place))
            work.append(_new(Work, (place, p, p.array, g, state, group)))
        if missing:
            self._warn(
                MissingGradientWarning,
                f"step: no gradient on {_some(missing)}, left as they are. Call loss.backward() "
                "before step(); if they are not part of the loss (detached, or computed under "
                "no_grad?), ag.explain(parameter) tells why, and requires_grad = False says that "
                "it is meant.",
            )
        if summed:
            self._warn(
                AccumulatedGradientWarning,
                f"step: the gradient of {_some(summed)} is the sum of several backwards. Call "
                f"zero_grad() after each step. If it is meant: {type(self).__name__}.accumulate = "
                "n steps by the mean of n; or add the losses, and go backward once.",
            )
        return work

    def _advance(self, work: list[Work]) -> None:
        """One step of all the work: the same for Tensors and for the arrays of a dict."""
        self._warn_of_nan(work)
        batches: dict[Any, list[Work]] = {}  # those with one formula, with the same numbers in it
        for w in work:
            key = id(w.group), w.state.get("t", 0) + 1, w.p.dtype
            batches.setdefault(key, []).append(w)
        ready = [  # all settings are asked before anything changes
            (t, *self._prepared(batch[0].group, t, dtype, work), batch)
            for (_, t, dtype), batch in batches.items()
        ]
        for t, names, run, batch in ready:
            lists = []
            for _, _, p, g, state, _ in batch:
                arrays = [p, g]
                for name in names:
                    if name not in state:
                        state[name] = np.zeros_like(p, subok=False)
                    arrays.append(state[name])
                lists.append(arrays)
            run(t, lists)
            for w in batch:
                w.state["t"] = t
        self.iterations += 1

    def _prepared(
        self, group: dict[str, Any], t: int, dtype: Any, work: list[Work]
    ) -> tuple[list[str], program.Run]:
        """The formula as it is at this step for a group's parameters: the arrays that it is to
        remember, and how to run it. Kept while the group's settings stay what they are."""
        key = id(group), dtype
        found: tuple[list[str], program.Run]
        if key in self._kept:
            settings, found = self._kept[key]
            if _same(settings, group):
                return found
        now = self._current(group)
        names = [n for n in self._arrays if group.get(self.optional.get(n, ""), True)]
        keywords: dict[str, Any] = dict.fromkeys(n for n in self._arrays if n not in names)
        keywords |= {n: now.get(n) for n in self._numbers}
        size = sum([w.p.size for w in work])
        run, lasts = program.prepared(self.formula, names, keywords, t, dtype, size, BLOCK)
        if lasts and not now.get("decay") and _same(now, group):  # and no schedule
            if len(self._kept) > 100:  # of groups that were replaced, most of them
                self._kept.clear()
            self._kept[key] = now, (names, run)
        return names, run

    def _current(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """The group's settings as they are at this step: schedules asked, `decay` applied."""
        family = type(self)
        check_spelling(family, group)
        now = {
            n: checked(family, n, v(self.iterations) if callable(v) else v)
            for n, v in group.items()
            if n != "params"
        }
        if now.get("decay"):
            now["lr"] /= 1 + now["decay"] * self.iterations
        return now

    @property
    def rate(self) -> float:
        """The learning rate of the next step (of the first group), after schedule and decay."""
        return float(self._current(self.param_groups[0])["lr"])

    def _require_parameters(self) -> None:
        if not self.state:
            raise RuntimeError(
                f"step: this {type(self).__name__} has no parameters. Write "
                f"{type(self).__name__}(model.parameters()) or bind(parameters); minimize(loss) "
                "finds them; update(params, grads) steps on plain arrays."
            )

    def _warn_of_nan(self, work: list[Work]) -> None:
        if NaNGradientWarning in self._warned:
            return
        # From the last to the first, which is stepped on next: what of it fits stays in the cache.
        sums = [_nan_if_any_is(w.g) for w in reversed(work)]
        spoilt = [describe(w.named, w.place) for w, x in zip(work, reversed(sums)) if x != x]
        if spoilt:
            self._warn(
                NaNGradientWarning,
                f"step: NaN in the gradient of {_some(spoilt)}. The step makes the parameters NaN, "
                "too. Run the forward and backward pass under ag.debug(): it names the op that "
                "made the first NaN.",
            )

    def _warn(self, category: type[Warning], message: str) -> None:
        if category in self._warned:
            return
        self._warned.add(category)
        frame, depth = sys._getframe(1), 2
        while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
            frame, depth = frame.f_back, depth + 1
        warnings.warn(message, category, stacklevel=depth)  # at the user's own line

    # -- saving -----------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """All that continuing bit for bit needs, besides the parameters themselves: settings,
        schedules, and what is remembered; copies, in dicts and lists of arrays, numbers and
        strings. A setting that is a function but not a `schedule` is left out.

        >>> import optim
        >>> x = Tensor([1.0], requires_grad=True)
        >>> adam, resumed = optim.Adam([x]), optim.Adam([x])
        >>> adam.minimize((x * x).sum())
        >>> resumed.load_state_dict(adam.state_dict())
        >>> resumed.iterations
        1
        """
        return saving.state_dict(self)

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Takes over what `state_dict()` gave.

        Raises ValueError, listing everything that does not fit, and then changes nothing.
        """
        saving.load_state_dict(self, saved)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy gets: no functions, which it finds again, but the gradients of an
        accumulation that has begun, which Tensors keep to themselves."""
        grads = [p.grad for p in self.parameters()] if self.waiting else []
        return {**self.__dict__, "_kept": {}, "_gradients": grads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        grads = state.pop("_gradients")
        self.__dict__.update(state)
        for p, grad in zip(self.parameters(), grads):
            p.grad = grad

    def __repr__(self) -> str:
        settings = ", ".join(f"{n}={getattr(self, n)!r}" for n in self.settings)
        many = f" in {len(self.param_groups)} groups" if len(self.param_groups) > 1 else ""
        return (
            f"{type(self).__name__}({settings}): {len(self.state)} parameters{many}, "
            f"{self.iterations} steps"
        )


for _name in ELSEWHERE.keys() - vars(Optimizer).keys():
    setattr(Optimizer, _name, Elsewhere(_name))


def _leaves(loss: Tensor) -> list[Tensor]:
    """The leaves that want a gradient of this loss, oldest first."""
    assert loss.node is not None
    found = [n.owner() for n in reversed(walk([loss.node])) if n.op is None and n.owner is not None]
    return [tensor for tensor in found if tensor is not None]


def _nan_if_any_is(g: Array) -> Any:
    """A number that is NaN if and only if an element is."""
    # isnan(g).any() takes twice as long. g·g is the fastest while it needs no threads.
    return np.vdot(g, g) if g.size < 8192 else np.minimum.reduce(g, axis=None)


def _same(settings: dict[str, Any], group: dict[str, Any]) -> bool:
    """Whether these are the group's settings."""
    try:
        return len(settings) == len(group) - 1 and settings.items() <= group.items()
    except ValueError:  # an array instead of a number
        return False


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
