"""What an op is, and how its derivative rules get what they ask for.

One declaration makes an op:

    exp      = elementwise(np.exp,      lambda g, out: g * out)
    multiply = elementwise(np.multiply, lambda g, y: g * y, lambda g, x: g * x)

A rule is a function from `g`, the gradient that arrives at the output, to the gradient of one
input. It is written once, in plain NumPy: given arrays it computes the first-order gradient; given
Tensors it is itself recorded, and can be differentiated again. A rule asks by parameter name for
what it needs, as a pytest fixture does: `out`, an input, `<input>_shape`, or a keyword of the op.
Its signature *is* the list of what the graph keeps, and only if its input needs a gradient.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from .graph import Array

Rule = Callable[..., Any]
Mask = tuple[Any, ...]
"""Which inputs need a gradient: a bool for each, and for a sequence of arrays a tuple of bools."""

class Plan:
    """How one op goes backward for one pattern of inputs that need a gradient.

    `names` are what the wanted rules ask for (the node's `saved` holds the values in this order);
    `pull(g, saved)` gives one gradient for each input, None where none is wanted.
    """

    __slots__ = ("names", "pull")

    def __init__(self, names: tuple[str, ...], pull: Callable[[Any, Any], Iterable[Any]]) -> None:
        self.names = names
        self.pull = pull


class Op:
    """A function, its derivative rules, and all that is known about it, in one place."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str | None = None,
        *,
        parameters: Sequence[inspect.Parameter] | None = None,
        sequences: tuple[str, ...] = (),
        formula: str = "",
        note: str = "",
        samples: Sequence[Sample] = (),
        domain: tuple[float, float] = (-3.0, 3.0),
        kinks: Callable[..., Any] | None = None,
        signature: str = "",
    ) -> None:
        self.function = function
        self.name = name or function.__name__
        self.call = inspect.Signature(parameters) if parameters else inspect.signature(function)
        self.sequences = sequences  # parameters that take a list of arrays
        self.formula = formula  # for pictures and docstrings, such as "log(1 + x)"
        self.note = note  # for docstrings: what holds at corners, what is refused, the source
        self.samples = samples  # calls that the tests make
        self.domain = domain  # where the tests draw values from
        self.kinks = kinks  # a function of the inputs that is 0 where there is no derivative
        self.signature = signature  # gufunc notation, such as "(m,n),(n,p)->(m,p)"
        self.rules: list[tuple[tuple[str, ...], Rule, tuple[str, ...]]] = []
        self.inputs: tuple[str, ...] = ()  # parameters with a rule, in the order of the call
        self.plan = functools.lru_cache(maxsize=256)(self._plan)

        kinds = self.call.parameters.values()
        self._positional = [p.name for p in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._keyword_only = [p.name for p in kinds if p.kind is p.KEYWORD_ONLY]
        self._by_keyword = {p.name for p in kinds if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
        self._variadic = next((p.name for p in kinds if p.kind is p.VAR_POSITIONAL), None)
        self._extra = next((p.name for p in kinds if p.kind is p.VAR_KEYWORD), None)
        self._defaults = {p.name: p.default for p in kinds if p.default is not p.empty}

    def __repr__(self) -> str:
        return f"<op {self.name}{self.call}>"

    # -- rules ------------------------------------------------------------------------------

    def add_rule(self, names: tuple[str, ...], rule: Rule) -> None:
        """Declares the gradient with respect to `names`; several names share one joint rule."""
        arguments = tuple(inspect.signature(rule).parameters)[1:]
        known = {"out", "i", *self.call.parameters, *(f"{p}_shape" for p in self.call.parameters)}
        for name in [n for n in names if n not in self.call.parameters]:
            raise TypeError(f"op {self.name}{self.call} has no parameter {name!r} to derive by.")
        for argument in [a for a in arguments if a not in known]:
            raise TypeError(
                f"the rule of op {self.name} for {', '.join(names)} asks for {argument!r}, which "
                f"is not g, out, a parameter of {self.name}{self.call}, or <parameter>_shape."
            )
        self.rules.append((names, rule, arguments))
        ruled = {name for names, _, _ in self.rules for name in names}
        self.inputs = tuple(name for name in self.call.parameters if name in ruled)

    def _plan(self, mask: Mask) -> Plan:
        wanted = {name for name, flag in zip(self.inputs, mask, strict=True) if np.any(flag)}
        used = [r for r in self.rules if not wanted.isdisjoint(r[0])]
        names = tuple(dict.fromkeys(a for _, _, arguments in used for a in arguments if a != "i"))
        pulls: dict[str, Callable[[Any, Any], Any]] = {}
        joint: list[tuple[tuple[str, ...], Callable[[Any, Any], Any]]] = []
        for targets, rule, arguments in used:
            if len(targets) > 1:
                joint.append((targets, _fetching(rule, arguments, names)))
            elif targets[0] in self.sequences:
                flags = mask[self.inputs.index(targets[0])]
                pulls[targets[0]] = _for_each(rule, arguments, names, flags)
            else:
                pulls[targets[0]] = _fetching(rule, arguments, names)
        return Plan(names, _gather(self.inputs, self.sequences, mask, pulls, joint))

    # -- calls ------------------------------------------------------------------------------

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Every parameter's value by name, as Python itself would bind them (in a third of the
        time of inspect.Signature.bind, which is asked only when something does not fit)."""
        if self._variadic or self._extra:
            bound = self.call.bind(*args, **kwargs)
            bound.apply_defaults()
            return bound.arguments
        given = self._defaults.copy()
        given.update(zip(self._positional, args, strict=False))
        given.update(kwargs)
        if (
            len(args) > len(self._positional)
            or len(given) != len(self.call.parameters)
            or (kwargs and not self._by_keyword.difference(self._positional[: len(args)]) >= kwargs.keys())
        ):
            try:
                self.call.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{self.name}{self.call}: {error}") from None
        return given

    def evaluate(self, given: dict[str, Any]) -> Any:
        """The plain function, on arguments bound by name."""
        args = [given[name] for name in self._positional]
        kwargs = {name: given[name] for name in self._keyword_only}
        if self._variadic:
            args += given[self._variadic]
        if self._extra:
            kwargs |= given[self._extra]
        return self.function(*args, **kwargs)

    def refuse_keywords(self, given: dict[str, Any]) -> None:
        """`out=` and `where=` have no place in a graph; `where` as an op's own input has."""
        for name in ("out", "where"):
            value = given.get(name)
            if name not in self.inputs and not (value is None or value is True or value is np._NoValue):
                raise TypeError(
                    f"{self.name}({name}=…) cannot be recorded: "
                    + ("the result is a new Tensor; assign it to a name instead."
                       if name == "out" else "write ag.where(condition, …, …) instead.")
                )


def _fetching(rule: Rule, arguments: tuple[str, ...], names: tuple[str, ...]) -> Callable[[Any, Any], Any]:
    """The rule as a function of (g, saved): each argument found at its place."""
    places = [names.index(a) for a in arguments]
    if not places:
        return lambda g, saved: rule(g)
    if len(places) == 1:
        (i,) = places
        return lambda g, saved: rule(g, saved[i])
    fetch = itemgetter(*places)
    return lambda g, saved: rule(g, *fetch(saved))


def _for_each(
    rule: Rule, arguments: tuple[str, ...], names: tuple[str, ...], flags: tuple[bool, ...]
) -> Callable[[Any, Any], list[Any]]:
    """The rule of a sequence of arrays, which asks for `i`: once for each array that wants it."""

    def pull(g: Any, saved: Any) -> list[Any]:
        found = dict(zip(names, saved, strict=True))
        return [
            rule(g, *[i if a == "i" else found[a] for a in arguments]) if wanted else None
            for i, wanted in enumerate(flags)
        ]

    return pull


def _gather(
    inputs: tuple[str, ...],
    sequences: tuple[str, ...],
    mask: Mask,
    pulls: dict[str, Callable[[Any, Any], Any]],
    joint: list[tuple[tuple[str, ...], Callable[[Any, Any], Any]]],
) -> Callable[[Any, Any], Iterable[Any]]:
    """One function that runs the wanted rules: one gradient for each input, in order."""
    if not joint and not sequences and len(inputs) == 1:
        (pull,) = pulls.values()
        return lambda g, saved: (pull(g, saved),)
    if not joint and not sequences and len(inputs) == 2:
        first, second = (pulls.get(name) for name in inputs)
        if first and second:
            return lambda g, saved: (first(g, saved), second(g, saved))
        if first:
            return lambda g, saved: (first(g, saved), None)
        assert second
        return lambda g, saved: (None, second(g, saved))

    def gather(g: Any, saved: Any) -> list[Any]:
        found: dict[str, Any] = {}
        for targets, rule in joint:
            found.update(zip(targets, rule(g, saved), strict=True))
        gradients: list[Any] = []
        for name, flag in zip(inputs, mask, strict=True):
            if isinstance(flag, tuple):
                gradients += pulls[name](g, saved) if any(flag) else [None] * len(flag)
            elif not flag:
                gradients.append(None)
            else:
                gradients.append(pulls[name](g, saved) if name in pulls else found[name])
        return gradients

    return gather


# -- samples: what the tests call an op with, as plain data --------------------------------------


class A:
    """A stand-in for an array of this shape in a sample; `make` reshapes what the tests draw.

    >>> A(2, 3).shape
    (2, 3)
    """

    def __init__(
        self,
        *shape: int,
        make: Callable[[Array], Array] | None = None,
        domain: tuple[float, float] | None = None,
    ) -> None:
        self.shape = shape
        self.make = make
        self.domain = domain

    def __repr__(self) -> str:
        return f"A{self.shape}"


class Sample:
    """One call of an op: positional arguments and keywords, with `A` for the arrays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs

    def __repr__(self) -> str:
        keywords = [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"({', '.join([*map(repr, self.args), *keywords])})"
