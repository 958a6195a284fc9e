"""Where to look first in a demonstration: a call that is refused at this hour, whatever hour it is."""

from datetime import timedelta
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from duecourse.day.asking import Window
from duecourse.day.worker import asked_of
from duecourse.desk.access import CASES, for_staff
from duecourse.desk.acting import CALL
from duecourse.desk.opening import Open, opened
from duecourse.night.verdicts import LAW
from duecourse.store.models import Staff
from duecourse.web.edge import edge_of

_CALLS: Final = """
SELECT a.borrower_no, a.treatment, a.loans, c.zones FROM planned_act a JOIN collection_case c USING (borrower_no)
WHERE a.state = 'waiting' AND a.channel = %s AND a.team = ANY(%s) ORDER BY a.priority DESC NULLS LAST, a.id LIMIT 200"""
_MINUTE: Final = timedelta(minutes=1)


@require_GET
@for_staff(*CASES)
def refused(request: HttpRequest, user: Staff) -> HttpResponse:
    """Go to a case whose call the law refuses now; to any other refusal where there is none."""
    if not edge_of(request).is_demo:
        raise Http404
    with opened(request) as store:
        found = _refused(store, user.teams or list(store.rules.strategy.teams))
    return redirect("desk:case", found) if found else redirect("desk:queue")


def _refused(store: Open, teams: list[str]) -> int | None:
    strategy, zone = store.rules.strategy, store.plan.zone
    treatments = {one.name: one for one in strategy.treatments}
    with store.connection.transaction():
        rows = store.connection.execute(_CALLS, [CALL, teams]).fetchall()
    asked = [asked_of(strategy, treatments[name], borrower, tuple(loans), None) for borrower, name, loans, _ in rows]
    windows = [Window.of(store.at, _MINUTE, zones[0] if zones else zone, zone) for *_, zones in rows]
    said = store.gate.judged(asked, windows, locked=False) if asked else []
    fallen = sorted(
        (not any(reason.startswith(LAW) for reason in one.reasons), place)
        for place, one in enumerate(said)
        if not one.is_permitted
    )
    return asked[fallen[0][1]].borrower if fallen else None
