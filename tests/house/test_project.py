"""What holds for the project as a whole: its lock, its settings, its CI, and the sizes of its files."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import duecourse
from tests.house import checks
from tests.house.tree import ROOT, files, name_of, python_files
from tools import setup

BROUGHT: Final = {"markupsafe", "pydantic_core"}  # halves of jinja2 and pydantic, never without them
FILE_BYTES_MAX: Final = 1_000_000
LOCKS: Final = ("requirements/dev.txt", "requirements/spark.txt", "requirements/uv.txt")
PYPROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def read(name: str) -> str:
    return (ROOT / name).read_text()


def names(*lines: str) -> set[str]:
    found = (line.strip() for line in lines)
    return {canonicalize_name(Requirement(line).name) for line in found if line and not line.startswith("#")}


def direct() -> set[str]:
    """Every package that the project itself asks for."""
    texts = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["build-system"]["requires"]]
    for name in ("requirements/dev.in", "requirements/spark.in", "requirements/uv.in"):
        texts += read(name).splitlines()
    return names(*texts)


def lock_problems(text: str) -> list[str]:
    """Lines of a lock that are not `name==version` (with a marker) followed by SHA-256 hashes."""
    problems = []
    for entry in re.sub(r" *\\\n *", " ", text).splitlines():
        pinned, *hashes = entry.split(" --hash=")
        good = re.fullmatch(r"[A-Za-z0-9._-]+==[\w.!+]+( ; .+)?", pinned.strip())
        sealed = hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", one.strip()) for one in hashes)
        if not (good and sealed):
            problems.append(entry)
    return problems


SEALED = "ibis==12.0 ; python_version < '3.14' \\\n    --hash=sha256:" + "0" * 64 + "\n"


def test_the_lock_check_itself() -> None:
    assert lock_problems(SEALED) == []
    bad = (
        "ibis==12.0\n",
        "-e .\n",
        "-i https://x/\n",
        SEALED.replace("==", ">="),
        SEALED.replace("0" * 64, "0"),
    )
    assert all(lock_problems(text) for text in bad)


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_has_a_version_and_hashes(name: str) -> None:
    assert lock_problems(read(name)) == []


def test_the_lock_holds_what_the_project_asks_for() -> None:
    lock = re.findall(r"^([\w.-]+)==([\w.!+]+)", "".join(map(read, LOCKS)), re.MULTILINE)
    locked = {canonicalize_name(name): version for name, version in lock}
    assert direct() <= locked.keys()
    for text in PYPROJECT["project"]["dependencies"]:
        requirement = Requirement(text)
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"lock has {version}, pyproject wants {text}: make lock"


def test_no_lock_with_addresses_and_no_editable_in_it() -> None:
    assert not [path for path in files() if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock"}]
    assert "-e" not in read("requirements/dev.in").split()


def test_every_dependency_has_its_reason_and_licence() -> None:
    rows = re.findall(r"^\| `([\w.-]+)` \| (.+?) \| (.+?) \|$", read("docs/dependencies.md"), re.MULTILINE)
    listed = [canonicalize_name(name) for name, _, _ in rows]
    assert len(listed) == len(set(listed))
    assert set(listed) == direct()
    assert all(len(reason.split()) > 3 and licence for _, reason, licence in rows)


def test_no_large_files() -> None:
    large = [name_of(path) for path in files() if path.stat().st_size > FILE_BYTES_MAX]
    assert not large, f"over {FILE_BYTES_MAX} bytes: make them in the test, or keep them on the shelf: {large}"


def test_types_and_lint_have_no_back_door() -> None:
    mypy, ruff = PYPROJECT["tool"]["mypy"], PYPROJECT["tool"]["ruff"]
    assert mypy["strict"] is True
    assert {"src", "tests", "bench", "tools"} <= set(mypy["files"])
    assert "exclude" not in mypy
    assert all(set(one) <= {"module", "ignore_missing_imports"} for one in mypy.get("overrides", ()))
    assert ruff["lint"]["select"] == ["ALL"]
    assert not {"exclude", "extend-exclude"} & {*ruff, *ruff["lint"]}
    assert not [pattern for pattern in ruff["lint"]["per-file-ignores"] if pattern.startswith(("src", "*"))]
    assert "error" in PYPROJECT["tool"]["pytest"]["ini_options"]["filterwarnings"]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("T201", "print(1)"),
        ("D103", "def f() -> None: ..."),
        ("DTZ011", "import datetime\nx = datetime.date.today()"),
        ("ANN001", "def f(x): ..."),
        ("F401", "import os"),
        ("ERA001", "# x = f(1)"),
    ],
)
def test_ruff_finds_in_the_source_what_the_house_leaves_to_it(rule: str, line: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise"]
    command += ["--stdin-filename", "src/duecourse/sample.py", "-"]
    run = subprocess.run(command, input=line, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert f": {rule} " in run.stdout, run.stdout + run.stderr


def recipe(target: str) -> list[str]:
    """Commands of a target of the Makefile."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", read("Makefile"), re.MULTILINE)
    assert found, f"the Makefile has no {target}"
    return [line.strip("\t@") for line in found[1].splitlines()]


def test_ci_runs_what_a_developer_runs() -> None:
    lines = read(".ci/run").splitlines()
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "set -euo pipefail" in lines
    assert {"make check", "make demo"} <= set(lines)
    assert [line for line in lines if line.startswith("make test")]
    assert recipe("test") == ["$(RUN) -m pytest $(SHARED) $(PYTEST)"]
    assert "SHARED := -n auto --dist loadfile --no-loadscope-reorder" in read("Makefile").splitlines()
    assert [line.partition("-m ")[2] or line for line in recipe("check")] == [
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "$(RUN) tools/reference.py --check",
    ]


def test_every_target_is_phony_explained_and_in_the_guide() -> None:
    text = read("Makefile")
    targets = set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))
    assert set(re.findall(r"^([a-z][a-z-]*):.* ## ", text, re.MULTILINE)) == targets
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == targets
    assert not [target for target in targets if f"make {target}" not in read("CONTRIBUTING.md")]


def test_the_floor_of_the_bench_is_not_ours() -> None:
    floors = [path for path in python_files("bench") if path.name.startswith("floor")]
    assert floors
    for path in floors:
        modules = [module for _, module in checks.imported(ast.parse(path.read_text()))]
        assert not [module for module in modules if module.startswith((".", "duecourse", "bench"))], name_of(path)


def test_the_version_is_one() -> None:
    version = PYPROJECT["project"]["version"]
    assert duecourse.__version__ == version
    assert re.search(rf"^## \[({re.escape(version)}|Unreleased)\]", read("CHANGELOG.md"), re.MULTILINE)


def test_uv_is_told_what_pip_was_told() -> None:
    listing = (
        "global.index-url='https://files.example/simple'\n"
        "global.cert='ca.pem'\ninstall.cert='mine.pem'\n"
        ":env:.extra-index-url='https://a.example/ https://b.example/'\n"
        "global.extra-index-url='https://c.example/'\n"
        "freeze.timeout='1'\n"
        "global.find-links='. no-such-folder'\n"
    )
    settings = setup.pip_settings(listing)
    assert settings["cert"] == "mine.pem"
    assert "timeout" not in settings
    env = setup.uv_environment(settings, {"SSL_CERT_FILE": "already.pem"})
    assert env["UV_DEFAULT_INDEX"] == "https://files.example/simple"
    assert env["UV_EXTRA_INDEX_URL"] == "https://a.example/ https://b.example/"
    assert env["UV_FIND_LINKS"] == "."
    assert env["SSL_CERT_FILE"] == "already.pem"


def imported() -> set[str]:
    """Top-level modules that the project's code imports, without its own and the standard library's."""
    own = {"duecourse", "tests", "bench", "tools", "__future__"}
    found = {
        module.partition(".")[0]
        for path in python_files("src", "tests", "bench", "tools")
        for _, module in checks.imported(ast.parse(path.read_text()))
    }
    return found - own - set(sys.stdlib_module_names)


def test_what_is_imported_is_asked_for() -> None:
    owners = packages_distributions()
    unknown = {
        module
        for module in imported() - BROUGHT
        if not {canonicalize_name(owner) for owner in owners.get(module, ())} & direct()
    }
    assert not unknown, "add it to pyproject.toml or requirements/dev.in and docs/dependencies.md, or do without"
