"""The papers of a claim pack: for China a complaint by elements, exhibits and a payment order; for the US exhibits.

    papers(pack, people, suits) -> {"complaint": {...}, ...}     what `duecourse.documents.pdf("claim", ...)` is given

A pack is what `duecourse.endings.suit.material` gathered; people are who sues and who is sued, in clear.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from duecourse.documents.pdf import labels_for, shown_day, shown_money
from duecourse.endings.suit.evidence import names
from duecourse.endings.suit.settings import Party, Suits
from duecourse.kernel.errors import DueCourseError

_HERE: Final = Path(__file__).parent
_LICENSED: Final = ("bank", "consumer_finance", "micro_loan")
_NO_CAP: Final = -1
_PPM_OF_PERCENT: Final = 10_000
_PPB_OF_PERCENT: Final = 10_000_000
Pack = Mapping[str, Any]
Data = dict[str, Any]


@dataclass(frozen=True, repr=False)
class People:
    """Who sues and who is sued, in clear. Never printed."""

    plaintiff: Party
    name: str
    address: str
    phone: str | None


def language_of(country: str) -> str:
    """Return the language of a country's courts; DueCourseError where we have no papers for them."""
    return str(_words(country)["language"])


def papers(pack: Pack, people: People, suits: Suits) -> dict[str, Data]:
    """Return the papers of a pack by their names: the same for the same pack and people."""
    words = _words(pack["country"])
    if pack["country"] == "US":
        return {"exhibits": _exhibits_us(_Writer(pack, words, words["exhibits"]), people)}
    return {
        "complaint": _complaint(_Writer(pack, words, words["complaint"]), people, suits),
        "exhibits": _exhibits_cn(_Writer(pack, words, words["exhibits"]), people),
        "payment-order": _order(_Writer(pack, words, words["order"]), people, suits),
    }


@cache
def _words(country: str) -> dict[str, Any]:
    path = _HERE / f"words.{country}.yaml"
    if not path.is_file():
        raise DueCourseError(f"there are no papers for a court of {country}: CN and US have some")
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class _Writer:
    """Writes the parts of one paper: the pack, all words, and those of the paper."""

    pack: Pack
    words: Mapping[str, Any]
    own: Mapping[str, Any]

    def paper(self, parts: Sequence[Data], people: People, note: str) -> Data:
        signed = self.own["signed"].format(name=people.plaintiff.name) if "signed" in self.own else ""
        return {
            "language": self.words["language"], "paper": self.words["paper"], "title": self.own["title"],
            "court": self.pack["court"]["name"], "on": self.pack["on"], "reference": self.pack["loan"],
            "note": note, "parts": list(parts), "signed": signed,
        }  # fmt: skip

    def money(self, amount: int) -> str:
        return shown_money(amount, self.pack["currency"])

    def day(self, text: str | None) -> str:
        if text is None:
            return str(self.words["unknown"])
        return shown_day(date.fromisoformat(text), labels_for(self.words["language"]))

    def facts(self, heading: str, *facts: tuple[str, str]) -> Data:
        """Return a part of facts, by the names of their words."""
        rows = [{"name": self.own[name], "value": value or self.words["none"]} for name, value in facts]
        return {"heading": self.own[heading], "facts": rows}

    def table(
        self, name: str, widths: Sequence[int], rows: Sequence[Sequence[Any]], total: Sequence[Any] | None = None
    ) -> Data:
        """Return a part with a table; where it has no row it says so."""
        heading = self.own[name]
        if not rows:
            return {"heading": heading, "text": self.words["none"]}
        head = self.own[f"{name}_head"]
        return {
            "heading": heading,
            "table": {
                "currency": self.pack["currency"], "widths": list(widths), "head": head,
                "rows": [list(row) for row in rows], "total": None if total is None else list(total),
            },
        }  # fmt: skip

    def component(self, name: str | None) -> str:
        return str(self.words["components"].get(name, self.words["none"]))

    def word(self, sort: str, name: str | None) -> str:
        """Return how a word of the store is written; one that has none is written as it is."""
        return str(self.words[sort].get(name or "unknown", name))

    def cite(self, answer: Pack) -> str:
        """Return the citation of an answer of the law, in the language of the court where the words have it."""
        return str(self.words["cites"].get(answer["rule"], answer["cite"]))

    def record(self) -> tuple[list[Data], list[Data]]:
        """Return the tables of contacts and notices."""
        contacts = [
            [name, at[:16].replace("T", " "), self.word("channels", channel), self.word("directions", way),
             self.word("outcomes", outcome), digest or "-"]
            for name, at, channel, way, outcome, digest in self.pack["contacts"]
        ]  # fmt: skip
        notices = [[name, kind, served, delivered or "-"] for name, kind, served, delivered in self.pack["notices"]]
        return (
            [self.table("contacts", (3, 4, 2, 2, 3, 6), contacts)],
            [self.table("notices", (4, 4, 3, 3), notices)],
        )

    def calculation(self) -> Data:
        """Return the table of what is due, which adds up to the position of the day."""
        amounts = self.pack["amounts"]
        rows = [
            [self.component(name), agreed, agreed - due, due, later] for name, due, later, agreed in amounts["rows"]
        ]
        if amounts["credit"]:
            rows.append([self.own["credit"], -amounts["credit"], 0, -amounts["credit"], 0])
        sums = [sum(row[place] for row in rows) for place in range(1, 5)]
        return self.table("calculation", (4, 4, 4, 4, 4), rows, [self.own["total"], *sums])

    def schedule(self) -> Data:
        rows = [[str(number), *rest] for number, *rest in self.pack["instalments"]]
        sums = [sum(row[place] for row in rows) for place in (2, 3, 4)]
        return self.table("schedule", (1, 3, 3, 3, 3), rows, ["", "", *sums] if rows else None)

    def charges(self) -> list[Data]:
        rows = [[on, self.component(name), amount] for on, name, amount in self.pack["charges"]]
        return [self.table("charges", (3, 4, 4), rows)] if rows else []

    def payments(self) -> Data:
        rows = self.pack["payments"]
        total = ["", "", sum(amount for *_, amount in rows)]
        return self.table("payments", (5, 3, 3), rows, total if rows else None)

    def waivers(self) -> Data:
        rows = [[name, on, self.component(component), amount] for name, on, component, amount in self.pack["waivers"]]
        return self.table("waivers", (4, 3, 3, 3), rows)

    def documents(self, name: str = "documents") -> Data:
        called = names(self.pack["country"], self.words["language"])
        rows = [[called.get(one["kind"], one["kind"]), one["name"], one["sha256"]] for one in self.pack["documents"]]
        return self.table(name, (4, 4, 7), rows)

    def paid(self) -> int:
        return sum(amount for *_, amount in self.pack["payments"])


def _percent(rate: int, unit: int) -> str:
    """Write a rate in per cent, exact: 18 %, 0.05 %."""
    whole, rest = divmod(rate, unit)
    digits = str(rest).zfill(len(str(unit)) - 1).rstrip("0")
    return f"{whole}{'.' + digits if digits else ''} %"


def _complaint(w: _Writer, people: People, suits: Suits) -> Data:
    own, pack = w.own, w.pack
    sues, court = people.plaintiff, pack["court"]
    return w.paper(
        [
            w.facts("plaintiff", ("name", sues.name), ("address", sues.address), ("number", sues.number),
                    ("representative", sues.representative), ("phone", sues.phone), ("agent", sues.agent),
                    ("served_at", sues.served_at),
                    ("electronic", w.words["yes" if suits.electronic_service else "no"])),
            w.facts("defendant", ("person", people.name), ("born_on", w.day(pack["born_on"])),
                    ("address", people.address), ("phone", people.phone or ""), ("identity", own["see_documents"]),
                    ("served_defendant", own["served_agreed"])),
            _claims(w),
            w.facts("court", ("court_name", court["name"]), ("court_why", w.words["why_court"][court["why"]]),
                    ("court_region", pack["region"]),
                    ("preservation", w.words["yes" if suits.preservation else "no"])),
            _grounds(w),
            w.documents(),
        ],
        people,
        own["note"].format(on=w.day(pack["on"])),
    )  # fmt: skip


def _claims(w: _Writer) -> Data:
    """Return what is asked for, element by element: the amounts add up to the total."""
    own, pack = w.own, w.pack
    due = {name: amount for name, amount, *_ in pack["amounts"]["rows"]}
    later = pack["amounts"]["owed"] - pack["claimed"]
    fee, credit = pack["law"]["fee"], pack["amounts"]["credit"]
    lender = pack["contract"]["lender_type"]
    on = w.day(pack["on"])
    court_fee = own["fee_unknown"]
    if fee["value"] is not None:
        track = w.words["tracks"][pack["track"]]
        court_fee = own["fee_text"].format(amount=w.money(fee["value"]), track=track, cite=w.cite(fee))
    return w.facts(
        "claims",
        ("cause", w.words["causes"][lender if lender in _LICENSED else "other"]),
        ("principal", w.money(due["principal"])),
        ("interest", w.money(due["interest"])),
        ("penalty", w.money(due["penalty"])),
        ("rest", w.money(due["fee"] + due["cost"])),
        ("credit", w.money(credit)),
        ("total", w.money(pack["claimed"])),
        ("later", own["later_text"].format(amount=w.money(later)) if later else own["later_none"]),
        ("until", own["until_text"].format(on=on)),
        ("fee", court_fee),
        ("basis", own["basis_text"]),
    )


def _grounds(w: _Writer) -> Data:
    """Return the facts and reasons, element by element."""
    own, pack, law = w.own, w.pack, w.pack["law"]
    loan = pack["contract"]
    cut = w.money(sum(agreed - due for _, due, _, agreed in pack["amounts"]["rows"]))
    ceiling = own["ceiling_unknown"].format(cut=cut)
    if law["cap"]["value"] is not None:
        rate = _percent(law["cap"]["value"], _PPM_OF_PERCENT)
        ceiling = own["ceiling_text"].format(rate=rate, cite=w.cite(law["cap"]), cut=cut)
    rates = {
        "interest": _percent(loan["interest_ppm"], _PPM_OF_PERCENT),
        "penalty": _percent(loan["penalty_ppb"], _PPB_OF_PERCENT),
        "cap": w.words["none"] if loan["cap_ppm"] == _NO_CAP else _percent(loan["cap_ppm"], _PPM_OF_PERCENT),
    }
    days = {"opened_on": w.day(loan["opened_on"]), "last_due_on": w.day(loan["last_due_on"])}
    overdue = {"since": w.day(pack["overdue_since"]), "on": w.day(pack["on"]), "days": pack["days_past_due"]}
    chased = {"contacts": len(pack["contacts"]), "notices": len(pack["notices"])}
    ends = law["limitation"]
    limitation = own["limitation_text"].format(day=w.day(ends["value"]), cite=w.cite(ends))
    return w.facts(
        "facts",
        ("contract", own["contract_text"].format(**days, product=loan["product"] or w.words["unknown"])),
        ("amount", own["amount_text"].format(principal=w.money(loan["principal"]))),
        ("term", own["term_text"].format(**days, count=len(pack["instalments"]))),
        ("rate", own["rate_text"].format(**rates)),
        ("ceiling", ceiling),
        ("paid", own["paid_text"].format(count=len(pack["payments"]), amount=w.money(w.paid()))),
        ("overdue", own["overdue_text"].format(**overdue)),
        ("chased", own["chased_text"].format(**chased)),
        ("passed", own["passed_own" if loan["is_owner"] else "passed_bought"]),
        ("limitation", limitation if ends["value"] else own["limitation_unknown"]),
        ("security", w.words["none"]),
    )


def _exhibits_cn(w: _Writer, people: People) -> Data:
    contacts, notices = w.record()
    passed = w.table("passed", (5, 4, 3), w.pack["passed"])
    record = [{"name": w.own["record"], "value": w.pack["record_sha256"]}]
    parts = [
        w.calculation(), w.schedule(), *w.charges(), w.payments(), w.waivers(), *contacts, *notices,
        {**passed, "facts": record}, w.documents(),
    ]  # fmt: skip
    return w.paper(parts, people, w.own["note"].format(on=w.day(w.pack["on"])))


def _order(w: _Writer, people: People, suits: Suits) -> Data:
    own, pack = w.own, w.pack
    fee, loan = pack["law"]["fee_payment_order"], pack["contract"]
    amount = w.money(pack["claimed"])
    request = own["request_free"].format(amount=amount)
    if fee["value"] is not None:
        request = own["request_text"].format(amount=amount, fee=w.money(fee["value"]), cite=w.cite(fee))
    grounds = {
        "opened_on": w.day(loan["opened_on"]), "principal": w.money(loan["principal"]), "amount": amount,
        "since": w.day(pack["overdue_since"]), "on": w.day(pack["on"]),
    }  # fmt: skip
    preservation = own["preservation_yes" if suits.preservation else "preservation_no"]
    who = [f"{people.plaintiff.name}\n{people.plaintiff.address}", f"{people.name}\n{people.address}"]
    parts = [
        w.facts("parties", ("applicant", who[0]), ("respondent", who[1])),
        {"heading": own["request"], "text": request},
        {"heading": own["grounds"], "text": own["grounds_text"].format(**grounds)},
        {"heading": own["bars"], "text": own["bars_text"].format(preservation=preservation)},
    ]
    return w.paper(parts, people, own["note"])


def _exhibits_us(w: _Writer, people: People) -> Data:
    own, pack, loan = w.own, w.pack, w.pack["contract"]
    sues, on = people.plaintiff, w.day(w.pack["on"])
    balance, claimed = w.money(pack["amounts"]["owed"]), w.money(pack["claimed"])
    owner = own["owner_self"] if loan["is_owner"] else own["owner_other"].format(owner=loan["owner"] or "-")
    contacts, notices = w.record()
    counts = {
        "payments": f"{len(pack['payments'])}, {w.money(w.paid())}", "contacts": str(len(pack["contacts"])),
        "notices": str(len(pack["notices"])), "overdue": w.day(pack["overdue_since"]),
        "days": str(pack["days_past_due"]),
    }  # fmt: skip
    ends = pack["law"]["limitation"]
    last = own["limitation_text"].format(day=w.day(ends["value"]), cite=w.cite(ends))
    summary = {
        "record": pack["record_sha256"], "on": on, "loan": pack["loan"], "balance": balance, "claimed": claimed,
        "count": len(pack["payments"]), "paid": w.money(w.paid()),
    }  # fmt: skip
    passed = w.table("passed", (5, 4, 3), pack["passed"]) if pack["passed"] else {}
    parts = [
        w.facts("parties", ("plaintiff", sues.name), ("number", sues.number), ("address", sues.address),
                ("representative", sues.representative), ("defendant", people.name),
                ("defendant_address", people.address),
                ("court_why", w.words["why_court"][pack["court"]["why"]]),
                ("claimed", claimed), ("balance", balance)),
        _itemised(w),
        w.calculation(),
        {**passed, **w.facts("title_chain", ("owner", owner), ("opened", w.day(loan["opened_on"])),
                             ("principal", w.money(loan["principal"])))},
        {"heading": own["account"],
         "facts": [{"name": own["account_facts"][name], "value": value} for name, value in counts.items()]},
        w.schedule(), *w.charges(), w.payments(), w.waivers(), *contacts, *notices,
        w.facts("limitation", ("limitation_last", last if ends["value"] else own["limitation_unknown"]),
                ("limitation_since", w.day(pack["overdue_since"])),
                ("limitation_judged", own["limitation_judged_text"].format(on=on))),
        w.documents(),
        {"heading": own["summary"], "text": own["summary_text"].format(**summary)},
    ]  # fmt: skip
    return w.paper(parts, people, own["note"].format(on=on))


def _itemised(w: _Writer) -> Data:
    """Return what was owed on the itemization date, and how it came to what is owed now."""
    since, own = w.pack["since"], w.own
    rows = [[w.component(name), *amounts] for name, *amounts in since["rows"]]
    if w.pack["amounts"]["credit"]:
        credit = -w.pack["amounts"]["credit"]
        rows.append([own["credit"], 0, credit, credit])
    sums = [sum(row[place] for row in rows) for place in (1, 2, 3)]
    paid = sum(amount for _, on, amount in w.pack["payments"] if on > since["on"])
    waived = sum(amount for _, on, _, amount in w.pack["waivers"] if on > since["on"])
    text = own["itemised_text"].format(
        day=w.day(since["on"]), what=own["itemised_what"][since["what"]], paid=w.money(paid), waived=w.money(waived)
    )
    return {**w.table("itemised", (4, 4, 4, 4), rows, [own["total"], *sums]), "text": text}
