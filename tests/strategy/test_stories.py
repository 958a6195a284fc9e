"""The default strategy lived through day by day, with every act done on the day it is planned.

Promises of the process, numbered:
1. Stages follow each other in the order of the ladder.
2. Gaps between contacts of the persistent stage never shrink, and the channel changes each time.
3. No report within 30 days of its notice, no suit within 14 days of its notice.
4. An offer to settle comes before the notice of suit, and before a sale.
5. After suit or sale nothing is demanded.
6. A payment of everything ends it; a promise silences it until it is broken.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from duecourse.strategy.decide import ranked, required, standing, with_formulas
from duecourse.strategy.fork.reading import terms
from duecourse.strategy.fork.values import WAYS, values
from duecourse.strategy.models import Strategy, Treatment
from tests.strategy.conftest import borrower, late
from tests.strategy.fork.forks import Debt, debts

_AFTER_ACT = {
    "furnish": "days_since_furnished",
    "list": "days_since_listed",
    "place": "days_since_agency_engaged",
    "sue": "days_since_sued",
    "settle": "days_since_settlement_offer",
    "sell": "days_since_sold",
    "reward": "days_since_reward",
}


@dataclass
class Life:
    """One borrower who never answers: what was done on which day past due, and the stage of each day."""

    strategy: Strategy
    large: bool
    done: list[tuple[int, Treatment]] = field(default_factory=list)
    stages: dict[int, str | None] = field(default_factory=dict)

    def facts(self, day: int, **known: object) -> dict[str, object]:
        contacts = [done for done, treatment in self.done if treatment.act == "contact"]
        since: dict[str, object] = {}
        counted: Counter[str] = Counter()
        for done, treatment in self.done:
            kinds = [one for one in (treatment.channel or treatment.act, treatment.notice) if one]
            counted.update(f"{kind}_in_spell" for kind in kinds if done >= 1)
            names = [_AFTER_ACT.get(kind, f"days_since_{kind}") for kind in kinds]
            names += ["days_since_contact"] if treatment.act == "contact" else []
            since.update(dict.fromkeys(names, day - done))
        made = len([done for done in contacts if done >= 1])
        here = {**since, **counted, "contacts_in_spell": made, "contacts_unanswered": made, **known}
        here |= {"owed_amount": 400_000, "overdue_at_least_large": self.large}
        here |= self.worth(day, counted["settle_in_spell"])
        soon = {"days_to_next_due": -day, "next_due_amount": 1000}
        return late(day, **here) if day >= 1 else borrower(**{**here, **soon})

    def worth(self, day: int, offers: int) -> dict[str, object]:
        """Return what each way is worth of 4,000.00 owed, where the court asks for 4 % (US)."""
        fork = self.strategy.fork
        assert fork is not None
        age = max(0, day) // 30
        debt = Debt(400_000, age, 16_000, 100_000, self.large, max(0, 36 - age), offers)
        found = values(terms(fork, "US"), debts(debt))[0]
        return {
            f"{way}_value": round(float(value)) if value > -inf else None
            for way, value in zip(WAYS[:-1], found, strict=False)
        }

    def live(self, day: int, **known: object) -> None:
        facts = with_formulas(self.strategy, self.facts(day, **known))
        where = standing(self.strategy, facts)
        self.stages[day] = where.stage
        if where.stage is None:
            return
        rung = next(rung for rung in self.strategy.ladder if rung.stage == where.stage)
        today = [*required(rung, facts, where.quiet, "champion")]
        today += ranked(rung, facts, where.quiet, "champion")[:1]
        self.done += [(day, treatment) for treatment in today]

    def days_of(self, name: str) -> list[int]:
        return [day for day, treatment in self.done if treatment.name == name]


def life(strategy: Strategy, *, large: bool, until: int) -> Life:
    lived = Life(strategy, large)
    for day in range(-5, until):
        lived.live(day)
    return lived


def test_a_large_debt_that_is_never_answered(default: Strategy) -> None:
    lived = life(default, large=True, until=420)
    first_days: dict[str | None, int] = {}
    for day, stage in lived.stages.items():
        first_days.setdefault(stage, day)
    assert list(first_days) == [  # 1.
        None, "due_soon", "reminder", "persistent", "letter", "adverse_notice", "credit_report", "listing",
        "visit", "fork",
    ]  # fmt: skip
    assert first_days["due_soon"] == -3
    assert first_days["reminder"] == 1
    assert first_days["persistent"] == 5
    assert first_days["fork"] == 150

    notice = lived.days_of("adverse_notice_letter")
    reports = [day for day, treatment in lived.done if treatment.act == "furnish"]
    assert len(notice) == 1
    assert reports[0] >= notice[0] + 30  # 3.
    assert all(later - earlier >= 28 for earlier, later in pairwise(reports))

    offer, suit_notice, suit = (lived.days_of(name) for name in ("settlement_offer", "suit_notice", "sue"))
    assert offer[0] + 30 <= suit_notice[0] <= suit[0] - 14  # 3., 4.
    assert len(suit) == 1
    after = [treatment for day, treatment in lived.done if suit[0] < day <= suit[0] + 200]
    assert not [treatment.name for treatment in after if treatment.presses]  # 5.


def test_a_small_debt_ends_in_an_offer_and_a_sale(default: Strategy) -> None:
    lived = life(default, large=False, until=500)
    assert not lived.days_of("sue") + lived.days_of("visit") + lived.days_of("listing")
    offers, sale = lived.days_of("settlement_offer"), lived.days_of("sell")
    assert 1 <= len(offers) <= 3
    assert all(later - earlier >= 60 for earlier, later in pairwise(offers))
    # 4. From month 10 a sale brings 9 % of 4,000.00, from month 12 on 7 %. In month 10 waiting is worth more: 0.8 % pay
    # 90 % (28.80), less 1.50 for contacting them, and 360.00 is still to be had. Month 11 is the last at that price:
    # a month later there are 280.00.
    assert len(sale) == 1
    assert sale[0] == 11 * 30
    assert max(day for day, _ in lived.done) == sale[0]  # 5.


def test_persistent_contact_changes_channel_and_slows_down(default: Strategy) -> None:
    lived = life(default, large=False, until=30)
    contacts = [(day, one.channel) for day, one in lived.done if lived.stages[day] == "persistent"]
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(contacts)]
    assert len(contacts) >= 4
    assert gaps == sorted(gaps)  # 2.
    assert all(earlier[1] != later[1] for earlier, later in pairwise(contacts))  # 2.
    assert {channel for _, channel in contacts} == {"sms", "call", "email"}


def test_contacts_are_never_crowded(default: Strategy) -> None:
    lived = life(default, large=True, until=200)
    days = [day for day, one in lived.done if one.act == "contact" and not one.required]
    assert len(days) == len(set(days))
    assert min(later - earlier for earlier, later in pairwise(days)) >= 2
    assert all(len([day for day in days if week <= day < week + 7]) <= 3 for week in range(1, 194))


def test_a_promise_silences_until_it_is_broken(default: Strategy) -> None:
    lived = Life(default, large=False)
    for day in range(1, 60):
        promised = {"promises_open": 1} if 20 <= day < 30 else {"promises_broken": 1} if day >= 30 else {}
        lived.live(day, **promised)
    days = [day for day, _ in lived.done]
    assert not [day for day in days if 20 <= day < 30]  # 6.
    assert [day for day in days if day < 20]
    assert min(day for day in days if day >= 30) <= 32
