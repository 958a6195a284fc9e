"""One borrower, three lenders: the story is in three-lenders.txt, as it was told when a person last read it.

With DUECOURSE_TELL=1 it is written anew, to be read. The amounts and days in it are those that this file puts in, and
sums that anybody can add.
"""

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pytest

from duecourse.documents.pdf import shown_money
from duecourse.inquiry import telling
from duecourse.inquiry.charter import Purpose
from duecourse.inquiry.checks import Refused
from duecourse.inquiry.client import Bundle, Found
from duecourse.inquiry.entry import NextStep, Status
from duecourse.inquiry.publisher import Publisher
from duecourse.inquiry.report import exposure, record_of, report
from duecourse.inquiry.telling import Ways
from duecourse.kernel.errors import DueCourseError
from tests.inquiry.world import NOON, WU, World, entry, seed

STORY: Final = Path(__file__).with_name("three-lenders.txt")
WAYS: Final = Ways(shown_money, date.isoformat, lambda at: f"{at:%Y-%m-%d %H:%M}")


class Telling:
    """What is told, line by line."""

    def __init__(self, world: World) -> None:
        """Begin at the world's moment."""
        self.world, self.lines = world, list[str]()

    def say(self, text: str) -> None:
        self.lines += ["", f"{self.world.clock.now:%Y-%m-%d}  {text}", ""]

    def tell(self, document: telling.Document) -> None:
        self.lines += [f"    {line}".rstrip() for line in telling.text(document)]

    def borrower_asks(self) -> Found:
        now = self.world.clock.now
        found = self.world.reader(self.world.client()).look_up(WU, now)
        told = report(found, self.world.charter, now.date())
        self.tell(telling.told(told, telling.words_in("en"), WAYS, now.date(), "the borrower"))
        return found

    def lender_uses(self, lender: int, bundle: Bundle) -> None:
        now = self.world.clock.now
        try:
            found, left_out = self.world.reader(self.world.caller(lender)).use(bundle, WU, now)
        except Refused as refused:
            self.lines.append(f"    refused: {refused}")
            return
        words = telling.words_in("en")
        self.tell(telling.told_to_lender(exposure(found, lender), left_out, words, WAYS, now.date(), "the borrower"))

    def log(self) -> None:
        for line in reversed(self.world.reader(self.world.client()).log(self.world.clock.now)):
            who = f"lender {line['asked_by']}" if line["asked_by"] else "the borrower"
            self.lines.append(f"    {line['at'][:10]}  {who}: {line['purpose']}")


def _told(world: World) -> list[str]:
    story = Telling(world)
    story.say("Lender 1 has a loan that is late, lender 2 one that is disputed; lender 3 sold one to lender 4.")
    limitation = date(2029, 10, 13)
    late = entry(1, next_step=NextStep.SUIT, limitation_on=limitation)
    world.publish(1, "A", WU, late, 1)
    disputed = entry(
        2, contractual=50_000, enforceable=50_000, per_day=0, monthly=15_000, status=Status.DISPUTED, cap=""
    )
    world.publish(2, "B", WU, disputed, 1)
    sold = entry(
        3, contractual=0, enforceable=0, per_day=0, monthly=0, status=Status.SOLD, sold_to=4, cap="", late_since=None
    )
    world.publish(3, "C", WU, sold, 1)
    bought = entry(
        4, reference="…3821", contractual=30_000, enforceable=30_000, per_day=10, monthly=0, cap="", days_past_due=12
    )
    bought = replace(bought, late_since=date(2026, 11, 11))
    world.publish(4, "C", WU, bought, 1)
    world.close()
    story.borrower_asks()

    world.clock.now = NOON + timedelta(days=1)
    story.say("The borrower paid 950.00 to lender 1, whose night publishes that nothing is owed, and asks again.")
    paid = entry(
        1, as_of=world.clock.now, contractual=0, enforceable=0, per_day=0, monthly=0, late_since=None, days_past_due=0,
        status=Status.REGULAR, cap="",
    )  # fmt: skip
    world.publish(1, "A", WU, paid, 2)
    world.close()
    found = story.borrower_asks()

    story.say("The borrower lets lender 1 see once what else is owed, so that it slows down; lender 1 looks.")
    reader = world.reader(world.client())
    once = reader.consent(found.seen, 1, Purpose.FORBEARANCE, world.clock.now, timedelta(days=7))
    story.lender_uses(1, once)
    story.say("Lender 1 looks a second time.")
    story.lender_uses(1, once)

    world.clock.now = NOON + timedelta(days=2)
    story.say("The borrower lets lender 4 see it, and thinks better of it before lender 4 has looked.")
    again = reader.consent(found.seen, 4, Purpose.FORBEARANCE, world.clock.now, timedelta(days=7))
    reader.withdraw(again, world.clock.now)
    story.lender_uses(4, again)
    story.say("What was opened of the borrower's, by the log that the borrower sees:")
    story.log()
    return story.lines


def test_three_lenders(tmp_path: Path) -> None:
    lines = "\n".join(_told(World(tmp_path, lenders=4))).strip() + "\n"
    if os.environ.get("DUECOURSE_TELL"):
        STORY.write_text(lines, encoding="utf-8")
    assert lines == STORY.read_text(encoding="utf-8")


def test_what_a_borrower_objects_to_is_flagged_and_not_hidden(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.publish(1, "A", WU, entry(1), 1)
    world.close()
    client = world.client()
    (seen,) = world.reader(client).look_up(WU, NOON).seen
    objecting = Publisher(world.charter, 0, seed("client"), world.to_hub, client)
    objecting.object_to(seen.record.handle, world.person(WU), NOON)
    world.close()
    (flagged,) = world.reader(client).look_up(WU, NOON).seen
    assert (flagged.disputed_since, flagged.counts) == (NOON.date(), True)
    (line,) = report(world.reader(client).look_up(WU, NOON), world.charter, NOON.date()).lines
    assert line.why == "disputed"
    assert record_of(line.record) == (flagged_bucket(world), seen.record.handle)
    objecting.object_to(seen.record.handle, world.person(WU), NOON + timedelta(seconds=1), takes_back=True)
    world.close()
    (plain,) = world.reader(client).look_up(WU, NOON).seen
    assert plain.disputed_since is None


def flagged_bucket(world: World) -> int:
    return world.person(WU).bucket(world.charter.buckets)


@pytest.mark.parametrize(
    "number", ["", "1", "1-", "x-" + "0" * 32, "1-" + "0" * 31, "1-" + "G" * 32, "1" * 10 + "-" + "0" * 32]
)
def test_what_is_no_number_of_a_record_is_refused(number: str) -> None:
    with pytest.raises(DueCourseError, match="is no number of a record"):
        record_of(number)
