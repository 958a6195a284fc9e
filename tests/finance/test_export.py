"""Exports of a day: journals that balance, the same bytes again, and what the store adds to the accounts."""

import csv
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.endings.many import Office, Opened
from duecourse.finance import accounts, exporting
from duecourse.finance.accounts import KEYS, Accounts
from duecourse.finance.happening import happened
from duecourse.finance.journals import NOTHING, Happened, Journal, of_loan
from duecourse.finance.movements import Moved, Movement, effect, moved
from duecourse.finance.playing import BALANCES
from duecourse.kernel.errors import DueCourseError
from duecourse.store.server import ADMIN
from tests.day.cases import AT
from tests.endings.cases import ON
from tests.night import books

CHART = Path(__file__).parents[2] / "examples" / "accounts.toml"
LINES = ("cost", "fee", "late_fee", "penalty", "interest", "late_interest", "principal")
STANDS = (0, 500, 1_000, 2_000, 100_000, 300)  # cost, fee, penalty, interest, principal, and credit


@pytest.fixture(scope="module")
def chart() -> Accounts:
    return accounts.load(CHART)


def moving(*movements: Movement) -> Moved:
    after = effect(movements)
    return Moved("L1", "EUR", movements, (0,) * len(BALANCES), tuple(after.values()))


def posted(loan: Moved, told: Happened = NOTHING) -> dict[tuple[str, str], dict[str, int]]:
    found = {}
    for journal in of_loan(loan, ON, told):
        assert sum(line.amount for line in journal.lines) == 0
        found[journal.what, journal.source] = {line.key: line.amount for line in journal.lines}
    return found


def test_each_movement_has_its_two_sides() -> None:
    """Debits above zero, credits below."""
    found = posted(
        moving(
            Movement("lent", "principal", "", 100_000), Movement("fell_due", "interest", "", 1_000),
            Movement("accrued", "penalty", "", 50), Movement("charged", "late_fee", "", 500),
            Movement("paid", "principal", "P", 10_000), Movement("to_credit", "", "P", 70),
            Movement("from_credit", "interest", "", 30), Movement("waived", "penalty", "W", 50),
        )
    )  # fmt: skip
    assert found == {
        ("lent", ""): {"receivable_principal": 100_000, "lent": -100_000},
        ("fell_due", ""): {"receivable_interest": 1_000, "income_interest": -1_000},
        ("accrued", ""): {"receivable_penalty": 50, "income_penalty": -50},
        ("charged", ""): {"receivable_fee": 500, "income_late_fee": -500},
        ("payment", "P"): {"cash": 10_070, "borrowers_credit": -70, "receivable_principal": -10_000},
        ("from_credit", ""): {"borrowers_credit": 30, "receivable_interest": -30},
        ("waiver", "W"): {"waived": 50, "receivable_penalty": -50},
    }


def test_what_is_undone_is_posted_on_the_other_side_and_what_is_met_otherwise_is_no_reversal() -> None:
    found = posted(
        moving(
            Movement("paid", "principal", "P", -10_000), Movement("paid", "interest", "Q", 200),
            Movement("paid", "principal", "Q", -200),
        )
    )  # fmt: skip
    assert found == {
        ("reversal", "P"): {"receivable_principal": 10_000, "cash": -10_000},
        ("reallocation", "Q"): {"receivable_principal": 200, "receivable_interest": -200},
    }


@pytest.mark.parametrize(("price", "gain"), [(60_000, -43_200), (110_000, 6_800)])
def test_a_sale_takes_everything_off_and_what_comes_back_is_put_on_again(price: int, gain: int) -> None:
    """103,500 are owed less 300 of credit: 103,200 net."""
    loan = Moved("L1", "EUR", (), STANDS, STANDS)
    key = "sale_gain" if gain > 0 else "sale_loss"
    sold = {
        "buyers": price, "borrowers_credit": 300, "receivable_fee": -500, "receivable_penalty": -1_000,
        "receivable_interest": -2_000, "receivable_principal": -100_000, key: -gain,
    }  # fmt: skip
    assert posted(loan, Happened(closed=(("sold", "S", price),))) == {("sold", "S"): sold}
    back = posted(loan, Happened(was_sold=True, closed=(("put_back", "T", price),)))
    other = "sale_loss" if gain > 0 else "sale_gain"
    assert back == {("put_back", "T"): {other: gain, **{name: -value for name, value in sold.items() if name != key}}}


def test_what_was_charged_off_is_released_with_the_sale_and_nothing_moves_after_it() -> None:
    loan = replace(
        Moved("L1", "EUR", (Movement("accrued", "penalty", "", 9),), STANDS, STANDS),
        charge_offs=(("C", 100_000),), allowance=100_000,
    )  # fmt: skip
    found = posted(loan, Happened(closed=(("sold", "S", 5_000),)))
    assert found["charge_off", "C"] == {"charged_off": 100_000, "allowance": -100_000}
    assert found["sold", "S"]["allowance"] == 100_000
    assert found["sold", "S"]["sale_gain"] == -(5_000 + 100_000 - 103_200)
    assert posted(loan, Happened(was_sold=True)) == {}


AMOUNTS = st.integers(-(10**12), 10**12)
MOVEMENTS = st.lists(
    st.one_of(
        st.builds(
            Movement, st.sampled_from(["lent"]), st.just("principal"), st.just(""), AMOUNTS
        ),
        st.builds(
            Movement,
            st.sampled_from(["accrued", "charged", "fell_due"]), st.sampled_from(LINES[:-1]), st.just(""), AMOUNTS,
        ),
        st.builds(
            Movement, st.sampled_from(["paid", "waived"]), st.sampled_from(LINES), st.sampled_from("PQ"), AMOUNTS
        ),
        st.builds(Movement, st.just("from_credit"), st.sampled_from(LINES), st.just(""), AMOUNTS),
        st.builds(Movement, st.just("to_credit"), st.just(""), st.sampled_from("PQ"), AMOUNTS),
    ),
    max_size=12,
)  # fmt: skip


@given(MOVEMENTS)
def test_journals_change_the_receivables_by_what_the_balances_change(movements: list[Movement]) -> None:
    loan = moving(*movements)
    keys = [*(f"receivable_{name}" for name in BALANCES[:-1]), "borrowers_credit"]
    totals = dict.fromkeys(KEYS, 0)
    for lines in posted(loan).values():
        for key, amount in lines.items():
            totals[key] += amount
    assert [totals[key] for key in keys[:-1]] == list(loan.after[:-1])
    assert totals["borrowers_credit"] == -loan.after[-1]
    assert sum(totals.values()) == 0


def test_the_same_day_again_has_the_same_bytes_and_adds_up(home: Path, chart: Accounts, tmp_path: Path) -> None:
    book = books.loaded(books.enriched(home / "again", 240, 7), home)
    written = []
    for place in range(2):
        parts = moved(book, books.strategy(), books.MADE_FOR, books.OPTIONS, tmp_path)
        done = exporting.export(parts, exporting.Told(), chart, books.MADE_FOR, tmp_path / str(place))
        written.append({path.name: path.read_bytes() for path in done.folder.iterdir()})
        assert all(debit == credit > 0 for debit, credit in done.balanced.values())
    assert written[0] == written[1]
    with (done.folder / "journals.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    told = [json.loads(line) for line in (done.folder / "journals.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len({row["journal"] for row in rows}) == len(told) == done.journals
    assert [(one["journal"], line["debit"]) for one in told for line in one["lines"]] == [
        (row["journal"], int(row["debit"])) for row in rows
    ]
    assert not [path for path in tmp_path.iterdir() if path.name not in {"0", "1"}]


_ENDINGS = """
INSERT INTO ending (kind, borrower_no, loan_id, state, is_over, details, decided_by, decided_at)
SELECT kind, n, 'L' || n, state, state = 'put_back', details, (SELECT id FROM staff LIMIT 1), %(at)s
FROM (VALUES
    ('sale', 1, 'sold', '{"closing": {"owed": 9, "price": 60000}}'::jsonb),
    ('sale', 2, 'put_back', '{"closing": {"owed": 9, "price": 70000}, "repaid": 70000}'),
    ('agency', 3, 'placed', '{"commission_ppm": 150000, "placed_on": "2026-11-01", "currency": "CNY"}')
) AS e(kind, n, state, details)"""
_STEPS = """
INSERT INTO ending_step (ending_no, state_before, state, at, on_day, "by")
SELECT e.id, s.before, s.state, %(at)s::timestamptz - make_interval(days => s.days), %(on)s::date - s.days, 's-boss'
FROM (VALUES ('L1', 'offered', 'sold', 0), ('L2', 'offered', 'sold', 9),
    ('L2', 'sold', 'put_back', 0), ('L3', 'decided', 'placed', 19)
) AS s(loan, before, state, days) JOIN ending e ON e.loan_id = s.loan"""
_PAYMENTS = """
INSERT INTO payments (payment_id, borrower_no, loan_id, paid_on, amount, currency, reverses, recorded_at) VALUES
    ('now', 3, 'L3', %(on)s, 10019, 'CNY', NULL, %(at)s),
    ('before', 3, 'L3', '2026-11-10', 5000, 'CNY', NULL, '2026-11-10'),
    ('late', 3, 'L3', '2026-11-18', 2000, 'CNY', NULL, %(at)s),
    ('back', 3, 'L3', %(on)s, 5000, 'CNY', 'before', %(at)s),
    ('first', 3, 'L3', '2026-10-10', 4000, 'CNY', NULL, '2026-10-10')"""
_REWARD = """
INSERT INTO reward (borrower_no, loan_id, rule, kind, at_number, state, rules_hash, worked_out_on, run, applied_on,
    applied_at, applied_by, details)
VALUES (4, 'L4', 'lower_rate', 'rate_cut', 6, 'applied', '', '2026-11-01', 'r', '2026-11-01', %(at)s, 's-boss',
    '{"instalments": [{"number": 7, "due_on": "2026-11-20", "interest_off": 834, "fee_off": 0},
        {"number": 8, "due_on": "2026-12-20", "interest_off": 667, "fee_off": 0}]}')"""


def test_the_store_tells_of_sales_commissions_and_rewards(office: Office, opened: Opened) -> None:
    """Commission of 15 %, rounded down payment by payment: 100.19 earns 15.02, 20.00 that came late 3.00.

    What is taken back takes 7.50 back; what came before the placing earned nothing.
    """
    with psycopg.connect(office.place.url(ADMIN), autocommit=True) as admin:
        for statement in (_ENDINGS, _STEPS, _PAYMENTS, _REWARD):
            admin.execute(statement.encode(), {"at": AT, "on": ON})
    found = happened(opened.connection, ON, "UTC")
    assert [(one[0], one[2]) for one in found["L1"].closed] == [("sold", 60_000)]
    assert not found["L1"].was_sold
    assert [(one[0], one[2]) for one in found["L2"].closed] == [("put_back", 70_000)]
    assert found["L2"].was_sold
    assert dict(found["L3"].commissions) == {"now": 1_502, "late": 300, "back": -750}
    assert found["L4"].rewards == (("interest", 834),)
    assert happened(opened.connection, date(2026, 11, 21), "UTC")["L1"] == Happened(was_sold=True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("cash = {account", "kash = {account", "lacks cash"),
        ("[accounts]", '[accounts]\nother = {account = "1", name = "x"}', "'other', which nothing is posted to"),
        ('account = "1000"', 'account = "10 00"', "accounts.cash.account"),
        ("[currencies.CNY]", "[currencies.yuan]", "currencies.yuan"),
    ],
)
def test_faults_of_a_chart_are_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = CHART.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "accounts.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DueCourseError) as error:
        accounts.load(tmp_path / "accounts.toml")
    assert said in str(error.value)


def test_a_currency_may_have_accounts_of_its_own(chart: Accounts) -> None:
    assert (chart.of("cash", "CNY").account, chart.of("cash", "USD").account) == ("1002", "1000")
    assert Journal(ON, "L1", "CNY", "payment", "P", ()).id != Journal(ON, "L1", "USD", "payment", "P", ()).id
