"""A formula as a list of steps.

    step = m / (np.sqrt(v) + epsilon)           s0 = sqrt(v);  s0 = s0 + c0;  s0 = m / s0
    p -= lr * step                      →       s0 = c1 * s0;  p = p - s0

A formula is plain NumPy, and each of its steps makes an array. That is dear where arrays are large:
each new one comes from memory, not from the cache. So the formula is run once on *symbols*, which
compute nothing and write down what they are asked: that is the program. (Its numbers stay numbers:
what the formula computes from them, and how it branches on them, is done by then.) The program is
then run on the arrays, block by block, with scratch memory for what it makes on the way; or numba
compiles it to one loop over the elements (fast.py). All do the same steps in the same order, each
rounded as NumPy rounds it, so all give the same bits.

A formula that asks for more than its symbols know (a sum, a shape, a comparison) has no program; it
is then run on the arrays as it stands.
"""

from __future__ import annotations

import functools
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


class Symbol:
    """Stands for an array while a formula is being written down."""

    __slots__ = ("register", "script")

    def __init__(self, script: Script, register: int) -> None:
        self.script = script
        self.register = register

    def __array_ufunc__(self, ufunc, method, *inputs, out=(None,), **keywords):
        if method != "__call__" or keywords or ufunc not in SPELLING:
            return NotImplemented
        return self.script.write(ufunc, inputs, out[0])

    def _unknown(self, *args, **kwargs):
        raise TypeError("what the elements are is not known yet")

    # NumPy must not take it for an object to put into an array of one.
    __array__ = __array_function__ = __bool__ = _unknown
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _unknown
    __hash__ = None  # type: ignore[assignment]

    def __neg__(self):
        return self.script.write(np.negative, (self,), None)

    def __abs__(self):
        return self.script.write(np.absolute, (self,), None)

    def __pow__(self, exponent):
        if exponent != 2:
            return NotImplemented
        return self.script.write(np.square, (self,), None)


def _operators(name: str, ufunc: np.ufunc) -> None:
    """a + b, b + a and a += b."""
    setattr(Symbol, f"__{name}__", lambda a, b: a.script.write_two(ufunc, a, b, None))
    setattr(Symbol, f"__r{name}__", lambda a, b: a.script.write_two(ufunc, b, a, None))
    setattr(Symbol, f"__i{name}__", lambda a, b: a.script.write_two(ufunc, a, b, a))


for _name, _ufunc in dict(add=np.add, sub=np.subtract, mul=np.multiply, truediv=np.divide).items():
    _operators(_name, _ufunc)


class Script:
    """What is being written down."""

    def __init__(self) -> None:
        self.registers = 0
        self.numbers: list[float] = []
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
        if type(number) not in (float, int):  # NumPy's scalars are no weak numbers
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
) -> tuple[Program, list[float]] | None:
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


def prepared(
    formula: Callable[..., None],
    names: Sequence[str],
    keywords: dict[str, Any],
    dtype: Any,
    size: int,
    block: int,
) -> Callable[[list[Array]], None]:
    """The formula as a function of the arrays [p, g, and those called `names`], of any shapes, to
    be called on `size` elements in all; `block` of them go through it at once."""
    ours = (formula.__module__ or "").startswith(f"{__package__}.")
    if "t" in keywords or not ours:
        found = written(formula, names, keywords)
    else:  # they throw no dice: without a schedule, a step of SGD is the same as that before
        found = _remembered(written, formula, tuple(names), tuple(keywords.items()))
    if found is None:

        def directly(arrays: list[Array]) -> None:
            for p, g, *remembered in blocks(arrays, block):
                formula(p, g, **dict(zip(names, remembered)), **keywords)

        return directly

    program, numbers = found
    values = np.array(numbers, dtype)
    if fast.pays(size, dtype) and (kernel := fast.kernel(program)) is not None:

        return lambda arrays: kernel(*arrays, values)

    function, count = numpys(program)
    memory = scratch(count, min(size, block), dtype)
    scalars = [values[i, ...] for i in range(len(numbers))]  # half the time of Python's numbers

    def run(arrays: list[Array]) -> None:
        for parts in blocks(arrays, block):
            n = parts[0].size
            function(*parts, *[s[:n] for s in memory], *scalars)

    return run


@functools.lru_cache(maxsize=64)
def _remembered(written: Any, formula: Any, names: Any, keywords: Any) -> Any:
    return written(formula, names, dict(keywords))


_kept = threading.local()


def scratch(count: int, size: int, dtype: Any) -> list[Array]:
    """So many arrays, of at least this size: memory that each thread keeps, because new memory is
    slow."""
    arrays: list[Array] = _kept.__dict__.setdefault(dtype.str, [])
    if len(arrays) < count or (count and arrays[0].size < size):
        arrays[:] = [np.empty(size, dtype) for _ in range(max(count, len(arrays)))]
    return arrays[:count]


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


def flat(arrays: list[Array]) -> list[Array] | None:
    """The arrays as flat ones that share their memory, if they are plain arrays that lie there as
    their elements count; else None."""
    whole = []
    for a in arrays:
        if type(a) is not np.ndarray or not a.flags.c_contiguous:
            return None
        whole.append(a if a.ndim == 1 else a.reshape(-1))
    return whole


def blocks(arrays: list[Array], size: int) -> Iterable[Any]:
    """The arrays, flat, in parts of up to `size` elements: so few that they stay in the cache."""
    whole = flat(arrays)
    if whole is None:
        return _blocks_of_any_layout(arrays, size)
    count = whole[0].size
    if count <= size:
        return [whole]
    return ([a[i : i + size] for a in whole] for i in range(0, count, size))


def _blocks_of_any_layout(arrays: list[Array], size: int) -> Iterator[Any]:
    """nditer makes every layout a flat one, and copies only what differs from the others."""
    access: list[Any] = [["readwrite"], ["readonly"], *[["readwrite"]] * (len(arrays) - 2)]
    flags: list[Any] = ["external_loop", "buffered", "zerosize_ok"]
    with np.nditer(arrays, flags, access, order="K", buffersize=size) as parts:
        yield from parts


from . import fast  # noqa: E402 - it builds on the above
