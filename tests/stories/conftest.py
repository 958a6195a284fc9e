"""The store of the tests, for stories that need one."""

from tests.store.conftest import made, ring, store

__all__ = ["made", "ring", "store"]
