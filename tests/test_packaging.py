"""What is shipped, how it is laid out, and that strangers with our packages' names are noticed."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd
from autograd import _identity
from optim._guard import LAYERS  # lowest first

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked() -> list[str]:
    """The repository's files, new ones that git does not ignore included; removed ones left out."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout: what belongs to the project is not known")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def python(code: str, *path: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that looks for packages in these folders first.

    Unless it is named, this checkout is forgotten: an editable install puts it on every path.
    """
    keep = [str(folder) for folder in path]
    forget = f"import sys; sys.path = [p for p in sys.path if p in {keep} or p != {str(ROOT)!r}]; "
    return subprocess.run(
        [sys.executable, "-B", "-c", forget + code],
        cwd=path[0],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder into which our packages are installed, for strangers to come into."""
    folder = tmp_path / "site"
    for name in LAYERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


# ---- the layout of the repository

TOP = {"pyproject.toml", "autograd", "nn", "optim", "tests", "examples", "LICENSE", "CHANGELOG.md"}
TOP |= {"README.md", "README.ko.md", "CONTRIBUTING.md"}


def test_the_top_folder_holds_what_a_newcomer_expects() -> None:
    top = {name.split("/")[0] for name in tracked()}
    assert {name for name in top if not name.startswith(".")} <= TOP


def test_readme_begins_with_two_commands_of_one_line() -> None:
    blocks = re.findall(
        r"^```sh *\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S
    )
    set_up, test = (block.splitlines() for block in blocks[:2])
    assert len(set_up) == len(test) == 1
    assert set_up[0].endswith("examples/train_digits.py")
    assert test[0].endswith("pytest")


def test_no_folder_of_tests_can_be_taken_for_a_package() -> None:
    """`tests/nn/__init__.py` would make pytest import tests/nn as `nn`."""
    assert not [name for name in LAYERS if (ROOT / "tests" / name / "__init__.py").exists()]


# As patterns that do not match themselves: this file is read too.
UNWANTED = {
    "a package index by its host": r"(pypi|pythonhosted|npmjs|deb[.]debian)[.](org|com)",
    "a path of somebody's machine": r"(?<![\w.~\])-])/(home|root|Users|work|workspace)/\w",
}


@pytest.mark.parametrize("what", UNWANTED)
def test_no_text_names(what: str) -> None:
    found = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # data
        found += [
            f"{name}:{number}: {line.strip()}"
            for number, line in enumerate(text.splitlines(), 1)
            if re.search(UNWANTED[what], line)
        ]
    assert not found


# ---- imports


def imports(package: str) -> Iterator[tuple[str, str]]:
    """Every absolute import in a package, inside functions too: where it stands, what it names."""
    for file in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            where = f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                yield from ((where, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield where, node.module.split(".")[0]


@pytest.mark.parametrize("package", LAYERS)
def test_imports_run_one_way(package: str) -> None:
    """A package names only those below it; itself never, since another may bear its name."""
    refused = set(LAYERS[LAYERS.index(package) :])
    assert not [(where, name) for where, name in imports(package) if name in refused]


def test_importing_everything_loads_numpy_and_little_else() -> None:
    def loaded(modules: str) -> set[str]:
        done = python(f"import sys, {modules}; print(*sys.modules)", ROOT)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())

    heavy = {"graphviz", "hypothesis", "importlib.metadata", "matplotlib", "numba", "pytest"}
    heavy |= {"IPython", "pygraphviz", "scipy", "tqdm", "urllib.request"}
    heavy |= {"autograd.functional", "autograd.pictures", "nn.loop", "nn.layers.recurrent"}
    heavy |= {"nn.metrics", "optim.schedule"}
    assert not heavy & (loaded("autograd, optim, nn") - loaded("numpy"))


def test_this_checkout_is_what_is_tested() -> None:
    assert Path(autograd.__file__).parent == ROOT / "autograd"


# ---- the wheel


@pytest.mark.parametrize("package", LAYERS)
def test_types_are_shipped(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_pyproject_ships_the_three_packages() -> None:
    assert PROJECT["project"]["name"] == _identity.__distribution__
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(LAYERS)


def test_the_group_dev_can_do_what_the_extra_test_can() -> None:
    assert set(PROJECT["project"]["optional-dependencies"]["test"]) <= set(
        PROJECT["dependency-groups"]["dev"]
    )


def test_the_wheel_holds_our_files_and_no_others(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling, of the group dev, builds the wheel")
    files = {name for name in tracked() if name.split("/")[0] in LAYERS}
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE"):
        files.add(f"glassgrad-{_identity.__version__}.dist-info/{name}")
    with zipfile.ZipFile(wheel) as archive:
        assert set(archive.namelist()) == files


# ---- strangers with our names


def test_both_guards_are_one() -> None:
    assert (ROOT / "nn/_guard.py").read_bytes() == (ROOT / "optim/_guard.py").read_bytes()


@pytest.mark.parametrize("package", LAYERS)
def test_each_package_says_whose_it_is(package: str) -> None:
    module = __import__(package)
    assert module.__distribution__ == "glassgrad"


def test_alone_they_are_content(site: Path) -> None:
    done = python("import autograd, optim, nn", site)
    assert (done.returncode, done.stderr) == (0, "")  # no warning either


@pytest.mark.parametrize(
    ("ours", "stranger"), [("optim", "autograd"), ("nn", "autograd"), ("nn", "optim")]
)
@pytest.mark.parametrize(
    "way", ["earlier on the path", "a script of that name", "over ours", "over ours, then removed"]
)
def test_a_stranger_is_refused(
    site: Path, tmp_path: Path, ours: str, stranger: str, way: str
) -> None:
    cwd = tmp_path / "elsewhere"
    found = {
        "earlier on the path": cwd / stranger / "__init__.py",
        "a script of that name": cwd / f"{stranger}.py",
    }.get(way, site / stranger / "__init__.py")
    found.parent.mkdir(parents=True, exist_ok=True)
    cwd.mkdir(exist_ok=True)
    found.write_text("def grad(f): ...\n" if way == "over ours" else "1 / 0  # is not even run\n")
    if way == "over ours, then removed":
        found.unlink()
        found = found.parent
    done = python(f"import {ours}", cwd, site)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert f"`import {stranger}` finds" in last
    assert str(found) in last
    assert f"pip uninstall {stranger}; then install glassgrad again, --force-reinstall" in last


@pytest.mark.parametrize(("file", "other"), _identity._FILES_OF_OTHERS.items())
def test_a_stranger_that_moved_in_is_reported(site: Path, file: str, other: str) -> None:
    intruder = site / file
    intruder.parent.mkdir(exist_ok=True)
    intruder.touch()
    done = python("import autograd", site)
    assert done.returncode == 0
    assert f"<string>:1: NameClashWarning: {intruder} is not ours" in done.stderr
    assert f"pip uninstall {other}; then install glassgrad again, --force-reinstall" in done.stderr


def test_we_have_no_file_by_which_a_stranger_is_known() -> None:
    assert not [file for file in _identity._FILES_OF_OTHERS if (ROOT / file).exists()]


@pytest.mark.parametrize(
    "habit",
    ["import autograd.numpy as np", "from autograd import numpy", "import autograd.numpy.random"],
)
def test_the_habit_of_autograd_numpy_is_answered(habit: str) -> None:
    done = python(habit, ROOT)
    assert done.stderr.splitlines()[-1].startswith("ImportError: glassgrad has no autograd.numpy")
    assert "write `import numpy as np`" in done.stderr


def test_starting_inside_the_package_is_explained() -> None:
    done = python("import numpy", ROOT / "autograd")
    assert "Start it one folder up." in done.stderr.splitlines()[-1]
