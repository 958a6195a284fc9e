"""The examples in the docstrings run."""

import doctest
from types import ModuleType

import pytest

from duecourse.law import catalogue, expressions


@pytest.mark.parametrize("module", [catalogue, expressions])
def test_examples(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
