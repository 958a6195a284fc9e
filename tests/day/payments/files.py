"""Bank files as banks write them, built from parts: invented accounts, names and references."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from xml.sax.saxutils import escape

OURS: Final = "DE89370400440532013000"
THEIRS: Final = "NL91ABNA0417164300"
PAYER: Final = "Ana Ørsted-Núñez"
VERSIONS: Final = (2, 4, 6, 8, 10)


def tag(name: str, text: object | None, **attributes: str) -> str:
    """Write an element, or nothing for None; a text that begins with < is markup."""
    if text is None:
        return ""
    written = str(text)
    shown = written if written.startswith("<") else escape(written)
    more = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{more}>{shown}</{name}>"


@dataclass(frozen=True)
class Part:
    """One TxDtls."""

    amount: str | None = None
    end: str | None = None
    mandate: str | None = None
    batch: str | None = None
    structured: str | None = None
    words: tuple[str, ...] = ()
    name: str | None = PAYER
    iban: str | None = THEIRS
    reason: str | None = None
    instructed: str | None = None
    charge: str | None = None
    indicator: str | None = None
    reference: str | None = None

    def xml(self, version: int, currency: str, indicator: str) -> str:
        refs = tag("AcctSvcrRef", self.reference) + tag("PmtInfId", self.batch)
        refs += tag("EndToEndId", self.end) + tag("MndtId", self.mandate)
        money = details = ""
        if self.amount is not None and version > 2:
            money = tag("Amt", self.amount, Ccy=currency) + tag("CdtDbtInd", self.indicator or indicator)
        elif self.amount is not None:
            details = tag("TxAmt", tag("Amt", self.amount, Ccy=currency))
        if self.instructed is not None:
            details = tag("InstdAmt", tag("Amt", self.instructed, Ccy=currency)) + details
        name = tag("Nm", self.name)
        debtor = tag("Pty", name) if version >= 8 else name
        account = tag("DbtrAcct", tag("Id", tag("IBAN", self.iban))) if self.iban else ""
        parties = (tag("Dbtr", debtor) if self.name else "") + account
        told = "".join(tag("Ustrd", one) for one in self.words)
        if self.structured is not None:
            kind = tag("Tp", tag("CdOrPrtry", tag("Cd", "SCOR")))
            told += tag("Strd", tag("CdtrRefInf", kind + tag("Ref", self.structured)))
        return tag(
            "TxDtls",
            (tag("Refs", refs) if refs else "")
            + money
            + (tag("AmtDtls", details) if details else "")
            + charges(version, currency, self.charge)
            + (tag("RltdPties", parties) if parties else "")
            + (tag("RmtInf", told) if told else "")
            + (tag("RtrInf", tag("Rsn", tag("Cd", self.reason))) if self.reason else "")
            or "<Refs/>",
        )


@dataclass(frozen=True)
class Booking:
    """One Ntry."""

    amount: str
    currency: str = "EUR"
    indicator: str = "CRDT"
    status: str = "BOOK"
    reference: str | None = None
    number: str | None = None
    booked: str | None = "<Dt>2026-03-02</Dt>"
    value: str | None = "<Dt>2026-03-03</Dt>"
    reversal: str | None = None
    batch: str | None = None
    charge: str | None = None
    parts: tuple[Part, ...] = ()

    def xml(self, version: int) -> str:
        details = tag("Btch", tag("PmtInfId", self.batch)) if self.batch else ""
        details += "".join(part.xml(version, self.currency, self.indicator) for part in self.parts)
        return tag(
            "Ntry",
            tag("NtryRef", self.number)
            + tag("Amt", self.amount, Ccy=self.currency)
            + tag("CdtDbtInd", self.indicator)
            + tag("RvslInd", self.reversal)
            + tag("Sts", self.status if version < 7 else tag("Cd", self.status))
            + tag("BookgDt", self.booked)
            + tag("ValDt", self.value)
            + tag("AcctSvcrRef", self.reference)
            + tag("BkTxCd", tag("Prtry", tag("Cd", "NTRF")))
            + charges(version, self.currency, self.charge)
            + (tag("NtryDtls", details) if details else ""),
        )


def charges(version: int, currency: str, amount: str | None) -> str:
    """Write the bank's charges."""
    if amount is None:
        return ""
    inner = tag("Amt", amount, Ccy=currency) + tag("CdtDbtInd", "DBIT")
    return tag("Chrgs", inner if version == 2 else tag("Rcrd", inner))


def statement(
    version: int,
    *bookings: Booking,
    message: str = "053",
    number: str = "2026-042",
    account: str = OURS,
    closing: str | None = None,
    page: tuple[str, str] | None = None,
) -> str:
    """Write one Stmt or Ntfctn; the balance opens with 1000 and closes as the bookings say, or with `closing`."""
    currency = bookings[0].currency if bookings else "EUR"
    total = Decimal(1000)
    for one in bookings:
        if one.status == "BOOK":
            total += Decimal(one.amount) * (1 if one.indicator == "CRDT" else -1)
    pages = (
        tag("StmtPgntn" if message == "053" else "NtfctnPgntn", tag("PgNb", page[0]) + tag("LastPgInd", page[1]))
        if page
        else ""
    )
    paged, unpaged = (pages, "") if version >= 6 else ("", pages)
    assert not unpaged, "older versions have no pages here"
    body = tag("Id", number) + paged + tag("CreDtTm", "2026-03-03T06:30:00+01:00")
    body += tag("Acct", tag("Id", tag("IBAN", account)) + tag("Ccy", currency))
    if message == "053":
        body += balance("OPBD", Decimal(1000), currency)
        body += balance("CLBD", total if closing is None else Decimal(closing), currency)
    body += "\n" + "\n".join(one.xml(version) for one in bookings) + "\n"
    return tag("Stmt" if message == "053" else "Ntfctn", body)


def balance(kind: str, amount: Decimal, currency: str) -> str:
    """Write one balance."""
    indicator = "CRDT" if amount >= 0 else "DBIT"
    return tag(
        "Bal",
        tag("Tp", tag("CdOrPrtry", tag("Cd", kind)))
        + tag("Amt", f"{abs(amount):f}", Ccy=currency)
        + tag("CdtDbtInd", indicator)
        + tag("Dt", tag("Dt", "2026-03-02")),
    )


def camt(version: int, *statements: str, message: str = "053") -> bytes:
    """Write a whole file."""
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.{version:02}"
    head = tag("GrpHdr", tag("MsgId", "M-20260303-1") + tag("CreDtTm", "2026-03-03T06:30:00"))
    name = "BkToCstmrStmt" if message == "053" else "BkToCstmrDbtCdtNtfctn"
    body = tag(name, f"{head}\n" + "\n".join(statements))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tag("Document", body, xmlns=space)}\n'.encode()


def day(version: int = 8, *, message: str = "053") -> bytes:
    """Write a day as it happens: a transfer, a batch of debits, one that came back, one announced, the bank's fee."""
    return camt(
        version,
        statement(
            version,
            Booking(
                "250.00", reference="B1", parts=(Part("250.00", structured="RF18539007547034", end="NOTPROVIDED"),)
            ),
            Booking(
                "150.50",
                reference="B2",
                batch="O7-1",
                parts=(Part("100.50", end="D-1", mandate="M-1"), Part("50.00", end="D-2", mandate="M-2")),
            ),
            Booking(
                "103.50",
                indicator="DBIT",
                reference="B3",
                reversal="true",
                parts=(Part("103.50", end="D-1", mandate="M-1", reason="AM04", instructed="100.50"),),
            ),
            Booking("75.00", status="PDNG", booked=None, parts=(Part("75.00", words=("rent",)),)),
            Booking("9.90", indicator="DBIT", reference="B5"),
            message=message,
        ),
        message=message,
    )
