"""Asking others what somebody owes, as the texts have it: one's own right to ask, and consent that stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from duecourse.law.casefile import Case, Try

Row = Mapping[str, Any]
LISTED: Final = frozenset({"affordability", "forbearance", "collection"})  # granting, reviewing, collecting credit


def own(trial: Try) -> bool:
    """Say whether the borrower asks, for themselves."""
    return trial.values.get("by") == "borrower" and purpose(trial) == "own_view"


def purpose(trial: Try) -> Any:
    """Return what is asked for: to collect, where nothing is said."""
    return trial.values.get("purpose", "collection")


def consents(case: Case, trial: Try) -> bool:
    """Say whether written consent to this purpose was given, has not run out and was not taken back since."""
    at, stands = trial.values["at"], False
    assert isinstance(at, datetime)
    for event in case.history:
        if event["at"] >= at or event.get("to") != "look_up":  # type: ignore[operator]
            continue
        if event["event"] == "consent_withdrawn" and event.get("purpose") in {None, purpose(trial)}:
            stands = False
        if event["event"] == "consent" and event.get("purpose") == purpose(trial):
            stands |= event.get("form") in {"written", "electronic"} and not _is_over(event, at)
    return stands


def _is_over(consent: Row, at: datetime) -> bool:
    until = consent.get("until")
    return until is not None and at > until
