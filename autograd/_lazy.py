"""Names that are loaded when they are first asked for, so that an import loads little."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def placed(places: Mapping[str | None, str]) -> dict[str, str | None]:
    """What `lazy` takes, from the names in each module: {"tree": "flatten leaves", None: "plot"}.

    >>> placed({"tree": "flatten leaves", None: "plot"})
    {'flatten': 'tree', 'leaves': 'tree', 'plot': None}
    """
    return {name: place for place, names in places.items() for name in names.split()}


def lazy(package: str, places: Mapping[str, str | None]) -> Callable[[str], Any]:
    """A package's `__getattr__`; `places` says in which of its modules a name stands (None: the
    name is a module's)."""

    def __getattr__(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        place = places[name]
        module = import_module(f".{place or name}", package)
        value = module if place is None else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__
