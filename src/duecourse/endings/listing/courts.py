"""The courts' own list in China: the application to put a judgment debtor on it, and nothing of it in our register.

    refused = reasons(opened, law, "L1", Judgment(...), at)      () where the law permits it, else its rules
    application(opened, law, "L1", Judgment(...), at, applicant) -> a PDF in Chinese

Article 1 of the Supreme Court's provisions: a judgment whose time to perform has run out, and a ground that the court
of enforcement has found; being overdue is none. Only where the store has a suit of the loan that was judged.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from operator import itemgetter
from typing import Any, Final
from zoneinfo import ZoneInfo

from duecourse.day import known
from duecourse.day.reaching import key_of
from duecourse.documents.pdf import labels_for, pdf, shown_day, shown_money
from duecourse.endings import moving
from duecourse.endings.many import Opened
from duecourse.kernel.errors import DueCourseError
from duecourse.law.asking import ask
from duecourse.law.casefile import Case, Try
from duecourse.law.judge import judgement
from duecourse.law.rulebook import Law, rulebooks_of
from duecourse.store.bound import name_place
from duecourse.store.endings import Kind
from duecourse.store.keys import unseal
from duecourse.store.line import Line

NO_JUDGMENT: Final = "no_suit_judged"
NOT_CHINA: Final = "no_list_here"
JUDGED: Final = ("judged", "enforcing", "fruitless")
GROUNDS: Final = {
    "able_but_refuses": "有履行能力而拒不履行生效法律文书确定义务",
    "obstructs": "以伪造证据、暴力、威胁等方法妨碍、抗拒执行",
    "hides_assets": "以虚假诉讼、虚假仲裁或者以隐匿、转移财产等方法规避执行",
    "false_report": "违反财产报告制度",
    "breaks_spending_ban": "违反限制消费令",
    "breaks_settlement": "无正当理由拒不履行执行和解协议",
}
"""The six grounds of article 1, in its words."""
_ZONE: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Judgment:
    """A judgment and what the court of enforcement has found; in fen. `found` is one of GROUNDS, or None so far."""

    court: str
    number: str
    given_on: date
    perform_by: date
    amount: int
    enforcement_number: str = ""
    found: str | None = None
    found_on: date | None = None


def reasons(opened: Opened, law: Law, loan_id: str, judgment: Judgment, at: datetime) -> tuple[str, ...]:
    """Say why the application may not be made now; empty where it may."""
    case, _ = _case(opened, loan_id)
    if case.country != "CN":
        return (NOT_CHINA,)
    if not moving.read(opened.connection, "e.kind = %s AND e.loan_id = %s AND e.state = ANY(%s)", _judged(loan_id)):
        return (NO_JUDGMENT,)
    asked = ask([_world(law, case, loan_id, judgment, at)], law)
    found = judgement(asked, asked.worlds.tries[0])
    return tuple(f"law:{reason.rule.id}" for reason in found.reasons)


def application(
    opened: Opened, law: Law, loan_id: str, judgment: Judgment, at: datetime, applicant: tuple[str, ...]
) -> bytes:
    """Write the application; DueCourseError, with the reasons, where it may not be made.

    `applicant` is the lender's name and its lines of address.
    """
    if refused := reasons(opened, law, loan_id, judgment, at):
        raise DueCourseError(f"no application to list the debtor of loan {loan_id}: {', '.join(refused)}")
    case, _ = _case(opened, loan_id)
    person, labels = case.person, labels_for("zh")
    if person.name is None or person.number is None:
        raise DueCourseError("the borrower has no name in the store: load their people")
    name = unseal(key_of(opened.ring, person), bytes(person.name), name_place(person.number))
    lender, *lines = applicant
    body = (
        f"申请人：{lender}\n被申请人（被执行人）：{name}\n\n请求事项：将被申请人纳入失信被执行人名单。\n\n事实与理由：\n"
        f"{judgment.court}于{shown_day(judgment.given_on, labels)}作出{judgment.number}判决，判令被申请人向申请人支付"
        f"{shown_money(judgment.amount, 'CNY')}，履行期限至"
        f"{shown_day(judgment.perform_by, labels)}届满，被申请人至今未履行。"
        f"\n\n执行案号：{judgment.enforcement_number}。"
        f"{shown_day(judgment.found_on or judgment.given_on, labels)}，执行法院查明被申请人"
        f"{GROUNDS[str(judgment.found)]}。\n\n"
        "依据《最高人民法院关于公布失信被执行人名单信息的若干规定》第一条，特此申请。\n\n此致\n"
        f"{judgment.court}"
    )
    return pdf(
        "letter",
        {
            "language": "zh", "window": "din-5008-b", "sender": {"name": lender, "lines": lines},
            "to": [judgment.court], "on": at.astimezone(_ZONE).date(), "reference": loan_id,
            "subject": "纳入失信被执行人名单申请书", "body": body, "signed": f"申请人（盖章）：{lender}",
        },
    )  # fmt: skip


def _judged(loan_id: str) -> list[Any]:
    return [Kind.SUIT, loan_id, list(JUDGED)]


def _case(opened: Opened, loan_id: str) -> tuple[known.Known, int]:
    (wanted,) = opened.deciding.wanted([loan_id])
    line = Line(opened.connection, keeps=False)
    with line.transaction():
        found = known.read(line, [wanted.borrower]).cases.get(wanted.borrower)
    if found is None:
        raise DueCourseError(f"loan {loan_id} is in no case")
    return found, wanted.borrower


def _world(law: Law, case: known.Known, loan_id: str, judgment: Judgment, at: datetime) -> Case:
    """Return the world in which the law is asked: what the store knows of the debt, and a person of the suit."""
    loan = case.loans[loan_id]
    on = at.astimezone(_ZONE).date()
    age = None if case.born_on is None else _age(case.born_on, on)
    borrower = {"country": case.country, "region": case.region, "zones": case.zones, "age": age}
    told = {"id": loan_id, "product": loan.product, "opened_on": loan.opened_on, "currency": loan.currency}
    history: list[dict[str, Any]] = [
        {"at": _noon(judgment.given_on), "event": "judgment", "loan": loan_id, "amount": judgment.amount,
         "perform_by": judgment.perform_by},
        *({"at": _noon(one.paid_on), "event": "payment", "loan": loan_id, "amount": one.amount}
          for one in loan.payments if one.reverses is None),
    ]  # fmt: skip
    if judgment.found and judgment.found_on:
        finding = {"event": "enforcement_finding", "loan": loan_id, "finding": judgment.found}
        history.append({"at": _noon(judgment.found_on), **finding})
    history.sort(key=itemgetter("at"))
    trial: dict[str, Any] = {"at": at.astimezone(_ZONE), "act": "list", "loan": loan_id}
    trial |= {"ground": judgment.found} if judgment.found else {}
    return Case(
        "courts-list", "", "text", rulebooks_of(law, case.country, case.region, case.locality), "dishonest-list",
        "", "", None, {"id": "C1", "role": "original_creditor", "lender_type": loan.lender_type},
        {name: value for name, value in borrower.items() if value is not None}, (), (),
        ({name: value for name, value in told.items() if value is not None},),
        tuple(history), (Try(trial, None, None, "text", 0),), {}, "", 0,
    )  # fmt: skip


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), _ZONE)


def _age(born_on: date, on: date) -> int:
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
