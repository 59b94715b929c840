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
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .graph import Array

UFUNCS_TELL = hasattr(np.exp, "__signature__")  # their parameters: since NumPy 2.4

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
        self.parameters = tuple(p.name for p in parameters) if parameters else names_in(function)
        self._given_parameters = parameters
        self.sequences = sequences  # parameters that take a list of arrays
        self.formula = formula  # for pictures and docstrings, such as "log(1 + x)"
        self.note = note  # for docstrings: what holds at corners, what is refused, the source
        self.samples = samples  # calls that the tests make
        self.domain = domain  # where the tests draw values from
        self.kinks = kinks  # a function of the inputs that is 0 where there is no derivative
        self.signature = signature  # gufunc notation, such as "(m,n),(n,p)->(m,p)"
        self.rules: Declared = []
        self.first: tuple[Rule, tuple[str, ...]] | None = None  # what g goes through before them
        self.inputs: tuple[str, ...] = ()  # parameters with a rule, in the order of the call
        self.called = False  # whether something was decided about calls of it

    @property
    def function_tells(self) -> bool:
        """Whether the function's own signature is the op's."""
        if isinstance(self.function, np.ufunc):
            return UFUNCS_TELL
        return self._given_parameters is None

    @functools.cached_property
    def call(self) -> inspect.Signature:
        """How it is called."""
        given = self._given_parameters
        return inspect.Signature(given) if given else inspect.signature(self.function)

    @functools.cached_property
    def _defaults(self) -> dict[str, Any]:
        """Rules see None for what NumPy marks as "not given"."""
        return {
            p.name: None if p.default is np._NoValue else p.default
            for p in self.call.parameters.values()
            if p.default is not p.empty
        }

    def __repr__(self) -> str:
        return f"<op {self.name}{self.call}>"

    # -- rules ------------------------------------------------------------------------------

    def add_rule(self, names: tuple[str, ...], rule: Rule) -> None:
        """Declares the gradient with respect to `names`; several names share one joint rule."""
        for name in [n for n in names if n not in self.parameters]:
            raise TypeError(f"op {self.name}{self.call} has no parameter {name!r} to derive by.")
        self.rules.append((names, rule, self._asked_by(rule, f"the rule for {', '.join(names)}")))
        ruled = {name for names, _, _ in self.rules for name in names}
        self.inputs = tuple(name for name in self.parameters if name in ruled)
        self.forget()

    def set_first(self, rule: Rule) -> None:
        """Declares what all rules begin with: they are given what it makes of g."""
        self.first = rule, self._asked_by(rule, "what comes first")
        self.forget()

    def _asked_by(self, rule: Rule, what: str) -> tuple[str, ...]:
        """What a rule asks for after g."""
        first, *rest = names_in(rule) or ("",)
        arguments = tuple(rest)
        if first != "g" or first in rest:
            self._check_first(rule, what, first, arguments)
        known = {"out", "i", *self.parameters, *(f"{p}_shape" for p in self.parameters)}
        for argument in [a for a in arguments if a not in known]:
            raise TypeError(
                f"op {self.name}: {what} asks for {argument!r}, which is not g, out, a parameter "
                f"of {self.name}{self.call}, or <parameter>_shape."
            )
        return arguments

    def _check_first(self, rule: Rule, what: str, first: str, rest: tuple[str, ...]) -> None:
        """Refuses a rule that would take g for something else, or that has no place for it."""
        asked = {"out", *self.parameters, *(f"{p}_shape" for p in self.parameters)}
        code = getattr(rule, "__code__", None)  # what is written in C names its parameters anyhow
        has_name = code is not None and not code.co_posonlyargcount
        late = "g" in rest and "g" not in asked
        if first and not late and not (has_name and first in asked):
            return
        wanted = ", ".join(["g", *(name for name in (first, *rest) if name in asked)])
        begins = f"begins with {first!r}" if first else "has no parameter"
        raise TypeError(
            f"op {self.name}: {what} {begins}; a rule's first parameter is g, the gradient that "
            f"arrives: write lambda {wanted}: …."
        )

    def forget(self) -> None:
        """Forgets what was decided about calls so far."""
        if self.called:
            for cache in decided:
                cache.cache_clear()

    def plan(self, mask: Mask) -> Plan:
        """How to go backward for this pattern of inputs that want a gradient."""
        return _plan(self, mask)

    def decide_plan(self, mask: Mask) -> Plan:
        wanted = {name for name, flag in zip(self.inputs, mask, strict=True) if np.any(flag)}
        used = [r for r in self.rules if not wanted.isdisjoint(r[0])]
        asked = dict.fromkeys(a for _, _, arguments in used for a in arguments if a != "i")
        if self.first is not None:
            asked |= dict.fromkeys(self.first[1])
        names = tuple(asked)
        if self.sequences or any(len(targets) > 1 for targets, _, _ in used):
            pull = _gathering(self.inputs, names, mask, used)
        else:
            pull = _expression(self.inputs, names, used)
        return Plan(names, pull if self.first is None else _after(*self.first, names, pull))

    # -- calls ------------------------------------------------------------------------------

    def bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by parameter name, as Python itself would bind them."""
        try:
            return self.call.bind(*args, **kwargs).arguments
        except TypeError as error:
            told = self._misspelt(len(args), kwargs) or error
            raise TypeError(f"{self.name}{self.call}: {told}") from None

    def _misspelt(self, count: int, kwargs: dict[str, Any]) -> str:
        """Which keyword there is not, and which one is meant; "" if all exist."""
        from difflib import get_close_matches

        names = list(self.call.parameters)
        wrong = next((name for name in kwargs if name not in names), None)
        if wrong is None or any(p.kind is p.VAR_KEYWORD for p in self.call.parameters.values()):
            return ""
        free = [name for name in names[count:] if name not in kwargs]
        near = get_close_matches(wrong, free, 1) or [
            name for name in free if wrong.startswith(name) or name.startswith(wrong)
        ]
        return f"there is no {wrong!r}." + (f" Do you mean {near[0]}=…?" if near else "")

    def refuse_keywords(self, given: dict[str, Any]) -> None:
        """`out=` and `where=` have no place in a graph (but `where` may be an op's own input)."""
        if given.get("out") is not None and "out" not in self.inputs:
            raise TypeError(
                f"{self.name}(out=…) cannot be recorded: the result is a new Tensor; give it a "
                "name instead."
            )
        where = given.get("where")
        if where is not None and where is not True and "where" not in self.inputs:
            raise TypeError(
                f"{self.name}(where=…) cannot be recorded: write ag.where(condition, …, …) instead."
            )


decided: list[Any] = []
"""Caches of what was decided about calls, of all ops together: a cache for each op would take a
tenth of the time of `import autograd`."""


def remembered(decide: Callable[..., Any]) -> Any:
    """The function of an op, with a cache that is emptied when a called op gets another rule."""

    @functools.lru_cache(maxsize=4096)
    def decided_once(op: Op, *about: Any) -> Any:
        op.called = True
        return decide(op, *about)

    decided.append(decided_once)
    return decided_once


_plan = remembered(Op.decide_plan)


def names_in(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of its parameters. (Of Python's own functions without inspect.signature, which
    would take a sixth of the time of `import autograd`.)"""
    while hasattr(function, "__wrapped__") and not hasattr(function, "__signature__"):
        function = function.__wrapped__
    if type(function) is not types.FunctionType or hasattr(function, "__signature__"):
        return tuple(inspect.signature(function).parameters)
    code = function.__code__
    names, count = code.co_varnames, code.co_argcount
    keyword_only = count + code.co_kwonlyargcount
    starred = keyword_only + bool(code.co_flags & inspect.CO_VARARGS)
    double = starred + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return (*names[:count], *names[keyword_only:starred], *names[count:keyword_only],
            *names[starred:double])  # fmt: skip


Declared = list[tuple[tuple[str, ...], Rule, tuple[str, ...]]]
"""Rules as declared: the inputs each is for, the rule, and what it asks for after g."""


def _expression(
    inputs: tuple[str, ...], names: tuple[str, ...], used: Declared
) -> Callable[[Any, Any], Any]:
    """The pull of a plan whose rules are for one input each, as one expression. For the product of
    two Tensors: `lambda g, saved: (rule_x(g, saved[0]), rule_y(g, saved[1]), )`. For their sum,
    whose rules hand g on as it is: `lambda g, saved: (g, g, )`."""
    rules, gradients = {}, dict.fromkeys(inputs, "None")
    for (name,), rule, arguments in used:
        code = getattr(rule, "__code__", None)
        if code and code.co_code == _HAND_ON.co_code and not arguments:
            gradients[name] = "g"
            continue
        rules[f"rule_{name}"] = rule
        gradients[name] = f"rule_{name}({_given(arguments, names)})"
    source = f"lambda g, saved: ({''.join(g + ', ' for g in gradients.values())})"
    return eval(source, rules)


_HAND_ON = (lambda g: g).__code__


def _given(arguments: tuple[str, ...], names: tuple[str, ...]) -> str:
    """The text of what a rule is called with."""
    return ", ".join(["g", *(f"saved[{names.index(a)}]" for a in arguments)])


def _after(
    first: Rule, arguments: tuple[str, ...], names: tuple[str, ...], pull: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    """The pull of what `first` makes of g: `lambda g, saved: pull(first(g, saved[0]), saved)`."""
    source = f"lambda g, saved: pull(first({_given(arguments, names)}), saved)"
    return eval(source, {"first": first, "pull": pull})


def _gathering(
    inputs: tuple[str, ...], names: tuple[str, ...], mask: Mask, used: Declared
) -> Callable[[Any, Any], list[Any]]:
    """The pull of a plan with joint rules, or with a sequence of arrays: its rule asks for `i` and
    runs once for each array that wants a gradient."""
    flags = dict(zip(inputs, mask, strict=True))

    def pull(g: Any, saved: Any) -> list[Any]:
        available = dict(zip(names, saved, strict=True))
        found: dict[str, Any] = {}
        for targets, rule, arguments in used:
            wanted = flags[targets[0]]
            if isinstance(wanted, tuple):
                found[targets[0]] = [
                    rule(g, *[i if a == "i" else available[a] for a in arguments]) if want else None
                    for i, want in enumerate(wanted)
                ]
            else:
                gradients = rule(g, *[available[a] for a in arguments])
                if len(targets) == 1:
                    found[targets[0]] = gradients
                    continue
                try:
                    found.update(zip(targets, gradients, strict=True))
                except (TypeError, ValueError):
                    _check_count(targets, gradients)
                    raise
        arriving: list[Any] = []
        for name, flag in flags.items():
            if isinstance(flag, tuple):
                arriving += found.get(name, [None] * len(flag))
            else:
                arriving.append(found.get(name) if flag else None)
        return arriving

    return pull


def _check_count(targets: tuple[str, ...], gradients: Any) -> None:
    if isinstance(gradients, (tuple, list)) and len(gradients) == len(targets):
        return
    if isinstance(gradients, (tuple, list)):
        gave = f"{len(gradients)} gradient{'' if len(gradients) == 1 else 's'}"
    else:
        gave = f"a {type(gradients).__name__}"
    raise TypeError(
        f"the rule for {', '.join(targets)} gave {gave} for {len(targets)} inputs: a joint rule "
        "returns one for each, None where there is none."
    ) from None


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
    """One call of an op: positional arguments and keywords, with `A` for the arrays.

    >>> Sample(A(2, 3), axis=0)
    (A(2, 3), axis=0)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs

    def __repr__(self) -> str:
        keywords = [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"({', '.join([*map(repr, self.args), *keywords])})"
