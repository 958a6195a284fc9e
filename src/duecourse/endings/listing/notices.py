"""The notice that a debtor gets before an entry: ground, evidence, amount, the window, and how to object.

    notice(opened, ending, {"en": ["Lender", "Street 1"]}, on) -> a PDF, the same bytes for the same store

Name and address are unsealed here, when the paper is made, and nowhere kept.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from duecourse.day import known
from duecourse.day.reaching import key_of
from duecourse.documents.pdf import labels_for, pdf, shown_day, shown_money
from duecourse.endings.listing.register import DISHONEST
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending
from duecourse.kernel.errors import DueCourseError
from duecourse.store.bound import name_place, point_place
from duecourse.store.keys import unseal
from duecourse.store.line import Line

Head = Mapping[str, Sequence[str]]
"""The lender's name and lines of address, by language."""

_WINDOWS: Final = {"US": "us-10"}
_GROUNDS: Final = {
    "en": {
        "able_but_refuses": "you can pay this debt and do not",
        "false_statements": "you obtained this loan by false statements",
    },
    "zh": {"able_but_refuses": "您有能力偿还该笔债务而拒不偿还", "false_statements": "您以虚假陈述取得该笔贷款"},
}
_EVIDENCE: Final = {
    "en": {
        "judgment": "a judgment of a court",
        "signed": "a paper that you signed",
        "own_records": "our own records",
    },
    "zh": {"judgment": "法院判决", "signed": "您签署的文件", "own_records": "本公司的记录"},
}
_TEXTS: Final = {
    "en": {
        "subject": "Notice before an entry in the register of debtors",
        "body": "Dear {name},\n\nwe intend to have you entered in the register of debtors that lenders share. Nothing"
        " has been entered yet.\n\nGround: {ground}.\nEvidence: {evidence}.\nDebt: loan {loan}, {amount} overdue since"
        " {since}.\n\nIf you pay what is overdue, you will not be entered. An entry is for a limited time, and is taken"
        " out when what is overdue has been paid. You may ask at any time who has looked you up.",
        "how_to_dispute": "You may object until {until}, in writing and free of charge, to the address above; name the"
        " reference and say what is wrong. While your objection is open nothing is entered. Somebody other than who"
        " decided this reads it, and you will have an answer with its reasons.",
        "how_to_get_help": "If you cannot pay, write to us within the same time and show it: that is an objection.",
    },
    "zh": {
        "subject": "列入债务人名册前的通知",
        "body": "{name}：\n\n本公司拟将您列入放贷机构共享的债务人名册。目前尚未列入。"
        "\n\n理由：{ground}。\n证据：{evidence}。\n"
        "债务：贷款编号 {loan}，自{since}起逾期，逾期金额 {amount}。\n\n您付清逾期款项的，不予列入。列入有"
        "期限，付清逾期款项后即"
        "予移出。您可以随时查询谁查阅过您的信息。",
        "how_to_dispute": "您可以在{until}前（含当日）免费以书面形式向上述地址提出异议，"
        "请写明编号和不实之处。异议处理期间不予列入。"
        "异议由作出决定以外的人员审查，并附理由答复您。",
        "how_to_get_help": "您确无能力偿还的，请在同一期限内来信说明，视为提出异议。",
    },
}


def notice(opened: Opened, ending: Ending, head: Head, fallback: str = "en") -> bytes:
    """Write the notice of an ending, in the borrower's language or the fallback; dated the day of the notice.

    DueCourseError where no notice was given, or the borrower has no name or address.
    """
    if "notice" not in ending.details:
        raise DueCourseError(f"of ending {ending.number} no notice was given: `register notice` gives it")
    line = Line(opened.connection, keeps=False)
    with line.transaction():
        case = known.read(line, [ending.borrower]).cases.get(ending.borrower)
    if case is None:
        raise DueCourseError(f"loan {ending.loan_id} is in no case any more: there is nothing to give notice of")
    spoken = case.language.partition("-")[0]
    language = spoken if spoken in _TEXTS and spoken in head else fallback
    name, address = _addressed(opened, case.person)
    said, labels = ending.details["notice"], labels_for(language)
    values = {
        "name": name,
        "loan": ending.loan_id,
        "ground": _GROUNDS[language][ending.details[DISHONEST]["ground"]],
        "evidence": _EVIDENCE[language][ending.details[DISHONEST]["evidence"]],
        "amount": shown_money(said["amount"], said["currency"]),
        "since": shown_day(date.fromisoformat(said["since"]), labels),
        "until": shown_day(date.fromisoformat(said["until"]), labels),
    }
    lender, *lines = head[language]
    texts = {key: text.format(**values) for key, text in _TEXTS[language].items()}
    return pdf(
        "letter",
        {
            **texts, "language": language, "window": _WINDOWS.get(case.country, "din-5008-b"),
            "sender": {"name": lender, "lines": lines}, "to": [name, *address], "on": said["on"],
            "reference": ending.details["ref"], "signed": lender,
        },
    )  # fmt: skip


def _addressed(opened: Opened, person: known.Reached) -> tuple[str, list[str]]:
    """Unseal the name of a borrower, and the lines of the first address that reaches them."""
    address = next((point for point in person.points if point.kind == "address"), None)
    if person.name is None or person.number is None or address is None:
        raise DueCourseError("the borrower has no name or no address in the store: load their people, or nobody knows")
    key = key_of(opened.ring, person)
    name = unseal(key, bytes(person.name), name_place(person.number))
    return name, unseal(key, address.value, point_place("address", address.number)).split("\n")
