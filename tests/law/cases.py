"""Small case files that the tests read whole, and damage line by line."""

from typing import Final

BASE: Final = """\
# lines count from here
- id: us-a-01
  cite: "12 CFR 1006.14"
  origin: official
  rulebooks: [us, us-ma]
  topic: hours
  says: too early
  reading: ours
  example: EX-01
  collector:
    id: C1
    role: debt_collector
    watches_bounces: false

  borrower:
    country: US
    region: US-MA
    # every zone
    zones: [America/New_York, America/Chicago]
    age: 34
    numbers:
      - {id: m1, line: mobile, shared_with: [pat]}
    emails: [{id: e1, domain: company, employer_given: unknown}]
  people:
    - {id: pat, relation: spouse, named_on: 2025-03-10}
  firms:
    - {id: AG1, role: agency}
  loans:
    - id: A
      product: credit_card
      opened_on: 2025-01-05
      principal: 1000000
      rate: 24.5
      penalty_per_day: 0.05
      instalments_due: [2026-02-04, 2026-03-05]
      fees_in_contract: [{item: late_fee, amount: 1500}]
    - {id: B, overdue_rate: unclear}
  # days off
  calendar: {holidays: [2026-10-01], workdays: []}
  history:
    # a talk
    - at: 2026-03-02T10:00
      event: contact
      channel: call
      direction: out
      with: borrower
      about: [A]
      content: [debt_details]
    - {at: 2026-03-03, event: consent, to: call, given_to: C1, hours: ["22:00", "24:00"]}
    - {at: 2026-03-04, event: no_contact_order, against: C1, until: 2026-04-15}



  tries:
    - at: 2026-03-10T07:59
      act: contact
      channel: call
      with: borrower
      about: [A]
      direction: out
      by: AG1
      expect: refused
      rule: hours
      origin: text
    - ask: limitation_ends
      loan: A
      on: 2026-03-10
      expect: 2029-03-01
    - ask: allocation
      loans: [A, B]
      owed: {A: 100, principal: 5}
      expect: {A: 0, B: 1000}
  why: 07:59 is before 08:00.
"""

SHORT: Final = """\
- id: s-01
  cite: x
  origin: text
  rulebooks: [us]
  topic: hours
  says: x
  why: x
  collector: {role: debt_collector}
  borrower: {country: US, zones: [America/New_York]}
  tries:
"""
"""A case without its tries: each is a line `    - {...}` behind it."""


def base_with(old: str, new: str) -> str:
    """Return BASE with one thing changed; it must stand there once."""
    if BASE.count(old) != 1:
        raise AssertionError(f"{old!r} stands {BASE.count(old)} times in BASE")
    return BASE.replace(old, new)
