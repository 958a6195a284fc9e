"""Every way in which a message of the inquiry is refused, by name: what a test tampers with, and what a log says."""

import enum

from duecourse.kernel.errors import DueCourseError


class Check(enum.StrEnum):
    """The name of a check. What it finds stands in `SAYS`."""

    # a message
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    SIGNATURE = "signature"
    CLOCK = "clock"
    REPLAYED = "replayed"
    RATE = "rate"
    # who asks, and what for
    PARTY = "party"
    CERTIFICATE = "certificate"
    CHARTER = "charter"
    LEGAL_BASIS = "legal_basis"
    PURPOSE = "purpose"
    LAW = "law"
    CONSENT = "consent"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_USED = "consent_used"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_SCOPE = "consent_scope"
    # the key holder's work
    POINT = "point"
    PROOF = "proof"
    # the hub's work
    BUCKET = "bucket"
    SEQUENCE = "sequence"
    HEAD = "head"
    HEAD_OLD = "head_old"
    TWO_HEADS = "two_heads"
    PAGE = "page"
    ENTRY_OMITTED = "entry_omitted"
    # a lender's work
    ENTRY_SEAL = "entry_seal"
    ENTRY_SIGNATURE = "entry_signature"
    ENTRY_STALE = "entry_stale"


SAYS: dict[Check, str] = {
    Check.TOO_LARGE: "more bytes than a message of its kind may have; it is not read",
    Check.TRUNCATED: "fewer bytes than it says, or no whole number of records",
    Check.MALFORMED: "not in the form that it should have",
    Check.SIGNATURE: "not signed by whom it names, or changed since",
    Check.CLOCK: "signed too long ago, or in time to come: by this, what was overheard cannot be kept for later",
    Check.REPLAYED: "seen before",
    Check.RATE: "more asked than one client, or one who vouches for clients, may ask in this time",
    Check.PARTY: "the charter does not have them, or suspended them, or has them for something else",
    Check.CERTIFICATE: "no checker of identities whom the charter has vouches for this client, or not any more",
    Check.CHARTER: "the charter is not signed by the operator, or not in force",
    Check.LEGAL_BASIS: "the operator has named no legal basis for the jurisdiction: the inquiry is off there",
    Check.PURPOSE: "the charter does not allow this purpose in the jurisdiction",
    Check.LAW: "no rule of the jurisdiction's rulebook allows a look-up for this purpose",
    Check.CONSENT: "not signed by the borrower's client, or for another lender",
    Check.CONSENT_EXPIRED: "the consent has run out",
    Check.CONSENT_USED: "the consent has been used as often as it was given for",
    Check.CONSENT_WITHDRAWN: "the borrower has withdrawn the consent",
    Check.CONSENT_SCOPE: "what is to be opened is not what the borrower consented to",
    Check.POINT: "not an element of the group",
    Check.PROOF: "the key holder answered with another key than the one that it publishes",
    Check.BUCKET: "there is no such bucket",
    Check.SEQUENCE: "the number of a lender's batch is not above that of the one before",
    Check.HEAD: "the hub's head is not signed by it",
    Check.HEAD_OLD: "the hub's head is older than the charter allows: it may be holding back what is new",
    Check.TWO_HEADS: "the hub signed two heads of one cycle: it tells different people different things",
    Check.PAGE: "the page is not the one under the head: records were left out, changed, or taken from an older page",
    Check.ENTRY_OMITTED: "an entry that its lender published is not in the page",
    Check.ENTRY_SEAL: "the entry does not open, or was sealed for another bucket or handle",
    Check.ENTRY_SIGNATURE: "the entry is not signed by the lender that it names",
    Check.ENTRY_STALE: "the entry has run out, and its lender has not renewed it",
}


class Refused(DueCourseError):  # noqa: N818 - the field's word
    """A message that a named check refused; the text begins with the name."""

    def __init__(self, check: Check, what: str) -> None:
        """Keep the check beside the text."""
        super().__init__(f"{check}: {what}")
        self.check = check
