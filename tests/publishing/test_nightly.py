"""A small lender's nights become entries that its borrowers find; what did not change is not sent again."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography.exceptions import InvalidTag
from typer.testing import CliRunner

from duecourse import cli
from duecourse.book.load import load
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.client import Seen
from duecourse.inquiry.entry import Status
from duecourse.kernel.errors import DueCourseError
from duecourse.publishing import nightly
from duecourse.publishing.loans import Told, Who, tonight
from tests import package
from tests.inquiry.world import WU, World, seed

SMALL: Final = Path(__file__).parents[2] / "examples" / "small"
ON: Final = date(2026, 3, 31)
LAW: Final = package.law()
HEAD: Final = "borrower_id,country,number,born_on\n"
K104: Final = "K-104,CN,11010519491231002X,1949-12-31\n"  # owes V2004 and V2012
K107: Final = "K-107,CN,360426199101010071,1991-01-01\n"  # pays V2007 as agreed


class Lender:
    """Lender 1 of a small world, with its book."""

    def __init__(self, home: Path, ran: Path) -> None:
        """Copy the book with the night that was run over it, and begin a world on its day."""
        self.book, self.out, self.is_as_it_was = home / "book", home / "out", True
        shutil.copytree(ran, home, dirs_exist_ok=True)
        self.world = World(home / "world")
        self.world.clock.now = datetime(2026, 3, 31, 22, tzinfo=UTC)
        self.world.change(from_on=date(2026, 1, 1), bases=[self.world.charter.bases[0].model_dump()])
        self.kept = nightly.Kept(home / "kept", seed("lender 1"))
        self.publisher = self.world.publisher(1)

    def know(self, text: str) -> int:
        """Come to know borrowers by their identifiers."""
        path = self.out.parent / "identifiers.csv"
        path.write_text(HEAD + text, encoding="utf-8")
        reader = self.world.reader(self.world.caller(1))
        return nightly.come_to_know(self.kept, reader, nightly.identifiers(path), self.world.clock.now)

    def night(self, on: date = ON, *, must_run: bool = True) -> list[Told]:
        """Run the night, and return what it tells."""
        if must_run and (not self.is_as_it_was or on != ON):
            _run(self.book, self.out, on)
        loaded = load(self.book / "book.toml", None, self.out)
        who = Who(1, "disputes@nord.example", self.world.clock.now, 14, {})
        return list(tonight(self.out, loaded, LAW, on, self.kept.people(), who))

    def publish(self, on: date = ON) -> nightly.Done:
        """Publish a night a minute later, and end the hub's cycle."""
        self.world.clock.now += timedelta(minutes=1)
        done = nightly.publish(self.kept, self.publisher, self.night(on), self.world.clock.now)
        self.world.close()
        return done

    def found(self, identity: bytes = WU) -> dict[str, Seen]:
        """Return what a borrower finds, by the end of the loan's number."""
        seen = self.world.reader(self.world.client()).look_up(identity, self.world.clock.now).seen
        return {each.entry.reference: each for each in seen if each.entry}

    def pay(self, loan_id: str, amount: str, day: str) -> None:
        """Have a payment come in."""
        self.is_as_it_was = False
        with (self.book / "zahlungen.csv").open("a", encoding="utf-8") as file:
            file.write(f"Z9{loan_id[1:]};{loan_id};{day};{amount};{day} 09:00;\n")


def _run(book: Path, out: Path, on: date) -> None:
    arguments = ["run", str(book / "book.toml"), "--on", on.isoformat(), "--out", str(out)]
    assert CliRunner().invoke(cli.app, arguments).exit_code == 0


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the night of the small book once."""
    home = tmp_path_factory.mktemp("ran")
    shutil.copytree(SMALL, home / "book")
    _run(home / "book", home / "out", ON)
    return home


@pytest.fixture
def lender(tmp_path: Path, ran: Path) -> Lender:
    return Lender(tmp_path, ran)


def test_a_night_is_published_and_then_only_what_changed(lender: Lender) -> None:
    assert lender.know(K104 + K107) == 2
    done = lender.publish()
    assert (done.published, done.withdrawn, done.unchanged) == (3, 0, 0)  # of twelve loans those of the two
    found = lender.found()
    assert set(found) == {"…2004", "…2012"}
    late = found["…2012"].entry
    assert late is not None
    # overdue 312.92 principal, 2.33 interest, 5.00 fee; to come 200.00 and 1.16
    assert (late.enforceable, late.contractual, late.currency) == (52_141, 52_141, "EUR")
    assert (late.status, late.late_since, late.days_past_due) == (Status.LATE, date(2026, 2, 25), 34)
    # the last instalment falls due on 25 April; BGB 497(3) holds limitation off for ten years, and 195 gives three more
    assert (late.monthly, late.limitation_on, late.cap) == (20_116, date(2039, 4, 25), "")
    assert (late.contact, late.expires_on) == ("disputes@nord.example", date(2026, 4, 14))
    assert all(each.counts for each in found.values())
    again = lender.publish()
    assert (again.published, again.withdrawn, again.unchanged) == (0, 0, 3)
    assert lender.know(K104) == 0

    lender.world.clock.now += timedelta(days=1)
    lender.pay("V2012", "521,41", "01.04.2026")
    third = lender.publish(date(2026, 4, 1))
    assert third.withdrawn == 1  # paid up: there is nothing to tell of it any more
    assert set(lender.found()) == {"…2004"}


def test_an_entry_is_renewed_before_it_runs_out(lender: Lender) -> None:
    lender.know(K107)
    lender.publish()
    for days, published in ((10, 0), (11, 1)):
        lender.world.clock.now = datetime(2026, 3, 31, 22, tzinfo=UTC) + timedelta(days=days)
        done = nightly.publish(
            lender.kept, lender.publisher, [_renewed(told, lender) for told in lender.night()], lender.world.clock.now
        )
        assert (done.published, done.unchanged) == (published, 1 - published)


def _renewed(told: Told, lender: Lender) -> Told:
    assert told.entry is not None
    return replace(told, entry=replace(told.entry, expires_on=lender.world.clock.now.date() + timedelta(days=14)))


def test_what_is_disputed_arranged_or_sold_is_told_as_such(lender: Lender) -> None:
    lender.know(K104)
    lender.is_as_it_was = False
    with (lender.book / "book.toml").open("a", encoding="utf-8") as file:
        file.write(_EXTRA)
    for name, text in (
        ("holds.csv", "h1,K-104,V2004,dispute,2026-03-20\n"),
        ("plans.csv", "a1,K-104,V2012,2026-03-25\n"),
    ):
        head = _HEADS[name]
        (lender.book / name).write_text(head + text, encoding="utf-8")
    (lender.book / "sales.csv").write_text(_HEADS["sales.csv"] + _OF_ANOTHER, encoding="utf-8")
    lender.publish()
    assert {name: each.entry and each.entry.status for name, each in lender.found().items()} == {
        "…2004": Status.DISPUTED,
        "…2012": Status.ARRANGEMENT,
    }
    (lender.book / "sales.csv").write_text(
        _HEADS["sales.csv"] + _OF_ANOTHER + "s1,sold,K-104,V2004,2026-03-30T10:00\n", encoding="utf-8"
    )
    lender.publish()
    sold = lender.found()["…2004"]
    assert sold.entry is not None
    assert (sold.entry.status, sold.entry.enforceable, sold.counts) == (Status.SOLD, 0, False)


_HEADS: Final = {
    "holds.csv": "id,borrower,loan,kind,since\n",
    "plans.csv": "id,borrower,loan,since\n",
    "sales.csv": "id,kind,borrower,loan,at\n",
}
_OF_ANOTHER: Final = "s0,sold,K-110,V2010,2026-03-30T10:00\n"
_EXTRA: Final = """
[tables.holds]
from = "holds.csv"
[tables.holds.columns]
hold_id = "id"
borrower_id = "borrower"
loan_id = "loan"
kind = "kind"
from_on = "since"

[tables.arrangements]
from = "plans.csv"
[tables.arrangements.columns]
arrangement_id = "id"
borrower_id = "borrower"
loan_id = "loan"
started_on = "since"

[tables.events]
from = "sales.csv"
[tables.events.columns]
event_id = "id"
kind = "kind"
borrower_id = "borrower"
loan_id = "loan"
happened_at = "at"
"""


def test_the_hub_is_held_to_what_was_published(lender: Lender) -> None:
    lender.know(K104)
    lender.publish()
    reader = lender.world.reader(lender.world.caller(1))
    buckets = nightly.buckets(lender.kept)
    assert nightly.audit(lender.kept, reader, lender.publisher, buckets, lender.world.clock.now) == 2
    person = lender.kept.person("K-104")
    lender.publisher.send([lender.publisher.withdrawal("V2004", person)], 2**50, lender.world.clock.now)
    lender.world.close()  # as if the hub had lost it
    with pytest.raises(Refused, match="loan V2004") as refused:
        nightly.audit(
            lender.kept, lender.world.reader(lender.world.caller(1)), lender.publisher, buckets, lender.world.clock.now
        )
    assert refused.value.check is Check.ENTRY_OMITTED


def test_who_is_forgotten_leaves_nothing(lender: Lender) -> None:
    lender.know(K104 + K107)
    lender.publish()
    assert nightly.forget(lender.kept, lender.publisher, "K-104", lender.world.clock.now + timedelta(seconds=1)) == 2
    lender.world.close()
    assert lender.found() == {}
    assert lender.kept.people() == {"K-107"}
    with pytest.raises(DueCourseError, match="borrower K-104 was never published"):
        nightly.forget(lender.kept, lender.publisher, "K-104", lender.world.clock.now)


def test_what_is_kept_tells_no_identity(lender: Lender, tmp_path: Path) -> None:
    lender.know(K104)
    lender.publish()
    identifiers = (tmp_path / "identifiers.csv").read_bytes().splitlines()[1].split(b",")
    for path in (tmp_path / "kept").iterdir():
        assert identifiers[2] not in path.read_bytes()
    stranger = nightly.Kept(tmp_path / "kept", seed("another"))
    with pytest.raises(InvalidTag):
        stranger.person("K-104")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("K-1,CN,11010519491231002X,1949-12-30\n", "identifiers.csv:2: the resident identity card number says another"),
        ("K-1,CN,11010519491231002X,soon\n", "identifiers.csv:2: born_on is a day"),
        ("K-1,XX,1,1949-12-31\n", "identifiers.csv:2: no rules for national identifiers of XX"),
    ],
)
def test_an_identifier_that_is_wrong_is_named_by_its_line(lender: Lender, text: str, line: str) -> None:
    with pytest.raises(DueCourseError, match=line) as error:
        lender.know(text)
    assert "110105" not in str(error.value)


def test_a_day_without_a_night_is_said(lender: Lender) -> None:
    with pytest.raises(DueCourseError, match="there is no night of 2026-03-30: run it first"):
        lender.night(date(2026, 3, 30), must_run=False)
