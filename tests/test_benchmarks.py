"""Every benchmark runs and prints its numbers. None is asserted: a busy machine is no failure."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "benchmarks"
SCRIPTS = sorted({path.stem for path in FOLDER.glob("*.py")} - {"harness", "profile_step", "run"})
PEERS = ["torch", "mygrad", "micrograd"]


@pytest.mark.parametrize("engines", ["ours", pytest.param("all", marks=pytest.mark.slow)])
@pytest.mark.parametrize("script", SCRIPTS)
def test_runs_and_prints_numbers(script, engines, tmp_path):
    command = [sys.executable, FOLDER / f"{script}.py", "--quick", "--threads", "1"]
    command += ["--without", *PEERS] if engines == "ours" else ["--figures", tmp_path]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"\d( B)? +(beyond|within|MISSED)|\d [mµn]?s\b", ran.stdout), ran.stdout


@pytest.mark.parametrize("work", ["training_step", "convnet", "transformer"])
def test_a_step_is_profiled(work, tmp_path):
    save = tmp_path / "step.svg"
    command = [sys.executable, FOLDER / "profile_step.py", work, "--quick", "--save", save]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"softmax_cross_entropy +1 +\d+ µs +\d+ µs +\d+%", ran.stdout), ran.stdout
    assert "layers" in save.read_text()


def test_the_page_has_one_to_begin_with(tmp_path, monkeypatch):
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    script = tmp_path / "squares.py"
    script.write_text(block)
    monkeypatch.setenv("PYTHONPATH", str(FOLDER))
    command = [sys.executable, script, "--quick", "--without", *PEERS]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"squares .* glassgrad \d", ran.stdout), ran.stdout
    assert "skipped: PyTorch" in ran.stdout


def test_scripts_were_found():
    assert "training_step" in SCRIPTS
