"""An optimizer's state as plain data, and back: all mismatches at once, or all of it taken over.

Schedules are loaded where they are asked for: `import optim` would take a fifth longer with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor

from .parameters import describe
from .settings import checked

if TYPE_CHECKING:
    from .optimizer import Optimizer, State


def state_dict(optimizer: Optimizer) -> dict[str, Any]:
    from . import schedule

    gradients = [p.grad for p in optimizer.parameters()] if optimizer.waiting else []
    return {
        "optimizer": type(optimizer).__name__,
        "iterations": optimizer.iterations,
        "accumulate": optimizer.accumulate,
        "waiting": optimizer.waiting,
        "groups": [
            {
                "size": len(group["params"]),
                **{
                    name: schedule.to_plain(group[name])
                    for name in optimizer.settings
                    if not callable(group[name]) or isinstance(group[name], schedule.Schedule)
                },
            }
            for group in optimizer.param_groups
        ],
        "shapes": [list(p.shape) for p in optimizer.parameters()],
        "state": [_copied(state) for state in optimizer.state],
        "shared": _copied(optimizer.shared),
        "named_state": {key: _copied(state) for key, state in optimizer.named_state.items()},
        # what has come together so far, in the middle of an accumulation
        "gradients": [None if g is None else g.array.copy() for g in gradients],
    }


def load_state_dict(optimizer: Optimizer, saved: Mapping[str, Any]) -> None:
    from . import schedule

    problems = _problems(optimizer, saved)
    if problems:
        raise ValueError(
            f"load_state_dict: this is not the state of this {type(optimizer).__name__}, and "
            "nothing was changed:\n" + "\n".join(f"  * {problem}" for problem in problems)
        )
    taken: dict[int, Any] = {}  # schedules that are brought to a saved state, and to which
    for group, given in zip(optimizer.param_groups, saved["groups"]):
        for name in optimizer.settings:
            if name in given:
                present, plain = group[name], given[name]
                if taken.setdefault(id(present), plain) != plain:
                    present = None  # groups shared it, and are to have different ones
                group[name] = schedule.from_plain(plain, present)
    for name in optimizer.settings:
        values = [group[name] for group in optimizer.param_groups]
        if all(value == values[0] for value in values):
            optimizer.defaults[name] = values[0]
    optimizer.iterations = int(saved["iterations"])
    optimizer.accumulate = int(saved["accumulate"])
    optimizer.waiting = int(saved["waiting"])
    optimizer.state = [_copied(state) for state in saved["state"]]
    optimizer.shared = _copied(saved["shared"])
    optimizer.named_state = {k: _copied(state) for k, state in saved["named_state"].items()}
    for p, g in zip(optimizer.parameters(), saved["gradients"]):
        p.grad = None if g is None else Tensor(g)


def check_state(state: State, p: Any, where: str) -> None:
    """Raises ValueError if what is remembered is not of the shape and dtype of its parameter."""
    for problem in _unfit(state, p, where):
        raise ValueError(f"{problem}. A new optimizer remembers nothing.")


def _problems(optimizer: Optimizer, saved: Mapping[str, Any]) -> list[str]:
    from . import schedule

    wanted = ("optimizer", "iterations", "accumulate", "waiting", "groups", "shapes",
              "state", "shared", "named_state", "gradients")  # fmt: skip
    absent = [key for key in wanted if not isinstance(saved, Mapping) or key not in saved]
    if absent:
        return [f"it has no {', '.join(absent)}: was it made by state_dict()?"]
    if saved["optimizer"] != type(optimizer).__name__:
        return [
            f"it is the state of {saved['optimizer']}, whose memory means something else. To swap "
            "optimizers on live parameters, make a new one."
        ]
    found = [
        f"{key}: {saved[key]!r}, which is no count"
        for key, least in (("iterations", 0), ("accumulate", 1), ("waiting", 0))
        if not isinstance(saved[key], (int, np.integer)) or saved[key] < least
    ]
    dicts = [*saved["groups"], *saved["state"], saved["shared"], saved["named_state"]]
    if not all(isinstance(part, Mapping) for part in dicts):
        return [*found, "its groups and what it remembers are not all dicts"]
    sizes = [group.get("size") for group in saved["groups"]]
    here = [len(group["params"]) for group in optimizer.param_groups]
    if sizes != here:
        found.append(f"parameters in each group: {sizes} saved, {here} here")
    for i, (group, given) in enumerate(zip(optimizer.param_groups, saved["groups"])):
        for name, value in given.items():
            if name == "size":
                continue
            if name not in optimizer.settings:
                found.append(f"group {i}: setting {name!r} saved, which is not one here")
                continue
            try:
                value = schedule.from_plain(value)
                checked(type(optimizer), name, value)
            except (TypeError, ValueError) as error:
                found.append(f"group {i}: {error}")
        found += [
            f"group {i}: setting {name!r} is not saved"
            for name in optimizer.settings
            if name not in given and not callable(group[name])
        ]
    many = len(optimizer.state)
    for key in ("shapes", "state", *(["gradients"] if saved["gradients"] else [])):
        if len(saved[key]) != many:
            found.append(f"{key} of {len(saved[key])} parameters saved, {many} here")
    gradients = saved["gradients"] or [None] * many
    parts = zip(optimizer.parameters(), saved["shapes"], saved["state"], gradients)
    for place, (p, shape, state, gradient) in enumerate(parts):
        where = describe(p, place)
        if tuple(shape) != p.shape:
            found.append(f"{where}: its shape was {tuple(shape)}")
            continue
        found += _unknown(optimizer, state, where)
        found += _unfit(state, p, where)
        found += _unfit({} if gradient is None else {"gradient": gradient}, p, where)
    for key, state in saved["named_state"].items():
        found += _unknown(optimizer, state, f"parameter {key!r}")
    return found


def _unknown(optimizer: Optimizer, state: State, where: str) -> list[str]:
    known = {*optimizer._arrays, "t"}
    return [f"{where}: {name!r} saved, which is not remembered here" for name in state
            if name not in known]  # fmt: skip


def _unfit(state: State, p: Any, where: str) -> list[str]:
    return [
        f"{where} and {p.dtype}: its {name!r} is {np.shape(array)} of "
        f"{getattr(array, 'dtype', type(array).__name__)}"
        for name, array in state.items()
        if name != "t"
        and (np.shape(array) != p.shape or getattr(array, "dtype", None) != p.dtype)
    ]


def _copied(state: State) -> State:
    return {k: v.copy(order="K") if isinstance(v, np.ndarray) else v for k, v in state.items()}
