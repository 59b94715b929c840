"""Checks random programs over all ops, as many as you like: `python tests/fuzz.py --count 100000`.

Program n of a seed is always the same, so a failure is found again with `--start n --count 1`. What
fails is shrunk (steps are left out while it still fails) and printed as code.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from autograd.testing.programs import Program, build, check_program

OPS = 30
SECOND_ORDER = 4  # programs of up to so many steps are checked to second order


def program(seed: int, n: int) -> Program:
    return build(random.Random(f"{seed}/{n}").randint, OPS)


def problem(candidate: Program) -> str:
    """What is wrong with the gradients of a program; empty if nothing is."""
    try:
        check_program(candidate, order=2 if len(candidate.steps) <= SECOND_ORDER else 1)
    except ValueError as error:  # nothing finite to compare: left over by shrinking
        return "" if "nothing finite" in str(error) else repr(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def batch(seed: int, start: int, stop: int) -> list[tuple[int, str]]:
    found = []
    for n in range(start, stop):
        wrong = problem(program(seed, n))
        if wrong:
            found.append((n, f"{shrunk(program(seed, n))!r}\n{wrong}"))
    return found


def shrunk(failing: Program) -> Program:
    """The program without the steps that it fails without."""
    n = len(failing.steps)
    while n:
        n -= 1
        candidate = without(failing, n)
        try:
            fails = bool(problem(candidate))
        except Exception:  # a step no longer fits
            continue
        if fails:
            failing = candidate
    return failing


def without(whole: Program, n: int) -> Program:
    """Leaves out step n: who used its outputs uses the first input instead."""
    first = len(whole.inputs) + sum(step.outputs for step in whole.steps[:n])
    gone = whole.steps[n].outputs
    steps = copy.deepcopy([*whole.steps[:n], *whole.steps[n + 1 :]])
    for step in steps[n:]:
        step.sources = [
            k if k < first else 0 if k < first + gone else k - gone for k in step.sources
        ]
    return Program(whole.inputs, steps)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    options = parser.parse_args()
    began, failures, done = time.monotonic(), 0, 0
    edges = [
        *range(options.start, options.start + options.count, 100),
        options.start + options.count,
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        jobs = [
            pool.submit(batch, options.seed, start, stop)
            for start, stop in pairwise(edges)
        ]
        for job, start, stop in zip(jobs, edges, edges[1:]):
            for n, text in job.result():
                failures += 1
                print(f"\nprogram {n} of seed {options.seed}:\n{text}", flush=True)
            done += stop - start
            rate = done / (time.monotonic() - began)
            print(
                f"\r{done:,} programs, {failures} failures, {rate:.0f} a second", end="", flush=True
            )
    print()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
