"""Whether somebody may be looked up: what a rulebook allows, and that silence allows nothing."""

from datetime import date
from pathlib import Path
from typing import Final

import pytest

from duecourse.inquiry.charter import Purpose
from duecourse.law.house import with_house
from duecourse.law.looking_up import OWN, LookUps
from duecourse.law.vocabulary import VOCABULARY
from tests import package

ON: Final = date(2026, 11, 23)
HOUSE: Final = """\
sources:
- {id: house, title: Our rules, publisher: Us, link: "https://example.org/rules", citation: Our rules}
rules:
- id: house.look-up.own-view-only
  kind: act
  topic: look-up
  step: bar
  cite: {source: house, pin: "1"}
  says: We look nobody up.
  force: house
  checked: {how: text, on: 2026-11-23}
  from: 2026-01-01
  acts: [look_up]
  permit: purpose = 'own_view'
  because: the house looks nobody up
"""


@pytest.fixture(scope="module")
def lookups() -> LookUps:
    return LookUps(package.law())


def test_the_purposes_of_a_charter_are_words_of_the_law() -> None:
    assert set(Purpose) <= set(VOCABULARY.enumerations["purpose"])
    assert Purpose.OWN_VIEW.value == OWN


@pytest.mark.parametrize("country", ["CN", "US", "GB", "DE", "FR", "IE"])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_where_a_rule_allows_it_it_may_be(lookups: LookUps, country: str, purpose: Purpose) -> None:
    assert lookups.refusal(country, purpose, ON) is None


@pytest.mark.parametrize("purpose", list(Purpose))
def test_where_no_rule_speaks_of_it_it_may_not(lookups: LookUps, purpose: Purpose) -> None:
    assert lookups.refusal("ZZ", purpose, ON) == "no rulebook is in force in ZZ"
    assert lookups.refusal("KE", purpose, ON) == f"no rule of KE speaks of look-ups for {purpose}"
    before = date(2013, 3, 14)  # the day before the Regulation came into force
    assert lookups.refusal("CN", purpose, before) == f"no rule of CN speaks of look-ups for {purpose}"
    assert lookups.refusal("CN", purpose, date(2013, 3, 15)) is None


def test_a_house_may_be_stricter(tmp_path: Path) -> None:
    path = tmp_path / "house.yaml"
    path.write_text(HOUSE, encoding="utf-8")
    stricter = LookUps(with_house(path))
    assert stricter.refusal("CN", OWN, ON) is None
    assert stricter.refusal("CN", "forbearance", ON) == "the house looks nobody up (Our rules 1)"
