"""The code in every README runs."""

import re
from pathlib import Path

import numpy as np
import pytest

import autograd

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
    and "```python" in page.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_on_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = {"np": np, "ag": autograd, "__name__": "page"}
    for name in ("op", "elementwise", "A", "Sample", "Tensor"):
        code[name] = getattr(autograd, name)
    text = page.read_text(encoding="utf-8")
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S):
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block[1], str(page), "exec"), code)


def test_pages_were_found():
    assert ROOT / "README.md" in PAGES
    assert ROOT / "autograd" / "README.md" in PAGES
