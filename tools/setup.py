"""Make `.venv` and install the locked requirements into it: `python3 tools/setup.py`, which `make` calls.

With the word `spark` it adds PySpark and a Java for it, half a gigabyte that only tests, checks and one bench need;
with `browser` a Chromium, where the machine has none, which only the tests of pages need.

Needs a Python with venv and pip and nothing else: it brings the locked uv itself. uv is told to look for
packages where this machine's pip looks (environment or pip's own files), so no address stands in the project.
"""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  an older python3 is what this line is for
    sys.exit("DueCourse needs Python 3.11 or later; name one, as in: make PYTHON=/path/to/python3.11")

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
READY = VENV / ".ready"
SPARK = VENV / ".spark"
BROWSER = VENV / ".browser"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

UV = (str(PYTHON), "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", str(PYTHON))
UV_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
"""What pip calls a setting, and the environment variable by which uv takes it."""


def run(*command: str, env: dict[str, str] | None = None) -> None:
    """Run a command in the project's folder; CalledProcessError when it fails."""
    subprocess.run(command, cwd=ROOT, env=env, check=True)


def pip_settings(listing: str) -> dict[str, str]:
    """Read what `pip config list` prints, lines like `global.index-url='https://...'`.

    Its environment (`:env:.`) beats its files, and a setting for `install` beats a global one.
    """
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        strength = {"global": 0, "install": 1, ":env:": 2}.get(section)
        if strength is None or strength < found.get(key, (0, ""))[0]:
            continue
        found[key] = (strength, str(ast.literal_eval(value)))
    return {key: value for key, (_, value) in found.items()}


def uv_environment(settings: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Return the environment for uv: this one, and what pip was told where uv was told nothing."""
    result = {
        # The best match over all indexes, as pip does it; the hashes keep a stranger's file out.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_PYTHON_DOWNLOADS": "never",
        **environment,
    }
    if not os.access(Path.home(), os.W_OK):
        result.setdefault("UV_NO_CACHE", "1")
    for key, variable in UV_SETTINGS.items():
        words = settings.get(key, "").split()
        if key == "find-links":
            words = [word for word in words if "://" in word or Path(word).exists()]
        if words:
            result.setdefault(variable, ("," if key == "find-links" else " ").join(words))
    return result


def install(lock: str, *options: str) -> None:
    """Install a lock with uv, or with pip on a machine where only pip gets through."""
    pip = (str(PYTHON), "-m", "pip")
    locked = ("--require-hashes", "--only-binary", ":all:", *options, "-r", f"requirements/{lock}.txt")
    try:
        run(*UV, *locked, env=environment())
    except subprocess.CalledProcessError:
        print("uv could not fetch the requirements; trying pip, which takes longer", file=sys.stderr)
        run(*pip, "install", "--quiet", *locked)


def environment() -> dict[str, str]:
    """Return the environment for uv, with what pip on this machine is told."""
    listing = subprocess.run([str(PYTHON), "-m", "pip", "config", "list"], check=False, capture_output=True, text=True)
    return uv_environment(pip_settings(listing.stdout), dict(os.environ))


def install_all() -> None:
    """Bring `.venv` up to the lock; leave a stamp that `make` compares with the files the lock is made of."""
    READY.unlink(missing_ok=True)
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", str(VENV))
    print("Installing the locked requirements into .venv", file=sys.stderr)
    pip = (str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", "requirements/uv.txt")
    install("dev")
    run(*UV, "--no-deps", "--no-build-isolation", "--no-index", "--editable", ".", env=environment())
    print("Compiling the ledger, once", file=sys.stderr)
    run(str(PYTHON), "-c", "from duecourse.ledger.positions import compile_ledger; compile_ledger()")
    READY.touch()


def install_spark() -> None:
    """Add PySpark and Java to `.venv`, with a stamp of their own."""
    print("Installing PySpark and Java into .venv", file=sys.stderr)
    # PySpark is published as source only: it is packed with the locked setuptools, and nothing is compiled.
    install("spark", "--no-binary", "pyspark", "--no-build-isolation")
    SPARK.touch()


def install_browser() -> None:
    """See that there is a Chromium for the tests of pages: the machine's, else Playwright's own, else the system's.

    Playwright fetches its own from the network; where that is shut, root's apt-get may still bring one.
    """
    if not any(shutil.which(name) for name in CHROMIUMS):
        print("Fetching a Chromium for the tests of pages", file=sys.stderr)
        fetched = subprocess.run([str(PYTHON), "-m", "playwright", "install", "chromium"], check=False)
        if fetched.returncode and not _by_apt():
            sys.exit(
                "the tests of pages need a browser: install chromium, or let `playwright install chromium` through"
            )
    BROWSER.touch()


def _by_apt() -> bool:
    """Install Debian's Chromium, where this is root on a Debian; say whether it is there."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    apt = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk")):
        subprocess.run([*apt, *command], check=False, stdout=subprocess.DEVNULL, env=quiet)
    return shutil.which("chromium") is not None


if __name__ == "__main__":
    try:
        {"": install_all, "spark": install_spark, "browser": install_browser}["".join(sys.argv[1:])]()
    except subprocess.CalledProcessError as error:
        sys.exit(f"Setting up .venv failed (see above; then run make again) in: {' '.join(error.cmd)}")
