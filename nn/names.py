"""Names as strings, as in Keras: `Dense(10, activation="softmax")`, `compile(optimizer="sgd")`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any


def find(kind: str, name: Any, named: Mapping[str, Any], aliases: Mapping[str, str] = {}) -> Any:
    """What is called `name`, however its words are joined and capitalised; a function is itself.

    Raises ValueError for an unknown name, with those that are spelt alike.

    >>> find("number", "One-Two", {"one_two": 12})
    12
    """
    if not isinstance(name, str):
        if isinstance(name, Callable):  # type: ignore[arg-type]
            return name
        raise TypeError(f"{kind}: {name!r} is neither a name nor a function.")
    table = {_plain(key): value for key, value in named.items()}
    table |= {_plain(alias): table[_plain(meant)] for alias, meant in aliases.items()}
    try:
        return table[_plain(name)]
    except KeyError:
        known = [*named, *aliases]
        near = difflib.get_close_matches(name, known, n=3) or known
        raise ValueError(f"no {kind} is called {name!r}. Do you mean {', '.join(near)}?") from None


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()
