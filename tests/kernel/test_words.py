"""The nearest word: close ones are found whatever their case, far ones are not."""

import pytest

from duecourse.kernel.words import nearest

NAMES = ("loan_id", "Loan_ID", "borrower_id", "Zinsen", "due_on")


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("zinsen", "Zinsen"),
        ("borower_id", "borrower_id"),
        ("due-on", "due_on"),
        ("LOAN_ID", "Loan_ID"),  # equal but for case: the first in code-point order
        ("", None),
        ("channel", None),
    ],
)
def test_nearest(word: str, found: str | None) -> None:
    assert nearest(word, NAMES) == found
    assert nearest(word, reversed(NAMES)) == found


def test_no_names() -> None:
    assert nearest("loan_id", ()) is None
