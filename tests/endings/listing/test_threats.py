"""No message announces a listing that is not lawfully ahead: neither by the law's rules, nor where it has none."""

from collections.abc import Sequence

import psycopg
import pytest

from duecourse.day.asking import Asked
from duecourse.day.decision import Decision
from duecourse.day.gate import Gate
from duecourse.law.wording import lexicon
from duecourse.store.server import ADMIN
from duecourse.strategy.models import Strategy
from tests import package
from tests.day.cases import AT, CONTENT, words
from tests.endings.cases import OTHER
from tests.endings.listing.cases import AFTER, House, who

THREAT = "threat_of_listing"


@pytest.fixture(scope="module")
def threatening() -> Strategy:
    """Return a strategy whose every message threatens so, and says that it does."""
    found = package.strategy()
    templates = {
        name: one.model_copy(update={"content": (*one.content, THREAT)})
        for name, one in (found.templates or {}).items()
    }
    return found.model_copy(update={"templates": templates})


def _decide(house: House, strategy: Strategy, borrower: int, content: Sequence[str]) -> Decision:
    with house.place.connected() as connection:
        gate = Gate(connection, house.opened.ring, house.law, strategy, words, "UTC")
        asked = Asked(borrower, "contact", "sms", "collection", (f"L{borrower}",), tuple(content), "reminder")
        (decision,) = gate.decide([asked], AT)
        return decision


def test_in_china_nobody_threatens_with_the_courts_list_before_a_judgment(house: House, threatening: Strategy) -> None:
    found = _decide(house, threatening, 3, [*CONTENT, THREAT])
    assert not found.is_permitted
    assert "law:cn.spc.misleading.lists-before-judgment" in found.reasons
    assert THREAT not in _decide(house, threatening, 3, CONTENT).reasons


@pytest.mark.parametrize("is_owner", [True, False])
def test_in_the_united_states_nobody_threatens_with_a_list_that_there_is_not(
    house: House, threatening: Strategy, is_owner: bool
) -> None:
    """The federal act binds debt collectors alone: a lender's own threat is refused because there is no such list."""
    with psycopg.connect(house.place.url(ADMIN), autocommit=True) as admin:
        admin.execute(b"UPDATE case_loan SET is_owner = %s WHERE borrower_no = 4", [is_owner])
        admin.execute(b"UPDATE collection_case SET region = 'US-NV' WHERE borrower_no = 4")
    found = _decide(house, threatening, 4, [*CONTENT, THREAT])
    assert not found.is_permitted
    assert "no_list_here" in found.reasons
    assert "no_list_here" not in _decide(house, threatening, 4, CONTENT).reasons


def test_in_demonstria_an_entry_is_announced_only_while_its_notice_runs(house: House, threatening: Strategy) -> None:
    says = [*CONTENT, THREAT]
    assert _decide(house, threatening, 1, says).reasons == ("no_listing_noticed",)
    ending = house.noticed()
    found = _decide(house, threatening, 1, says)
    assert found.is_permitted, found.reasons
    assert _decide(house, threatening, 2, says).reasons == ("no_listing_noticed",), "another's notice is none"
    (said,) = house.register.enter([ending.number], who(OTHER, AFTER))
    assert said.is_done
    assert "no_listing_noticed" in _decide(house, threatening, 1, says).reasons, "it is not ahead any more"


@pytest.mark.parametrize(
    ("text", "language"),
    [("Pay today or we put you on the blacklist.", "en"), ("今天不还款，就把你列入失信名单。", "zh")],
)
def test_a_text_that_threatens_so_is_read_as_that(text: str, language: str) -> None:
    flags = {one.flag for one in lexicon.read(text, language, suit_decided=False, to_third_party=False)}
    assert THREAT in flags
