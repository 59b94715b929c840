"""The programs in examples/ do what they say."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
TRAIN = [sys.executable, "-u", str(EXAMPLES / "train_digits.py")]


def run(*arguments, cwd, **kwargs):
    return subprocess.run(
        [*TRAIN, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, **kwargs
    )


def accuracy(output):
    return float(re.fullmatch(r"test accuracy (0\.\d{4}|1\.0000)", output.splitlines()[-1])[1])


def test_the_main_job(tmp_path):
    done = run("--epochs", "6", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert accuracy(done.stdout) > 0.9
    assert "150,794 parameters" in done.stdout  # the summary
    assert "loss" in done.stdout
    assert (tmp_path / "runs/train_digits/model.npz").exists()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_main_job_reaches_95_percent_for_five_seeds(seed, tmp_path):
    assert accuracy(run("--seed", str(seed), cwd=tmp_path).stdout) >= 0.95


@pytest.mark.slow
@pytest.mark.skipif("GLASSGRAD_DATA" not in os.environ, reason="needs MNIST in $GLASSGRAD_DATA")
def test_mnist_reaches_97_5_percent_in_five_epochs(tmp_path):
    folder = Path(os.environ["GLASSGRAD_DATA"]) / "mnist"
    done = run("--data", "mnist", "--path", str(folder), cwd=tmp_path)
    assert accuracy(done.stdout) >= 0.975


def test_help_says_what_each_option_is_and_its_default(tmp_path):
    text = " ".join(run("--help", cwd=tmp_path).stdout.partition("options:")[2].split())
    for option in re.split(r" (?=--)", text)[1:]:
        assert "default: " in option or option.startswith(("--help", "--path")), option


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "0"], "must be positive"),
        (["--lr", "nan"], "must be positive"),
        (["--data", "cats"], "invalid choice"),
        (["--path", "somewhere"], "--data mnist"),
        (["--data", "mnist", "--path", "no/such/folder"], "no/such/folder"),
        (["--seed", "-1"], "must not be negative"),
    ],
)
def test_bad_arguments_give_one_clear_line(arguments, words, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode != 0
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_keeps_what_was_learned_and_a_second_one_ends(times, tmp_path):
    process = subprocess.Popen(
        [*TRAIN, "--epochs", "1000"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(3.0)  # into the training
    process.send_signal(signal.SIGINT)
    if times == 2:
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
        process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    if times == 1:
        assert process.returncode == 0
        assert "interrupted" in out
        assert accuracy(out) > 0.3
        assert (tmp_path / "runs/train_digits/model.npz").exists()
