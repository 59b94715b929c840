"""How every benchmark here is run: engines take turns, each in a process of its own.

A benchmark is a script with

* engines: functions that import what they measure, set it up, and return `step`, a function without
  arguments: the work. (Or a number, for what is not a time: see `ask`.)
* `rows(quick)`: the rows of the table, with the bar for each and what was measured.

    def glassgrad(size):
        import numpy as np
        ...
        return lambda: ...

    def rows(quick):
        size = 1000 if quick else 1_000_000
        engines = {"glassgrad": Engine(glassgrad, size), "PyTorch": Engine(pytorch, size)}
        times = race(engines, quick)
        yield Row("the work", times.ratio("glassgrad", "PyTorch"), bar=0.70, beyond=0.45)

    if __name__ == "__main__":
        main(rows)

Why processes: the threads of one BLAS wait busily for their next product, for milliseconds, on the
cores that the next engine needs. Here all others sleep while one takes its turn, and the first
steps of a turn, in which caches and threads wake up, are not counted. A ratio is the median over
all turns of the quotient of the two medians within a turn, so what slows the machine for a while
slows both.

Users' machines pin no BLAS kernels, so `OPENBLAS_*` is taken out of the engines' environment before
NumPy is loaded there. Measured numbers differ from machine to machine; ratios do so less.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

TURNS = 15  # of each engine
TURN = 0.15  # seconds
WAKING = 0.25  # the share of a turn that is not counted


class Engine:
    """What a process measures: `make(*args)`, in its own environment; perhaps another Python, for
    packages that cannot live beside ours."""

    def __init__(
        self,
        make: Callable[..., Any],
        *args: Any,
        env: dict[str, str] | None = None,
        python: str | None = None,
    ) -> None:
        self.make = make
        self.args = args
        self.env = env or {}
        self.python = python or sys.executable


class Missing(Exception):
    """A peer that is not installed here."""


class Worker:
    """An engine's process, which waits to be told to take its turn."""

    def __init__(self, engine: Engine) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        self.process = subprocess.Popen(
            [engine.python, __file__],
            env={**env, **asked_for, **engine.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        script = Path(engine.make.__code__.co_filename).resolve()
        ours = engine.python == sys.executable  # other environments have packages of our names
        path = [str(script.parent), *([str(ROOT)] if ours else [])]
        answer = self.ask([path, script.stem, engine.make.__name__, engine.args])
        if "missing" in answer:
            self.process.wait()
            self.close()
            raise Missing(answer["missing"])
        self.value = answer["value"]

    def ask(self, question: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(question), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            self.process.wait()
            raise RuntimeError(f"a benchmark's engine failed:\n{answer['error']}")
        return answer

    def turn(self, seconds: float) -> list[float]:
        """The median time of a step, in seconds; then those of the parts that it tells of."""
        return list(self.ask(seconds)["medians"])

    def close(self) -> None:
        if self.process.poll() is None:
            environments.add(self.ask(None)["environment"])
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()


class Times:
    """What a race gave: for each engine and each of its turns the medians of a step's time, and of
    its parts' times, if the step returns them as a list."""

    def __init__(self, turns: dict[str, list[list[float]]]) -> None:
        self.turns = turns

    def ratio(self, ours: str, *theirs: str, part: int = 0) -> Measured:
        """Our time over that of the fastest of the others that are here; of the whole step, or of
        one of its parts, which count from 1."""
        found = []
        for other in theirs:
            if other in self.turns and ours in self.turns:
                pairs = zip(self.turns[ours], self.turns[other])
                found.append(statistics.median(a[part] / b[part] for a, b in pairs))
        said = [f"{name} {spelt(self.median(name, part))}" for name in (ours, *theirs)]
        return Measured(max(found, default=None), ", ".join(said))

    def median(self, name: str, part: int = 0) -> float | None:
        """In seconds; None if it is not here."""
        if name not in self.turns:
            return None
        return statistics.median(turn[part] for turn in self.turns[name])


class Measured(NamedTuple):
    value: float | None  # None if there was nobody to compare with
    said: str  # what stands behind it


class Row(NamedTuple):
    """One line of the table: what was measured, and what was promised."""

    work: str
    measured: Measured
    bar: float
    beyond: float | None = None
    unit: str = ""  # a ratio has none


def race(engines: dict[str, Engine], quick: bool = False, turns: int = TURNS) -> Times:
    """Times engines in turns; those that are not installed are left out, with a word."""
    turns, seconds = (2, 0.0) if quick else (turns, TURN)
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for name, engine in engines.items():
            try:
                workers[name] = Worker(engine)
            except Missing as word:
                skipped[name] = str(word)
            else:
                stack.callback(workers[name].close)
        taken: dict[str, list[list[float]]] = {name: [] for name in workers}
        for turn in range(turns):
            order = list(workers)
            for name in order if turn % 2 else reversed(order):
                taken[name].append(workers[name].turn(seconds))
    return Times(taken)


def ask(engine: Engine) -> Any:
    """What the engine's function returns, computed in a fresh process; None if it is missing."""
    try:
        worker = Worker(engine)
    except Missing as word:
        skipped[engine.make.__name__] = str(word)
        return None
    worker.close()
    return worker.value


asked_for: dict[str, str] = {}
"""Variables of the engines' environment: how many threads, which clock, what is left out."""

environments: set[str] = set()
"""What ran: versions, BLAS kernels, threads, as the engines' processes found them."""

skipped: dict[str, str] = {}
"""Peers that are not here, and what import said."""


# -- the table -----------------------------------------------------------------------------------

LINE = "{:62} {:>8} {:>8} {:>9}  {:7} {}"


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The lines of the table, each as soon as it is measured."""
    yield LINE.format("work", "bar", "beyond", "measured", "", "behind it")
    for row in rows:
        value, unit = row.measured.value, row.unit
        yield LINE.format(
            row.work, _number(row.bar, unit), _number(row.beyond, unit), _number(value, unit),
            _verdict(row), row.measured.said,
        )  # fmt: skip


def _verdict(row: Row) -> str:
    value = row.measured.value
    if value is None:
        return "skipped"
    if row.beyond is not None and value <= row.beyond:
        return "beyond"
    return "within" if value <= row.bar else "MISSED"


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if 0 < abs(value) < 100 else 0
    return f"{value:.{min(digits, 3)}f}{unit}"


def spelt(seconds: float | None) -> str:
    """A time as people say it.

    >>> spelt(0.00034), spelt(None)
    ('340 µs', 'missing')
    """
    if seconds is None:
        return "missing"
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if seconds >= size or unit == "ns":
            return f"{seconds / size:.3g} {unit}"
    raise AssertionError


def machine() -> str:
    """Which processor, how many cores of it, and what it has to do besides."""
    name = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        pass
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{platform.system()} {platform.machine()}, {name}, {os.cpu_count()} cores{load}"


def main(*benchmarks: Callable[[bool], Iterable[Row]]) -> None:
    """The command: `python tests/benchmarks/xxx.py [--quick] [--threads N] …`, see --help.

    Prints the table, and under it what it was measured on.
    """
    global figures
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="small and few: does it all run?")
    parser.add_argument("--threads", metavar="N", help="for every engine")
    parser.add_argument("--cpu-time", action="store_true", help="on a busy machine, with 1 thread")
    parser.add_argument("--without", nargs="+", metavar="PACKAGE", default=[], help="torch, …")
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="where to save pictures")
    asked = parser.parse_args()
    figures = asked.figures
    asked_for["BENCHMARKS_WITHOUT"] = " ".join(asked.without)
    if asked.threads:
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
        asked_for.update(dict.fromkeys(names, asked.threads))
    if asked.cpu_time:
        asked_for["BENCHMARKS_CLOCK"] = "process_time"
    print(machine(), flush=True)
    if asked.quick:
        print("--quick: small sizes, few turns; it shows that all runs. The numbers mean nothing.")
    print()
    for line in table(row for rows in benchmarks for row in rows(asked.quick)):
        print(line, flush=True)
    print()
    for line in sorted(environments):
        print(line)
    for name, word in sorted(skipped.items()):
        print(f"skipped: {name} ({word})")


figures: Path | None = None
"""Where pictures go; None if nobody asked for them."""


# -- in an engine's process ----------------------------------------------------------------------


def _serve() -> None:
    """Sets the engine up as the first line says, then takes turns, one for each line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the work prints goes to stderr, and disturbs nobody
    say = lambda answer: print(json.dumps(answer), file=answers, flush=True)
    questions = (json.loads(line) for line in sys.stdin)
    for package in os.environ.get("BENCHMARKS_WITHOUT", "").split():
        sys.modules[package] = None  # type: ignore[assignment] # as if it were not installed
    try:
        path, module, name, args = next(questions)
        sys.path[:0] = path
        make = getattr(importlib.import_module(module), name)
        try:
            step = make(*args)
        except ImportError as error:
            say({"missing": str(error)})
            return
        say({"value": None if callable(step) else step})
        for seconds in questions:
            if seconds is None:
                say({"environment": _environment()})
            else:
                say({"medians": _turn(step, seconds)})
    except Exception:
        say({"error": traceback.format_exc()})


def _turn(step: Callable[[], Any], seconds: float) -> list[float]:
    clock: Callable[[], float] = getattr(time, os.environ.get("BENCHMARKS_CLOCK", "perf_counter"))
    times: list[list[float]] = []
    start = after = clock()
    while after - start < seconds or len(times) < 3:
        before = clock()
        parts = step()
        after = clock()
        times.append([after - before, *(parts if isinstance(parts, list) else ())])
    counted = times[int(len(times) * WAKING) :]
    return [statistics.median(column) for column in zip(*counted)]


def _environment() -> str:
    from importlib.metadata import PackageNotFoundError, version

    versions = [f"Python {platform.python_version()}"]
    for name in ("numpy", "numba", "torch", "mygrad", "micrograd"):
        if sys.modules.get(name) is not None:
            try:
                versions.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                versions.append(f"{name} (no version)")
    return f"{', '.join(versions)}; {_blas()}"


def _blas() -> str:
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        numpy = sys.modules.get("numpy")
        if numpy is None:
            return "no BLAS"
        blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{blas.get('openblas configuration', blas['name'])} (as built; no threadpoolctl)"
    pools = [
        f"{p['internal_api']} {p['version'] or ''} {p.get('architecture', '')} "
        f"{p['num_threads']} threads"
        for p in threadpool_info()
    ]
    return "; ".join(sorted(" ".join(p.split()) for p in pools)) or "no BLAS"


if __name__ == "__main__":
    _serve()
