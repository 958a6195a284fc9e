"""One folder for the loaded books of a worker; the compiled steps of a strategy are shared by all workers."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "compiled"
    shared.mkdir(exist_ok=True)
    (folder / "compiled").symlink_to(shared, target_is_directory=True)
    return folder
