"""Agencies for two countries, in folders of the test's own."""

from pathlib import Path

import pytest

from duecourse.endings.agency import register, terms
from duecourse.endings.agency.terms import Terms
from duecourse.endings.many import Opened
from duecourse.endings.moving import Who
from tests.endings.conftest import office, opened, who
from tests.house.tree import ROOT

__all__ = ["office", "opened", "who"]


@pytest.fixture
def agencies(opened: Opened, who: Who, tmp_path: Path) -> dict[str, Terms]:
    """Add the agencies of the example."""
    found = {
        name: one.model_copy(update={"folder": str(tmp_path / name)})
        for name, one in terms.read(ROOT / "examples" / "agencies.toml").items()
    }
    register.add(opened.connection, found, who)
    return found
