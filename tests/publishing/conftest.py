"""A store with some borrowers, as the tests of endings have it."""

from tests.endings.conftest import made, office, opened, ring, store, who

__all__ = ["made", "office", "opened", "ring", "store", "who"]
