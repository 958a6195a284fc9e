"""What a lender learns with a consent becomes an event of the borrower's, once, for as long as the consent holds."""

import json
from datetime import timedelta

from duecourse.day.exposure import learn
from duecourse.day.facts import Told
from duecourse.day.recorded import recorded
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who


def test_the_number_of_others_is_kept_and_nothing_of_what_they_are_owed(
    office: Office, opened: Opened, who: Who
) -> None:
    row = opened.connection.execute("SELECT id, borrower_id FROM borrower ORDER BY id LIMIT 1").fetchone()
    assert row is not None
    told, until = Told("inquiry 1", row[0], who.at, who.on), who.at + timedelta(days=7)
    assert learn(opened.connection, opened.ring, who.by, told, 3, until)
    assert not learn(opened.connection, opened.ring, who.by, told, 4, until)
    opened.connection.commit()
    events = [row for row in recorded(office.place.url())["events"].to_pylist() if row["kind"] == "other_collectors"]
    assert [(one["borrower_id"], json.loads(one["details"])) for one in events] == [(row[1], {"count": 3})]
    assert events[0]["until_at"].date() == until.date()
