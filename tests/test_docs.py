"""The code on every page runs, and its links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest

import autograd

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in sorted(ROOT.rglob("*.md"))
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
}
every_page = pytest.mark.parametrize("page", PAGES)


@every_page
def test_the_code_on_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = {"np": np, "ag": autograd, "__name__": "page"}
    for name in ("op", "elementwise", "A", "Sample", "Tensor"):
        code[name] = getattr(autograd, name)
    text = PAGES[page]
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S):
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block[1], page, "exec"), code)


@every_page
def test_relative_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", PAGES[page])
    here = (ROOT / page).parent
    assert [l for l in links if "://" not in l and not (here / l).exists()] == []


def test_pages_were_found():
    assert "```python" in PAGES["README.md"]
    assert "```python" in PAGES["autograd/README.md"]
