"""The tables of a loan book, declared once.

Everything that needs to know a table reads it here: loading, validation, the synthetic book, the
reference in docs/reference/tables.md. Events carry two times: when a thing happened and when it became
known (`recorded_at`). Nothing is updated: a table marked `versioned` gets a new row with a later
`recorded_at`, which replaces the older one from that moment on.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from duecourse.kernel.components import CHARGEABLE, COMPONENTS


class Kind(StrEnum):
    """What a column holds, and so how its text is read and how it is stored."""

    TEXT = "text"
    TEXTS = "texts"  # a list of texts; in a text file separated by ";"
    DATE = "date"
    MOMENT = "moment"  # a point in time, UTC, microseconds
    MONEY = "money"  # int64 minor units of the loan's currency
    COUNT = "count"  # int64, not negative
    FLAG = "flag"
    PPM_YEAR = "ppm_year"  # int64, parts per million a year
    PPB_DAY = "ppb_day"  # int64, parts per billion a day
    PPM = "ppm"  # int64, parts per million
    CHOICE = "choice"
    CURRENCY = "currency"
    ORDER = "order"  # the five components in an order, separated by blanks


@dataclass(frozen=True)
class Column:
    """One column: its name, what it holds, and what a missing value means.

    `required` refuses a missing value. `default` (as text, in the stored unit) replaces one.
    `references` names the table whose key the value must exist in.
    """

    name: str
    kind: Kind
    says: str
    required: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    references: str | None = None


@dataclass(frozen=True)
class Table:
    """One table: its key, its columns in order, and the column that dates an event.

    `happened` names the date or moment from which `recorded_at` is taken when the lender has none
    (a date means its noon, in the book's zone); None means known from the start.
    `of` says whose rows these are: a loan's or a borrower's.
    """

    name: str
    says: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    of: str
    happened: str | None = None
    versioned: bool = False

    def column(self, name: str) -> Column:
        """Return the column of this name; KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)


_RECORDED = Column("recorded_at", Kind.MOMENT, "When the lender's systems came to know this row.")
_LOAN = Column("loan_id", Kind.TEXT, "The loan.", required=True, references="loans")
_LOAN_MAYBE = Column("loan_id", Kind.TEXT, "The loan, where it is about one.", references="loans")
_BORROWER = Column("borrower_id", Kind.TEXT, "The borrower.", required=True, references="borrowers")
_BORROWER_MAYBE = Column(
    "borrower_id", Kind.TEXT, "The borrower; taken from the loan when empty.", references="borrowers"
)
_EFFECTIVE = Column("effective_on", Kind.DATE, "First day that this version holds.", default="1970-01-01")

CHANNELS: Final = (
    "call", "voicemail", "sms", "im", "email", "letter", "fax", "visit", "social_public", "social_private",
)  # fmt: skip
OUTCOMES: Final = (
    "conversation", "answered_no_talk", "silent_hangup", "voicemail", "ring_out", "busy", "not_in_service",
    "mailbox_full", "wrong_number", "delivered", "undelivered", "bounced", "met", "no_one_home",
)  # fmt: skip
ANSWERED: Final = ("conversation", "met")
HOLD_KINDS: Final = (
    "dispute", "bankruptcy", "cease", "attorney", "complaint", "hardship", "bereavement", "moratorium",
)  # fmt: skip

TABLES: Final = (
    Table(
        "borrowers",
        "Who owes. Pseudonymous: no name, number or address.",
        ("borrower_id", "effective_on", "recorded_at"),
        (
            Column("borrower_id", Kind.TEXT, "The borrower, as the lender's systems name them.", required=True),
            _EFFECTIVE,
            _RECORDED,
            Column("country", Kind.TEXT, "ISO 3166-1 alpha-2 code."),
            Column("region", Kind.TEXT, "ISO 3166-2 code."),
            Column("locality", Kind.TEXT, "Town, where a local rule may bind."),
            Column("zones", Kind.TEXTS, "IANA zone names: every zone the borrower may be in."),
            Column("language", Kind.TEXT, "BCP 47 tag."),
            Column("born_on", Kind.DATE, "Day of birth."),
            Column("deceased_on", Kind.DATE, "Day of death, once known."),
        ),
        of="borrower",
        versioned=True,
    ),
    Table(
        "loans",
        "The loan and its contract terms; a later effective_on changes terms from that day.",
        ("loan_id", "effective_on", "recorded_at"),
        (
            Column("loan_id", Kind.TEXT, "The loan.", required=True),
            _EFFECTIVE,
            _RECORDED,
            Column("borrower_id", Kind.TEXT, "Who owes it. May not change between versions.", required=True),
            Column("lender_id", Kind.TEXT, "Who lent."),
            Column("owner_id", Kind.TEXT, "Who owns the claim now."),
            Column("product", Kind.TEXT, "The lender's product name."),
            Column("lender_type", Kind.TEXT, "bank, consumer_finance, micro_lender, ..."),
            Column("currency", Kind.CURRENCY, "ISO 4217 code.", required=True),
            Column("principal", Kind.MONEY, "Amount lent.", required=True),
            Column("opened_on", Kind.DATE, "Day the money was paid out."),
            Column("grace_days", Kind.COUNT, "Days after the due date without late fee or penalty.", default="0"),
            Column("late_fee_flat", Kind.MONEY, "Late fee for each instalment, flat part.", default="0"),
            Column("late_fee_ppm", Kind.PPM, "Late fee as share of the scheduled instalment.", default="0"),
            Column("late_fee_min", Kind.MONEY, "Floor of a late fee.", default="0"),
            Column("late_fee_max", Kind.MONEY, "Ceiling of a late fee."),
            Column("penalty_ppb_day", Kind.PPB_DAY, "Penalty rate, simple.", default="0"),
            Column(
                "penalty_base",
                Kind.CHOICE,
                "What the penalty runs on: overdue principal, or all of the overdue instalment.",
                default="principal",
                choices=("principal", "instalment"),
            ),
            Column("interest_ppm_year", Kind.PPM_YEAR, "Contract rate for interest that runs on.", default="0"),
            Column(
                "interest_after_due",
                Kind.CHOICE,
                "Whether interest runs on, on overdue principal, after the due date.",
                default="stops",
                choices=("stops", "runs"),
            ),
            Column(
                "day_count",
                Kind.CHOICE,
                "Day count of interest that runs on; 30/360 is 30E/360.",
                default="actual/365",
                choices=("actual/365", "actual/360", "30/360"),
            ),
            Column(
                "cap_all_in_ppm_year",
                Kind.PPM_YEAR,
                "Most that all charges together may come to, a year, on outstanding principal.",
            ),
            Column(
                "cap_charges_ppm",
                Kind.PPM,
                "Most that all charges together may ever come to, as share of the principal.",
            ),
            Column(
                "allocation_order",
                Kind.ORDER,
                "Order in which a payment meets the components.",
                default=" ".join(COMPONENTS),
            ),
            Column(
                "allocation_by",
                Kind.CHOICE,
                "Oldest instalment first, or component first.",
                default="instalment",
                choices=("instalment", "component"),
            ),
            Column(
                "accrual_after_write_off",
                Kind.CHOICE,
                "Whether charges go on after a write-off.",
                default="stops",
                choices=("stops", "continues"),
            ),
        ),
        of="loan",
        versioned=True,
    ),
    Table(
        "instalments",
        "The schedule.",
        ("loan_id", "number", "recorded_at"),
        (
            _LOAN,
            Column("number", Kind.COUNT, "Which instalment.", required=True),
            _RECORDED,
            Column("due_on", Kind.DATE, "Last day to pay in time.", required=True),
            Column("principal", Kind.MONEY, "Principal due.", required=True),
            Column("interest", Kind.MONEY, "Interest due.", default="0"),
            Column("fee", Kind.MONEY, "Fee due.", default="0"),
        ),
        of="loan",
        versioned=True,
    ),
    Table(
        "payments",
        "Money received, and reversals of it.",
        ("payment_id",),
        (
            Column("payment_id", Kind.TEXT, "The payment.", required=True),
            _LOAN,
            Column("paid_on", Kind.DATE, "Day from which it counts.", required=True),
            Column("amount", Kind.MONEY, "Amount, positive, in a reversal too.", required=True),
            Column("currency", Kind.CURRENCY, "Checked against the loan's when given."),
            Column(
                "reverses",
                Kind.TEXT,
                "The payment that this row undoes, as if it had never been made.",
                references="payments",
            ),
            Column("target_instalment", Kind.COUNT, "Instalment that the payer named."),
            Column("target_component", Kind.CHOICE, "Component that the payer named.", choices=COMPONENTS),
            _RECORDED,
        ),
        of="loan",
        happened="paid_on",
    ),
    Table(
        "contacts",
        "Every contact made or received, whoever made it.",
        ("contact_id",),
        (
            Column("contact_id", Kind.TEXT, "The contact.", required=True),
            _BORROWER,
            Column("with_person", Kind.TEXT, "Whom, when not the borrower."),
            Column("channel", Kind.CHOICE, "How.", required=True, choices=CHANNELS),
            Column(
                "direction", Kind.CHOICE, "Out to the borrower or in from them.", default="out", choices=("out", "in")
            ),
            Column("happened_at", Kind.MOMENT, "When.", required=True),
            Column("outcome", Kind.CHOICE, "How it ended.", choices=OUTCOMES),
            Column("about", Kind.TEXTS, "Loans it was about; empty means all."),
            Column("made_by", Kind.TEXT, "own, or an agency's id.", default="own"),
            Column("purpose", Kind.TEXT, "collection, servicing, required_notice, ...", default="collection"),
            _RECORDED,
        ),
        of="borrower",
        happened="happened_at",
    ),
    Table(
        "charges",
        "Amounts that the lender added by hand.",
        ("charge_id",),
        (
            Column("charge_id", Kind.TEXT, "The charge.", required=True),
            _LOAN,
            Column("component", Kind.CHOICE, "What it is.", required=True, choices=CHARGEABLE),
            Column("amount", Kind.MONEY, "Amount.", required=True),
            Column("charged_on", Kind.DATE, "Day it falls due.", required=True),
            _RECORDED,
        ),
        of="loan",
        happened="charged_on",
    ),
    Table(
        "waivers",
        "Forgiveness: reduces what is owed.",
        ("waiver_id",),
        (
            Column("waiver_id", Kind.TEXT, "The waiver.", required=True),
            _LOAN,
            Column(
                "component", Kind.CHOICE, "What is forgiven; empty means all, in allocation order.", choices=COMPONENTS
            ),
            Column("amount", Kind.MONEY, "Amount, at most; what is not owed is not waived.", required=True),
            Column("waived_on", Kind.DATE, "Day.", required=True),
            _RECORDED,
        ),
        of="loan",
        happened="waived_on",
    ),
    Table(
        "write_offs",
        "Accounting events: the debt stays owed.",
        ("write_off_id",),
        (
            Column("write_off_id", Kind.TEXT, "The event.", required=True),
            _LOAN,
            Column("kind", Kind.CHOICE, "Which.", default="write_off", choices=("write_off", "charge_off")),
            Column("amount", Kind.MONEY, "Amount taken off the lender's own books."),
            Column("written_off_on", Kind.DATE, "Day.", required=True),
            _RECORDED,
        ),
        of="loan",
        happened="written_off_on",
    ),
    Table(
        "people",
        "Everyone else: guarantors, family, attorneys.",
        ("person_id",),
        (
            Column("person_id", Kind.TEXT, "The person, pseudonymous.", required=True),
            _BORROWER,
            Column("relation", Kind.TEXT, "spouse, attorney, guarantor, ...", required=True),
            _RECORDED,
        ),
        of="borrower",
    ),
    Table(
        "consents",
        "What the borrower agreed to.",
        ("consent_id", "recorded_at"),
        (
            Column("consent_id", Kind.TEXT, "The consent.", required=True),
            _BORROWER,
            Column("consented_to", Kind.TEXT, "Channel or act.", required=True),
            Column("given_at", Kind.MOMENT, "When given.", required=True),
            Column("withdrawn_at", Kind.MOMENT, "When withdrawn."),
            _RECORDED,
        ),
        of="borrower",
        happened="given_at",
        versioned=True,
    ),
    Table(
        "holds",
        "Why nothing may be done.",
        ("hold_id", "recorded_at"),
        (
            Column("hold_id", Kind.TEXT, "The hold.", required=True),
            _BORROWER_MAYBE,
            _LOAN_MAYBE,
            Column("kind", Kind.CHOICE, "Why.", required=True, choices=HOLD_KINDS),
            Column("from_on", Kind.DATE, "First day.", required=True),
            Column("until_on", Kind.DATE, "Last day; empty means until lifted."),
            _RECORDED,
        ),
        of="borrower",
        happened="from_on",
        versioned=True,
    ),
    Table(
        "promises",
        "Promises to pay.",
        ("promise_id",),
        (
            Column("promise_id", Kind.TEXT, "The promise.", required=True),
            _BORROWER_MAYBE,
            _LOAN_MAYBE,
            Column("made_on", Kind.DATE, "Day it was made.", required=True),
            Column("promised_on", Kind.DATE, "Last day to keep it.", required=True),
            Column("amount", Kind.MONEY, "Amount promised.", required=True),
            _RECORDED,
        ),
        of="borrower",
        happened="made_on",
    ),
    Table(
        "arrangements",
        "Payment plans.",
        ("arrangement_id", "recorded_at"),
        (
            Column("arrangement_id", Kind.TEXT, "The plan.", required=True),
            _BORROWER_MAYBE,
            _LOAN_MAYBE,
            Column("started_on", Kind.DATE, "First day.", required=True),
            Column("ended_on", Kind.DATE, "Last day, once over."),
            Column("broken_on", Kind.DATE, "Day it was broken, if it was."),
            _RECORDED,
        ),
        of="borrower",
        happened="started_on",
        versioned=True,
    ),
    Table(
        "notices",
        "Formal notices served.",
        ("notice_id", "recorded_at"),
        (
            Column("notice_id", Kind.TEXT, "The notice.", required=True),
            _BORROWER_MAYBE,
            _LOAN_MAYBE,
            Column("kind", Kind.TEXT, "adverse_notice, default_notice, suit_notice, ...", required=True),
            Column("served_on", Kind.DATE, "Day it was sent or handed over.", required=True),
            Column("delivered_on", Kind.DATE, "Day it is known to have arrived."),
            _RECORDED,
        ),
        of="borrower",
        happened="served_on",
        versioned=True,
    ),
    Table(
        "events",
        "Everything else that happened: pause, resume, accelerated, furnished, listed, sued, rewarded, ...",
        ("event_id",),
        (
            Column("event_id", Kind.TEXT, "The event.", required=True),
            Column("kind", Kind.TEXT, "What happened.", required=True),
            _BORROWER_MAYBE,
            _LOAN_MAYBE,
            Column("person_id", Kind.TEXT, "Who else."),
            Column("happened_at", Kind.MOMENT, "When.", required=True),
            Column("until_at", Kind.MOMENT, "Until when, where it lasts."),
            Column("details", Kind.TEXT, "JSON, for what has no column."),
            _RECORDED,
        ),
        of="borrower",
        happened="happened_at",
    ),
)

BY_NAME: Final = {table.name: table for table in TABLES}
