"""Documents of invented people, in English and in Chinese, and what another program reads in a PDF."""

import re
from typing import Any, Final

import pypdfium2

AMOUNTS: Final[dict[str, Any]] = {
    "currency": "EUR",
    "as_of": "2026-11-22",
    "rows": [
        {"component": "principal", "amount": 123_450},
        {"component": "interest", "amount": 1_999},
        {"component": "fee", "amount": 500},
    ],
    "total": 125_949,
}
SENDER: Final[dict[str, Any]] = {"name": "Harbour Lending", "lines": ["Am Kai 1, 20457 Hamburg", "HRB 12345"]}
LETTER: Final[dict[str, Any]] = {
    "language": "en",
    "window": "din-5008-b",
    "sender": SENDER,
    "to": ["Ms Erika Example", "Musterstraße 12", "20099 Hamburg"],
    "on": "2026-11-22",
    "reference": "DC-2026-0001",
    "subject": "A reminder of your instalment",
    "body": "Dear Ms Example,\n\nyour instalment has not arrived.\n\nPlease look at the amounts.\nA second line.",
    "amounts": AMOUNTS,
    "how_to_pay": "By transfer.",
    "how_to_dispute": "Write to us within thirty days.",
    "how_to_get_help": "Debt advice is free.",
    "signed": "Yours sincerely\nHarbour Lending",
}
LETTER_ZH: Final[dict[str, Any]] = LETTER | {
    "language": "zh-Hans-CN",
    "sender": {"name": "港湾小额贷款有限公司", "lines": ["上海市浦东新区世纪大道1号"]},
    "to": ["200120", "上海市浦东新区世纪大道100号5栋301室", "张镕喆 先生"],
    "subject": "还款提醒",
    "body": "张镕喆先生：\n\n您的一期款项尚未收到——可能是您“遗忘”了。",
    "amounts": AMOUNTS | {"currency": "CNY"},
    "how_to_pay": "请转账。",
    "how_to_dispute": "请书面告知。",
    "how_to_get_help": "请致电客服。",
    "signed": "港湾小额贷款有限公司",
}
VISIT: Final[dict[str, Any]] = {
    "language": "en",
    "sender": SENDER,
    "on": "2026-11-22",
    "opens": "10:00",
    "closes": "12:30",
    "reference": "DC-2026-0001",
    "borrower": ["Ms Erika Example", "Musterstraße 12", "20099 Hamburg"],
    "collectors": [{"name": "Anna Alt", "badge": "B-17"}, {"name": "Bert Berg", "badge": "B-18"}],
    "recording": "REC-77",
    "may_say": ["Who you are"],
    "may_not_say": ["Any threat", "Anything to neighbours"],
    "amounts": AMOUNTS,
    "pay_by": "2026-12-06",
}
EXPORT: Final[dict[str, Any]] = {
    "language": "en",
    "title": "Audit bundle",
    "on": "2026-11-22",
    "facts": [{"name": "Borrower", "value": "B-1"}],
    "entries": [
        {"at": "2026-11-22T10:00:00+00:00", "kind": "contact.released", "hash": "0123456789abcdef" * 4},
        {"at": "2026-11-22T10:00:01+00:00", "kind": "contact.sent", "hash": "fedcba9876543210" * 4},
    ],
}
CLAIM: Final[dict[str, Any]] = {
    "language": "en",
    "title": "Exhibits to the complaint",
    "court": "Superior Court",
    "on": "2026-11-22",
    "reference": "L-1",
    "note": "Made from records.",
    "parts": [
        {"heading": "Parties", "facts": [{"name": "Plaintiff", "value": "Harbour Lending"}], "text": "Two of them."},
        {
            "heading": "What is due",
            "table": {
                "currency": "EUR",
                "widths": [2, 1, 3],
                "head": ["Component", "Due", "Hash"],
                "rows": [["Principal", 123_450, "0123456789abcdef" * 4], ["Interest", 1_999, "-"]],
                "total": ["Total", 125_449, ""],
            },
        },
    ],
    "signed": "Signature:",
}
RECEIPT: Final[dict[str, Any]] = {
    "language": "en",
    "sender": SENDER,
    "on": "2026-11-22",
    "number": "2026-11-22-north-0001",
    "reference": "DC-2026-0001",
    "loan": "L-1",
    "payer": "Ms Erika Example",
    "amount": 50_000,
    "currency": "EUR",
    "method": "cash",
    "badges": ["B-17", "B-18"],
    "check_code": "BFEC-2HNZ",
}
ALL: Final = {"letter": LETTER, "visit": VISIT, "export": EXPORT, "claim": CLAIM, "receipt": RECEIPT}


def read(pdf: bytes, page: int = 0) -> str:
    """Return a page's text, with one blank between words, as PDFium (not what made it) reads it."""
    document = pypdfium2.PdfDocument(pdf)
    text = document[page].get_textpage().get_text_range().replace("\u200b", "")
    document.close()
    return re.sub(r"\s+", " ", text)


def dense(text: str) -> str:
    """Return a text without blanks: where a line or a script changes, readers put some of their own."""
    return re.sub(r"\s+", "", text)
