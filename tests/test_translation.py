"""README.ko.md keeps step with README.md: the same code, pictures, tables and figures."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENGLISH, KOREAN = [
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md")
]


@pytest.mark.parametrize(
    "what",
    [r"^```.*?^```", r"\]\((?!README)[^)]+\)", r"^##? ", r"^\|", r"^\* ", r"\d+(?:\.\d+)+"],
    ids=["code", "links and pictures", "headings", "rows", "points", "figures"],
)
def test_both_have_the_same(what):
    here, there = [re.findall(what, text, re.M | re.S) for text in (ENGLISH, KOREAN)]
    assert len(here) > 2
    assert here == there
