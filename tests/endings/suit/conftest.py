"""The store of the tests of endings, with addresses, and the documents that the lender supplies."""

from pathlib import Path

import pytest

from bench.packs import add_addresses, supply
from duecourse.endings.many import Office, Opened
from duecourse.endings.suit.court import Desk
from duecourse.endings.suit.evidence import Documents
from duecourse.endings.suit.packing import Job
from duecourse.endings.suit.settings import read
from tests.endings.conftest import office, opened, who
from tests.endings.suit.cases import SETTINGS

__all__ = ["office", "opened", "who"]


@pytest.fixture
def job(office: Office, tmp_path: Path) -> Job:
    """All that a pack of four borrowers needs."""
    add_addresses(office.place)
    documents = supply(tmp_path / "documents", range(1, 5))
    return Job("r1", tmp_path / "packs", read(SETTINGS), Documents.of(documents))


@pytest.fixture
def desk(office: Office, opened: Opened) -> Desk:
    return Desk(opened, office.law)
