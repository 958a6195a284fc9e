"""After random facts of the day the gate decides as a new night does, over the book with what the day recorded.

DUECOURSE_SOAK=1 tries more days.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
import pytest

from duecourse.book.beside import book_with
from duecourse.book.loaded import LoadedBook
from duecourse.book.schema import HOLD_KINDS
from duecourse.day.decision import Decision
from duecourse.day.facts import Facts, Money, Told
from duecourse.day.recorded import recorded
from duecourse.law.kept import law_of, users_folder
from duecourse.night.moment import Moment
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.store.server import OWNER
from duecourse.strategy.models import Strategy
from tests.day import agreement
from tests.day.agreement import ON, Act, Asking, Worked, holding, told_by
from tests.night import books
from tests.stores import running

SOAK: Final = os.environ.get("DUECOURSE_SOAK") == "1"
SEEDS: Final = range(8) if SOAK else range(1)
LOANS: Final = 1_400
TREATMENTS: Final = ("sms_day", "call_day", "offer", "report", "sale")
PUBLISHED: Final = datetime(2026, 6, 30, 4, tzinfo=UTC)
CHANNELS: Final = ("sms", "call", "email")
# What the gate refuses for beside the law and holds; a night knows nothing of it.
STRICTER: Final = ("paid_since_plan", "promised_since_plan", "channel_refused", "no_contact_point")


@dataclass
class Day:
    """What was told of a borrower, and the payments of theirs that stand."""

    told: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    payments: dict[str, Money] = field(default_factory=dict)
    has_paid: bool = False
    has_promised: bool = False
    channels: dict[str, bool] = field(default_factory=dict)


class Telling:
    """Tells random facts of borrowers, as the day hears of them."""

    def __init__(self, facts: Facts, dice: random.Random, overdue: dict[int, dict[str, tuple[int, str]]]) -> None:
        """Take where facts are written, and by borrower what is overdue of each loan, with its currency."""
        self._facts, self._dice, self._overdue = facts, dice, overdue
        self.days: dict[int, Day] = {}

    def tell(self, borrower: int, number: int) -> None:
        """Tell one more fact of a borrower."""
        day = self.days.setdefault(borrower, Day())
        at = PUBLISHED + timedelta(hours=1, minutes=number)
        told = Told(f"F{borrower}-{number}", borrower, at, ON)
        kind = self._dice.choice(("hold", "hold", "lift", "withdraw", "consent", "pay", "pay", "reverse", "promise"))
        with self._facts.locked(borrower):
            said = getattr(self, f"_{kind}")(told, day)
        if said:
            day.told.append(f"{kind} {said}")

    def _loan(self, told: Told) -> str:
        return self._dice.choice(sorted(self._overdue[told.borrower]))

    def _hold(self, told: Told, day: Day) -> str:
        kind, loan = self._dice.choice(HOLD_KINDS), self._loan(told) if self._dice.random() < 0.5 else None
        assert self._facts.hold(told, kind, loan)
        day.holds.append(told.fact_id)
        return f"{kind} {loan}"

    def _lift(self, told: Told, day: Day) -> str:
        if not day.holds:
            return ""
        one = day.holds.pop()
        assert self._facts.lift(Told(one, told.borrower, told.at, ON))
        return one

    def _withdraw(self, told: Told, day: Day) -> str:
        channel = self._dice.choice(CHANNELS)
        self._facts.withdraw(told, channel)
        day.channels[channel] = False
        return channel

    def _consent(self, told: Told, day: Day) -> str:
        channel = self._dice.choice(CHANNELS)
        self._facts.consent(told, channel)
        day.channels[channel] = True
        return channel

    def _pay(self, told: Told, day: Day) -> str:
        loan = self._loan(told)
        overdue, currency = self._overdue[told.borrower][loan]
        amount = overdue if self._dice.random() < 0.6 else max(1, overdue // 3)  # down: some part
        if amount <= 0:
            return ""
        money = Money(loan, ON, amount, currency)
        assert self._facts.payment(told, money)
        day.payments[told.fact_id] = money
        day.has_paid = True
        return f"{loan} {amount}"

    def _reverse(self, told: Told, day: Day) -> str:
        if not day.payments:
            return ""
        undone, money = day.payments.popitem()
        assert self._facts.payment(told, Money(money.loan_id, ON, money.amount, money.currency, reverses=undone))
        return undone

    def _promise(self, told: Told, day: Day) -> str:
        day.has_promised = True
        assert self._facts.promise(told, 500, ON + timedelta(days=self._dice.randrange(9)), self._loan(told))
        return "500"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedBook:
    folder = tmp_path_factory.mktemp("facts")
    return agreement.book(folder / "book", folder / "home", LOANS, frozenset({"US"}))


@pytest.fixture
def place() -> Iterator[Place]:
    with running() as made:
        yield made


def overdue_of(night: Worked, place: Place) -> dict[int, dict[str, tuple[int, str]]]:
    """Return what is overdue of each loan that acts are about, by borrower, with its currency."""
    with place.connected() as connection:
        rows = connection.execute("SELECT loan_id, currency FROM case_loan").fetchall()
    currencies = {str(loan): str(currency) for loan, currency in rows}
    found: dict[int, dict[str, tuple[int, str]]] = {}
    for act in night.acts:
        for loan, amount in act.overdue.items():
            found.setdefault(act.borrower, {})[loan] = (amount, currencies[loan])
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_after_facts_gate_and_new_night_agree(loaded: LoadedBook, place: Place, tmp_path: Path, seed: int) -> None:
    strategy, law = books.strategy(agreement.STRATEGY), law_of((), users_folder())
    before = agreement.worked(loaded, strategy, place, tmp_path / "before", Moment(ON))
    with psycopg.connect(place.url(OWNER)) as owner:
        owner.execute("UPDATE plan SET published_at = %s", [PUBLISHED])
    overdue = overdue_of(before, place)
    dice = random.Random(seed)
    with place.connected() as connection:
        telling = Telling(Facts(connection, Keyring.read(place.keys), "test"), dice, overdue)
        for borrower in sorted(overdue):
            for number in range(dice.choice((0, 1, 1, 2, 3, 5))):
                telling.tell(borrower, number)
    with book_with(loaded, recorded(place.url()), threads=2, memory="2GB") as more:
        after = agreement.worked(more, strategy, place, tmp_path / "after", Moment(ON), is_published=False)
    later = {(act.borrower, act.treatment): act for act in after.acts}
    acts = [act for act in before.acts if act.treatment in TREATMENTS]
    asking = Asking(place, after, law)
    standing = [later[act.borrower, act.treatment] for act in acts if (act.borrower, act.treatment) in later]
    gone = [act for act in acts if (act.borrower, act.treatment) not in later]
    answers, over = list(asking.judged(standing)), list(asking.judged(gone))
    asking.close()
    wrong = [
        (why, told_of(telling, act), act, said.reasons)
        for act, said in answers
        if (why := difference(act, said, telling.days.get(act.borrower, Day())))
    ]
    assert not wrong, f"seed {seed}: {len(wrong)} of {len(answers)}: {wrong[:3]}"
    left = [(act, said.reasons, told_of(telling, act)) for act, said in over if not falls(said)]
    left = [one for one in left if not is_set_aside(one[0], one[2], strategy)]
    assert not left, f"seed {seed}: {len(left)} of {len(over)}: {left[:8]}"
    means_something(answers, over, telling)


def difference(act: Act, said: Decision, day: Day) -> str:
    """Say in what a decision and a night differ that may not; empty where nothing does."""
    if act.country == agreement.NO_LAW["country"]:
        return "" if said.reasons == ("no_rulebook",) else "no rulebook"
    if holding(said) != act.blocked:
        return f"hold {act.blocked}"
    if act.blocked:
        return ""
    expected = {
        "paid_since_plan": day.has_paid and said.asked.presses,
        "promised_since_plan": day.has_promised and said.asked.presses,
    }
    for reason, is_expected in expected.items():
        if (reason in said.reasons) != is_expected:
            return reason
    channel = said.asked.channel or ""
    if channel in day.channels and ("channel_refused" in said.reasons) == day.channels[channel]:
        return "channel_refused"
    if [one for one in said.reasons if not one.startswith("law:") and one not in STRICTER]:
        return "another reason"
    return "" if told_by(act, said) == act.loans else "law"


def told_of(telling: Telling, act: Act) -> list[str]:
    """Return what was told of an act's borrower."""
    return telling.days.get(act.borrower, Day()).told


def is_set_aside(act: Act, told: list[str], strategy: Strategy) -> bool:
    """Say whether a night counts a loan no more, since none may contact about it while there are other loans.

    The gate bars of such a loan what its hold bars, and no more: an act that is no contact may stand until the night.
    """
    kinds = {kind for kind, acts in strategy.holds.items() if "contact" in acts}
    barred = {words[2] for words in map(str.split, told) if words[0] == "hold" and words[1] in kinds}
    return set(act.loans) <= barred


def falls(said: Decision) -> bool:
    """Say whether an act that no new night proposes is refused: nothing is overdue, or held, paid, promised.

    Where money met the instalments and only charges are left, something is overdue, but no day is counted any more.
    """
    whole = {"nothing_overdue", "no_rulebook", "paid_since_plan", "promised_since_plan"} & set(said.reasons)
    return bool(whole or holding(said)) and not said.is_permitted


def means_something(answers: list[tuple[Act, Decision]], gone: list[tuple[Act, Decision]], told: Telling) -> None:
    """See that facts of all kinds were told, and that each had some effect."""
    kinds = Counter(said.split()[0] for day in told.days.values() for said in day.told)
    assert min(kinds[kind] for kind in ("hold", "lift", "withdraw", "consent", "pay", "reverse", "promise")) >= 5
    reasons = Counter(reason.partition(":")[0].partition("hold_")[0] for _, said in answers for reason in said.reasons)
    for reason in ("law", "", "paid_since_plan", "channel_refused"):
        assert reasons[reason] >= 10, (reason, reasons)
    assert len(gone) >= 10
    assert len(answers) >= 400
