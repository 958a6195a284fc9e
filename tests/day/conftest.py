"""The store of the tests, for the day."""

from tests.store.conftest import made, ring, store

__all__ = ["made", "ring", "store"]
