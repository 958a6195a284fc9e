"""Files of agencies taken in: contacts count for the law, payments and promises and holds are facts like any other.

    take_in(opened, agency, now) -> [Taken, ...]

Each line is taken in once, by the agency's own id, in a transaction of its own: its fact, and that it was told. What
is wrong is named by its line, in `error/`, and comes in once it is mended. A file that was broken off is read again
from its beginning; one that was taken in before changes nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.kept import write
from duecourse.day.facts import Facts, Money, Told
from duecourse.day.grievances import Grievance, Grievances
from duecourse.endings import moving
from duecourse.endings.agency import reports
from duecourse.endings.agency.layout import Layout, as_csv, read
from duecourse.endings.agency.placing import end_of
from duecourse.endings.agency.register import Agency
from duecourse.endings.agency.reports import Bad, Report
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending, Move, Moving, Who
from duecourse.kernel.errors import DueCourseError

_KEEP: Final = """
INSERT INTO agency_report (agency_id, report_id, what, digest, ending_no, borrower_no, is_late, at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_DIGEST: Final = "SELECT digest FROM agency_report WHERE agency_id = %s AND report_id = %s"
_CONTACT: Final = """
INSERT INTO contacts (contact_id, borrower_no, channel, direction, happened_at, happened_on, outcome, about, made_by,
    purpose, from_book)
VALUES (%s, %s, %s, 'out', %s, %s, %s, %s, %s, 'collection', false) ON CONFLICT DO NOTHING"""
_ZONE: Final = """
SELECT zones[1], (SELECT currency FROM case_loan WHERE loan_id = %s) FROM collection_case WHERE borrower_no = %s"""
_MINE: Final = "e.kind = 'agency' AND e.id = %s AND e.details->>'agency' = %s"
_FILE: Final = """
INSERT INTO agency_file (agency_id, direction, kind, name, at, on_day, sha256, rows, refused)
VALUES (%s, 'in', 'reports', %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_KNOWN: Final = "SELECT sha256 FROM agency_file WHERE agency_id = %s AND direction = 'in' AND name = %s"
_ERRORS: Final = ("line", "why")
_GRIEVANCES: Final = frozenset({"complaint", "dispute"})


@dataclass(frozen=True)
class Taken:
    """What became of a file: how many lines were new, and known; which are wrong; which tell of contacts too late.

    `why` says of a file that was not taken in at all what is wrong with it, or that it waits for its checksum.
    """

    name: str
    new: int = 0
    known: int = 0
    late: int = 0
    bad: tuple[Bad, ...] = ()
    why: str = ""


def take_in(opened: Opened, agency: Agency, now: datetime) -> list[Taken]:
    """Take in all files of an agency that are whole, in the order of their names."""
    layout = Layout(Path(agency.terms.folder))
    layout.make()
    return [_file(opened, agency, layout, path, now) for path in layout.waiting()]


def _file(opened: Opened, agency: Agency, layout: Layout, path: Path, now: datetime) -> Taken:
    try:
        found = read(path)
        if found is None:
            return Taken(path.name, why="its checksum is not there yet")
        data, digest = found
        _refuse_another(opened.connection, agency, path.name, digest)
        lines = reports.read(data, now)
    except DueCourseError as error:
        write(layout.folder / "error" / f"{path.name}.errors.csv", as_csv(_ERRORS, [{"line": "", "why": str(error)}]))
        layout.move(path, "error")
        return Taken(path.name, why=str(error))
    taken = _lines(opened, agency, path.name, lines)
    if taken.bad:
        rows = [{"line": bad.line, "why": bad.why} for bad in taken.bad]
        write(layout.folder / "error" / f"{path.name}.errors.csv", as_csv(_ERRORS, rows))
    on = now.astimezone(ZoneInfo(opened.zone)).date()
    with opened.connection.transaction():
        values = [agency.agency_id, path.name, now, on, digest, len(lines), len(taken.bad)]
        opened.connection.execute(_FILE, values)
    layout.move(path, "done")
    return taken


def _lines(opened: Opened, agency: Agency, name: str, lines: list[tuple[int, Report] | Bad]) -> Taken:
    new, late, bad = 0, 0, []
    register = _Register(opened, agency)
    for one in lines:
        if isinstance(one, Bad):
            bad.append(one)
            continue
        try:
            is_new, is_late = register.take(one[1])
        except DueCourseError as error:
            bad.append(Bad(one[0], str(error)))
            continue
        new, late = new + is_new, late + (is_new and is_late)
    return Taken(name, new, len(lines) - len(bad) - new, late, tuple(bad))


def _refuse_another(connection: Connection[TupleRow], agency: Agency, name: str, digest: str) -> None:
    with connection.transaction():
        row = connection.execute(_KNOWN, [agency.agency_id, name]).fetchone()
    if row is not None and row[0] != digest:
        raise DueCourseError("another file of this name was taken in: give this one its own")


class _Register:
    """Takes single reports of one agency in."""

    def __init__(self, opened: Opened, agency: Agency) -> None:
        self._opened, self._agency = opened, agency
        self._connection, self._by = opened.connection, f"agency-{agency.agency_id}"
        self._facts = Facts(opened.connection, opened.ring, self._by)
        self._grievances = Grievances(opened.connection, opened.ring, self._by)

    def take(self, report: Report) -> tuple[bool, bool]:
        """Take a report in; whether it is new, and whether it tells of a contact when the agency had the debt no more.

        DueCourseError where it cannot be so, or was told before, and otherwise.
        """
        found = moving.read(self._connection, _MINE, [report.placement, self._agency.agency_id])
        if not found or "placed_on" not in found[0].details:
            raise DueCourseError("placement: this agency has none of this number")
        ending = found[0]
        if report.at < datetime.fromisoformat(f"{ending.details['placed_on']}T00:00:00+14:00"):
            raise DueCourseError("at: is before the debt was placed")
        is_late = report.what == "contact" and _is_over(ending, report.at)
        with self._facts.locked(ending.borrower):
            values = [self._agency.agency_id, report.report_id, report.what, report.digest]
            rest = [ending.number, ending.borrower, is_late, report.at]
            if self._connection.execute(_KEEP, [*values, *rest]).rowcount == 0:
                row = self._connection.execute(_DIGEST, [self._agency.agency_id, report.report_id]).fetchone()
                if row is None or row[0] != report.digest:
                    raise DueCourseError("id: was told before, and otherwise: a correction needs an id of its own")
                return False, is_late
            zone = ZoneInfo(self._opened.zone)
            told = Told(f"{self._by}-{report.report_id}", ending.borrower, report.at, report.at.astimezone(zone).date())
            takes = {
                "contact": self._contact, "payment": self._payment, "promise": self._promise, "return": self._return,
            }  # fmt: skip
            takes.get(report.what, self._hold)(told, report, ending)
        return True, is_late

    def _contact(self, told: Told, report: Report, ending: Ending) -> None:
        """Count a contact like one of our own, on the day that it was where the borrower is."""
        zone, _ = self._case(ending)
        on = told.at.astimezone(ZoneInfo(zone)).date() if zone else told.on
        values = [
            told.fact_id, told.borrower, report.channel, told.at, on, report.outcome, [ending.loan_id],
            self._agency.agency_id,
        ]  # fmt: skip
        said = {"agency": self._agency.agency_id, "channel": report.channel, "outcome": report.outcome}
        self._facts.write(told, _CONTACT, values, "contact.made", said)

    def _payment(self, told: Told, report: Report, ending: Ending) -> None:
        paid_on = _of(report)
        if paid_on > told.on:
            raise DueCourseError("on: is after the day on which it is told")
        self._facts.payment(told, Money(ending.loan_id, paid_on, report.amount, report.currency))

    def _promise(self, told: Told, report: Report, ending: Ending) -> None:
        if report.currency != self._case(ending)[1]:
            raise DueCourseError("currency: is not that of the loan")
        self._facts.promise(told, report.amount, _of(report), ending.loan_id)

    def _hold(self, told: Told, report: Report, ending: Ending) -> None:
        loan = ending.loan_id if report.what in _GRIEVANCES else None  # the others are of the borrower
        if report.what in _GRIEVANCES:
            self._grievances.note(report.what, told, Grievance("other", f"told by {self._by}", loan))
        else:
            self._facts.hold(told, report.what, loan)

    def _return(self, told: Told, report: Report, ending: Ending) -> None:
        who = Who(self._by, told.at, told.on)
        move = Move(ending, "returned", report.why, details=end_of(ending, told.on))
        Moving(self._connection, self._opened.ring).move([move], who)

    def _case(self, ending: Ending) -> tuple[Any, Any]:
        """Return in which zone the borrower is, and the loan's currency."""
        row = self._connection.execute(_ZONE, [ending.loan_id, ending.borrower]).fetchone()
        return (row[0], row[1]) if row else (None, None)


def _is_over(ending: Ending, at: datetime) -> bool:
    """Say whether an agency had given a debt back before a moment."""
    return ending.state != "placed" and at > ending.changed_at


def _of(report: Report) -> date:
    if report.on is None:
        raise DueCourseError("on: is empty")
    return report.on
