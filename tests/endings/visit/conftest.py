"""A house whose plan is carried out by people, for the tests of visits that need one."""

from tests.day.field.conftest import house

__all__ = ["house"]
