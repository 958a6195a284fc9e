"""The tables of the operational database."""

from duecourse.store.models.agencies import Agency, AgencyFile, AgencyReport, AgencyReview, AgencyTold
from duecourse.store.models.api import ApiRequest, ApiToken, Hook, HookTold
from duecourse.store.models.audit import AuditEntry, AuditHead, AuditSealed
from duecourse.store.models.cases import Case, CaseLoan, Moved, Plan, PlannedAct
from duecourse.store.models.endings import Ending, EndingStep
from duecourse.store.models.field import Deposit, Receipt, VisitStop
from duecourse.store.models.history import (
    Arrangement,
    Consent,
    Contact,
    Event,
    Hold,
    Notice,
    Payment,
    Promise,
    Waiver,
)
from duecourse.store.models.money import ArrangementDue, BankEntry, Debit, DebitOrder, Mandate
from duecourse.store.models.outbox import Incoming, Outgoing, Switch, Verdict
from duecourse.store.models.people import Borrower, ContactPoint, Person
from duecourse.store.models.portal import (
    ComplaintFile,
    ContactHours,
    DataRequest,
    InquiryConsent,
    PaymentBegun,
    PortalLink,
    TemplateApproval,
)
from duecourse.store.models.register import RegisterEntry, RegisterLookup, RegisterReader, RegisterReceipt
from duecourse.store.models.rewards import Reward
from duecourse.store.models.sale import Bid, Portfolio, SaleCash
from duecourse.store.models.staff import (
    Approval,
    Attempts,
    AuthorityLimit,
    Complaint,
    Dispute,
    Duty,
    SecondFactor,
    Settlement,
    Staff,
)

__all__ = [
    "Agency",
    "AgencyFile",
    "AgencyReport",
    "AgencyReview",
    "AgencyTold",
    "ApiRequest",
    "ApiToken",
    "Approval",
    "Arrangement",
    "ArrangementDue",
    "Attempts",
    "AuditEntry",
    "AuditHead",
    "AuditSealed",
    "AuthorityLimit",
    "BankEntry",
    "Bid",
    "Borrower",
    "Case",
    "CaseLoan",
    "Complaint",
    "ComplaintFile",
    "Consent",
    "Contact",
    "ContactHours",
    "ContactPoint",
    "DataRequest",
    "Debit",
    "DebitOrder",
    "Deposit",
    "Dispute",
    "Duty",
    "Ending",
    "EndingStep",
    "Event",
    "Hold",
    "Hook",
    "HookTold",
    "Incoming",
    "InquiryConsent",
    "Mandate",
    "Moved",
    "Notice",
    "Outgoing",
    "Payment",
    "PaymentBegun",
    "Person",
    "Plan",
    "PlannedAct",
    "PortalLink",
    "Portfolio",
    "Promise",
    "Receipt",
    "RegisterEntry",
    "RegisterLookup",
    "RegisterReader",
    "RegisterReceipt",
    "Reward",
    "SaleCash",
    "SecondFactor",
    "Settlement",
    "Staff",
    "Switch",
    "TemplateApproval",
    "Verdict",
    "VisitStop",
    "Waiver",
]
