"""Declaring ops: `op`, `elementwise`, `constant`. One declaration is all there is to an op."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from .call import binary, general, unary, wrapped
from .op import Op, Rule, Sample
from .pattern import NO_OUT
from .tensor import Tensor, holds_tensor, refusals, unwrap
from .tensor import claims as claimed

registry: dict[str, Op] = {}
"""Every op that this library declares, by name: what its own tests are made from."""

constants: set[Callable[..., Any]] = set()
"""NumPy's functions that have no derivative on purpose."""


def op(
    function: Callable[..., Any] | None = None,
    *,
    claims: Callable[..., Any] | tuple[Callable[..., Any], ...] | None = None,
    register: bool = False,
    name: str | None = None,
    sequences: tuple[str, ...] = (),
    formula: str = "",
    note: str = "",
    example: str = "",
    samples: Sequence[Sample] = (),
    domain: tuple[float, float] = (-3.0, 3.0),
    kinks: Callable[..., Any] | None = None,
    signature: str = "",
) -> Any:
    """Declares an op: a function of arrays whose derivative rules follow with `.wrt(name)`; what
    they all begin with, if there is something, with `.first`.

    Parameters
    ----------
    function : callable
        The forward computation on plain arrays: NumPy's own function, or (as a decorator) yours.
    claims : callable, optional
        NumPy's function, if `function` is your own spelling of it.
    register : bool
        Whether `np.f(tensor)` shall reach this op. An op that you declare is your own otherwise.
    sequences : tuple of str
        Parameters that take a list of arrays; their rule asks for `i`, the place in the list.
    formula, note, example, samples, domain, kinks, signature
        What pictures and docstrings show and tests draw from; see `autograd/ops/README.md`.

    Raises
    ------
    TypeError
        At declaration, if a rule asks for something that the op does not have.
    ValueError
        If `register=True` and another op already claims NumPy's function.

    Examples
    --------
    >>> import numpy as np, autograd as ag
    >>> @ag.op(formula="x² + y²")
    ... def square_sum(x, y):
    ...     return x * x + y * y
    >>> @square_sum.wrt("x")
    ... def _(g, x):
    ...     return g * 2 * x
    >>> @square_sum.wrt("y")
    ... def _(g, y):
    ...     return g * 2 * y
    >>> x = ag.Tensor(3.0, requires_grad=True)
    >>> square_sum(x, 4.0).backward()
    >>> x.grad
    Tensor(6.)

    The idea of rules beside functions is HIPS autograd's `defvjp`.
    """
    if function is None:
        return lambda function: op(
            function,
            claims=claims,
            register=register,
            name=name,
            sequences=sequences,
            formula=formula,
            note=note,
            example=example,
            samples=samples,
            domain=domain,
            kinks=kinks,
            signature=signature,
        )
    declared = Op(
        function,
        name,
        sequences=sequences,
        formula=formula,
        note=note,
        samples=samples,
        domain=domain,
        kinks=kinks,
        signature=signature,
    )
    call = cast("Any", general(declared))

    def wrt(*names: str) -> Callable[[Rule], Rule]:
        def declare(rule: Rule) -> Rule:
            declared.add_rule(names, rule)
            return rule

        return declare

    def first(rule: Rule) -> Rule:
        declared.set_first(rule)
        return rule

    call.wrt, call.first = wrt, first
    return _published(call, declared, claims or function, register, example)


def elementwise(
    function: Callable[..., Any],
    *rules: Rule,
    name: str | None = None,
    register: bool = False,
    formula: str = "",
    note: str = "",
    example: str = "",
    samples: Sequence[Sample] = (),
    domain: tuple[float, float] = (-3.0, 3.0),
    kinks: Callable[..., Any] | None = None,
) -> Any:
    """Declares an op that works element by element: a ufunc and a rule for each of its inputs.

    Rules may ask for `x` (and `y`, the second input) and `out`. Shapes broadcast as NumPy's do;
    the engine sums the gradients back, rules need not.

    >>> import numpy as np, autograd as ag
    >>> cube = ag.elementwise(lambda x: x**3, lambda g, x: g * 3 * x**2, name="cube")
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> cube(x).sum().backward()
    >>> x.grad
    Tensor([ 3., 12.])
    """
    _check_rules(function, name or function.__name__, len(rules))
    names = ("x", "y")[: len(rules)]
    parameters = _X_AND_Y[: len(rules)]
    declared = Op(
        function,
        name,
        parameters=parameters,
        formula=formula,
        note=note,
        samples=samples,
        domain=domain,
        kinks=kinks,
        signature=",".join(["()"] * len(names)) + "->()",
    )
    for parameter, rule in zip(names, rules, strict=True):
        declared.add_rule((parameter,), rule)
    call = unary(declared) if len(rules) == 1 else binary(declared)
    if register and not example:
        example = _slope_example(function.__name__, len(rules), domain)
    return _published(call, declared, function, register, example)


def _check_rules(function: Callable[..., Any], name: str, count: int) -> None:
    """An op that works element by element has a rule for each of its one or two inputs."""
    if isinstance(function, np.ufunc):
        least = most = function.nin
    elif code := getattr(function, "__code__", None):
        most = 2 if code.co_flags & inspect.CO_VARARGS else code.co_argcount
        least = code.co_argcount - len(getattr(function, "__defaults__", None) or ())
        if inspect.ismethod(function):
            least, most = least - 1, most - 1
    else:
        least, most = 1, 2
    if count in (1, 2) and least <= count <= most:
        return
    name = "f" if name == "<lambda>" else name
    came = f"elementwise({name}, …): {count or 'no'} rule{'' if count == 1 else 's'} came"
    if least == most:
        came += f" for {most} input{'' if most == 1 else 's'}"
    if least > 2 or (count > 2 and most >= 2 > least):
        raise TypeError(
            f"{came}, and elementwise is for functions of one or two. Write {name} = ag.op(…), and "
            f'a rule for each input with {name}.wrt("x").'
        )
    rules = "lambda g, x: …" if most == 1 or least < 2 else "lambda g, y: …, lambda g, x: …"
    raise TypeError(f"{came}; each input has one. Write elementwise({name}, {rules}).")


_X_AND_Y = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in ("x", "y")]


def _slope_example(name: str, inputs: int, domain: tuple[float, float]) -> str:
    """The example of an op that works element by element: its slopes are what the function's own
    values say. (A text, run by the tests only: `import autograd` pays for nothing but its making.)
    """
    if inputs == 1:
        x = 0.7 if domain[0] < 0.7 else 1.7
        return (
            f">>> x = ag.Tensor({x}, requires_grad=True)\n"
            f">>> ag.{name}(x).backward()\n"
            f">>> np.allclose(x.grad, ag.numerical_diff(np.{name}, {x}))\nTrue"
        )
    return (
        ">>> x, y = ag.Tensor(1.7, requires_grad=True), ag.Tensor(0.7, requires_grad=True)\n"
        f">>> ag.{name}(x, y).backward()\n"
        f">>> slopes = ag.numerical_gradient(lambda v: np.{name}(*v), [1.7, 0.7])\n"
        ">>> np.allclose([x.grad, y.grad], slopes)\nTrue"
    )


def composite(*, claims: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Declares a function built from ops as NumPy's: it needs no rule of its own. Where there is
    nothing that could have a gradient it *is* NumPy's function.

    Raises ValueError if NumPy's function is claimed already.

    >>> import numpy as np, autograd as ag
    >>> np.ptp(ag.Tensor([1.0, 5.0, 2.0]))   # of max and min, under @composite(claims=np.ptp)
    Tensor(4.)
    """

    def declare(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = [args, list(kwargs.values())]
            if holds_tensor(kwargs.get("out")):
                raise TypeError(NO_OUT.format(function.__name__))
            if _holds_floats(given):
                return function(*args, **kwargs)
            plain = {name: unwrap(value) for name, value in kwargs.items()}
            out = claims(*unwrap(args), **plain)
            return wrapped(out) if holds_tensor(given) else out

        claim(claims, call)
        return call

    return declare


def _holds_floats(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_floats, value))
    return isinstance(value, Tensor) and value.array.dtype.kind == "f"


def constant(*functions: Callable[..., Any]) -> None:
    """Claims NumPy functions that have no derivative (comparisons, argmax, shape, …): on Tensors
    they compute on the arrays and give plain arrays.

    Raises ValueError if a function is claimed already.

    >>> import numpy as np, autograd as ag
    >>> np.argsort(ag.Tensor([3.0, 1.0, 2.0]))   # by constant(np.argsort, …)
    array([1, 2, 0])
    """
    for function in functions:
        constants.add(function)
        claim(function, _on_arrays(function))


def _on_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if holds_tensor(kwargs.get("out")):
            raise TypeError(NO_OUT.format(function.__name__))
        return function(*unwrap(args), **{key: unwrap(value) for key, value in kwargs.items()})

    return functools.wraps(function)(call)


def refuse(reason: str, *functions: Callable[..., Any]) -> None:
    """Marks NumPy functions as refused on Tensors that require gradients, with the reason and
    the way out that the error tells.

    >>> import numpy as np, autograd as ag
    >>> np.gcd(ag.Tensor(4.0, requires_grad=True), 2)   # by refuse("it works on integers…", np.gcd)
    Traceback (most recent call last):
    ...
    TypeError: np.gcd cannot be recorded: it works on integers, which have no gradient...
    """
    for function in functions:
        refusals[function] = reason


def claim(function: Callable[..., Any], ours: Callable[..., Any]) -> None:
    """Makes `np.function(tensor)` reach `ours`."""
    if function in claimed:
        raise ValueError(
            f"{getattr(function, '__module__', 'numpy')}.{function.__name__} is already claimed by "
            f"{claimed[function]!r}. Leave out register=True: your op is then reached by its own "
            "name."
        )
    claimed[function] = ours


def _published(
    call: Any, declared: Op, numpy_function: Any, register: bool, example: str = ""
) -> Any:
    """Gives the call its name, signature and documentation; registers it if it is NumPy's."""
    call.op = declared
    call.__name__ = call.__qualname__ = declared.name
    call.__module__ = getattr(declared.function, "__module__", None) or "numpy"
    if declared.function_tells:
        call.__wrapped__ = declared.function  # where inspect.signature looks, if it is asked
    else:
        call.__signature__ = declared.call
    claimed_functions = numpy_function if isinstance(numpy_function, tuple) else (numpy_function,)
    numpys = [f for f in claimed_functions if _is_numpys(f)]
    call.__doc__ = _documentation(declared, numpys, example)
    if register:
        for function in numpys:
            claim(function, call)
        registry[declared.name] = declared  # last: a claim that is refused leaves nothing behind
    return call


def _is_numpys(function: Any) -> bool:
    return isinstance(function, np.ufunc) or (getattr(function, "__module__", "") or "").startswith(
        "numpy"
    )


def _documentation(declared: Op, numpys: Sequence[Any], example: str) -> str:
    """The docstring: what the declaration says, in the order of all docstrings here."""
    own = inspect.getdoc(declared.function) if not _is_numpys(declared.function) else None
    parts = []
    if own:
        parts.append(own)
    elif numpys:
        parts.append(f"np.{numpys[0].__name__}, on arrays and (recorded) on Tensors.")
    if declared.formula:
        parts.append(f"Formula: out = {declared.formula}")
    if declared.signature:
        parts.append(f"Shapes: {declared.signature}, broadcasting over the axes before")
    if declared.note:
        parts.append(inspect.cleandoc(declared.note))
    if numpys and not own:
        parts.append(
            "Parameters and errors are NumPy's; `out=` and `where=` are refused (TypeError) where "
            "a gradient is recorded."
        )
    if example:
        parts.append(">>> import numpy as np, autograd as ag\n" + inspect.cleandoc(example))
    return "\n\n".join(parts)
