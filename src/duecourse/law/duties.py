"""What must be done by a day: the rules of kind `duty` that give one, asked only while the duty is open.

    open_duties(law) -> Law

A question such as `complaint_answer_due` is answered whether or not the complaint has been answered since. Who works a
list of what is due needs those only that are not done yet: the rule's own `open` says so, an expression over facts like
any other.
"""

import hashlib
from dataclasses import replace

from duecourse.law.rulebook import Law, Rule
from duecourse.law.vocabulary import VOCABULARY, Kind


def open_duties(law: Law) -> Law:
    """Return the rules of kind `duty` that give a day, each of which applies as long as its duty is open.

    Whether a duty is open that is not known counts as open.
    """
    rules = tuple(_while_open(rule) for rule in law.rules if _gives_a_day(rule))
    return replace(law, rules=rules, hash=hashlib.sha256(f"open duties {law.hash}".encode()).hexdigest())


def _gives_a_day(rule: Rule) -> bool:
    answers = rule.record.answers
    return rule.record.kind == "duty" and answers is not None and VOCABULARY.asks[answers].answer is Kind.DAY


def _while_open(rule: Rule) -> Rule:
    if rule.open is None:
        return rule
    return replace(rule, applies=rule.open if rule.applies is None else rule.applies.also(rule.open))
