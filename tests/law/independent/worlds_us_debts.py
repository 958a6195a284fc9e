"""Scenes of random federal worlds on the debt itself: notices, disputes, bankruptcy, suit, reports, sale, charges."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.law.independent.worlds import Scene

LINE: Final = ("full_collector_line", "opt_out_line")


def _contact(scene: Scene, at: datetime, channel: str, **keys: Any) -> None:
    whom = keys.pop("whom", "borrower")
    scene.proposes("contact", at, channel=channel, about=keys.pop("about", ("A",)), **{"with": whom}, **keys)


def _noon(scene: Scene, days: int = 0) -> datetime:
    return scene.at(scene.dice.randint(720, 1140), days)


def _fresh(scene: Scene) -> None:
    """Forget the old notice."""
    scene.history = [event for event in scene.history if event["event"] != "validation_notice"]


def notices(scene: Scene) -> None:
    """Make the validation notice: its end, its words, its medium, the dead."""
    dice = scene.dice
    if dice.chance(70):
        _fresh(scene)
    if dice.chance(40):
        scene.happened(
            "contact",
            _noon(scene, -9),
            channel=dice.one("call", "call", "letter"),
            direction="out",
            about=("A",),
            **{"with": "borrower"},
            outcome=dice.one("conversation", "ring_out", "delivered", "voicemail"),
        )
    if dice.chance(35):
        how = dice.one("email", "letter")
        scene.happened("validation_notice", _noon(scene, -8), about=("A",), how=how)
        if dice.chance(60):
            scene.happened("bounce", _noon(scene, -7), channel=dice.one(how, how, "sms"), about=("A",))
    if dice.chance(30):
        scene.happened(
            "consent",
            _noon(scene, -6),
            to="electronic_notices",
            given_to=dice.one("C1", "C1", "L1"),
            esign=dice.one(True, True, False),
        )
        if dice.chance(25):
            scene.happened("consent_withdrawn", _noon(scene, -5), to="electronic_notices")
    if dice.chance(25):
        scene.happened("death_known", _noon(scene, -6))
        scene.people[3]["relation"] = "executor"
    for _ in range(dice.randint(3, 6)):
        content = dice.one(
            None,
            ("validation_information", *LINE),
            ("model_form", *LINE),
            LINE,
            ("validation_information", "demands_payment_inside_period", *LINE),
        )
        end = scene.day + timedelta(days=dice.randint(34, 40)) if dice.chance(50) else None
        whom = dice.weighted({"borrower": 6, "eve": 3})
        _contact(
            scene,
            _noon(scene),
            dice.one("letter", "letter", "email", "sms", "call"),
            purpose=dice.weighted({"validation_notice": 6, None: 1}),
            content=content,
            states_period_end=end,
            whom=whom,
            addressed_to=dice.one(None, whom, "the estate") if whom == "eve" else None,
        )


def disputes(scene: Scene) -> None:
    """Disputes around the end of the period, in every form, answered or not; requests for the creditor's name."""
    dice = scene.dice
    _fresh(scene)
    back = dice.one(10, 20, 36, 37, 38, 39, 40, 50)
    scene.happened("validation_notice", _noon(scene, -back), about=dice.one(("A",), None), how="letter")
    if dice.chance(10):
        scene.happened("bounce", _noon(scene, 1 - back), channel="letter", about=("A",))
    scene.loans[0]["balance"] = 90000
    for _ in range(dice.weighted({1: 6, 2: 2, 0: 1})):
        at = _noon(scene, -dice.randint(1, max(2, back + 3)))
        form = dice.one("written", "written", "electronic", "oral")
        scene.happened(
            "dispute",
            at,
            loan="A",
            form=form,
            accepted=dice.one(True, False, None) if form == "electronic" else None,
            amount=dice.one(None, None, 6000),
            new_information=dice.one(None, False, True),
            ground=dice.one("not mine", "wrong_amount", None),
            received_at=dice.one(None, None, at + timedelta(days=dice.one(1, 4))),
        )
        if dice.chance(35):
            scene.happened(
                "dispute_answered",
                at + timedelta(days=dice.one(1, 2)),
                loan="A",
                how="letter",
                sent=dice.one("verification", "short_reasons"),
            )
    if dice.chance(30):
        at = _noon(scene, -dice.randint(1, max(2, back)))
        scene.happened("original_creditor_request", at, loan="A", form=dice.one("written", "written", "oral"))
        if dice.chance(35):
            scene.happened("original_creditor_answered", at + timedelta(days=1), loan="A", how="letter")
    if dice.chance(20):
        scene.happened("consent", _noon(scene, -6), to="electronic_notices", given_to="C1", esign=True)
    for _ in range(dice.randint(3, 6)):
        act = dice.weighted({"contact": 6, "demand": 4, "sue": 1, "take_payment": 1, "furnish": 2})
        if act == "contact":
            content = dice.one(
                None,
                ("verification", *LINE),
                ("verification_promised", *LINE),
                ("demands_payment_inside_period", *LINE),
                ("payment_request", *LINE),
            )
            _contact(
                scene,
                _noon(scene),
                dice.one("letter", "email", "call"),
                content=content,
                whom=dice.weighted({"borrower": 8, "ortiz": 1, "bank": 1, "mary": 1}),
                purpose=dice.one(None, "required_notice", "answer_to_borrower", "servicing"),
            )
        elif act == "furnish":
            scene.proposes("furnish", _noon(scene), about=("A",), dispute_flag=dice.one(True, False, None))
        else:
            scene.proposes(
                act, _noon(scene), loan="A", amount=dice.one(84000, 84001, 90000, 90001) if act != "sue" else None
            )


def reports(scene: Scene) -> None:
    """Make reporting to a bureau: speaking, writing and waiting, what comes back; how long a record stays."""
    dice = scene.dice
    if dice.chance(90):
        _fresh(scene)
    if dice.chance(10):
        scene.collector["watches_bounces"] = dice.one(True, False)
    for _ in range(dice.weighted({0: 1, 1: 4, 2: 2})):
        at = _noon(scene, -dice.one(12, 13, 14, 15, 16, 30))
        channel = dice.one("email", "letter", "sms", "call", "visit", "voicemail")
        scene.happened(
            "contact",
            at,
            channel=channel,
            direction=dice.weighted({"out": 6, "in": 1}),
            about=("A",),
            **{"with": dice.weighted({"borrower": 8, "mary": 1})},
            outcome=dice.one("delivered", None)
            if channel in {"email", "letter", "sms"}
            else dice.one("conversation", "ring_out", "met", "voicemail"),
            content=dice.one(None, None, ("debt_details", *LINE), ("limited_content_message",), ("advert_no_debt",)),
        )
        if dice.chance(30):
            scene.happened(
                "bounce", at + timedelta(days=dice.one(1, 10)), channel=dice.one(channel, "email"), about=("A",)
            )
    if dice.chance(15):
        scene.happened("validation_notice", _noon(scene, -dice.one(13, 14, 15, 16)), about=("A",), how="letter")
    if dice.chance(20):
        scene.happened("furnished", _noon(scene, -dice.one(1, 5)), about=("A",))
        if dice.chance(50):
            scene.happened("bounce", _noon(scene, -1), channel="email", about=("A",))
    if dice.chance(15):
        scene.happened("dispute", _noon(scene, -3), loan="A", form=dice.one("oral", "written"))
    for _ in range(dice.randint(2, 4)):
        scene.proposes(
            "furnish", _noon(scene), about=dice.one(("A",), ("A",), None), dispute_flag=dice.one(True, False)
        )
    began = scene.day.replace(year=scene.day.year - 7) - timedelta(days=180 + dice.randint(-3, 3))
    scene.loans[0]["delinquency_began_on"] = began
    for _ in range(2):
        scene.proposes("keep_adverse_record", _noon(scene, dice.randint(-2, 2)), loan="A")


def bankrupt(scene: Scene) -> None:
    """Petitions, earlier cases, orders, the end of the stay, discharge, and those who owe too."""
    dice = scene.dice
    if dice.chance(60):
        scene.collector["role"] = dice.one("debt_collector", "original_creditor")
    scene.loans[0]["opened_on"] = dice.one(date(2025, 1, 6), scene.day - timedelta(days=20))
    person = dice.weighted({None: 6, "gus": 2})
    for _ in range(dice.weighted({0: 6, 1: 3, 2: 2})):
        back = dice.one(380, 300, 200, 120, 400)
        scene.happened("bankruptcy_petition", _noon(scene, -back), chapter=13, person=person)
        scene.happened(
            "stay_lifted",
            _noon(scene, dice.one(10, 30) - back),
            ground=dice.one("dismissed", "dismissed", "closed"),
            person=person,
        )
    back = dice.one(0, 1, 29, 30, 31, 32, 60)
    scene.happened("bankruptcy_petition", _noon(scene, -back), chapter=dice.one(7, 13, 13), person=person)
    if dice.chance(25):
        scene.happened("court_order", _noon(scene, 1 - back), says=(dice.one("stay_extended", "no_stay_in_force"),))
    if dice.chance(20):
        scene.happened(
            "stay_lifted",
            _noon(scene, 2 - back),
            person=dice.one(person, person, "gus"),
            ground=dice.one(None, "dismissed"),
        )
    if dice.chance(30):
        scene.happened("discharge", _noon(scene, 2 - back), about=dice.one(("A",), None), person=person)
    for _ in range(dice.randint(3, 6)):
        act = dice.weighted({"contact": 6, "demand": 2, "sue": 2, "take_payment": 1, "charge": 1, "deposit_cheque": 1})
        if act == "contact":
            _contact(
                scene,
                _noon(scene),
                dice.one("call", "letter", "email"),
                whom=dice.weighted({"borrower": 5, "gus": 4, "mary": 2, "ortiz": 1, "nia": 1}),
                purpose=dice.weighted(
                    {None: 6, "servicing": 1, "answer_to_borrower": 1, "required_notice": 1, "marketing": 1}
                ),
                content=dice.one(None, None, ("payment_request", *LINE)),
            )
        else:
            against = dice.one(None, None, "gus") if act in {"sue", "demand", "take_payment"} else None
            scene.proposes(act, _noon(scene), loan="A", against=against, amount=100 if act == "demand" else None)


def suits(scene: Scene) -> None:
    """Make the last day to sue with service and stay; where to sue; sale."""
    dice = scene.dice
    debt = scene.loans[0]
    debt["opened_on"] = date(2019, 1, 7)
    if dice.chance(50):
        debt["limitation_ends_on"] = scene.day + timedelta(days=dice.one(-40, -1, 0, 1, 30))
    else:
        debt["limitation_runs_from"] = scene.day.replace(year=scene.day.year - 4) - timedelta(
            days=dice.one(0, 1, 100, 101, 99)
        )
        debt["limitation_years"] = 4
    if dice.chance(40):
        start = dice.one(700, 1500, 60)
        scene.happened("servicemember", _noon(scene, -start), status="active_duty_start")
        if dice.chance(80):
            scene.happened("servicemember", _noon(scene, -start + dice.one(99, 100, 40)), status="active_duty_end")
    if dice.chance(25):
        back = dice.one(60, 35, 10)
        scene.happened("bankruptcy_petition", _noon(scene, -back), chapter=7)
        if dice.chance(80):
            end = dice.one(5, 30)
            scene.happened(
                "stay_lifted",
                _noon(scene, end - back),
                notice_on=dice.one(None, scene.day + timedelta(days=end + 2 - back)),
            )
    if dice.chance(50):
        debt["signed_in"] = dice.one("US-PA", "US-OH")
    if dice.chance(35):
        debt["secured_by"] = "home"
    for _ in range(dice.randint(3, 6)):
        if dice.chance(30):
            _contact(
                scene,
                _noon(scene),
                dice.one("letter", "call"),
                content=(dice.one("threat_of_suit", "states_suit_date", "payment_request"), *LINE),
                intended=True,
            )
            continue
        scene.proposes("sue", _noon(scene), loan="A", court_in=dice.one(None, None, "US-OH", "US-PA", "US-DE", "US-TX"))


def sales(scene: Scene) -> None:
    """Selling what is paid, settled or discharged."""
    dice = scene.dice
    scene.loans[0]["owner"] = "L1"
    if dice.chance(40):
        scene.happened(
            "payment",
            _noon(scene, -9),
            loan="A",
            amount=500,
            in_full=dice.one(True, False, None),
            returned=dice.one(None, None, True),
        )
    if dice.chance(25):
        scene.happened("settled", _noon(scene, -8), loan=dice.one("A", "A", scene.loans[-1]["id"]))
    if dice.chance(25):
        scene.happened("discharge", _noon(scene, -8), about=("A",))
    for _ in range(dice.randint(2, 4)):
        scene.proposes("sell", _noon(scene), loan="A", to=dice.one("L1", "X1", "X1"))


def fees(scene: Scene) -> None:
    """Fees that somebody allows, more than is owed, cheques."""
    dice = scene.dice
    debt = scene.loans[0]
    for key in ("fees_in_contract", "fees_by_statute"):
        if dice.chance(70):
            debt[key] = dice.one(
                False,
                ({"item": "late_fee", "amount": 2500},),
                ({"item": "convenience_fee"},),
                ({"item": "returned_payment_fee", "amount": 3000},),
            )
    if dice.chance(60):
        debt["balance"] = 90000
    at = scene.day - timedelta(days=dice.one(12, 15, 18))
    dated = scene.day + timedelta(days=dice.one(-3, -1, 0, 0, 1))
    received = dated - timedelta(days=dice.one(4, 5, 6, 20))
    del at
    scene.happened(
        "cheque_received", _noon(scene, (received - scene.day).days), loan="A", cheque="q1", dated=dated, amount=10000
    )
    if dice.chance(85):
        scene.happened(
            "deposit_notice",
            _noon(scene, -dice.randint(1, 16)),
            cheque="q1",
            form=dice.one("written", "written", "written", "oral"),
        )
    for _ in range(dice.randint(4, 7)):
        act = dice.one("charge", "demand", "deposit_cheque", "deposit_cheque")
        if act == "deposit_cheque":
            scene.proposes(act, _noon(scene, dice.one(0, 0, 1, 2)), loan="A", cheque="q1")
            continue
        item = dice.one(None, "late_fee", "convenience_fee", "returned_payment_fee", "prepayment_penalty")
        scene.proposes(
            act, _noon(scene), loan="A", item=item, amount=dice.one(500, 2500, 2501, 3000, 3001, 90000, 90001)
        )


def home_loans(scene: Scene) -> None:
    """Late fees of home loans, of high cost or not."""
    dice = scene.dice
    debt = scene.loans[0]
    due = scene.day - timedelta(days=dice.one(14, 15, 16, 29, 30, 31))
    debt |= {"product": dice.one("mortgage", "mortgage", "personal_loan"), "secured_by": "home", "instalment": 100000}
    debt.pop("used_for", None)
    scene.collector["lender_type"] = dice.one("bank", "bank", "consumer_finance")
    if debt["product"] == "personal_loan":
        del debt["secured_by"]
    if dice.chance(55):
        debt["high_cost"] = True
    if dice.chance(25):
        debt["interest_in_advance"] = dice.one(True, False)
    if dice.chance(30):
        debt["instalment_due_on"] = due
    debt["fees_in_contract"] = ({"item": "late_fee"},)
    if dice.chance(50):
        scene.happened(
            "payment",
            _noon(scene, (due - scene.day).days + dice.one(0, -1, 1, 5)),
            loan="A",
            amount=dice.one(100000, 97000, 40000),
            due_on=due,
            returned=dice.one(None, None, None, True),
        )
    if dice.chance(35):
        scene.happened(
            "charged",
            _noon(scene, -2),
            loan="A",
            item="late_fee",
            amount=3000,
            for_due=dice.one(due, due, due - timedelta(days=30)),
        )
    for _ in range(dice.randint(3, 6)):
        scene.proposes(
            "charge",
            _noon(scene),
            loan="A",
            item=dice.weighted({"late_fee": 9, "interest": 1}),
            amount=dice.one(100, 2400, 2401, 4000, 4001),
            for_due=due,
        )


def cards(scene: Scene) -> None:
    """Penalty fees of cards."""
    dice = scene.dice
    debt = scene.loans[0]
    due = scene.day - timedelta(days=dice.one(1, 3, 20))
    debt |= {"product": "credit_card", "minimum_payment": dice.one(2500, 9000)}
    debt["fees_in_contract"] = tuple({"item": item} for item in ("late_fee", "returned_payment_fee", "inactivity_fee"))
    if dice.chance(50):
        minute = dice.one(1019, 1020, 1021, 1090)
        scene.happened(
            "payment",
            scene.at(minute, (due - scene.day).days + dice.one(0, 0, 0, -1, 1)),
            loan="A",
            amount=dice.one(2500, 9000, 2000),
            due_on=due,
            returned=dice.one(None, None, True),
        )
    if dice.chance(35):
        scene.happened(
            "charged",
            _noon(scene, 0 if dice.chance(5) else -1 if dice.chance(50) else -dice.one(40, 150, 200)),
            loan="A",
            item=dice.one("late_fee", "late_fee", "returned_payment_fee"),
            amount=800,
            for_due=dice.one(due, due - timedelta(days=30)),
        )
    for _ in range(dice.randint(3, 6)):
        item = dice.one("late_fee", "late_fee", "returned_payment_fee", "inactivity_fee")
        scene.proposes(
            "charge",
            _noon(scene),
            loan="A",
            item=item,
            amount=dice.one(800, 2500, 2501, 3000, 3001, 4100, 4101),
            for_due=due,
        )


def soldiers(scene: Scene) -> None:
    """Borrowers whom the military lending rules cover, then and now."""
    dice = scene.dice
    debt = scene.loans[0]
    debt |= {
        "product": dice.one("single_payment_loan", "personal_loan", "online_consumer_loan"),
        "opened_on": scene.day - timedelta(days=dice.one(60, 100, 140)),
    }
    debt["fees_in_contract"] = ({"item": "prepayment_penalty"},)
    scene.happened("servicemember", _noon(scene, -120), status="active_duty_start")
    if dice.chance(30):
        scene.happened("servicemember", _noon(scene, -dice.one(1, 80)), status="active_duty_end")
    scene.collector["lender_type"] = dice.one("bank", "consumer_finance", "micro_lender")
    scene.collector["role"] = dice.one("original_creditor", "debt_collector")
    for _ in range(dice.randint(3, 5)):
        act = dice.one("charge", "demand", "refinance", "refinance")
        item = dice.one("prepayment_penalty", "prepayment_penalty", "late_fee") if act != "refinance" else None
        scene.proposes(act, _noon(scene), loan="A", item=item, amount=1000 if item else None)


DEBT_SCENES: Final[tuple[Callable[[Scene], None], ...]] = (
    notices,
    notices,
    disputes,
    disputes,
    disputes,
    reports,
    bankrupt,
    bankrupt,
    bankrupt,
    suits,
    suits,
    sales,
    fees,
    fees,
    home_loans,
    home_loans,
    home_loans,
    cards,
    cards,
    soldiers,
    soldiers,
)
