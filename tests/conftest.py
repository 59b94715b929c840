"""What holds for all tests: how hard Hypothesis tries, and a screen that nobody needs.

Hypothesis has three profiles, chosen with `HYPOTHESIS_PROFILE=name pytest`:

* `dev`, the default: the same examples at every run, so that what passed for us passes for you.
* `ci`, the default where CI=true: these examples too, and a slow machine is no failure.
* `thorough`: new random examples at every run, fifty times as many; a failure is tried first at
  the next run.
"""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "Agg")  # plots are drawn, no window opens

collect_ignore = ["benchmarks"]  # scripts, run by hand

# No deadline anywhere: the first call of an op may compile, fill a cache, or wait for a busy core.
settings.register_profile("dev", max_examples=40, deadline=None, derandomize=True)
settings.register_profile(
    "ci",
    parent=settings.get_profile("dev"),
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough",
    max_examples=2000,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "dev")
)
