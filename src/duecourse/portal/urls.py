"""The addresses of the portal. None of them names a borrower."""

from typing import Final

from django.urls import path

from duecourse.portal import coming_in, everywhere, looking_up, pages

app_name: Final = "portal"
urlpatterns: Final = [
    path("", coming_in.start, name="start"),
    path("in/<str:token>", coming_in.by_link, name="by_link"),
    path("as/<int:number>", coming_in.as_borrower, name="as_borrower"),
    path("out", coming_in.out, name="out"),
    path("check", coming_in.check, name="check"),
    path("lender", looking_up.lender, name="lender"),
    path("nothing", coming_in.nothing, name="nothing"),
    path("mine", pages.home, name="home"),
    path("mine/lines/<path:loan_id>", pages.lines, name="lines"),
    path("mine/pay/<path:loan_id>", pages.pay, name="pay"),
    path("pay/sandbox/<str:key>", pages.sandbox, name="sandbox"),
    path("mine/promise/<path:loan_id>", pages.promise, name="promise"),
    path("mine/parts/<path:loan_id>", pages.afford, name="afford"),
    path("mine/agree", pages.agree, name="agree"),
    path("mine/wrong", pages.wrong, name="wrong"),
    path("mine/hardship", pages.hardship, name="hardship"),
    path("mine/contact", pages.contact, name="contact"),
    path("mine/contact/<str:what>", pages.choose, name="choose"),
    path("mine/speaker", pages.speaker, name="speaker"),
    path("mine/report", pages.report, name="report"),
    path("mine/review", pages.review, name="review"),
    path("mine/everywhere", everywhere.everywhere, name="everywhere"),
    path("mine/everywhere/consent", everywhere.consent, name="consent"),
    path("mine/everywhere/object", everywhere.object_to, name="object_to"),
    path("mine/everywhere/looks", everywhere.looks, name="looks"),
    path("mine/papers", pages.papers, name="papers"),
    path("mine/papers/statement/<path:loan_id>", pages.statement, name="statement"),
    path("mine/papers/ask", pages.of_data, name="of_data"),
    path("mine/papers/everything", pages.everything, name="everything"),
]
