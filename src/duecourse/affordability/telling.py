"""A judgement in somebody's language, as rows of names and values: for a page and for the terminal alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from duecourse.affordability.judging import Judgement
from duecourse.kernel import texts

_PPM_IN_HUNDREDTH: Final = 100  # of a per cent


@dataclass(frozen=True)
class Row:
    """A line of the judgement; `is_short` where what is left is below nothing."""

    name: str
    value: str
    is_short: bool = False


@dataclass(frozen=True)
class Told:
    """A judgement in words."""

    verdict: str
    reasons: tuple[str, ...]
    rows: tuple[Row, ...]


def told(judgement: Judgement, language: str, money: Callable[[int], str]) -> Told:
    """Return a judgement in a language; `money` writes minor units of its currency."""
    words = words_in(language)

    def after(name: str, amount: int) -> Row:
        return Row(words[name].format(months=min(judgement.months, 12)), money(amount), amount < 0)

    rows = [
        Row(words["comes_in"], money(judgement.income)),
        Row(words["goes_out"], money(judgement.spending)),
        Row(words["repaying"], money(judgement.repaying)),
        after("left", judgement.left),
        Row(words["due"], money(judgement.due)),
        after("after", judgement.after),
        after("after_a_tenth_less", judgement.after_a_tenth_less),
        after("after_a_missed_month", judgement.after_a_missed_month),
        Row(words["total"], money(judgement.total)),
        Row(words["cost"], money(judgement.cost)),
        Row(words["rate"], _per_cent(judgement.rate_ppm_year, words)),
        Row(words["simple"], _per_cent(judgement.simple_ppm_year, words)),
    ]
    cap = judgement.cap
    rows.append(Row(words["cap"], f"{_per_cent(cap.ppm_year, words)} ({cap.rule})" if cap else words["unknown"]))
    per_day = words["unknown"] if judgement.per_day_late is None else money(judgement.per_day_late)
    rows += [Row(words["per_day_late"], per_day), Row(words["most"], money(judgement.most))]
    reasons = tuple(words["reasons"][reason] for reason in judgement.reasons)
    return Told(words["verdicts"][judgement.verdict], reasons, tuple(rows))


def words_in(language: str) -> Mapping[str, Any]:
    """Return the words of a language, by its tag; English for one that there are none of."""
    return texts.words_in("duecourse.affordability", language)


def _per_cent(ppm: int | None, words: Mapping[str, Any]) -> str:
    if ppm is None:
        return str(words["unknown"])
    whole, rest = divmod(-(-ppm // _PPM_IN_HUNDREDTH), 100)  # up: what it costs is not made to look less
    return f"{whole}.{rest:02}\N{NO-BREAK SPACE}%"
