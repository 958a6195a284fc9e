"""A store with four borrowers, as the tests of endings have it, and one folder for loaded books."""

from tests.endings.conftest import office, opened, who
from tests.night.conftest import home

__all__ = ["home", "office", "opened", "who"]
