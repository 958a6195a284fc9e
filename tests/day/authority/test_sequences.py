"""Random sequences of requests and decisions beside an oracle in plain Python that shares no code with what it checks.

Whatever the order: nobody gives up more than their limit alone, two different people decide on the rest, nothing takes
effect once it has expired, and the waivers, the settlements and the audit chain tell the same.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.day.waiving import LASTS, Wanted
from duecourse.kernel.errors import DueCourseError
from duecourse.store.roles import What
from tests.day.authority.conftest import AT, OWED, ROLES, Made, World

ASKERS: Final = {"collector", "supervisor"}
SECONDS: Final = {"supervisor", "compliance"}
EXAMPLES: Final = min(settings().max_examples, 60)
OUTCOMES_OF_ASKING: Final = ("ask alone", "ask waiting", "ask error")
OUTCOMES_OF_DECIDING: Final = ("decide granted", "decide refused", "decide expired", "decide error")


@dataclass
class Request:
    """What the oracle knows of a request."""

    fact_id: str
    what: str
    loan: str
    component: str | None
    amount: int
    asker: int
    asked_at: datetime
    state: str = "waiting"
    second: int | None = None
    decided_at: datetime | None = None
    given_up: int = 0


@dataclass
class Oracle:
    """The rules, as docs/operating/staff.md says them."""

    loans: list[str]
    now: datetime = AT
    roles: list[str] = field(default_factory=lambda: list(ROLES))
    active: list[bool] = field(default_factory=lambda: [True] * len(ROLES))
    limits: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def owes(self, loan: str) -> int:
        owed = OWED
        for one in self.effects():
            if one.what == "waiver" and one.loan == loan and one.component in {None, "principal"}:
                owed -= min(owed, one.amount)
        return owed

    def effects(self) -> list[Request]:
        done = [one for one in self.requests if one.state in {"alone", "granted"}]
        return sorted(done, key=lambda one: one.decided_at or AT)

    def within(self, role: str, what: str, amount: int, owed: int, given_up: int) -> bool:
        """Say whether so much, with all of the last 30 days, is within a role's limit."""
        if role not in self.limits:
            return False
        waiver, discount, ppm = self.limits[role]
        since = self.now - timedelta(days=30)
        before = sum(
            one.given_up for one in self.effects() if one.what == what and one.decided_at and one.decided_at > since
        )
        if what == "waiver":
            return before + given_up <= waiver
        return before + given_up <= discount and (owed - amount) * 1_000_000 <= ppm * owed

    def worth(self, request: Request) -> tuple[int, int] | None:
        owed = self.owes(request.loan)
        if request.what == "waiver":
            return (owed, request.amount) if request.amount <= owed else None
        return (owed, owed - request.amount) if request.amount < owed else None

    def ask(self, request: Request) -> str:
        worth, role = self.worth(request), self.roles[request.asker]
        if not self.active[request.asker] or worth is None or role not in ASKERS:
            return "error"
        owed, request.given_up = worth
        terms = (request.what, request.amount, owed, request.given_up)
        if self.within(role, *terms):
            request.state, request.decided_at = "alone", self.now
        elif not any(self.within(second, *terms) for second in SECONDS):
            return "error"
        self.requests.append(request)
        return request.state

    def decide(self, user: int, request: Request, *, grants: bool) -> str:
        role = self.roles[user]
        if not self.active[user]:
            return "error"
        if request.state != "waiting":
            return request.state
        if self.now >= request.asked_at + LASTS:
            request.state, request.decided_at, request.second = "expired", self.now, user  # who came too late
            return "expired"
        if user == request.asker or role not in SECONDS:
            return "error"
        if grants:
            worth = self.worth(request)
            fits = self.active[request.asker] and self.roles[request.asker] in ASKERS and worth is not None
            if not fits or worth is None or not self.within(role, request.what, request.amount, *worth):
                return "error"
            request.given_up = worth[1]
        request.state, request.second, request.decided_at = "granted" if grants else "refused", user, self.now
        return request.state


AMOUNTS: Final = st.sampled_from((1, 400, 500, 501, 1_000, 2_500, 5_000, 20_000, 60_000, 99_000, OWED, OWED + 1))
NUMBERS: Final = count(1)
USERS: Final = st.integers(0, len(ROLES) - 1)
TERMS: Final = (
    AMOUNTS,
    st.integers(0, 1),
    st.sampled_from(("waiver", "waiver", "settlement")),
    st.sampled_from((None, None, "principal", "penalty")),
)
ASK: Final = st.tuples(st.just("ask"), USERS, *TERMS)
DECIDE: Final = st.tuples(st.just("decide"), USERS, st.integers(0, 5), st.booleans() | st.just(value=True))
WAIT: Final = st.tuples(st.just("wait"), st.sampled_from((0, 1, 24, 71, 72, 24 * 15, 24 * 31)))
LIMIT: Final = st.tuples(
    st.just("limit"), st.sampled_from(sorted(SECONDS | ASKERS)), AMOUNTS, AMOUNTS,
    st.sampled_from((0, 5_000, 100_000, 500_000, 1_000_000)),
)  # fmt: skip
CHANGE: Final = st.tuples(
    st.just("change"), USERS, st.sampled_from(sorted(set(ROLES))), st.booleans() | st.just(value=True)
)
ASKED_AND_DECIDED: Final = st.tuples(
    st.tuples(st.just("ask"), st.integers(0, 3), *TERMS),
    st.tuples(st.just("wait"), st.sampled_from((0, 1, 71, 72))),
    st.tuples(st.just("decide"), st.integers(0, 4), st.integers(0, 1), st.sampled_from((True, True, True, False))),
    DECIDE,
)
STEPS: Final = st.one_of(
    ASKED_AND_DECIDED, ASKED_AND_DECIDED, st.tuples(ASK), st.tuples(DECIDE), st.tuples(WAIT), st.tuples(LIMIT),
    st.tuples(CHANGE),
)  # fmt: skip
START: Final = (
    ("limit", "collector", 500, 1_000, 5_000), ("limit", "supervisor", 5_000, 60_000, 500_000),
    ("limit", "compliance", 60_000, 99_000, 1_000_000),
)  # fmt: skip


def state_of(call: Any) -> str:
    try:
        return str(call().state)
    except DueCourseError:
        return "error"


def step(world: World, oracle: Oracle, one: tuple[Any, ...], seen: Counter[str]) -> None:
    """Do a step in the store and in the oracle; both must say the same."""
    match one:
        case ("ask", user, amount, loan, what, component):
            component = component if what == "waiver" else None
            fact_id = f"{world.number}-{next(NUMBERS)}"
            request = Request(fact_id, what, world.loans[loan], component, amount, user, oracle.now)
            pay_by = oracle.now.date() + timedelta(days=30) if what == "settlement" else None
            wanted = Wanted(fact_id, What(what), request.loan, amount, component, pay_by)
            asked = lambda: world.waiving.ask(world.users[user], wanted, oracle.now, oracle.now.date())  # noqa: E731
            expected = oracle.ask(request)
            assert state_of(asked) == expected, one
            seen[f"ask {expected}"] += 1
        case ("decide", user, place, grants) if oracle.requests:
            request = oracle.requests[-1 - place % len(oracle.requests)]
            ((number,),) = world.does("SELECT id FROM approval WHERE fact_id = %s", request.fact_id)
            decided = lambda: world.waiving.decide(  # noqa: E731
                world.users[user], number, oracle.now, oracle.now.date(), grants=grants
            )
            expected = oracle.decide(user, request, grants=grants)
            assert state_of(decided) == expected, one
            seen[f"decide {expected}"] += 1
        case ("wait", hours):
            oracle.now += timedelta(hours=hours)
        case ("limit", role, waiver, discount, ppm):
            oracle.limits[role] = (waiver, discount, ppm)
            world.limit(role, waiver, discount, ppm, first=oracle.now.date())
        case ("change", user, role, active):
            oracle.roles[user], oracle.active[user] = role, active
            world.does("UPDATE staff SET role = %s, is_active = %s WHERE user_id = %s", role, active, world.users[user])


def check(here: World, steps: Sequence[tuple[Any, ...]], seen: Counter[str]) -> None:
    """Do steps, and look at what is in the store in the end."""
    oracle = Oracle(here.loans)
    for one in (*START, *steps):
        step(here, oracle, one, seen)
    effects = oracle.effects()
    waived = [one for one in effects if one.what == "waiver"]
    assert set(here.waivers()) == {(one.fact_id, one.loan, one.component, one.amount) for one in waived}
    assert len(here.waivers()) == len(waived)
    settled = here.does("SELECT settlement_id, loan_id, amount FROM settlement WHERE borrower_no = %s", here.borrower)
    assert set(settled) == {(one.fact_id, one.loan, one.amount) for one in effects if one.what == "settlement"}
    wanted = Counter(
        (f"{one.what}.{state}", one.fact_id, here.users[by]) for one in oracle.requests for state, by in said(one)
    )
    assert Counter(here.entries()) == wanted


def test_any_sequence_is_as_the_oracle_says(world: Made) -> None:
    seen = Counter[str]()

    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(STEPS, min_size=10, max_size=16))
    def any_sequence(steps: list[tuple[Any, ...]]) -> None:
        here = world()
        try:
            check(here, [one for some in steps for one in some], seen)
        finally:
            here.connection.close()

    any_sequence()
    outcomes = (*OUTCOMES_OF_ASKING, *OUTCOMES_OF_DECIDING)
    assert not [one for one in outcomes if seen[one] < 5], f"too few for the oracle's word to mean anything: {seen}"


def said(one: Request) -> list[tuple[str, int]]:
    """Return what the chain tells of a request and by whom, but for its expiry."""
    if one.state == "alone":
        return [("given", one.asker)]
    asked = [("asked", one.asker)]
    if one.state == "expired" and one.second is not None:
        return [*asked, ("expired", one.second)]
    if one.state == "granted" and one.second is not None:
        assert one.second != one.asker
        return [*asked, ("given", one.second)]
    return [*asked, ("refused", one.second)] if one.second is not None else asked
