"""From a function to a test: `assert_gradients_match`, `@gradient_property`, `assert_op`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import hypothesis
import hypothesis.strategies as st
from hypothesis import Phase, given, reject

from ..check import GradientError, check_gradients, examined
from ..check.failure import spelled
from ..check.report import NothingFinite
from ..check.run import Run
from ..check.subject import arguments
from .arrays import Inputs
from .calls import Call, calls, declared


def gradient_property(
    *strategies: Any, settings: hypothesis.settings | None = None, **options: Any
) -> Callable[[Callable[..., Any]], Callable[[], None]]:
    """Turns a function into a test of its gradients: decorate it, and pytest will run it.

    Parameters
    ----------
    *strategies
        One for each argument; `broadcastable` and `signature` stand for several. Anything that is
        no strategy is passed on as it is.
    settings : hypothesis.settings, optional
        Those of the loaded profile if not given, without a deadline; in CI the same examples at
        every run.
    **options
        For `check_gradients`: `order=2`, `kinks="report"`, `step="adaptive"`, …

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.testing import gradient_property, tensors
    >>> @gradient_property(tensors(shape=(3,)))
    ... def test_log_softmax(x):
    ...     return x - np.log(np.exp(x).sum())
    >>> test_log_softmax()
    """

    def decorate(f: Callable[..., Any]) -> Callable[[], None]:
        failed: list[Any] = []

        def test(values: Any) -> None:
            inputs = [x for v in values for x in (v if isinstance(v, Inputs) else [v])]
            try:
                examined(f, inputs, **{"directions": 1, **options}, brief=True)
            except NothingFinite:
                reject()  # these values are outside the function's domain
            except GradientError:
                failed[:] = inputs  # the last one is the smallest
                raise

        drawn = st.tuples(
            *(s if isinstance(s, st.SearchStrategy) else st.just(s) for s in strategies)
        )
        search = (settings or _settings())(given(drawn)(test))

        def runner() -> None:
            __tracebackhide__ = True  # pytest then shows the failure, not how we came to it
            try:
                search()
            except GradientError as error:
                brief = error
            else:
                return
            try:
                check_gradients(f, *failed, **{"shrink": False, **options})
            except GradientError as error:
                told = spelled(arguments(f, failed))
                error.add_note("\n".join(["The smallest input that Hypothesis found:", *told]))
                raise error from None
            raise brief

        for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
            if hasattr(f, attribute):
                setattr(runner, attribute, getattr(f, attribute))
        return runner

    return decorate


def assert_gradients_match(
    f: Callable[..., Any],
    *strategies: Any,
    settings: hypothesis.settings | None = None,
    **options: Any,
) -> None:
    """Checks the gradients of f on many inputs, and shrinks a failure to a small example.

    Parameters are those of `gradient_property`.

    Raises
    ------
    GradientError (an AssertionError)
        With the picture of the problem, and Hypothesis's note of the input.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.testing import assert_gradients_match, broadcastable
    >>> assert_gradients_match(np.multiply, broadcastable(2))
    """
    __tracebackhide__ = True
    gradient_property(*strategies, settings=settings, **options)(f)()


def assert_op(op: Any, *, order: int = 2, settings: hypothesis.settings | None = None) -> None:
    """Tests an op that you declared, from its own declaration: `samples`, `domain`, `kinks`.

    Raises GradientError if a rule is wrong; TypeError for what is no op, for an op without rules,
    and for samples that are no `Sample`.

    >>> import numpy as np, autograd as ag
    >>> softplus = ag.elementwise(
    ...     lambda x: np.log1p(np.exp(x)), lambda g, x: g / (1 + np.exp(-x)), name="softplus")
    >>> ag.testing.assert_op(softplus)
    """

    op = declared("assert_op", op)
    if not op.rules:
        raise TypeError(
            f"assert_op: op {op.name} has no derivative rule, so there is nothing to test. Declare "
            f'one: @{op.name}.wrt("{next(iter(op.parameters), "x")}").'
        )

    def test(call: Call) -> None:
        check_call(call, order)

    (settings or _settings())(given(calls(op))(test))()


def check_call(call: Call, order: int = 2) -> None:
    """Checks one call of an op, whose kinks must be declared."""
    names = [f"{call.op.name}.{name}" for name in _names(call)]
    Run(repr(call), names, call.level, call.inputs, own=0, kinks="error").all_orders(order)


def _names(call: Call) -> list[str]:
    names = call.op.inputs
    count = len(call.inputs)
    return list(names) if len(names) == count else [f"{names[0]}[{i}]" for i in range(count)]


def _settings() -> hypothesis.settings:
    default = hypothesis.settings()
    again = default.derandomize or os.environ.get("CI", "").lower() in ("1", "true")
    return hypothesis.settings(
        default,
        deadline=None,  # the first call of a function may compile it, or fill a cache
        derandomize=again,
        database=None,
        phases=[p for p in default.phases if p is not Phase.explain],  # our lines, not the user's
    )
