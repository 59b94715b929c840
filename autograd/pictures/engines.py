"""Programs that turn DOT into a picture, best first; none of them has to be there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

INSTALL = 'the extra `pictures` (in a checkout: pip install -e ".[pictures]")'
BUILT_IN = "built-in"


class Missing(Exception):
    """This engine is not there, or could not draw; its text says which, in a few words."""


@dataclass(frozen=True)
class Drawn:
    """What an engine made, and a line about who it was."""

    data: bytes
    said: str


def by_program(source: str, format: str) -> Drawn:
    """The package `graphviz`, which calls the program `dot`."""
    try:
        import graphviz
    except ImportError:
        raise Missing("the package graphviz is not installed") from None
    program = shutil.which("dot")
    if program is None:
        raise Missing("the program dot is not on the PATH")
    try:
        data = graphviz.Source(source).pipe(format=format, quiet=True)
    except (graphviz.ExecutableNotFound, graphviz.CalledProcessError, OSError) as error:
        raise Missing(f"dot could not draw it ({type(error).__name__})") from error
    return Drawn(data, "drawn by Graphviz (the program dot)")


def by_library(source: str, format: str) -> Drawn:
    """pygraphviz, whose wheels bring Graphviz along."""
    try:
        import pygraphviz
    except ImportError:
        raise Missing("pygraphviz is not installed") from None
    try:
        data = pygraphviz.AGraph(string=source).draw(format=format, prog="dot")
    except Exception as error:  # whatever its C library makes of it
        raise Missing(f"pygraphviz could not draw it ({type(error).__name__})") from error
    return Drawn(data, "drawn by Graphviz (through pygraphviz)")


ENGINES: dict[str, Callable[[str, str], Drawn]] = {"graphviz": by_program, "pygraphviz": by_library}


def drawn(source: Callable[[], str], format: str, engine: str | None) -> Drawn:
    """The picture by the engine asked for, or else by the first that can.

    Raises `Missing`, with a reason for each, if none can."""
    reasons = []
    for name in [engine] if engine else ENGINES:
        if name == BUILT_IN:
            raise Missing(f"the built-in layout makes no {format}")
        try:
            return ENGINES[name](source(), format)
        except Missing as missing:
            reasons.append(str(missing))
    raise Missing("; ".join(reasons))


def expected(engine: str | None) -> str:
    """Who is going to draw, told without drawing: one line."""
    if engine != BUILT_IN:
        if engine != "pygraphviz" and find_spec("graphviz") and shutil.which("dot"):
            return "drawn by Graphviz (the program dot)"
        if engine != "graphviz" and find_spec("pygraphviz"):
            return "drawn by Graphviz (through pygraphviz)"
    return f"drawn by the built-in layout; for Graphviz's: {INSTALL}"


def known(engine: str | None) -> str | None:
    if engine is not None and engine not in (*ENGINES, BUILT_IN):
        names = ", ".join(map(repr, (*ENGINES, BUILT_IN)))
        raise ValueError(
            f"engine={engine!r}: there are {names}, and None for the best that is there."
        )
    return engine
