"""A formula as a list of steps.

    step = m / (np.sqrt(v) + epsilon)           s0 = sqrt(v);  s0 = s0 + c0;  s0 = m / s0
    p -= lr * step                      →       s0 = c1 * s0;  p = p - s0

A formula is plain NumPy, and each of its steps makes an array. That is dear where arrays are large:
each new one comes from memory, not from the cache. So the formula is run once on *symbols*, which
compute nothing and write down what they are asked: that is the program. (Its settings are numbers:
what the formula computes from them, and how it branches on them, is done by then. `t`, which counts
the steps, is written down too if the formula does not branch on it, so that one program serves all
steps.) The program is then run on the arrays, block by block, with scratch memory for what it makes
on the way; or numba compiles it to one loop over the elements (fast.py). All do the same steps in
the same order, each rounded as NumPy rounds it, so all give the same bits.

A formula that asks for more than its symbols know (a sum, a shape, a comparison) has no program; it
is then run on the arrays as it stands.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .parameters import Array

SPELLING = {
    np.add: "{} + {}",
    np.subtract: "{} - {}",
    np.multiply: "{} * {}",
    np.divide: "{} / {}",
    np.negative: "-{}",
    np.absolute: "abs({})",
    np.square: "{0} * {0}",
    np.sqrt: "np.sqrt({})",
    np.maximum: "np.maximum({}, {})",
    np.minimum: "np.minimum({}, {})",
}
"""What a symbol can be asked, and how it is spelt for one element: functions of floats that NumPy
and numba round alike."""

Step = tuple[Any, ...]
"""(ufunc, where the result goes, operands…): registers count from 0, numbers from ~0 = −1 down."""


class Unknown:
    """What has no value while a formula is being written down, and so decides nothing."""

    __slots__ = ()

    def _unknown(self, *args, **kwargs):
        raise TypeError("what it is is not known yet")

    # NumPy must not take it for an object to put into an array of one.
    __array__ = __array_function__ = __bool__ = _unknown
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _unknown
    __hash__ = None  # type: ignore[assignment]


class Number(Unknown):
    """Stands for a number that depends on t: Python's text for it."""

    __slots__ = ("text",)
    __array_ufunc__ = None  # NumPy's numbers leave the work to it, which refuses

    def __init__(self, text: str) -> None:
        self.text = text

    def __neg__(self):
        return Number(f"(-{self.text})")


def _operator_of_numbers(name: str, sign: str) -> None:
    """a + b and b + a."""

    def both(a: Any, b: Any) -> Any:
        if type(a) not in NUMBERS or type(b) not in NUMBERS:
            return NotImplemented
        texts = [x.text if type(x) is Number else f"({x!r})" for x in (a, b)]
        return Number(f"({texts[0]} {sign} {texts[1]})")

    setattr(Number, f"__{name}__", both)
    setattr(Number, f"__r{name}__", lambda a, b: both(b, a))


for _name, _text in dict(add="+", sub="-", mul="*", truediv="/", pow="**").items():
    _operator_of_numbers(_name, _text)

NUMBERS = (float, int, Number)
"""What a program has a place for; NumPy's scalars are no weak numbers."""

T = Number("t")


class Symbol(Unknown):
    """Stands for an array while a formula is being written down."""

    __slots__ = ("register", "script")

    def __init__(self, script: Script, register: int) -> None:
        self.script = script
        self.register = register

    def __array_ufunc__(self, ufunc, method, *inputs, out=(None,), **keywords):
        if method != "__call__" or keywords or ufunc not in SPELLING:
            return NotImplemented
        return self.script.write(ufunc, inputs, out[0])

    def __neg__(self):
        return self.script.write(np.negative, (self,), None)

    def __abs__(self):
        return self.script.write(np.absolute, (self,), None)

    def __pow__(self, exponent):
        if exponent != 2:
            return NotImplemented
        return self.script.write(np.square, (self,), None)

    def __ipow__(self, exponent):
        if exponent != 2:
            return NotImplemented
        return self.script.write(np.square, (self,), self)


def _operator_of_arrays(name: str, ufunc: np.ufunc) -> None:
    """a + b, b + a and a += b."""
    setattr(Symbol, f"__{name}__", lambda a, b: a.script.write_two(ufunc, a, b, None))
    setattr(Symbol, f"__r{name}__", lambda a, b: a.script.write_two(ufunc, b, a, None))
    setattr(Symbol, f"__i{name}__", lambda a, b: a.script.write_two(ufunc, a, b, a))


for _name, _ufunc in dict(add=np.add, sub=np.subtract, mul=np.multiply, truediv=np.divide).items():
    _operator_of_arrays(_name, _ufunc)


class Script:
    """What is being written down."""

    def __init__(self) -> None:
        self.registers = 0
        self.numbers: list[float | Number] = []
        self.steps: list[Step] = []

    def symbol(self) -> Symbol:
        self.registers += 1
        return Symbol(self, self.registers - 1)

    def write(self, ufunc: Any, operands: Any, out: Any) -> Symbol:
        places = [x.register if type(x) is Symbol else self._place(x) for x in operands]
        if out is None:
            out = self.symbol()
        self.steps.append((ufunc, out.register, *places))
        return out

    def write_two(self, ufunc: Any, a: Any, b: Any, out: Any) -> Symbol:
        """The same for two operands: half the time, at every step of an optimizer."""
        first = a.register if type(a) is Symbol else self._place(a)
        second = b.register if type(b) is Symbol else self._place(b)
        if out is None:
            out = Symbol(self, self.registers)
            self.registers += 1
        self.steps.append((ufunc, out.register, first, second))
        return out

    def _place(self, number: Any) -> int:
        if type(number) not in NUMBERS:
            raise TypeError(f"a formula's program has no place for {number!r}")
        self.numbers.append(number)
        return -len(self.numbers)


class Program(NamedTuple):
    """Steps on some arrays, which stand in the first registers, and on numbers."""

    arrays: int
    numbers: int
    steps: tuple[Step, ...]

    def lines(self, form: str, number: str) -> tuple[list[str], list[str]]:
        """The steps as lines of Python, and the scratch registers in them: one that is not read
        any more is used again. Arrays are called a0, a1, …, scratch s0, …, numbers as told."""
        names = {i: f"a{i}" for i in range(self.arrays)}
        last = {r: i for i, (_, *registers) in enumerate(self.steps) for r in registers}
        lines: list[str] = []
        scratch: list[str] = []
        free: set[str] = set()
        for i, (ufunc, out, *operands) in enumerate(self.steps):
            spelt = [names[r] if r >= 0 else number.format(~r) for r in operands]
            free |= {names[r] for r in operands if r >= self.arrays and last[r] == i}
            if out not in names:
                if not free:
                    scratch.append(f"s{len(scratch)}")
                    free.add(scratch[-1])
                names[out] = min(free)
                free.remove(names[out])
            lines.append(
                form.format(
                    ufunc=ufunc.__name__,
                    operands=", ".join(spelt),
                    out=names[out],
                    expression=SPELLING[ufunc].format(*spelt),
                )
            )
        return lines, scratch


def written(
    formula: Callable[..., None], names: Sequence[str], keywords: dict[str, Any]
) -> tuple[Program, list[float | Number]] | None:
    """The formula's program for the arrays p, g and those called `names`, and its numbers; None if
    it has none."""
    script = Script()
    p, g, *remembered = [script.symbol() for _ in range(2 + len(names))]
    try:
        formula(p, g, **dict(zip(names, remembered)), **keywords)
    except Exception:  # whatever it is: run on the arrays, it works, or raises what the user reads
        return None
    program = Program(2 + len(names), len(script.numbers), tuple(script.steps))
    return program, script.numbers


# -- running it ----------------------------------------------------------------------------------

Run = Callable[[int, list[list[Array]]], None]
"""A step number t of some parameters: [p, g, and what is remembered] for each, of any shapes."""


def prepared(
    formula: Callable[..., None],
    names: Sequence[str],
    keywords: dict[str, Any],
    t: int,
    dtype: Any,
    size: int,
    block: int,
) -> tuple[Run, bool]:
    """How to run the formula on the arrays p, g, and those called `names`, `size` elements in all;
    `block` of them go through it at once. And whether that serves for other t as well."""
    # A user's formula, or one wrapped by a user, may throw dice: it is written down at every step.
    home = getattr(formula, "__globals__", {}).get("__name__", "")
    ours = home.startswith(f"{__package__}.")
    for count in (T, t) if ours else (t,):
        if "t" in keywords:
            keywords = {**keywords, "t": count}
        found = written(formula, names, keywords)
        if found is not None:
            break
    lasts = ours and (count is T or "t" not in keywords)
    if found is None:

        def as_it_stands(t: int, work: list[list[Array]]) -> None:
            for p, g, *remembered in work:
                formula(p, g.copy(), **dict(zip(names, remembered)), **keywords)

        return as_it_stands, False

    program, numbers = found
    writes_g = any(out == 1 for _, out, *_ in program.steps)
    numbers_at = _numbers_at(numbers, dtype)
    if fast.pays(size, dtype) and (kernel := fast.kernel(program)) is not None:

        def compiled(t: int, work: list[list[Array]]) -> None:
            numbers = numbers_at(t)
            for arrays in work:
                kernel(*alike(arrays, writes_g), numbers)

        return compiled, lasts

    function, count = numpys(program)

    def in_scratch_memory(t: int, work: list[list[Array]]) -> None:
        values = numbers_at(t)
        numbers = [values[i, ...] for i in range(len(values))]  # half the time of Python's numbers
        largest = max([arrays[0].size for arrays in work])
        memory = scratch(count, min(largest, block), dtype)
        for arrays in work:
            p, *others = alike(arrays, writes_g)
            if p.size <= block:
                shaped = [s[: p.size].reshape(p.shape) for s in memory]
                function(p, *others, *shaped, *numbers)
                continue
            for parts in blocks([p, *others], block):
                function(*parts, *[s[: parts[0].size] for s in memory], *numbers)

    return in_scratch_memory, lasts


def _numbers_at(numbers: list[float | Number], dtype: Any) -> Callable[[int], Array]:
    """A program's numbers as a function of t."""
    if not any(type(x) is Number for x in numbers):
        constant = np.array(numbers, dtype)
        return lambda t: constant
    items = ", ".join([x.text if type(x) is Number else repr(x) for x in numbers])
    names = {"array": np.array, "dtype": dtype, "inf": math.inf, "nan": math.nan}
    found: Callable[[int], Array] = eval(f"lambda t: array([{items}], dtype)", names)
    return found


_kept = threading.local()


def scratch(count: int, size: int, dtype: Any) -> list[Array]:
    """So many arrays, of at least this size: memory that each thread keeps, because new memory is
    slow."""
    arrays: list[Array] = _kept.__dict__.setdefault(dtype.str, [])
    if len(arrays) < count or (count and arrays[0].size < size):
        arrays[:] = [np.empty(size, dtype) for _ in range(max(count, len(arrays)))]
    return arrays[:count]


def alike(arrays: list[Array], writes_g: bool) -> list[Array]:
    """The arrays such that the gradient lies in memory as the parameter does, and both one row
    after the other: beside another layout all takes ten times as long. The gradient is the user's:
    a formula that writes to it gets a copy."""
    if arrays[0].flags.fnc:
        arrays = [a.T for a in arrays]
    if writes_g or arrays[1].strides != arrays[0].strides:
        arrays[1] = np.array(arrays[1], order="C")
    return arrays


@functools.lru_cache(maxsize=256)
def numpys(program: Program) -> tuple[Callable[..., None], int]:
    """The program as a function of flat arrays, of scratch arrays (so many), and of the numbers."""
    lines, scratch = program.lines("{ufunc}({operands}, out={out})", "c{}")
    arrays = [f"a{i}" for i in range(program.arrays)]
    numbers = [f"c{i}" for i in range(program.numbers)]
    head = f"def run({', '.join([*arrays, *scratch, *numbers])}):"
    source = "\n    ".join([head, *lines, "return"])
    namespace: dict[str, Any] = {ufunc.__name__: ufunc for ufunc in SPELLING}
    exec(source, namespace)
    return namespace["run"], len(scratch)


def blocks(arrays: list[Array], size: int) -> Iterable[Any]:
    """The arrays, flat, in parts of up to `size` elements: so few that they stay in the cache."""
    if all(a.flags.c_contiguous for a in arrays):
        whole = [a.reshape(-1) for a in arrays]
        return ([a[i : i + size] for a in whole] for i in range(0, whole[0].size, size))
    return _blocks_of_any_layout(arrays, size)


def _blocks_of_any_layout(arrays: list[Array], size: int) -> Iterator[Any]:
    """nditer makes every layout a flat one, and copies only what differs from the others."""
    access: list[Any] = [["readwrite" if a.flags.writeable else "readonly"] for a in arrays]
    flags: list[Any] = ["external_loop", "buffered", "zerosize_ok"]
    with np.nditer(arrays, flags, access, order="K", buffersize=size) as parts:
        yield from parts


from . import fast  # noqa: E402 - it builds on the above
