"""The tables of the operational database."""

from duecourse.store.models.audit import AuditEntry, AuditHead, AuditSealed
from duecourse.store.models.cases import BusinessDay, Case, CaseLoan, Plan, PlannedAct
from duecourse.store.models.history import Arrangement, Consent, Contact, Event, Hold, Notice, Payment, Promise
from duecourse.store.models.money import ArrangementDue, BankEntry, Debit, DebitOrder, Mandate
from duecourse.store.models.outbox import Incoming, Outgoing, Switch, Verdict
from duecourse.store.models.people import Borrower, ContactPoint, Person

__all__ = [
    "Arrangement",
    "ArrangementDue",
    "AuditEntry",
    "AuditHead",
    "AuditSealed",
    "BankEntry",
    "Borrower",
    "BusinessDay",
    "Case",
    "CaseLoan",
    "Consent",
    "Contact",
    "ContactPoint",
    "Debit",
    "DebitOrder",
    "Event",
    "Hold",
    "Incoming",
    "Mandate",
    "Notice",
    "Outgoing",
    "Payment",
    "Person",
    "Plan",
    "PlannedAct",
    "Promise",
    "Switch",
    "Verdict",
]
