"""To what each sealed value and each person's key is bound: where it was sealed it opens, and nowhere else."""

import json


def name_place(person: int) -> str:
    """Return the place of a person's name, by their number in the database."""
    return f"person.name.{person}"


def point_place(kind: str, point: int) -> str:
    """Return the place of a number or an address, by its kind and its number in the database."""
    return f"contact_point.value.{kind}.{point}"


def whose(borrower_id: str, person_id: str) -> str:
    """Return whose a person's key is, by the lender's ids; no two pairs have one text."""
    return json.dumps([borrower_id, person_id])
