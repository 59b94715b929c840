"""The family is discovered, not listed: a test that asks for `family` runs for each member, one
that asks for `optimizer` for each member and each way of setting it up that changes its formula."""

import inspect

import pytest

import optim

FAMILY = [
    member
    for _, member in inspect.getmembers(optim, inspect.isclass)
    if issubclass(member, optim.Optimizer) and "formula" in dir(member)
]

SWITCHES = {  # settings that choose between formulas, besides booleans (found by themselves)
    "SGD": [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"weight_decay": 0.1}],
    "Momentum": [{"weight_decay": 0.1}],
}


def variants(family):
    """The defaults, each boolean switched, decay where there is one, and the switches above."""
    settings = {name: setting.default for name, setting in family.settings.items()}
    yield {}
    for name, default in settings.items():
        if isinstance(default, bool):
            yield {name: not default}
    if "decay" in settings:
        yield {"decay": 0.1}
    yield from SWITCHES.get(family.__name__, [])


def pytest_generate_tests(metafunc):
    if "family" in metafunc.fixturenames:
        metafunc.parametrize("family", FAMILY, ids=lambda f: f.__name__)
    if "make" in metafunc.fixturenames:
        metafunc.parametrize(
            "make",
            [
                pytest.param(
                    lambda *args, family=family, own=own, **settings: family(
                        *args, **{**own, **settings}
                    ),
                    id=f"{family.__name__}({', '.join(f'{k}={v}' for k, v in own.items())})",
                )
                for family in FAMILY
                for own in variants(family)
            ],
        )
