"""The gallery's plots are those that its script draws, and small."""

import subprocess
import sys
from pathlib import Path

import pytest

GALLERY = Path(__file__).resolve().parents[2] / "examples" / "gallery"


def test_each_picture_is_small():
    pictures = list(GALLERY.glob("*.png"))
    assert 4 <= len(pictures) <= 8
    assert max(path.stat().st_size for path in pictures) < 60_000


@pytest.mark.slow
def test_the_script_draws_them_all(tmp_path):
    pytest.importorskip("matplotlib")
    script = [sys.executable, str(GALLERY / "plots.py"), str(tmp_path)]
    subprocess.run(script, check=True, capture_output=True)
    drawn, kept = ({path.name for path in folder.glob("*.png")} for folder in (tmp_path, GALLERY))
    assert drawn == kept - {"walk.png"}  # which graphs.py photographs
    assert max(path.stat().st_size for path in tmp_path.iterdir()) < 60_000
