"""The caps of the law feed the ledger: figures worked by hand from the law, and what must be true of any book."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from duecourse.kernel.components import COMPONENTS
from duecourse.law.caps import Cap, Piece, opened
from duecourse.law.rulebook import Law, Rule, RulebookError, load
from duecourse.ledger.loan import Position, Terms
from duecourse.ledger.positions import positions_of
from duecourse.ledger.statement import statement
from duecourse.night import caps, explain, explain_caps, one_loan
from duecourse.night.moment import Moment
from duecourse.night.run import Night
from tests.ledger.generator import SeededDice, case
from tests.night import books

NOTHING = dict.fromkeys(COMPONENTS, 0)
Row = dict[str, Any]


def loan(name: str, country: str, currency: str, **terms: Any) -> Row:
    """Return a row of loans; the borrower has the loan's name, and lives in the country."""
    return {"loan_id": name, "borrower_id": f"{country}-{name}", "currency": currency, **terms}


def private(name: str, opened_on: str, **terms: Any) -> Row:
    """Return a private loan of 20,000 yuan."""
    known = {"principal": 2_000_000, "lender_type": "private_lender", "product": "private_loan"}
    return loan(name, "CN", "CNY", opened_on=opened_on, **{**known, **terms})


def once(name: str, due: str, principal: int, interest: int = 0) -> Row:
    """Return a schedule of one instalment."""
    return {"loan_id": name, "number": 1, "due_on": due, "principal": principal, "interest": interest}


RUNS = {"interest_after_due": "runs"}
SERVICE = {"interest_ppm_year": 240_000, "principal": 1_000_000, "opened_on": "2025-01-01", **RUNS}
LOANS = [
    private("A", "2021-03-10", interest_ppm_year=240_000, penalty_ppb_day=1_000_000, **RUNS),
    private("B", "2020-01-10", interest_ppm_year=300_000, **RUNS),
    private("OWN", "2021-03-10", interest_ppm_year=240_000, cap_all_in_ppm_year=120_000, **RUNS),
    private("LAW", "2021-03-10", interest_ppm_year=240_000, cap_all_in_ppm_year=360_000, **RUNS),
    private("LPR1", "2021-12-19"),
    private("LPR2", "2021-12-20"),
    private("NEW", "2026-01-05"),
    private("WHO", "2021-03-10", lender_type=None, product=None),
    private("BANK", "2021-03-10", lender_type="bank"),
    private("HELP", "2025-10-01", lender_type="loan_facilitator"),
    loan("GB", "GB", "GBP", principal=30_000, product="high_cost_short_term", opened_on="2026-01-01",
         late_fee_flat=1_500, penalty_ppb_day=10_000_000),
    loan("GBWHAT", "GB", "GBP", principal=30_000, opened_on="2026-01-01"),
    loan("SERVES", "US", "USD", **SERVICE),
    loan("SERVED", "US", "USD", **SERVICE),
    loan("CIVIL", "US", "USD", **SERVICE),
    loan("PH", "PH", "PHP", principal=500_000, opened_on="2026-05-01", product="cash", lender_type="micro_lender"),
    loan("ID", "ID", "IDR", principal=500_000, opened_on="2025-05-01", product="cash", lender_type="loan_facilitator"),
    loan("FR", "FR", "EUR", principal=500_000, opened_on="2025-05-01"),
]  # fmt: skip
SCHEDULE = [
    once("A", "2022-03-10", 2_000_000, 360_000),
    once("B", "2020-01-11", 2_000_000),
    *(once(name, "2022-03-10", 2_000_000, 360_000) for name in ("OWN", "LAW")),
    once("GB", "2026-02-01", 30_000, 20_000),
    *(once(name, "2025-01-02", 1_000_000) for name in ("SERVES", "SERVED", "CIVIL")),
    *(once(row["loan_id"], "2026-06-01", row["principal"]) for row in LOANS if row["loan_id"] in {"PH", "ID", "FR"}),
]
CHARGES = [{"charge_id": "1", "loan_id": "A", "component": "fee", "amount": 50_000, "charged_on": "2022-09-06"}]


def event(name: str, country: str, kind: str, day: str, status: str = "") -> Row:
    """Return an event about a loan."""
    details = f'{{"status": "{status}"}}' if status else None
    who = {"loan_id": name, "borrower_id": f"{country}-{name}"}
    return {
        "event_id": f"{name}-{kind}-{day}",
        **who,
        "kind": kind,
        "happened_at": f"{day}T10:00:00Z",
        "details": details,
    }


EVENTS = [
    event("B", "CN", "sued", "2021-06-15"),
    *(event(name, "US", "servicemember", "2025-07-01", "active_duty_start") for name in ("SERVES", "SERVED")),
    *(event(name, "US", "servicemember", "2025-07-10", "notice_with_orders") for name in ("SERVES", "SERVED")),
    event("SERVED", "US", "servicemember", "2025-07-31", "active_duty_end"),
]


@dataclass
class Opened:
    """A night over the loans above, and its positions by day."""

    night: Night
    folder: Path

    def at(self, on: str) -> "Opened":
        """Work out the positions of a day."""
        self.night.positions(Moment(date.fromisoformat(on)), self.folder / on)
        return self

    def row(self, name: str) -> Row:
        """Return the position of a loan."""
        table = self.night.engine.table("positions")
        return self.night.engine.rows(table.filter(table.loan_id == name))[0]

    def number(self, name: str) -> int:
        return int(one_loan.find(self.night.engine, name)["loan_no"])

    def caps(self, name: str) -> list[tuple[date | None, str, int | None, tuple[str, ...]]]:
        """Return the caps of a loan: from when, the rule, ppm, what is not known."""
        pieces = caps.of_loan(self.night.engine, self.night.capped, self.number(name))
        return [(piece.from_day, cap.rule.id, cap.ppm, cap.missing) for piece in pieces for cap in piece.caps]

    def told(self, name: str) -> list[str]:
        """Return how the caps of a loan are told."""
        return explain_caps.read(self.night, self.number(name), explain.zone_day(self.night))[1]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("caps")
    people = [{"borrower_id": row["borrower_id"], "country": row["borrower_id"][:2]} for row in LOANS]
    rows = {"borrowers": people, "loans": LOANS, "instalments": SCHEDULE, "charges": CHARGES, "events": EVENTS}
    book = books.loaded(books.tiny(folder / "book", rows, date(2026, 1, 1)), folder / "loaded")
    night = books.opened(book, books.strategy())
    yield Opened(night, folder)
    night.engine.close()


FOUR_TIMES = "cn.private.rate-cap.four-times-lpr"
SPLIT = "cn.private.rate-cap.split-2020"


def test_a_private_loan_in_china_is_held_to_four_times_the_lpr_of_its_day(world: Opened) -> None:
    # LPR of 2021-03-10: 3.85 %, four times 15.4 %. 2,000,000 x 15.4 % x 545 days / 365 = 459,890.41 for all charges:
    # of the interest of the term 308,000 (365 days), then 151,890.41 of overdue interest; nothing is left for the rest.
    world.at("2022-09-06")
    row = world.row("A")
    assert world.caps("A") == [(None, FOUR_TIMES, 154_000, ())]
    assert (row["interest_overdue"], row["penalty_overdue"], row["fee_due_today"]) == (308_000 + 151_890, 0, 0)
    # By the contract: 3,600.00 for the term, 24 % and 0.1 % a day for 180 days, and the fee of 500.00: 10,067.12.
    contract = ("contract_interest_overdue", "contract_penalty_overdue", "contract_fee_due_today")
    assert [row[name] for name in contract] == [360_000 + 236_712, 360_000, 50_000]
    assert row["cut"] == 1_006_712 - 459_890


def test_a_private_loan_from_before_20_august_2020_is_split_at_that_day(world: Opened) -> None:
    # Sued on 2021-06-15, LPR 3.85 %. 223 days at 24 % = 293,260.27, then 406 days at 15.4 % = 342,597.26.
    world.at("2021-09-30")
    assert world.caps("B") == [(None, SPLIT, 240_000, ()), (date(2020, 8, 20), SPLIT, 154_000, ())]
    assert world.row("B")["interest_overdue"] == 635_857
    # Seen from before that day it is 24 % throughout: 172 days to 2020-06-30 = 226,191.78.
    world.at("2020-06-30")
    assert world.caps("B") == [(None, "cn.private.rate-cap.before-2020", 240_000, ())]
    assert world.row("B")["interest_overdue"] == 226_191
    # The day before, and the day on which the new rules come: nothing of the new rate is earned yet.
    world.at("2020-08-20")
    assert world.row("B")["interest_overdue"] == 293_260
    # Not sued by then, the day asked for stands for the day of suit. 293,260.27 and one day at 15.4 %, 843.84.
    world.at("2020-08-21")
    assert world.row("B")["interest_overdue"] == 294_104


def test_the_stricter_of_book_and_law_holds(world: Opened) -> None:
    # For 365 days: 12 % of the lender's own terms against 15.4 % by law, and 36 % against 15.4 %.
    world.at("2022-03-10")
    assert world.row("OWN")["interest_due_today"] == 240_000
    assert world.row("LAW")["interest_due_today"] == 308_000
    assert world.told("OWN")[0].endswith("; the lender's own cap of 12 % is stricter and holds")
    assert world.told("LAW")[0].endswith("; the lender's own cap is 36 %")
    told = (
        f"the law caps all charges at 15.4 % a year on outstanding principal ({FOUR_TIMES}, {cite(world, FOUR_TIMES)})"
    )
    assert world.told("A") == [f"{told}; the lender's own terms name no such cap"]


def cite(world: Opened, rule: str) -> str:
    law = world.night.law
    return law.cite(next(one for one in law.rules if one.id == rule))


def test_the_lpr_of_the_day_of_the_contract_counts(world: Opened) -> None:
    world.at("2022-03-10")
    assert world.caps("LPR1") == [(None, FOUR_TIMES, 154_000, ())]
    assert world.caps("LPR2") == [(None, FOUR_TIMES, 152_000, ())]


def test_what_the_book_does_not_know_sets_no_cap_and_is_told(world: Opened) -> None:
    world.at("2026-06-30")
    assert world.caps("NEW") == [(None, FOUR_TIMES, None, ("cn_lpr_ppm",))]  # the table of LPRs ends in 2025
    told = "the law's cap is unknown because cn_lpr_ppm is not known; none is applied"
    assert world.told("NEW") == [f"{told} ({FOUR_TIMES}, {cite(world, FOUR_TIMES)})"]
    assert [(rule, ppm, missing) for _, rule, ppm, missing in world.caps("WHO")] == [
        (FOUR_TIMES, None, ("collector.lender_type",))
    ]
    assert [missing for *_, missing in world.caps("GBWHAT")] == [("loan.product",)]
    assert [missing for *_, missing in world.caps("PH")] == [("loan.secured",)]
    assert world.caps("BANK") == []  # its 24 per cent is from memory, and gates nothing
    assert world.caps("FR") == []
    assert [ppm for _, _, ppm, _ in world.caps("HELP")] == [240_000]
    assert [ppm for _, _, ppm, _ in world.caps("ID")] == [1_000_000]


def test_high_cost_credit_in_britain_never_costs_more_than_was_lent(world: Opened) -> None:
    # 300.00 lent. Interest 200.00, late fee 15.00 on 2 February, penalty 3.00 a day from then on: 85.00 are left for
    # penalties. By the contract 59 days of it: 177.00.
    world.at("2026-04-01")
    row = world.row("GB")
    assert (row["interest_overdue"], row["fee_overdue"], row["penalty_overdue"]) == (20_000, 1_500, 8_500)
    assert (row["contract_penalty_overdue"], row["cut"]) == (17_700, 9_200)
    assert world.caps("GB") == [(None, "gb.conc.price-cap.total-amount", 1_000_000, ())]


def test_a_soldier_pays_six_per_cent_during_the_service(world: Opened) -> None:
    # 24 % of 10,000.00 runs from 2025-01-02: 180 days to 30 June = 118,356.16. In service from 1 July: 6 % = 164.38
    # a day, 31 days to 31 July = 5,095.89.
    world.at("2025-08-01")
    assert world.row("SERVES")["interest_overdue"] == 123_452
    assert world.row("SERVES")["cut"] == 138_739 - 123_452  # 211 days at 24 %
    assert [(day, ppm) for day, _, ppm, _ in world.caps("SERVES")] == [(date(2025, 7, 1), 60_000)]
    # After the service, which ended with 31 July, 14 days at 24 % more: 9,205.48. The sum is 132,657.53.
    world.at("2025-08-15")
    assert world.row("SERVED")["interest_overdue"] == 132_657
    assert world.told("SERVED")[1] == "from 2025-08-01 the law sets no cap"
    # 225 days at 24 %: who has no such event is not capped.
    assert world.row("CIVIL")["interest_overdue"] == 147_945
    assert world.caps("CIVIL") == []


def test_one_loan_alone_is_found_as_among_all(world: Opened) -> None:
    for on in ("2021-09-30", "2026-06-30"):
        world.at(on)
        together = {row["loan_id"]: world.caps(row["loan_id"]) for row in LOANS}
        for name, expected in together.items():
            world.night.find_caps(Moment(date.fromisoformat(on)), world.number(name))
            assert world.caps(name) == expected


def agreed(night: Night, on: date) -> list[Row]:
    """Check that each loan's statement, read alone, sums to its position; return the positions."""
    rows = night.engine.rows(night.engine.table("positions"))
    for row in rows:
        one, _, _ = explain_caps.read(night, row["loan_no"], explain.zone_day(night))
        worked = statement(one, on)
        assert worked.amounts is not None
        assert worked.cut == row["cut"]
        for when in ("overdue", "due_today", "not_due"):
            stands = getattr(worked.amounts, when)
            assert {name: row[f"{name}_{when}"] for name in COMPONENTS} == stands, row["loan_id"]
    return rows


def test_a_statement_agrees_with_the_positions(world: Opened) -> None:
    cut = 0
    for on in ("2021-09-30", "2025-08-15", "2026-04-01"):
        world.at(on)
        cut += sum(row["cut"] > 0 for row in agreed(world.night, date.fromisoformat(on)))
    assert cut >= 9


def _lent_in_china(dice: random.Random, rows: Sequence[Row]) -> list[Row]:
    found = []
    for row in rows:
        who = dice.choice(("private_lender", "private_lender", "micro_lender", "loan_facilitator", None))
        back = timedelta(days=dice.choice((0, 400, 1_600, 2_200)))
        found.append({**row, "lender_type": who, "opened_on": row["opened_on"] and row["opened_on"] - back})
    later = [
        {**row, "effective_on": row["opened_on"] + timedelta(days=dice.randrange(900)), "cap_all_in_ppm_year": 50_000}
        for row in found
        if row["opened_on"] and dice.random() < 0.2
    ]
    return [*found, *({**row, "recorded_at": None} for row in later)]


def _live_in_china(rows: Sequence[Row]) -> list[Row]:
    return [{**row, "country": "CN", "region": None} for row in rows]


def test_a_whole_book_agrees_with_its_statements(tmp_path: Path, home: Path) -> None:
    mapping = books.enriched(tmp_path / "book", 170, 5)
    books.change(tmp_path / "book", "loans", partial(_lent_in_china, random.Random(3)))
    books.change(tmp_path / "book", "borrowers", _live_in_china)
    night = books.opened(books.loaded(mapping, home), books.strategy())
    try:
        on = date(2025, 12, 20)
        night.positions(Moment(on), tmp_path / "all")
        rows = agreed(night, on)
        found = night.engine.rows(night.engine.table(caps.PIECES).select("all_in_ppm_year_rule").distinct())
        assert {SPLIT, FOUR_TIMES} <= {row["all_in_ppm_year_rule"] for row in found}
        assert sum(row["cut"] > 0 for row in rows) > 10
    finally:
        night.engine.close()


def test_rulebooks_without_caps_leave_the_book_as_it_is(world: Opened) -> None:
    law = replace(world.night.law, rules=tuple(rule for rule in world.night.law.rules if rule.record.caps is None))
    night = books.opened(world.night.book, books.strategy(), law)
    try:
        night.positions(Moment(date(2022, 9, 6)), world.folder / "without")
        assert night.capped.asked == ()
        rows = {row["loan_id"]: row for row in night.engine.rows(night.engine.table("positions"))}
        assert rows["A"]["cut"] == 0
        assert rows["OWN"]["cut"] > 0
    finally:
        night.engine.close()


@cache
def any_rule() -> Rule:
    return load(only=["es"]).rules[0]


def owed(position: Position) -> int:
    return position.enforceable.owed


@pytest.mark.parametrize("seed", range(60))
def test_a_cap_more_never_raises_what_is_owed(seed: int) -> None:
    # Without payments and waivers: under a cap that binds, less paid leaves headroom for another charge.
    dice = SeededDice(seed)
    one = case(dice)
    plain = replace(one.loan, payments=(), waivers=())
    rule = any_rule()
    days = [None, *sorted(one.on - timedelta(days=dice.whole(0, 400)) for _ in range(dice.whole(0, 2)))]
    as_ = ("all_in_ppm_year", "charges_ppm")[seed % 2]
    if plain.opened_on is None and as_ == "all_in_ppm_year":
        return  # such a cap is never set on a loan of which the day is not known
    pieces = [Piece(day, (Cap(as_, dice.whole(0, 400_000), rule),) if dice.whole(0, 3) else ()) for day in days]
    under = replace(plain, terms=one_loan.under_law(sorted_terms(plain.terms), pieces))
    before, after = positions_of([plain, under], one.on)
    assert owed(after) <= owed(before) <= before.contractual.owed
    assert after.contractual == before.contractual


def sorted_terms(terms: Sequence[Terms]) -> list[Terms]:
    return sorted(terms, key=lambda version: version.effective_on)


def _book(tmp_path: Path, *edits: tuple[str, str], book: str = "xx", place: str = "country: XX") -> None:
    folder = tmp_path / "books" / book
    folder.mkdir(parents=True)
    (folder / "book.yaml").write_text(f"id: {book}\ntitle: X\n{place}\n", encoding="utf-8")
    source = f"{{id: {book}-law, title: L, publisher: P, link: 'https://example.org', citation: L}}"
    (folder / "sources.yaml").write_text(f"sources:\n- {source}\n", encoding="utf-8")
    text = """rules:
- id: xx.cap
  kind: amount
  topic: cap
  cite: {source: xx-law}
  says: All charges together are at most half of what was lent.
  force: statute
  checked: {how: text, on: 2026-01-01}
  from: 2020-01-01
  answers: highest_lawful_charge
  gives: share(loan.principal, 500000)
  caps: {as: charges_ppm, needs: [loan.opened_on]}
"""
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    text = text.replace("xx", book)
    (folder / "rules.yaml").write_text(text, encoding="utf-8")


def _law(tmp_path: Path, *edits: tuple[str, str]) -> Law:
    _book(tmp_path, *edits)
    return load(root=tmp_path / "books")


def test_the_narrowest_book_is_asked_first(tmp_path: Path) -> None:
    _book(tmp_path)
    _book(tmp_path, ("500000", "300000"), book="xx-a", place="country: XX\nregion: XX-A\nbeside: [xx]")
    places = {"A": "XX-A", "B": "XX-B", "C": None}
    rows: dict[str, list[Row]] = {
        "borrowers": [{"borrower_id": name, "country": "XX", "region": region} for name, region in places.items()],
        "loans": [
            {"loan_id": name, "borrower_id": name, "currency": "EUR", "principal": 1_000, "opened_on": "2025-01-01"}
            for name in places
        ],
        "instalments": [once(name, "2025-02-01", 1_000, 900) for name in places],
    }
    book = books.loaded(books.tiny(tmp_path / "book", rows, date(2026, 1, 1)), tmp_path / "loaded")
    night = books.opened(book, books.strategy(), load(root=tmp_path / "books"))
    try:
        night.positions(Moment(date(2025, 2, 1)), tmp_path / "out")
        found = night.engine.rows(night.engine.table("positions").select("loan_id", "interest_due_today"))
        assert {row["loan_id"]: row["interest_due_today"] for row in found} == {"A": 300, "B": 500, "C": 500}
    finally:
        night.engine.close()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("as: charges_ppm", "as: all_in_ppm_year", "belongs to a rule of kind amount that answers rate_cap"),
        ("kind: amount", "kind: finding", "belongs to a rule of kind amount"),
        ("needs: [loan.opened_on]", "needs: [loan.opened_at]", "unknown fact 'loan.opened_at'"),
        ("needs: [loan.opened_on]", "needs: [], events: [maried]", "unknown kind of event 'maried'"),
        ("as: charges_ppm, needs: [loan.opened_on]", "as: charges, needs: []", "'as'"),
    ],
)
def test_what_cannot_cap_is_refused_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(RulebookError, match=r"rules\.yaml:\d+: ") as raised:
        _law(tmp_path, (old, new))
    assert words in str(raised.value)


def test_an_all_in_cap_needs_the_day_of_the_loan(tmp_path: Path) -> None:
    edits = (
        ("highest_lawful_charge", "rate_cap"),
        ("share(loan.principal, 500000)", '"240000"'),
        ("as: charges_ppm, needs: [loan.opened_on]", "as: all_in_ppm_year, needs: []"),
    )
    with pytest.raises(RulebookError, match=r"needs loan\.opened_on"):
        _law(tmp_path, *edits)


def test_a_cap_on_charges_is_a_share_of_the_principal(tmp_path: Path) -> None:
    law = _law(tmp_path)
    assert [rule.gives.evaluate({}) for rule in opened(law, law.rules).rules if rule.gives] == [500_000]
    other = _law(tmp_path / "other", ("share(loan.principal, 500000)", '"1500"'))
    with pytest.raises(RulebookError, match=r"a cap as charges_ppm gives loan\.principal, or share"):
        opened(other, other.rules)
