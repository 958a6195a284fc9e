"""The tables of the operational database."""

from duecourse.store.models.people import Borrower, ContactPoint, Person

__all__ = ["Borrower", "ContactPoint", "Person"]
