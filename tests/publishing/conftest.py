"""A store with some borrowers, as the tests of endings have it."""

from tests.endings.conftest import office, opened, who

__all__ = ["office", "opened", "who"]
