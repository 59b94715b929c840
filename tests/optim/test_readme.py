"""The folder's page: its code runs, and it names every file and every public name."""

import re
from pathlib import Path

import optim

FOLDER = Path(optim.__file__).parent
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_its_code_runs():
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {"__name__": "readme"}
    for block in blocks:
        exec(block, names)
    assert len(blocks) == 2
    assert names["params"]["W"][0] < 1


def test_it_names_every_file_and_every_schedule():
    files = {f.name for f in FOLDER.glob("*.py")} - {"__init__.py", "_guard.py"}
    assert {f for f in files if f"`{f}`" not in PAGE} == set()
    names = {n for n in (*optim.__all__, *optim.schedule.__all__) if not n.endswith("Warning")}
    assert {n for n in names if not re.search(rf"\b{n}\b", PAGE)} - {"Schedule"} == set()
