"""The pages of compliance: what waits, what the law said, how often people were contacted, complaints, and requests."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from duecourse.day import duties, requests
from duecourse.day.dossier import dossier
from duecourse.day.facts import Told
from duecourse.day.grievances import KINDS, OUTCOMES, Grievances
from duecourse.desk import complaints, lawfulness, rulebooks, templates
from duecourse.desk.access import for_staff
from duecourse.desk.opening import Open, opened
from duecourse.desk.tables import Cell, Press, Table, drawn, number
from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law
from duecourse.night.verdicts import LAW
from duecourse.store.audit import chain
from duecourse.store.audit.export import export
from duecourse.store.models import Borrower, Staff
from duecourse.store.roles import Role
from duecourse.web.edge import edge_of
from duecourse.web.saving import saved, zipped
from duecourse.web.showing import because, called, day, moment

SPANS: Final = (1, 7, 28, 90)
_WAITS: Final = """
SELECT (SELECT count(*) FROM complaint WHERE replaced_at IS NULL AND state = 'open'),
    (SELECT count(*) FROM dispute WHERE replaced_at IS NULL AND state = 'open'),
    (SELECT count(*) FROM duty WHERE done_at IS NULL),
    (SELECT count(*) FROM duty WHERE done_at IS NULL AND due_on < %(on)s),
    (SELECT count(*) FROM data_request WHERE state = 'open'),
    (SELECT count(*) FROM ending WHERE review_asked_at IS NOT NULL AND reviewed_at IS NULL),
    (SELECT count(*) FROM visit_stop WHERE kind = 'review' AND lifted_at IS NULL)"""
_CHAINS: Final = """
SELECT count(*), coalesce(sum(h.seq), 0)::bigint, count(*) FILTER (WHERE s.seq IS NULL OR s.seq < h.seq)
FROM audit_head h LEFT JOIN audit_sealed s USING (chain)"""
_DUTIES: Final = """
SELECT d.id, d.borrower_no, b.borrower_id, d.loan_id, d.kind, d.due_on, d.rule FROM duty d
JOIN borrower b ON b.id = d.borrower_no WHERE d.done_at IS NULL ORDER BY d.due_on, d.id LIMIT 500"""


@require_GET
@for_staff(Role.COMPLIANCE)
def overview(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show what waits for compliance."""
    del user
    with opened(request) as store, store.connection.transaction():
        (row,) = store.connection.execute(_WAITS, {"on": store.on}).fetchall()
    complaint, dispute, duty, late, asked, review, visit = row
    lines = [
        (_("Complaints"), complaint, "complaints"), (_("Disputes"), dispute, "complaints"),
        (_("Duties"), duty, "duties"), (_("Duties that are late"), late, "duties"),
        (_("Requests about data"), asked, "requests"), (_("Decisions to look at again"), review, None),
        (_("Visits to look at again"), visit, None),
    ]  # fmt: skip
    rows = [
        [Cell(name, reverse(f"desk:{at}") if at else ""), number(count, is_bad=name == lines[3][0] and count > 0)]
        for name, count, at in lines
    ]
    places = [
        (_("What the law said"), "verdicts"), (_("How often people are contacted"), "density"),
        (_("Rulebooks"), "rules"), (_("Templates"), "templates"), (_("The audit chain"), "audit"),
    ]  # fmt: skip
    leads = [[Cell(name, reverse(f"desk:{at}"))] for name, at in places]
    tables = [Table(_("What waits"), [_("What"), _("How many")], rows), Table(_("Look at"), [_("Page")], leads)]
    return drawn(request, _("Compliance"), tables)


@require_GET
@for_staff(Role.COMPLIANCE)
def verdicts(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show what was permitted and refused, by act, by reason, and by each rule of the law."""
    del user
    with opened(request) as store:
        span, since = _span(request, store)
        law = store.rules.law
        acts = lawfulness.totals(store.connection, since)
        reasons = lawfulness.reasons(store.connection, since)
        rules = lawfulness.by_rule(store.connection, store.gate.judge, since)
    tables = [
        Table(
            _("By act"), [_("Act"), _("Permitted"), _("Refused")],
            [[Cell(_act(act, channel)), number(yes), number(no)] for act, channel, yes, no in acts],
        ),
        Table(
            _("Refused, by reason"), [_("Reason"), _("Act"), _("Refused")],
            [
                [Cell(_reason(law, code), f"{reverse('desk:of_reason', args=[code])}?days={span}"),
                 Cell(_act(act, channel)), number(count)]
                for code, act, channel, count in reasons
            ],
        ),
        Table(
            _("Every rule that was asked"), [_("Rule"), _("Permitted"), _("Refused")],
            [[Cell(_reason(law, one.rule)), number(one.permitted), number(one.refused)] for one in rules],
            says=_("An act is asked of many rules, and needs all of them: it is counted for each."),
        ),
    ]  # fmt: skip
    return _spanned(request, _("What the law said"), tables, span)


@require_GET
@for_staff(Role.COMPLIANCE)
def of_reason(request: HttpRequest, user: Staff, reason: str) -> HttpResponse:
    """Show the newest refusals for a reason."""
    del user
    with opened(request) as store:
        span, since = _span(request, store)
        law = store.rules.law
        found = lawfulness.of_reason(store.connection, since, reason)
    rows = [
        [Cell(moment(at)), Cell(borrower_id, reverse("desk:case", args=[borrower])), Cell(_act(act, channel)),
         Cell(", ".join(loans)), Cell("\n".join(_reason(law, one) for one in all_reasons))]
        for borrower, borrower_id, at, act, channel, _purpose, loans, all_reasons in found
    ]  # fmt: skip
    head = [_("When"), _("Borrower"), _("Act"), _("Loans"), _("All reasons")]
    return _spanned(request, _("Refused"), [Table(_reason(law, reason), head, rows)], span)


@require_GET
@for_staff(Role.COMPLIANCE)
def density(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show how often borrowers were contacted in any seven days, counted anew, beside what the law caps."""
    del user
    with opened(request) as store:
        span, since = _span(request, store)
        found = lawfulness.density(store.connection, since.date())
        law = store.rules.law
    weekly = Counter(one.calls_in_week for one in found)
    contacts = Counter(one.contacts_in_week for one in found)
    most = max((*weekly, *contacts), default=0)
    spread = [[number(count), number(weekly[count]), number(contacts[count])] for count in range(most + 1)]
    tables = [
        Table(
            _("Borrowers by the most calls, and the most contacts, in any seven days"),
            [_("How many in seven days"), _("Borrowers: calls"), _("Borrowers: all contacts")], spread,
            says=_("Counted from the contacts themselves, not by what the gate counts."),
        ),
        Table(
            _("Who was contacted most"),
            [_("Borrower"), _("Country"), _("Calls in a week"), _("Contacts in a week"), _("Contacts on a day")],
            [
                [Cell(one.borrower_id, reverse("desk:case", args=[one.borrower])), Cell(one.country),
                 number(one.calls_in_week), number(one.contacts_in_week), number(one.contacts_on_day)]
                for one in found[:25]
            ],
        ),
        Table(
            _("What the law caps"), [_("Rule"), _("Citation")],
            [[Cell(rule.record.says), Cell(law.cite(rule))] for rule in rulebooks.about(law, "frequency", store.on)],
        ),
    ]  # fmt: skip
    return _spanned(request, _("How often people are contacted"), tables, span)


@require_GET
@for_staff(Role.COMPLIANCE)
def list_complaints(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show complaints and disputes that are open, the first due first."""
    del user
    with opened(request) as store:
        found = {what: complaints.open_ones(store.connection, what) for what in KINDS}
        on = store.on
    head = [_("Borrower"), _("About"), _("Loan"), _("Received"), _("Answer by")]
    titles = {"complaint": _("Complaints"), "dispute": _("Disputes")}
    tables = [
        Table(titles[what], head, [
            [Cell(one.borrower_id, reverse("desk:complaint", args=[what, one.fact_id])),
             Cell(called(one.kind, "grievance")), Cell(one.loan_id or _("all loans")), Cell(day(one.received_on)),
             Cell(day(one.due_on), is_bad=one.due_on is not None and one.due_on < on)]
            for one in some
        ])
        for what, some in found.items()
    ]  # fmt: skip
    return drawn(request, _("Complaints"), tables)


@require_GET
@for_staff(Role.COMPLIANCE)
def one_complaint(request: HttpRequest, user: Staff, what: str, fact_id: str) -> HttpResponse:
    """Show a complaint with the evidence of both sides."""
    del user
    with opened(request) as store:
        found = _complaint(store, what, fact_id)
        law = store.rules.law
    verdicts_of = [
        {**row, "says": [_reason(law, reason) for reason in row.get("reasons", ())]}
        for row in sorted(found.sides["verdict"], key=lambda row: str(row["judged_at"]), reverse=True)[:100]
    ]
    contacts = sorted(found.sides["contacts"], key=lambda row: str(row["happened_at"]), reverse=True)[:100]
    shown = {"one": found, "verdicts": verdicts_of, "contacts": contacts, "outcomes": OUTCOMES[what]}
    return render(request, "desk/complaint.html", shown)


@require_POST
@for_staff(Role.COMPLIANCE)
def close_complaint(request: HttpRequest, user: Staff, what: str, fact_id: str) -> HttpResponse:
    """Close a complaint with what was found; its hold is lifted."""
    with opened(request) as store:
        found = _complaint(store, what, fact_id)
        told = Told(fact_id, found.borrower, store.at, store.on)
        Grievances(store.connection, store.ring, user.user_id).close(what, told, request.POST.get("outcome", ""))
    return redirect("desk:complaint", what, fact_id)


@require_GET
@for_staff(Role.COMPLIANCE)
def complaint_file(request: HttpRequest, user: Staff, what: str, fact_id: str, place: int) -> HttpResponse:
    """Hand out a file of a complaint, to be saved."""
    del user
    with opened(request) as store:
        found = _complaint(store, what, fact_id)
    file = next((one for one in found.files if one.place == place), None)
    if file is None:
        raise Http404
    return saved(file.body, file.name)


@require_GET
@for_staff(Role.COMPLIANCE)
def complaint_bundle(request: HttpRequest, user: Staff, what: str, fact_id: str) -> HttpResponse:
    """Hand out all the evidence of a complaint."""
    del user
    with opened(request) as store:
        found = _complaint(store, what, fact_id)
    return saved(complaints.bundle(found), f"{what}-{found.borrower_id}.zip")


@require_GET
@for_staff(Role.COMPLIANCE)
def list_duties(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show what the law says must be done by when, the first due first."""
    del user
    with opened(request) as store, store.connection.transaction():
        rows = store.connection.execute(_DUTIES).fetchall()
        on, law = store.on, store.rules.law
    lines = [
        [Cell(day(due), is_bad=due < on), Cell(called(kind, "duty")), Cell(_reason(law, f"{LAW}{rule}")),
         Cell(borrower_id, reverse("desk:case", args=[borrower])), Cell(loan),
         Cell(presses=(Press(reverse("desk:duty_done"), _("Done"), {"number": str(number_)}),))]
        for number_, borrower, borrower_id, loan, kind, due, rule in rows
    ]  # fmt: skip
    head = [_("Due"), _("What"), _("Rule"), _("Borrower"), _("Loan"), ""]
    return drawn(request, _("Duties"), [Table(_("Open duties"), head, lines, empty=_("Nothing is due."))])


@require_POST
@for_staff(Role.COMPLIANCE)
def duty_done(request: HttpRequest, user: Staff) -> HttpResponse:
    """Note that a duty was done."""
    given = request.POST.get("number", "")
    if not given.isdecimal():
        raise Http404
    with opened(request) as store:
        duties.done(store.connection, store.ring, user.user_id, int(given), store.at)
    return redirect("desk:duties")


@require_GET
@for_staff(Role.COMPLIANCE)
def rules(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show the rulebooks in force, and what changes in them from a day to come."""
    del user
    with opened(request) as store:
        law, on = store.rules.law, store.on
    return drawn(request, _("Rulebooks"), rulebooks.tables(law, on))


@require_GET
@for_staff(Role.COMPLIANCE)
def list_templates(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show the words of every template, what the law says of them, and who has approved them."""
    with opened(request) as store:
        found = templates.read(store.connection, store.rules.strategy, store.rules.law, store.on)
    return render(request, "desk/templates.html", {"found": found, "who": user.user_id})


@require_POST
@for_staff(Role.COMPLIANCE, Role.SUPERVISOR)
def approve_template(request: HttpRequest, user: Staff) -> HttpResponse:
    """Approve the words of a template as they were shown."""
    with opened(request) as store:
        name, words = request.POST.get("template", ""), request.POST.get("words", "")
        templates.approve(store.rules.strategy, user, name, words, store.at)
    return redirect("desk:templates")


@require_GET
@for_staff(Role.COMPLIANCE)
def audit(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show how far the audit chain is sealed, and hand out a borrower's bundle."""
    del user
    borrower_id = request.GET.get("borrower", "").strip()
    if not borrower_id:
        with opened(request) as store, store.connection.transaction():
            ((chains, entries, unsealed),) = store.connection.execute(_CHAINS).fetchall()
        return render(request, "desk/audit.html", {"chains": chains, "entries": entries, "unsealed": unsealed})
    edge = edge_of(request)
    with TemporaryDirectory() as aside:
        folder = Path(aside) / "bundle"
        export(edge.place, edge.seals, edge.ring, borrower_id, folder)
        body = zipped(folder)
    return saved(body, "audit-bundle.zip")


@require_GET
@for_staff(Role.COMPLIANCE)
def list_requests(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show what borrowers ask of their data, the first due first."""
    del user
    with opened(request) as store:
        found = requests.waiting(store.connection, store.ring)
        on = store.on
        why_not = {one.request_id: requests.refused(store.connection, one.borrower, on) for one in found}
    at = reverse("desk:answer_request")
    lines = [
        [Cell(day(one.due_on), is_bad=one.due_on < on), Cell(called(one.kind, "data_request")),
         Cell(one.borrower_id, reverse("desk:case", args=[one.borrower])), Cell(one.words),
         Cell(one.asked_by), Cell(why_not[one.request_id] if one.kind == "erasure" else ""),
         Cell(presses=tuple(
             Press(at, says, {"id": one.request_id, "to": to}, _("Reason"))
             for to, says in (("done", _("Do it")), ("refused", _("Refuse")))
         ) + ((Press(reverse("desk:hand_out"), _("Their data"), {"id": one.request_id}),)
              if one.kind == "access" else ()))]
        for one in found
    ]  # fmt: skip
    head = [_("Answer by"), _("What"), _("Borrower"), _("In their words"), _("Asked by"), _("Not yet, because"), ""]
    says = _("What is erased is the borrower's key: nothing sealed under it can be read again. It needs two people.")
    return drawn(request, _("Requests about data"), [Table(_("What waits"), head, lines)], says)


@require_POST
@for_staff(Role.COMPLIANCE)
def answer_request(request: HttpRequest, user: Staff) -> HttpResponse:
    """Answer a request; an erasure that is granted is carried out."""
    edge = edge_of(request)
    grants, why = request.POST.get("to") == "done", request.POST.get("why", "")
    with opened(request) as store:
        one = _request(store, request.POST.get("id", ""))
        requests.decide(
            store.connection, store.ring, user.user_id, one.request_id, store.at, store.on, why, grants=grants
        )
        at = store.at
    if grants and one.kind == "erasure":
        chain.erase(edge.ring, Borrower.objects.get(pk=one.borrower), user.user_id, at)
    return redirect("desk:requests")


@require_POST
@for_staff(Role.COMPLIANCE)
def hand_out(request: HttpRequest, user: Staff) -> HttpResponse:
    """Hand out all that is kept of a borrower who asks for it."""
    del user
    import json

    with opened(request) as store:
        one = _request(store, request.POST.get("id", ""))
        found = dossier(store.connection, store.ring, one.borrower)
    return saved(json.dumps(found, ensure_ascii=False, indent=1, default=str).encode(), "data.json")


def _request(store: Open, request_id: str) -> requests.Request:
    found = next((one for one in requests.waiting(store.connection, store.ring) if one.request_id == request_id), None)
    if found is None:
        raise DueCourseError(_("This request was answered already."))
    return found


def _complaint(store: Open, what: str, fact_id: str) -> complaints.Evidence:
    found = complaints.found(store.connection, store.ring, what, fact_id)
    if found is None:
        raise Http404
    return found


def _span(request: HttpRequest, store: Open) -> tuple[int, datetime]:
    """Return how many days are looked at, and from when."""
    given = request.GET.get("days", "")
    span = int(given) if given.isdecimal() and int(given) in SPANS else SPANS[1]
    return span, store.at - timedelta(days=span)


def _spanned(request: HttpRequest, title: str, tables: list[Table], span: int) -> HttpResponse:
    spans = [(days, f"{request.path}?days={days}") for days in SPANS]
    return drawn(request, title, tables, spans=spans, span=span)


def _act(act: str, channel: str | None) -> str:
    return called(channel, "channel") if channel else called(act, "act")


def _reason(law: Law, code: str) -> str:
    """Write a reason: a rule of the law by its sentence and citation, one of the gate's own in words."""
    if not code.startswith(LAW):
        return because(code)
    rule = rulebooks.rule_of(law, code.removeprefix(LAW))
    return f"{rule.record.says} {law.cite(rule)} ({code})" if rule else code
