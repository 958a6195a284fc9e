"""The addresses of the desk."""

from typing import Final

from django.urls import path

from duecourse.desk import calling, complying, pages, parting, preferring, signing_in, supervising, touring, wording

app_name: Final = "desk"
urlpatterns: Final = [
    path("", pages.my_queue, name="queue"),
    path("sign-in", signing_in.sign_in, name="sign_in"),
    path("sign-in/as/<str:user_id>", signing_in.sign_in_as, name="sign_in_as"),
    path("sign-in/code", signing_in.code, name="code"),
    path("sign-in/second-factor", signing_in.enrol, name="enrol"),
    path("sign-out", signing_in.sign_out, name="sign_out"),
    path("welcome/<str:number>/<str:token>", signing_in.welcome, name="welcome"),
    path("nothing", pages.nothing, name="nothing"),
    path("cases/<int:number>", pages.one_case, name="case"),
    path("cases/<int:number>/told", pages.tell, name="tell"),
    path("cases/<int:number>/next", pages.next_case, name="next"),
    path("cases/<int:number>/opens/<str:channel>", pages.opens, name="opens"),
    path("cases/<int:number>/acts/<str:channel>", pages.press, name="press"),
    path("cases/<int:number>/words/<str:channel>", pages.words, name="words"),
    path("cases/<int:number>/ended", calling.ended, name="ended"),
    path("cases/<int:number>/parts/<path:loan_id>", parting.afford, name="parts"),
    path("cases/<int:number>/agree", parting.agree, name="agree"),
    path("board", supervising.board, name="board"),
    path("board/pictures/<str:name>", supervising.picture, name="picture"),
    path("board/outbox", supervising.outbox, name="outbox"),
    path("board/outbox/resolve", supervising.resolve, name="resolve"),
    path("board/outbox/switch", supervising.switch, name="switch"),
    path("board/approvals", supervising.approvals, name="approvals"),
    path("board/approvals/decide", supervising.decide, name="decide"),
    path("board/teams", supervising.teams, name="teams"),
    path("board/teams/hand-over/<int:case>", supervising.hand_over, name="hand_over"),
    path("compliance", complying.overview, name="compliance"),
    path("compliance/verdicts", complying.verdicts, name="verdicts"),
    path("compliance/verdicts/<path:reason>", complying.of_reason, name="of_reason"),
    path("compliance/density", complying.density, name="density"),
    path("compliance/complaints", complying.list_complaints, name="complaints"),
    path("compliance/complaints/<str:what>/<str:fact_id>", complying.one_complaint, name="complaint"),
    path("compliance/complaints/<str:what>/<str:fact_id>/close", complying.close_complaint, name="close_complaint"),
    path("compliance/complaints/<str:what>/<str:fact_id>/all", complying.complaint_bundle, name="complaint_bundle"),
    path(
        "compliance/complaints/<str:what>/<str:fact_id>/files/<int:place>",
        complying.complaint_file,
        name="complaint_file",
    ),
    path("compliance/duties", complying.list_duties, name="duties"),
    path("compliance/duties/done", complying.duty_done, name="duty_done"),
    path("compliance/rules", complying.rules, name="rules"),
    path("compliance/templates", complying.list_templates, name="templates"),
    path("compliance/templates/approve", complying.approve_template, name="approve_template"),
    path("compliance/audit", complying.audit, name="audit"),
    path("compliance/requests", complying.list_requests, name="requests"),
    path("compliance/requests/answer", complying.answer_request, name="answer_request"),
    path("compliance/requests/data", complying.hand_out, name="hand_out"),
    path("wording", wording.wording, name="wording"),
    path("me", preferring.me, name="me"),
    path("demonstration/refused", touring.refused, name="tour_refused"),
]
