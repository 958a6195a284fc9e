"""Days and amounts of promises: read where they are sure, and None where they are not. Monday is 1 June 2026."""
# ruff: noqa: E501 - tables of sentences read better with several a line

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.day.promised import AHEAD_MOST_DAYS, Promise, promised
from duecourse.day.replies import Meaning, meaning

MONDAY = date(2026, 6, 1)

DAYS: list[tuple[str, date | None]] = [
    ("I'll pay on Friday", date(2026, 6, 5)), ("will pay friday", date(2026, 6, 5)), ("by Fri ok", date(2026, 6, 5)),
    ("I'll pay today", MONDAY), ("paying tonight", MONDAY), ("tomorrow", date(2026, 6, 2)),
    ("the day after tomorrow", date(2026, 6, 3)), ("I pay on the 15th", date(2026, 6, 15)),
    ("June 30", date(2026, 6, 30)), ("30 June", date(2026, 6, 30)), ("on the 30th of June", date(2026, 6, 30)),
    ("June 30th, 2026", date(2026, 6, 30)), ("2026-06-30", date(2026, 6, 30)), ("13/7", date(2026, 7, 13)),
    ("7/13", date(2026, 7, 13)), ("7/7", date(2026, 7, 7)), ("in 3 days", date(2026, 6, 4)), ("in two weeks", date(2026, 6, 15)),
    ("end of the month", date(2026, 6, 30)), ("我周五还", date(2026, 6, 5)), ("下周一还", date(2026, 6, 8)),
    ("明天还", date(2026, 6, 2)), ("后天还", date(2026, 6, 3)), ("大后天还", date(2026, 6, 4)), ("15号还", date(2026, 6, 15)),
    ("6月30日前结清", date(2026, 6, 30)), ("下个月10号还", date(2026, 7, 10)), ("月底还", date(2026, 6, 30)),
    ("下月底还", date(2026, 7, 31)), ("三天后还", date(2026, 6, 4)), ("今晚转", MONDAY),
    # two readings, several days, or none
    ("I'll pay on Monday", None), ("next Friday", None), ("6/7", None), ("next week", None), ("soon", None),
    ("Friday or Saturday", None), ("Friday next week", None), ("I pay later", None), ("on the 1st", None), ("30/2", None),
    ("February 30", None), ("31/13", None), ("December 24", None), ("1 May 2026", None), ("2025-06-30", None),
    ("下周还", None), ("过几天还", None), ("周一还", None), ("32号", None), ("on the 31st", None), ("in 99 weeks", None),
    ("I lost my job yesterday and pay tomorrow", None), ("Monday the 15th", None), ("号码13号码", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DAYS, ids=[text for text, _ in DAYS])
def test_days(text: str, expected: date | None) -> None:
    assert promised(text, "en", on=MONDAY, currency=None).on == expected


AMOUNTS: list[tuple[str, str, str, int | None]] = [
    ("I can pay $200 on the 15th", "en", "USD", 20000), ("$1,200.50 tomorrow", "en", "USD", 120050), ("1,200 dollars", "en", "USD", 120000),
    ("200 USD", "en", "USD", 20000), ("usd 200", "en", "USD", 20000), ("€1.200,50", "de", "EUR", 120050), ("1.200 €", "de", "EUR", 120000),
    ("£50", "en", "GBP", 5000), ("先还500元", "zh", "CNY", 50000), ("500块", "zh", "CNY", 50000), ("还￥300.5", "zh", "CNY", 30050),
    ("¥5000", "ja", "JPY", 5000), ("KES 1500", "en", "KES", 150000), ("I will pay 75 dollars tomorrow", "en", "USD", 7500),
    # two readings, another currency, several amounts, or none
    ("I can pay 200", "en", "USD", None), ("€200", "en", "USD", None), ("1.200 dollars", "en", "USD", None),
    ("$100 now and $50 later", "en", "USD", None), ("$200 or 300", "en", "USD", None), ("$2k", "en", "USD", None),
    ("$0", "en", "USD", None), ("$1.234.5", "en", "USD", None), ("¥5000.5", "ja", "JPY", None), ("两千元", "zh", "CNY", None),
    ("500元,再还两千元", "zh", "CNY", None), ("2万元", "zh", "CNY", None), ("$5%", "en", "USD", None), ("200 and", "en", "USD", None),
    ("$" + "9" * 30, "en", "USD", None), ("1,200 €", "de", "EUR", None), ("$200 EUR", "en", "USD", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "language", "currency", "expected"), AMOUNTS, ids=[one[0][:30] for one in AMOUNTS])
def test_amounts(text: str, language: str, currency: str, expected: int | None) -> None:
    assert promised(text, language, on=MONDAY, currency=currency).amount == expected


def test_a_promise_in_a_reply() -> None:
    found = meaning("I lost my job but I'll pay $50 on Friday", "en", on=MONDAY, currency="USD")
    assert found.meanings == {Meaning.HARDSHIP, Meaning.PROMISE}
    assert found.promise == Promise(date(2026, 6, 5), 5000)
    assert meaning("I'll pay on Friday", "en").promise == Promise()  # nobody said which day it is
    assert meaning("I already paid on Friday", "en", on=MONDAY, currency="USD").promise is None


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from([text for text, _ in DAYS]))
def test_a_day_that_is_read_is_ahead_and_near(on: date, text: str) -> None:
    found = promised(text, "en", on=on, currency=None).on
    assert found is None or on <= found <= on + timedelta(days=AHEAD_MOST_DAYS)


@given(
    st.text(alphabet="0123456789.,/$€ 月日号周一fri junetomw-", max_size=60),
    st.sampled_from(["USD", "JPY", "KWD", "CNY"]),
)
def test_any_text_gives_a_promise_or_none(text: str, currency: str) -> None:
    found = promised(text, "en", on=MONDAY, currency=currency)
    assert found.amount is None or 0 < found.amount < 2**63
    assert found == promised(text, "en", on=MONDAY, currency=currency)
