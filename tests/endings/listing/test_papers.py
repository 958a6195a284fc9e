"""The notice to the debtor, and the application to China's courts: what they say, and when there is none."""

from datetime import UTC, date, datetime

import psycopg
import pytest

from duecourse.endings import moving
from duecourse.endings.listing.courts import Judgment, application, reasons
from duecourse.endings.listing.notices import notice
from duecourse.endings.moving import Move, Moving
from duecourse.kernel.errors import DueCourseError
from duecourse.store.endings import Kind
from duecourse.store.server import ADMIN
from tests.day.cases import read
from tests.documents.samples import dense
from tests.documents.samples import read as read_pdf
from tests.endings.cases import BOSS, decided
from tests.endings.listing.cases import DECIDED, HEAD, House, who

LENDER = ("港湾小额贷款有限公司", "上海市世纪大道1号")


@pytest.mark.parametrize(
    ("language", "holds"),
    [
        ("en", ("Name 1", "1 Long Street", "20 December 2026", "a paper that you signed", "you can pay this debt")),
        ("zh", ("Name 1", "2026年12月20日", "您签署的文件", "拒不偿还", "名册")),
    ],
)
def test_the_notice_names_ground_evidence_and_window(house: House, language: str, holds: tuple[str, ...]) -> None:
    with psycopg.connect(house.place.url(ADMIN), autocommit=True) as admin:
        admin.execute(b"UPDATE collection_case SET language = %s WHERE borrower_no = 1", [language])
    ending = house.noticed()
    paper = notice(house.opened, ending, HEAD)
    assert paper == notice(house.opened, ending, HEAD), "the same again is the same"
    text = dense(read_pdf(paper))
    for part in (*holds, str(ending.details["ref"])):
        assert dense(part) in text


def test_there_is_no_paper_before_the_notice(house: House) -> None:
    house.decided()
    with pytest.raises(DueCourseError, match="no notice was given"):
        notice(house.opened, house.ending("L1"), HEAD)


def _judgment(found: str | None = "able_but_refuses") -> Judgment:
    """Return the judgment of the worked cases cn-list-01: 20,000 yuan, to be performed by 2 February 2026."""
    return Judgment(
        "上海市浦东新区人民法院", "（2026）沪0115民初1号", date(2026, 1, 12), date(2026, 2, 2), 2_000_000,
        "（2026）沪0115执1号", found, date(2026, 3, 5) if found else None,
    )  # fmt: skip


def _judged(house: House, state: str = "judged") -> None:
    (suit,) = decided(house.opened, Kind.SUIT, ["L3"], who(BOSS, DECIDED))
    moves = Moving(house.opened.connection, house.opened.ring)
    for one in ("packed", "filed", "judged"):
        moves.move([Move(suit, one)], who(BOSS, DECIDED))
        (suit,) = moving.read(house.opened.connection, "e.id = %s", [suit.number])
        if one == state:
            return


@pytest.mark.parametrize(
    ("at", "found", "refused"),
    [  # cn-list-01b to 01d: the time to perform runs; no ground is found; both are there
        (
            date(2026, 1, 20),
            None,
            ("unperformed", "ground"),
        ),
        (date(2026, 2, 26), None, ("ground",)),
        (date(2026, 3, 10), "able_but_refuses", ()),
    ],
)
def test_the_courts_list_needs_a_judgment_left_unperformed_and_a_ground_found(
    house: House, at: date, found: str | None, refused: tuple[str, ...]
) -> None:
    _judged(house)
    told = reasons(house.opened, house.law, "L3", _judgment(found), datetime(at.year, at.month, at.day, 2, tzinfo=UTC))
    assert set(told) == {f"law:cn.dishonest.dishonest-list.{one}" for one in refused}


def test_without_a_suit_that_was_judged_there_is_no_application(house: House) -> None:
    _judged(house, "filed")
    at = datetime(2026, 3, 10, 2, tzinfo=UTC)
    assert reasons(house.opened, house.law, "L3", _judgment(), at) == ("no_suit_judged",)
    with pytest.raises(DueCourseError, match="no_suit_judged"):
        application(house.opened, house.law, "L3", _judgment(), at, LENDER)


def test_elsewhere_there_is_no_such_list(house: House) -> None:
    assert reasons(house.opened, house.law, "L4", _judgment(), datetime(2026, 3, 10, 2, tzinfo=UTC)) == (
        "no_list_here",
    )


def test_the_application_says_what_was_judged_and_found_and_enters_nobody_in_our_register(house: House) -> None:
    _judged(house)
    paper = application(house.opened, house.law, "L3", _judgment(), datetime(2026, 3, 10, 2, tzinfo=UTC), LENDER)
    text = dense(read_pdf(paper))
    for part in ("纳入失信被执行人名单", "Name3", "20,000.00", "2026年2月2日", "有履行能力而拒不履行", "第一条"):
        assert part in text
    assert read(house.opened.connection, "SELECT count(*) FROM register_entry") == [(0,)]
    assert read(house.opened.connection, "SELECT count(*) FROM ending WHERE kind = 'list'") == [(0,)]
