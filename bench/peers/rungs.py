"""Buckets and ladder of bench/peers/plain.yaml, as a script writer has them; and what every peer writes.

A bucket is (first day past due, name), a rung (first day past due, stage, act, channel, treatment).
"""

from typing import Final

BUCKETS: Final = ((1, "1-29"), (30, "30-59"), (60, "60-89"), (90, "90+"))
RUNGS: Final = (
    (1, "reminder", "contact", "sms", "reminder_sms"),
    (8, "email", "contact", "email", "second_email"),
    (15, "call", "contact", "call", "third_call"),
    (31, "letter", "contact", "letter", "month_letter"),
    (91, "settle", "settle", None, "settlement_offer"),
)
POSITION: Final = (
    "loan_id", "borrower_id", "currency", "principal_overdue", "interest_overdue", "fee_overdue", "oldest_due_on",
    "days_past_due", "paid_total", "bucket",
)  # fmt: skip
ACTION: Final = ("borrower_id", "stage", "act", "channel", "treatment")
