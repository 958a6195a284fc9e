"""What supervisors and compliance see and do, held to counts made here from the store's own rows."""

import io
import json
import re
import zipfile
from collections import Counter, defaultdict
from datetime import date, timedelta

import psycopg
import pytest
from playwright.sync_api import Page, expect

from duecourse.desk.figures import Share, wilson
from tests.web.asking import Asking, as_borrower, signed_in
from tests.web.conftest import Desk, faults, sign_in

ON = date(2026, 6, 30)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def rows(desk: Desk, text: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(desk.place.url()) as connection:
        return [tuple(row) for row in connection.execute(text.encode(), values).fetchall()]


def table(body: str, title: str) -> list[list[str]]:
    """Return the cells of the table with a title."""
    part = body.partition(f'aria-label="{title}"')[2].partition("</section>")[0]
    lines = re.findall(r"<tr>(.*?)</tr>", part.partition("<tbody>")[2], re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL) for line in lines]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in line] for line in cells]


def test_the_interval_is_that_of_the_books() -> None:
    """Newcombe (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    told = {
        (81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0, 0.1611), (1, 29): (0.0061, 0.1718),
    }  # fmt: skip
    for (count, of), expected in told.items():
        assert [f"{one:.4f}" for one in wilson(count, of)] == [f"{one:.4f}" for one in expected]
    assert Share("x", 2, 4).interval is None  # of so few nothing is said


def test_density_is_what_the_contacts_say(desk: Desk) -> None:
    since = ON - timedelta(days=90)
    made: dict[object, list[tuple[date, str]]] = defaultdict(list)
    for borrower, day, channel in rows(
        desk, "SELECT borrower_no, happened_on, channel FROM contacts WHERE direction = 'out' AND cancelled_at IS NULL"
    ):
        assert isinstance(day, date)
        if day > since - timedelta(days=7):
            made[borrower].append((day, str(channel)))
    most: Counter[int] = Counter()
    for some in made.values():
        weeks = [sum(day - timedelta(days=7) < other <= day for other, _ in some) for day, _ in some if day >= since]
        if weeks:
            most[max(weeks)] += 1
    body = signed_in(desk.url, "compliance").get("/desk/compliance/density?days=90").body
    shown = table(body, "Borrowers by the most calls, and the most contacts, in any seven days")
    assert {int(count): int(contacts) for count, _, contacts in shown if contacts != "0"} == dict(most)


def test_verdicts_are_counted_by_act_reason_and_rule(desk: Desk) -> None:
    collector, compliance = (signed_in(desk.url, user) for user in ("supervisor", "compliance"))
    cases = rows(desk, "SELECT borrower_no FROM planned_act WHERE channel = 'sms' ORDER BY 1")
    for (number,) in cases:
        collector.post(f"/desk/cases/{number}/acts/sms")
    counted = {
        (str(yes), int(str(no)))
        for yes, no in rows(
            desk, "SELECT count(*) FILTER (WHERE is_permitted), count(*) FILTER (WHERE NOT is_permitted) FROM verdict"
            " WHERE channel = 'sms'",
        )
    }  # fmt: skip
    body = compliance.get("/desk/compliance/verdicts?days=90").body
    shown = {(yes, int(no)) for act, yes, no in table(body, "By act") if act == "SMS"}
    assert shown == counted
    refused = rows(
        desk, "SELECT reason, count(*) FROM verdict, unnest(reasons) reason WHERE NOT is_permitted GROUP BY 1"
    )
    told = table(body, "Refused, by reason")
    assert sum(int(row[2]) for row in told) == sum(int(str(count)) for _, count in refused) > 0
    # A rule that refused is among those that were asked, as often as it refused.
    asked = {re.findall(r"\((law:[^)]+)\)", row[0])[-1]: row for row in table(body, "Every rule that was asked")}
    for reason, count in refused:
        if str(reason).startswith("law:"):
            assert int(asked[str(reason)][2]) == count, reason


def complaint(desk: Desk) -> tuple[int, str]:
    """Have a borrower report, with a file and a script in their words."""
    ((number,),) = rows(
        desk,
        """SELECT min(c.borrower_no) FROM collection_case c WHERE NOT EXISTS (SELECT FROM holds h
        WHERE h.borrower_no = c.borrower_no)""",
    )
    assert isinstance(number, int)
    own = as_borrower(desk.url, number)
    fact = f"{number:032x}"
    words = "He shouted. <script>document.title='x'</script>"
    own.send("/portal/mine/report", [("shown", "a.png", PNG)], fact_id=fact, kind="conduct", words=words)
    return number, fact


def test_compliance_reads_a_complaint_with_both_sides_saves_it_and_closes_it(desk: Desk, page: Page) -> None:
    number, fact = complaint(desk)
    sign_in(page, "compliance")
    page.keyboard.press("y")
    page.get_by_role("link", name="Complaints").first.click()
    page.locator(f"a[href$='/complaint/{fact}']").click()
    expect(page.locator("main")).to_contain_text("<script>document.title='x'</script>")
    assert page.title() != "x"
    assert faults(page) == []
    compliance = signed_in(desk.url, "compliance")
    file = compliance.get(f"/desk/compliance/complaints/complaint/{fact}/files/0")
    assert (file.raw, file.headers["content-type"]) == (PNG, "application/octet-stream")
    assert file.headers["content-disposition"] == 'attachment; filename="evidence-0.png"'
    whole = compliance.get(f"/desk/compliance/complaints/complaint/{fact}/all")
    with zipfile.ZipFile(io.BytesIO(whole.raw)) as archive:
        assert json.loads(archive.read("complaint.json"))["words"].startswith("He shouted.")
        assert archive.read("evidence-0.png") == PNG
        assert {"contacts.json", "outbox.json", "verdict.json"} <= set(archive.namelist())
    page.get_by_role("button", name="Upheld", exact=True).click()
    expect(page.locator("main")).to_contain_text("closed: Upheld")
    held = "SELECT count(*) FROM holds WHERE borrower_no = %s AND replaced_at IS NULL AND until_on IS NULL"
    assert rows(desk, held, number) == [(0,)]


def test_a_template_is_approved_by_two_and_by_nobody_twice(desk: Desk) -> None:
    compliance, supervisor = (signed_in(desk.url, user) for user in ("compliance", "supervisor"))
    body = compliance.get("/desk/compliance/templates").body
    part = body.partition('aria-label="reminder"')[2]
    words = re.search(r'name="words" value="(\w{64})"', part)
    assert words is not None
    for user in (compliance, compliance, supervisor):
        assert user.post("/desk/compliance/templates/approve", template="reminder", words=words[1]).status == 302
    told = rows(desk, "SELECT count(*) FROM template_approval WHERE template = 'reminder'")
    assert told == [(2,)]
    assert (
        "approved: {by: [compliance, supervisor], on: 2026-06-30}" in compliance.get("/desk/compliance/templates").body
    )
    assert compliance.post("/desk/compliance/templates/approve", template="reminder", words="0" * 64).status == 409


def test_erasure_is_refused_while_something_is_owed_and_needs_two_people(desk: Desk) -> None:
    ((number,),) = rows(desk, "SELECT max(borrower_no) FROM planned_act WHERE demands")
    own = as_borrower(desk.url, int(str(number)))
    fact = "e" * 32
    assert own.post("/portal/mine/papers/ask", fact_id=fact, kind="erasure", words="All of it.").status == 302
    compliance = signed_in(desk.url, "compliance")
    body = compliance.get("/desk/compliance/requests").body
    assert "something is owed" in body
    assert "All of it." in body
    answer = {"id": fact, "to": "done", "why": "asked for"}
    assert compliance.post("/desk/compliance/requests/answer", **answer).status == 409
    refused = {**answer, "to": "refused", "why": "the debt is not paid"}
    assert compliance.post("/desk/compliance/requests/answer", **refused).status == 302
    assert rows(desk, "SELECT state, why FROM data_request") == [("refused", "the debt is not paid")]


@pytest.fixture
def supervisor(desk: Desk) -> Asking:
    return signed_in(desk.url, "supervisor")


def test_the_stop_button_stops_at_once_and_is_written(desk: Desk, supervisor: Asking) -> None:
    for to, stopped in (("stop", True), ("stop", True), ("start", False)):
        assert supervisor.post("/desk/board/outbox/switch", name="sms", to=to).status == 302
        assert rows(desk, "SELECT stopped_at IS NOT NULL FROM switch WHERE name = 'sms'") == [(stopped,)]
    kinds = rows(desk, "SELECT kind FROM audit_entry WHERE chain = 0 AND about = 'sms' ORDER BY seq")
    assert kinds == [("day.stopped",), ("day.started",)]


def test_what_nobody_knows_the_fate_of_is_resolved_by_a_person_once(desk: Desk, supervisor: Asking) -> None:
    message, contact = desk.one(
        "UPDATE outbox SET state = 'unknown' WHERE id = (SELECT min(id) FROM outbox) RETURNING id, contact_no"
    )
    for to in ("not", "left"):
        assert supervisor.post("/desk/board/outbox/resolve", number=str(message), to=to).status == 302
    assert rows(desk, "SELECT state FROM outbox WHERE id = %s", message) == [("failed",)]
    assert rows(desk, "SELECT cancelled_at IS NOT NULL FROM contacts WHERE id = %s", contact) == [(True,)]


def test_a_case_is_handed_over_to_another_team(desk: Desk, supervisor: Asking) -> None:
    ((number,),) = rows(desk, "SELECT min(borrower_no) FROM planned_act WHERE team = 'early' AND state = 'waiting'")
    assert supervisor.post(f"/desk/board/teams/hand-over/{number}", team="late").status == 302
    teams = rows(
        desk, "SELECT DISTINCT team FROM planned_act WHERE borrower_no = %s AND state = 'waiting' AND team IS NOT NULL",
        number,
    )  # fmt: skip
    assert teams == [("late",)]
    assert supervisor.post(f"/desk/board/teams/hand-over/{number}", team="nobody").status == 404


def test_how_loans_moved_is_what_the_night_counted_by_arm(desk: Desk, supervisor: Asking) -> None:
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for arm, now, loans in rows(desk, "SELECT arm, state_now, loans FROM moved"):
        counted[str(arm)][1] += int(str(loans))
        counted[str(arm)][0] += int(str(loans)) if now in {"(not overdue)", "(closed)"} else 0
    body = supervisor.get("/desk/board?by=arm&days=90").body
    shown = {key: [int(count), int(of)] for key, count, of, *_ in table(body, "Overdue thirty days ago, and clear now")}
    assert shown == dict(counted)
    picture = supervisor.get("/desk/board/pictures/cured?by=arm")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.body.startswith("<svg")
