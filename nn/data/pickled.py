"""A dict of arrays out of a pickle, without unpickling: the file is read, never obeyed.

A pickle is a program for a stack machine, and some of its instructions import and call whatever
the file names. This is such a machine with nothing to call. It knows the instructions in `STEPS`,
and the names in `NAMES` as mere symbols; the two shapes of call that NumPy writes for an array are
recognised, and the array is made here, from bytes that were counted first.
"""

from __future__ import annotations

import io
import math
import os
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 1 << 28
MAX_OPCODES = 200_000  # room for 5,000 arrays; a hostile file may cost 100 bytes for each
MAX_DIMS = 32
OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
DTYPES = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"}


class Name(Enum):
    """What a pickle of arrays may name. None of it is imported."""

    RECONSTRUCT = auto()
    FROMBUFFER = auto()
    NDARRAY = auto()
    DTYPE = auto()
    ENCODE = auto()
    BYTES = auto()


NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): Name.RECONSTRUCT,  # NumPy 1
    ("numpy._core.multiarray", "_reconstruct"): Name.RECONSTRUCT,  # NumPy 2
    ("numpy.core.numeric", "_frombuffer"): Name.FROMBUFFER,  # protocol 5
    ("numpy._core.numeric", "_frombuffer"): Name.FROMBUFFER,
    ("numpy", "ndarray"): Name.NDARRAY,
    ("numpy", "dtype"): Name.DTYPE,
    ("_codecs", "encode"): Name.ENCODE,  # protocols 0-2 write bytes as text
    ("__builtin__", "bytes"): Name.BYTES,  # protocols 0-2, no bytes at all
}


# A pickle makes an empty thing first and fills it in later. `eq=False`: compared by identity, so
# that no comparison ever looks inside.
@dataclass(eq=False)
class DType:
    code: str
    order: str | None = None


@dataclass(eq=False)
class Array:
    value: NDArray[Any] | None = None


def load_pickled_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read a pickled dict of numeric arrays, as the notes' `sample_weight.pkl`, running nothing.

    The arrays have the shapes and values that were pickled (protocols 0 to 5, by Python 3), the
    machine's byte order, C order, and may be written to.

    Raises ValueError, naming file, instruction and position, for a pickle of anything else, and
    for a damaged one.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "weights.pkl"
    ...     _ = file.write_bytes(pickle.dumps({"b1": np.zeros(3, dtype=np.float32)}))
    ...     load_pickled_arrays(file)
    {'b1': array([0., 0., 0.], dtype=float32)}

    Source: Python's `pickletools`, which documents each instruction; NumPy's `ndarray.__reduce__`.
    """
    path = Path(path)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise ValueError(f"{path}: {size:,} bytes; pickles of up to {MAX_BYTES:,} are read.")
        stream = io.BytesIO(file.read(size))
    machine = Machine(budget=size)
    for _ in range(MAX_OPCODES):
        position = stream.tell()
        byte = stream.read(1)
        opcode = OPCODES.get(byte)
        name = opcode.name if opcode else f"instruction {byte!r}" if byte else "the end"
        try:
            if not byte:
                raise ValueError("the file stops before STOP. Is it cut off?")
            if opcode is None or name not in STEPS:  # before its argument is read
                raise ValueError("no dict of arrays needs this instruction.")
            argument = opcode.arg.reader(stream) if opcode.arg else None
            STEPS[name](machine, argument)
            if name == "STOP":
                if stream.tell() < size:
                    raise ValueError("more bytes follow. Are there several pickles in the file?")
                return machine.result()
        except (ValueError, Warning) as error:  # warned of: odd escapes, under -W error
            raise ValueError(
                f"{path}: {name} at byte {position}: {str(error).rstrip('.')}. This reader takes a "
                "dict of numeric arrays and runs nothing; for all else ask for the file as .npz."
            ) from error
    raise ValueError(f"{path}: no STOP within {MAX_OPCODES:,} instructions, byte {stream.tell()}.")


@dataclass
class Machine:
    budget: int  # bytes of array that may still be made: a pickle holds all that it makes
    stack: list[Any] = field(default_factory=list)
    marks: list[list[Any]] = field(default_factory=list)  # the stacks below each MARK
    memo: dict[int, Any] = field(default_factory=dict)

    def pop(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError(f"it takes {count} from a stack of {len(self.stack)}.")
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def pop_to_mark(self) -> list[Any]:
        if not self.marks:
            raise ValueError("it goes back to a MARK, and there is none.")
        items, self.stack = self.stack, self.marks.pop()
        return items

    def push(self, item: Any) -> None:
        self.stack.append(item)

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def put(self, key: int) -> None:
        (self.memo[key],) = items = self.pop(1)
        self.stack += items

    def get(self, key: int) -> None:
        if key not in self.memo:
            raise ValueError(f"memo {key} was never stored.")
        self.push(self.memo[key])

    def name(self, module: object, qualname: object) -> None:
        match module, qualname:
            case str(), str() if (module, qualname) in NAMES:
                self.push(NAMES[module, qualname])
            case str(), str():
                raise ValueError(f"it names {f'{module}.{qualname}'[:80]!r}: not imported.")
            case _:
                raise ValueError("a name must be text.")

    def new_dict(self) -> None:
        items = self.pop_to_mark()
        self.push({})
        self.set_items(items)

    def set_items(self, items: list[Any]) -> None:
        (target,) = self.pop(1)
        if not isinstance(target, dict) or len(items) % 2:
            raise ValueError("it fills something other than a dict with pairs.")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str) or not isinstance(value, Array) or value.value is None:
                raise ValueError("the dict may hold arrays under names that are text, only.")
            target[key] = value.value
        self.push(target)

    def reduce(self) -> None:
        """The calls that NumPy writes, by the shape of their arguments; there are no others."""
        match self.pop(2):
            case [Name.RECONSTRUCT, (Name.NDARRAY, (0,), b"b")]:
                self.push(Array())
            case [Name.FROMBUFFER, (data, DType() as dtype, shape, "C" | "F" as order)]:
                self.push(Array(self.array(data, dtype, shape, order)))
            case [Name.FROMBUFFER, (data, DType() as dtype, shape, "K", axes)]:
                array = self.array(data, dtype, shape, "C")
                if not is_tuple_of_ints(axes) or sorted(axes) != [*range(array.ndim)]:
                    raise ValueError("its axes are not an order of the array's dimensions.")
                self.push(Array(array.transpose(axes).copy()))
            case [Name.DTYPE, (str() as code, 0, 1)] if code in DTYPES:
                self.push(DType(code))
            case [Name.DTYPE, (str() as code, 0, 1)]:
                raise ValueError(f"dtype {code[:80]!r} is not a plain number.")
            case [Name.ENCODE, (str() as text, "latin1")]:
                self.push(text.encode("latin1"))
            case [Name.BYTES, ()]:
                self.push(b"")
            case _:
                raise ValueError("it calls something that makes no array.")

    def build(self) -> None:
        """Fill in what a call has made: a dtype's byte order, an array's contents."""
        match self.pop(2):
            case [DType(order=None) as dtype, (3, order, None, None, None, -1, -1, 0)]:
                if order not in ("<", ">", "|"):
                    raise ValueError("its byte order is none of < > |.")
                dtype.order = order
                self.push(dtype)
            case [Array(value=None) as array, (1, shape, DType() as dtype, 0 | 1 as fortran, data)]:
                array.value = self.array(data, dtype, shape, "F" if fortran else "C")
                self.push(array)
            case _:
                raise ValueError("it fills in something other than a new array or dtype.")

    def array(self, data: Any, dtype: DType, shape: Any, order: Any) -> NDArray[Any]:
        if dtype.order is None:
            raise ValueError("its dtype has no byte order yet.")
        if not is_tuple_of_ints(shape) or any(not 0 <= n <= MAX_BYTES for n in shape):
            raise ValueError(f"its shape is not a tuple of up to {MAX_DIMS} sizes.")
        if not isinstance(data, bytes | bytearray):
            raise ValueError("its contents are not bytes.")
        stored = np.dtype(dtype.order + dtype.code)
        needed = math.prod(shape) * stored.itemsize  # Python ints: no overflow
        if needed != len(data):
            raise ValueError(
                f"{stored.name} of shape {shape} takes {needed:,} bytes; {len(data):,} are given."
            )
        self.budget -= needed
        if self.budget < 0:
            raise ValueError("its arrays together are larger than the file.")
        array = np.frombuffer(data, stored).reshape(shape, order=order)
        return array.astype(stored.newbyteorder("="), order="C")

    def result(self) -> dict[str, NDArray[Any]]:
        match self.marks, self.stack:
            case [], [dict() as arrays]:
                return arrays
        raise ValueError("what is left is not one dict.")


def is_tuple_of_ints(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) <= MAX_DIMS
        and all(type(item) is int for item in value)
    )


Step = Callable[[Machine, Any], None]
PUSH: Step = Machine.push
PUT: Step = Machine.put
GET: Step = Machine.get

# The allow-list: exactly the instructions that Python writes for a dict of arrays.
STEPS: dict[str, Step] = {
    "PROTO": lambda m, version: None,
    "FRAME": lambda m, size: None,
    "STOP": lambda m, _: None,
    "MARK": lambda m, _: m.mark(),
    # numbers, text, bytes
    "NONE": PUSH,
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "INT": PUSH,
    "BININT": PUSH,
    "BININT1": PUSH,
    "BININT2": PUSH,
    "UNICODE": PUSH,
    "BINUNICODE": PUSH,
    "SHORT_BINUNICODE": PUSH,
    "BINBYTES": PUSH,
    "SHORT_BINBYTES": PUSH,
    "BYTEARRAY8": PUSH,
    # tuples
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "TUPLE": lambda m, _: m.push(tuple(m.pop_to_mark())),
    "TUPLE1": lambda m, _: m.push(tuple(m.pop(1))),
    "TUPLE2": lambda m, _: m.push(tuple(m.pop(2))),
    "TUPLE3": lambda m, _: m.push(tuple(m.pop(3))),
    # the dict
    "EMPTY_DICT": lambda m, _: m.push({}),
    "DICT": lambda m, _: m.new_dict(),
    "SETITEM": lambda m, _: m.set_items(m.pop(2)),
    "SETITEMS": lambda m, _: m.set_items(m.pop_to_mark()),
    # the memo: what is used twice is written once
    "PUT": PUT,
    "BINPUT": PUT,
    "LONG_BINPUT": PUT,
    "MEMOIZE": lambda m, _: m.put(len(m.memo)),
    "GET": GET,
    "BINGET": GET,
    "LONG_BINGET": GET,
    # arrays
    "GLOBAL": lambda m, names: m.name(*names.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.name(*m.pop(2)),
    "REDUCE": lambda m, _: m.reduce(),
    "BUILD": lambda m, _: m.build(),
}
