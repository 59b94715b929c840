"""Breaks derivative rules on purpose, one place at a time, and counts how many the checks notice.

    python tests/mutate.py autograd/ops/transcendental.py autograd/ops/reduce.py

A mutant flips a sign, exchanges + and −, × and ÷, < and >, drops a factor, or adds 1 to a number,
inside a rule or a helper of one. Each runs in a process of its own, against the checks that every
op gets from its declaration (`tests/autograd/test_ops.py`). `--suite` then runs all tests of
tests/autograd against those that are left.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401  loaded once, before the processes of the mutants branch off
import numpy as np  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds; a mutant that runs for longer is noticed too

EXCHANGED: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


# -- mutants --------------------------------------------------------------------------------------


def rules(tree: ast.Module) -> list[ast.AST]:
    """The code that derivative rules are made of: lambdas in declarations, functions under `.wrt`,
    and private helpers."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_declaration(node.func):
            found += [a for a in node.args if isinstance(a, ast.Lambda)][_is_elementwise(node) :]
        elif isinstance(node, ast.FunctionDef):
            by_wrt = any(isinstance(d, ast.Call) and _is_wrt(d.func) for d in node.decorator_list)
            if by_wrt or (node.name.startswith("_") and not node.decorator_list):
                found.append(node)
    return found


def _is_declaration(function: ast.AST) -> bool:
    return (isinstance(function, ast.Name) and "elementwise" in function.id) or (
        isinstance(function, ast.Call) and _is_wrt(function.func)
    )


def _is_wrt(function: ast.AST) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "wrt"


def _is_elementwise(call: ast.Call) -> bool:
    """Whether the first lambda among the arguments is the function itself, not a rule."""
    return isinstance(call.func, ast.Name) and isinstance(call.args[0], ast.Lambda)


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the whole mutated source), for every place that can be changed."""
    tree = ast.parse(source)
    places = list(dict.fromkeys(node for rule in rules(tree) for node in ast.walk(rule)))
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    numbers = {id(node): n for n, node in enumerate(ast.walk(tree))}
    for place in places:
        for replaced in _changes(place, parents.get(id(place))):
            mutated = copy.deepcopy(tree)
            twin = list(ast.walk(mutated))[numbers[id(place)]]
            _replace(mutated, twin, replaced)
            before, after = ast.unparse(place), ast.unparse(replaced)
            yield (
                f"line {getattr(place, 'lineno', '?')}: {before}  →  {after}",
                ast.unparse(ast.fix_missing_locations(mutated)),
            )


def _changes(node: ast.AST, parent: ast.AST | None) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp):
        if type(node.op) in EXCHANGED:
            yield ast.BinOp(node.left, EXCHANGED[type(node.op)](), node.right)
        if isinstance(node.op, ast.Mult):
            yield node.left
            yield node.right
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in EXCHANGED:
        yield ast.Compare(node.left, [EXCHANGED[type(node.ops[0])]()], node.comparators)
    elif (
        isinstance(node, ast.Constant)
        and type(node.value) in (int, float)
        and not isinstance(parent, ast.Subscript)
    ):
        yield ast.Constant(node.value + 1)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if value is old:
                setattr(node, name, new)
            elif isinstance(value, list) and any(v is old for v in value):
                setattr(node, name, [new if v is old else v for v in value])


# -- the trial ------------------------------------------------------------------------------------


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Imports one module from other source."""

    def __init__(self, module: str, path: str, source: str) -> None:
        self.module, self.path, self.source = module, path, source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        return importlib.util.spec_from_loader(name, self) if name == self.module else None

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str) -> bytes:
        return self.source.encode()


def trial(module: str, path: str, source: str) -> None:
    """Ends with exit code 0 only if the checks find nothing."""
    sys.path.insert(0, str(ROOT))
    sys.meta_path.insert(0, _Mutated(module, path, source))
    import warnings

    from hypothesis import HealthCheck, Phase, settings

    import autograd  # noqa: F401
    from autograd.declare import registry
    from autograd.testing import assert_op

    warnings.simplefilter("ignore")
    quick = settings(
        max_examples=12,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for op in registry.values():
        if any(rule.__module__ == module for _, rule, _ in op.rules):
            assert_op(op, settings=quick)


def survives(module: str, path: str, source: str) -> bool:
    process = multiprocessing.get_context("fork").Process(
        target=_silent_trial, args=(module, path, source)
    )
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode == 0


def _silent_trial(module: str, path: str, source: str) -> None:
    import os

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    trial(module, path, source)


def survives_the_suite(path: Path, source: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder)
        for name in ("autograd", "nn", "optim", "tests"):
            shutil.copytree(ROOT / name, copied / name)
        shutil.copy(ROOT / "pyproject.toml", copied)
        (copied / path.relative_to(ROOT)).write_text(source)
        pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        command = [*pytest, "tests/autograd"]
        return subprocess.run(command, cwd=copied, capture_output=True).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--suite", action="store_true", help="try the whole suite on what is left")
    options = parser.parse_args()
    for file in options.files:
        path = file.resolve()
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        source = path.read_text()
        if not survives(module, str(path), ast.unparse(ast.parse(source))):
            print(f"{file}: the checks fail without any change")
            return 1
        cases = list(mutants(source))
        alive = partial(survives, module, str(path))
        with ThreadPoolExecutor(options.jobs) as pool:
            lives = pool.map(alive, [mutated for _, mutated in cases])
            left = [case for case, lived in zip(cases, lives, strict=True) if lived]
        if options.suite:
            left = [case for case in left if survives_the_suite(path, case[1])]
        noticed = len(cases) - len(left)
        print(
            f"{file}: {noticed} of {len(cases)} mutants noticed "
            f"({noticed / max(len(cases), 1):.1%})"
        )
        for what, _ in left:
            print(f"  left: {what}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
