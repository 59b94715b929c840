"""`ag.supported()`: which of NumPy's functions record, which are constant, which are refused."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from .declare import constants
from .ops.refused import is_reached
from .ops.ufunc_methods import METHODS, methods_of
from .tensor import claims, declare_all, refusals

declare_all()

NAMESPACES = {
    "np": np,
    "np.linalg": np.linalg,
    "np.fft": np.fft,
    "np.emath": np.emath,
    "np.strings": np.strings,
}
STATUS = {
    "claimed": "recorded, with a derivative",
    "constant": "no derivative on purpose: gives plain results",
    "refused": "where a gradient is wanted: TypeError",
    "unsorted": "unknown to this library: TypeError where a gradient is wanted",
}


class Entry(NamedTuple):
    """One function of NumPy's, and what becomes of it on a Tensor."""

    namespace: str
    name: str
    status: str
    reason: str
    function: Callable[..., Any]


class Support(tuple[Entry, ...]):
    """Entries that show themselves as a table, and under it the reasons of what is refused."""

    __slots__ = ()

    def __repr__(self) -> str:
        lines = []
        for (status, namespace), entries in groupby(self, lambda e: (e.status, e.namespace)):
            names = [entry.name for entry in entries]
            head = f"{status:<10}{namespace:<20}{len(names):>4}  "
            every = status == "refused" and namespace.startswith("np.ufunc")
            text = "every other" if every else ", ".join(names)
            lines += _wrapped(text, head, " " * len(head))
        shown = {entry.status for entry in self}
        lines += ["", *(f"{status:<10}{STATUS[status]}" for status in STATUS if status in shown)]
        for reason, entries in groupby(sorted(self, key=_reason), _reason):
            if reason:
                whose = ", ".join(dict.fromkeys(map(_refused_name, entries)))
                lines += ["", *_wrapped(whose, "", "  "), *_wrapped(reason, "    ", "    ")]
        return "\n".join(lines)


def supported(like: str = "") -> Support:
    """What works on Tensors: every function of NumPy's that can reach one, and what becomes of it.

    Functions that NumPy does not hand on (np.array, np.zeros, …) are not listed: they make arrays,
    and turn away a Tensor that requires a gradient.

    Parameters
    ----------
    like : str
        Only functions with this in their name.

    Examples
    --------
    >>> from autograd.support import supported  # or ag.supported
    >>> supported("fftshift")
    refused   np.fft                 2  fftshift, ifftshift
    <BLANKLINE>
    refused   where a gradient is wanted: TypeError
    <BLANKLINE>
    np.fft.fftshift, np.fft.ifftshift
        it is a roll. Write np.roll(x, n // 2, axis), or -(n // 2) to go back.
    """
    order = list(STATUS)
    found = [entry for entry in _entries() if like in f"{entry.namespace}.{entry.name}"]
    return Support(sorted(found, key=lambda entry: order.index(entry.status)))


def _entries() -> Iterator[Entry]:
    for namespace, module in NAMESPACES.items():
        for name in dir(module):
            function = getattr(module, name)
            if name[0] != "_" and is_reached(function):
                yield _entry(namespace, name, function)
    ufuncs = dict.fromkeys(f for f in vars(np).values() if isinstance(f, np.ufunc))
    for method in METHODS:
        for ufunc in sorted(ufuncs, key=lambda ufunc: ufunc.__name__):
            if method in methods_of(ufunc):
                yield _entry(f"np.ufunc.{method}", ufunc.__name__, getattr(ufunc, method))


def _entry(namespace: str, name: str, function: Callable[..., Any]) -> Entry:
    reason = refusals.get(function, "")
    if reason:
        status = "refused"
    elif function in constants:
        status = "constant"
    else:
        status = "claimed" if function in claims else "unsorted"
    return Entry(namespace, name, status, reason, function)


def _reason(entry: Entry) -> str:
    return entry.reason


def _refused_name(entry: Entry) -> str:
    if entry.namespace.startswith("np.ufunc"):
        return f"ufunc.{entry.namespace.rpartition('.')[2]}"
    return f"{entry.namespace}.{entry.name}"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, 100, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
