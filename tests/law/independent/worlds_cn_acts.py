"""Acts of random Chinese worlds that are no contacts: demands, sales, reports, applications, plans."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.law.independent.worlds import Row, Scene
from tests.law.independent.worlds_cn_contact import propose

AGENCY_ACTS: Final = ("contact", "contact", "demand", "keep_data", "charge", "take_payment", "furnish", "plan")


def _loan(scene: Scene) -> str:
    return str(scene.dice.choice(scene.loans)["id"])


def of_agency(scene: Scene) -> None:
    """Agencies: engaged by the lender, by one another or by nobody, and their contracts' ends."""
    dice = scene.dice
    scene.firms = [
        {"id": name, "role": dice.one("agency", "agency", "agency", "debt_collector")} for name in ("AG1", "AG2", "AG3")
    ]
    scene.history = []
    for name in ("AG1", "AG2", "AG3"):
        for _ in range(dice.one(0, 1, 1, 1, 2)):
            scene.happened(
                "agency_engaged",
                scene.at(dice.randrange(480, 600), -dice.randint(5, 40)),
                agency=name,
                engaged_by=dice.one("C1", "C1", "AG1", "AG2"),
                lender_agrees=dice.one(True, True, False, None),
            )
        if dice.chance(15):
            scene.happened("lender_consent", scene.at(550, -dice.randint(0, 30)), agency=name)
        if dice.chance(20):
            scene.happened("agency_ended", scene.at(dice.one(540, 900), -dice.randint(0, 30)), agency=name)
    for _ in range(dice.randint(6, 9)):
        act, by = dice.choice(AGENCY_ACTS), dice.one("AG1", "AG2", "AG3", "own")
        if act == "contact":
            propose(scene, scene.at(dice.one(600, 901)), by=by)
        else:
            keys: dict[str, Any] = {"components": {"principal": 1000}} if act == "demand" else {}
            keys |= {"months": 12} if act == "plan" else {}
            keys |= {"information": "made_public_by_law"} if act == "furnish" else {}
            scene.proposes(act, scene.at(dice.one(600, 901)), loan=_loan(scene), by=by, **keys)


def demands(scene: Scene) -> None:
    """Demands and charges: principal not handed over, void contracts, cost forms, fees, other accounts."""
    dice = scene.dice
    if dice.chance(25):
        scene.collector["lender_type"] = "private_lender"
    if scene.collector.get("lender_type") == "private_lender" or dice.chance(10):
        scene.collector |= dice.one({}, {"person": "natural"}, {"licence": "none"},
                                    {"licence": "none", "lends_to": "public_for_profit"})  # fmt: skip
    private = scene.collector.get("lender_type") == "private_lender"
    for loan in scene.loans:
        if private and dice.chance(70):
            loan["opened_on"] = dice.one(
                date(2020, 1, 10), date(2020, 8, 19), date(2020, 8, 20), date(2021, 12, 19), date(2021, 12, 20),
                date(2024, 10, 20), date(2024, 3, 1), date(2019, 8, 19),
            )  # fmt: skip
        elif dice.chance(40):
            loan["opened_on"] = dice.one(date(2026, 7, 31), date(2026, 8, 1), date(2026, 9, 1))
            loan["due_on"] = max(loan["due_on"], loan["opened_on"] + timedelta(days=20))
        if dice.chance(60):
            loan["cost_form"] = dice.some(
                ("interest", "late_interest", "post_loan_service_fee", "costs", "late_penalty"), 4
            )
        if dice.chance(85):
            loan["contract_charges"] = dice.one(("interest",), ("interest",), ("interest", "post_loan_service_fee"), ())
        if dice.chance(40):
            held = dice.one(0, 100_000)
            at = scene.at(600, -15)
            scene.happened(
                "disbursed", at, loan=loan["id"], amount=2_000_000 - held, held_back_as_interest=held or None
            )
    for _ in range(dice.randint(6, 9)):
        at = scene.at(dice.one(600, 900), dice.one(0, 0, 0, 30))
        loan = dice.choice(scene.loans)
        if private and dice.chance(50):
            _to_the_ceiling(scene, at, loan)
            continue
        odd: dict[str, Any] = {"payee": "staff_personal"} if dice.chance(12) else {}
        if dice.chance(25):
            item = dice.one("interest", "late_interest", "late_penalty", "default_fee")
            scene.proposes("charge", at, loan=_loan(scene), item=item, amount=dice.one(0, 100, 5000))
            continue
        parts = {"principal": dice.one(500_000, 1_900_000, 1_900_001, 2_000_000, 2_000_001)}
        for name in ("interest", "contract_interest", "post_loan_service_fee", "costs"):
            if dice.chance(26):
                parts[name] = dice.one(0, 1, 1000)
        if dice.chance(10):
            del parts["principal"]
        scene.proposes("demand", at, loan=_loan(scene), components=parts, **odd)


def _to_the_ceiling(scene: Scene, at: datetime, loan: Row) -> None:
    """Ask for charges at the ceiling for some of the LPRs, one fen less and one more."""
    dice = scene.dice
    days = (at.date() - loan["opened_on"]).days
    old = max(min((date(2020, 8, 20) - loan["opened_on"]).days, days), 0)
    rate = dice.one(1540, 1520, 1480, 1240, 1200, 1340, 1380)
    ceiling = (loan["principal"] * (2400 * old + rate * (days - old)) + 1_825_000) // 3_650_000
    amount = max(0, ceiling + dice.one(-1, 0, 1))
    if dice.chance(30):
        scene.proposes("charge", at, loan=loan["id"], item="interest", amount=amount)
    else:
        scene.proposes("demand", at, loan=loan["id"], components={"principal": 1000, "interest": amount})


def of_heirs(scene: Scene) -> None:
    """Demands of heirs, spouses and friends of a debtor who died."""
    dice = scene.dice
    scene.people = [
        {"id": "son", "relation": "family"}, {"id": "dau", "relation": "family"},
        {"id": "wid", "relation": "spouse", **dice.one({}, {"cosigned_on": scene.day - timedelta(days=300)})},
        {"id": "fri", "relation": "friend"},
    ]  # fmt: skip
    scene.happened("death_known", scene.at(600, -60))
    for name in ("son", "dau", "wid"):
        for _ in range(dice.one(0, 1, 1, 2)):
            kind = dice.one("estate_taken", "estate_taken", "estate_renounced")
            value = dice.one(0, 300_000, 500_000) if kind == "estate_taken" else None
            scene.happened(kind, scene.at(dice.one(600, 601), -dice.one(5, 10)), by=name, value=value)
    for _ in range(dice.randint(6, 9)):
        amount = dice.one(1, 299_999, 300_000, 300_001, 500_000, 500_001, 600_000, 800_000)
        who: dict[str, Any] = {"with": dice.one("son", "dau", "wid", "fri", "borrower")}
        if dice.chance(15):
            scene.proposes("sue", scene.at(620), loan=_loan(scene), **who, **dice.one({}, {"amount": amount}))
        elif dice.chance(20):
            propose(
                scene,
                scene.at(620),
                channel="call",
                content=(dice.one("says_listener_must_pay", "debt_details"),),
                **who,
            )
        else:
            what: dict[str, Any] = dice.one({"components": {"principal": amount}}, {"amount": amount})
            scene.proposes("demand", scene.at(620), loan=_loan(scene), **who, **what)


def transfers(scene: Scene) -> None:
    """Claims that passed to the firm or away from it, told to the debtor or not."""
    dice = scene.dice
    if dice.chance(60):
        scene.collector["role"] = "debt_buyer"
    scene.firms = [{"id": "C2", "role": "debt_buyer"}]
    scene.history = []
    for _ in range(dice.one(0, 1, 1, 2, 3)):
        notice = scene.day + timedelta(days=dice.one(-3, 0, 1)) if dice.chance(55) else None
        to = "C1" if scene.collector["role"] == "debt_buyer" and dice.chance(80) else dice.one("C2", "C1")
        scene.happened(
            "assigned",
            scene.at(dice.randrange(540, 660), -dice.randint(4, 30)),
            loan=_loan(scene),
            to=to,
            notice_on=notice,
        )
        if dice.chance(30):
            scene.happened(
                "transfer_notice",
                scene.at(600, -dice.randint(1, 10)),
                loan=_loan(scene),
                outcome=dice.one(None, "delivered", "bounced", "undelivered"),
                reached=dice.one(None, None, True, False),
                delivered_on=dice.one(None, scene.day, scene.day + timedelta(days=1)),
            )
    for _ in range(dice.randint(5, 8)):
        act = dice.one("demand", "demand", "sue", "sell")
        keys: dict[str, Any] = {"components": {"principal": 1000}} if act == "demand" else {}
        keys |= {"buyer": "national_amc"} if act == "sell" else {}
        scene.proposes(act, scene.at(620, dice.one(0, 0, 1)), loan=_loan(scene), **keys)


def sales(scene: Scene) -> None:
    """Sales of bad loans in the pilot and outside it."""
    dice = scene.dice
    grades = ("normal", "special_mention", "substandard", "doubtful", "doubtful", "loss", "non_performing")
    for loan in scene.loans:
        if dice.chance(70):
            loan["product"] = dice.one("online_consumer_loan", "credit_card")
        if dice.chance(20):
            loan["secured"] = dice.one(True, True, False)
        for _ in range(dice.one(0, 1, 1, 1, 2)):
            scene.happened(
                "classified", scene.at(600, -dice.randint(2, 60)), loan=loan["id"], grade=dice.choice(grades)
            )
        if dice.chance(10):
            scene.happened("non_performing", scene.at(600, -dice.randint(2, 60)), loan=loan["id"])
        if dice.chance(15):
            scene.happened("plan_agreed", scene.at(600, -dice.randint(2, 30)), loan=loan["id"], months=12)
            if dice.chance(40):
                scene.happened("plan_broken", scene.at(600, -dice.randint(0, 30)), loan=loan["id"])
        if dice.chance(15):
            scene.happened(
                "dispute", scene.at(600, -dice.randint(2, 30)), loan=loan["id"], form="written", ground="no_debt"
            )
            if dice.chance(40):
                scene.happened("dispute_answered", scene.at(600, -dice.randint(0, 30)), loan=loan["id"])
    if scene.collector["role"] == "debt_buyer" and dice.chance(70):
        scene.happened(
            "assigned", scene.at(600, -40), loan=_loan(scene), to="C1", notice_on=scene.day - timedelta(days=30)
        )
    for _ in range(dice.randint(5, 8)):
        buyer = dice.one(
            "national_amc",
            "local_amc",
            "local_amc_other_province",
            "asset_investment_company",
            "ordinary_company",
            None,
        )
        buyer = "national_amc" if dice.chance(60) else buyer
        days = (date(2026, 12, 31) - scene.day).days + dice.one(-1, 0, 1, 2) if dice.chance(25) else 0
        scene.proposes("sell", scene.at(620, days), loan=_loan(scene), buyer=buyer)


def reports(scene: Scene) -> None:
    """Report to a credit bureau, and keep entries."""
    dice = scene.dice
    for loan in scene.loans:
        name = loan["id"]
        if dice.chance(60):
            scene.happened(
                "adverse_notice",
                scene.at(600, -dice.randint(0, 30)),
                loan=None if dice.chance(10) else name,
                channel=dice.one("sms", "letter"),
                delivered_on=dice.one(
                    None, None, scene.day - timedelta(days=1), scene.day, scene.day + timedelta(days=1)
                ),
                outcome=dice.one(None, None, "delivered", "bounced", "undelivered"),
            )
        if dice.chance(35):
            scene.happened(
                "dispute",
                scene.at(600, -dice.randint(1, 30)),
                loan=name,
                form=dice.one("written", "oral"),
                ground="wrong_entry",
            )
            if dice.chance(50):
                scene.happened(
                    "dispute_answered", scene.at(600, -dice.randint(0, 30)), loan=name, outcome="entry_right"
                )
        if dice.chance(45):
            days = dice.one(1825, 1826, 1827, 1828, 1900, 100)
            kind = dice.one("settled", "payment", "payment")
            amount = dice.one(1_999_999, 2_000_000, 300_000) if kind == "payment" else None
            scene.happened(
                kind,
                scene.at(600, -days),
                loan=name,
                amount=amount,
                returned=True if amount and dice.chance(10) else None,
            )
            if dice.chance(20):
                scene.happened("payment", scene.at(600, -days + 1), loan=name, amount=1)
    for _ in range(dice.randint(6, 9)):
        act = dice.one("furnish", "furnish", "keep_adverse_record")
        scene.proposes(
            act,
            scene.at(dice.one(599, 600, 601, 900)),
            loan=_loan(scene),
            disputed_mark=dice.one(None, None, True, False),
            information=dice.one(None, None, None, "made_public_by_law", "own_ledger"),
        )


def _enforced_otherwise(scene: Scene, loan: str) -> None:
    """Let a notarised instrument or a payment order stand in the place of a judgment."""
    dice = scene.dice
    if dice.chance(50):
        due = tuple(str(scene.day + timedelta(days=days)) for days in (dice.one(-20, -1, 0, 1), 90))
        scene.happened("notarised_instrument", scene.at(600, -60), loan=loan, parts_due=due)
        if dice.chance(75):
            scene.happened("notary_certificate_asked", scene.at(600, -dice.randint(0, 10)), loan=loan)
        return
    scene.calendar = {
        "holidays": (scene.day - timedelta(days=dice.randint(0, 2)),),
        "workdays": (scene.day - timedelta(days=dice.randint(0, 9)),),
    }
    since = dice.randint(14, 20)
    scene.happened("payment_order", scene.at(600, -since - dice.one(5, 30, 31)), loan=loan)
    if dice.chance(90):
        scene.happened("payment_order_served", scene.at(600, -since), loan=loan)
    if dice.chance(30):
        ground = dice.one("no_debt", "cannot_pay_now", None)
        scene.happened(
            "objection", scene.at(600, -dice.randint(1, 12)), loan=loan, form=dice.one("written", "oral"), ground=ground
        )
        if dice.chance(60):
            scene.happened("objection_upheld", scene.at(600), loan=loan)
    if dice.chance(10):
        scene.happened("sued", scene.at(600, -dice.randint(0, 60)), loan=loan)


def lists(scene: Scene) -> None:
    """Applications to list a debtor as dishonest."""
    dice = scene.dice
    findings = ("able_but_refuses", "able_but_refuses", "hides_assets", "forged_evidence")
    for loan in scene.loans:
        name = loan["id"]
        if dice.chance(15):
            _enforced_otherwise(scene, name)
        elif dice.chance(88):
            scene.happened(
                "judgment", scene.at(600, -dice.one(40, 100, 200)), loan=name, amount=2_000_000,
                ordinary_interest=dice.one(None, 100_000),
                perform_by=scene.day - timedelta(days=dice.one(-1, 0, 1, 5, 20)) if dice.chance(85) else None,
            )  # fmt: skip
        for _ in range(dice.one(0, 1, 1, 1, 2)):
            scene.happened(
                "enforcement_finding", scene.at(600, -dice.randint(0, 30)), loan=name, finding=dice.choice(findings)
            )
        if dice.chance(15):
            scene.happened(
                "security_given", scene.at(600, -dice.randint(0, 20)), loan=name, sufficient=dice.one(True, False)
            )
        for _ in range(dice.one(0, 0, 0, 1, 2)):
            value = dice.one(500_000, 1_999_999, 2_000_000, 2_100_000)
            scene.happened("assets_seized", scene.at(600, -dice.randint(0, 20)), loan=name, value=value)
        if dice.chance(15):
            paid = dice.one(100_000, 2_000_000, 2_100_000)
            scene.happened("payment", scene.at(600, -dice.randint(0, 30)), loan=name, amount=paid)
            if dice.chance(50):
                scene.happened("settled", scene.at(601, -dice.randint(0, 30)), loan=name)
        if dice.chance(30):
            days = dice.one(181, 182, 183, 184, 185, 30)
            reason = dice.one("creditor_request", "creditor_request", "should_not_be_listed")
            scene.happened("delisted", scene.at(600, -days), loan=name, reason=reason)
    for _ in range(dice.randint(6, 9)):
        ground = dice.one(None, "able_but_refuses", "able_but_refuses", "hides_assets", "forged_evidence", "none")
        scene.proposes("list", scene.at(dice.one(620, 900), dice.one(0, 0, 1)), loan=_loan(scene), ground=ground)


def plans(scene: Scene) -> None:
    """Plans for cards, and what stops while one is kept."""
    dice = scene.dice
    for loan in scene.loans:
        if dice.chance(70):
            loan["product"] = "credit_card"
        name = loan["id"]
        for _ in range(dice.one(0, 1, 1, 1, 2)):
            scene.happened(
                "hardship_request",
                scene.at(600, -dice.randint(1, 30)),
                loan=name,
                beyond_means=dice.one(True, True, True, False, None),
                willing=dice.one(True, True, True, False, None),
            )
        if dice.chance(50):
            scene.happened("plan_agreed", scene.at(600, -dice.randint(0, 30)), loan=name, months=48, form="written")
            if dice.chance(40):
                scene.happened("plan_broken", scene.at(700, -dice.randint(0, 20)), loan=name)
    for _ in range(dice.randint(6, 9)):
        act = dice.one("plan", "plan", "plan", "contact", "demand", "sue")
        if act == "contact":
            propose(scene, scene.at(dice.one(599, 601, 900)))
        elif act == "plan":
            recorded = {"recorded": False} if dice.chance(25) else {}
            scene.proposes(act, scene.at(610), loan=_loan(scene), months=dice.one(48, 60, 61), **recorded)
        else:
            keys: dict[str, Any] = {"components": {"principal": 1000}} if act == "demand" else {}
            scene.proposes(act, scene.at(610), loan=_loan(scene), **keys)
