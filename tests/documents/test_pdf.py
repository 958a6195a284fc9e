"""Documents: what is given is on the page, as text and nothing else, the same each time, in its place."""

import hashlib
import json
import subprocess
import sys
import time
from copy import deepcopy
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from duecourse.documents import pdf as setting
from duecourse.documents.pdf import pdf, shown_money
from duecourse.documents.shapes import SHAPES
from duecourse.kernel.components import COMPONENTS
from duecourse.kernel.errors import DueCourseError
from tests.documents.samples import ALL, AMOUNTS, CLAIM, EXPORT, LETTER, LETTER_ZH, VISIT, dense, read
from tests.house.tree import SOURCE

MM = 72 / 25.4


def test_a_letter_says_all_that_it_was_given() -> None:
    text = read(pdf("letter", LETTER))
    for words in (
        *LETTER["to"], "Harbour Lending", "Am Kai 1", "22 November 2026", "DC-2026-0001", "A reminder of your",
        "Dear Ms Example,", "A second line.", "What is owed on 22 November 2026", "Principal EUR 1,234.50",
        "Interest EUR 19.99", "Fees EUR 5.00", "Total EUR 1,259.49", "How to pay By transfer.",
        "If you think that this is wrong Write to us", "If you cannot pay Debt advice is free.", "Page 1 of 1",
    ):  # fmt: skip
        assert words in text, words


def test_a_letter_in_chinese() -> None:
    text = dense(read(pdf("letter", LETTER_ZH)))
    for words in (
        "张镕喆先生：", "上海市浦东新区世纪大道100号5栋301室", "2026年11月22日", "还款提醒", "——可能是您“遗忘”了。",
        "截至2026年11月22日的欠款", "本金CNY1,234.50", "利息CNY19.99", "合计CNY1,259.49", "如何还款请转账。",
        "如有异议请书面告知。", "如还款有困难请致电客服。", "第1页，共1页",
    ):  # fmt: skip
        assert words in text, words


def test_the_sheet_of_a_visit() -> None:
    text = read(pdf("visit", VISIT))
    for words in (
        "DC-2026-0001", "Ms Erika Example", "Anna Alt B-17", "Bert Berg B-18", "Between 10:00 and 12:30",
        "Recording: REC-77", "Who you are", "Any threat", "Total EUR 1,259.49", "To be paid by: 6 December 2026",
        "Met", "No one at home", "Entry refused", "Told to leave", "Signature, Anna Alt", "Signature, Bert Berg",
    ):  # fmt: skip
        assert words in text, words
    chinese = VISIT | {"language": "zh", "borrower": LETTER_ZH["to"], "may_not_say": ["不得威胁恐吓"]}
    text = dense(read(pdf("visit", chinese)))
    for words in ("上门外访单", "张镕喆先生", "10:00至12:30", "不得威胁恐吓", "无人在家", "还款期限:2026年12月6日"):
        assert words in text, words


def test_an_export_gives_hashes_whole_and_in_order() -> None:
    text = read(pdf("export", EXPORT))
    first, second = (
        f"{number} {one['at']} {one['kind']} {one['hash']}" for number, one in enumerate(EXPORT["entries"], 1)
    )
    assert first in text
    assert second in text
    assert text.index(first) < text.index(second)
    assert "Borrower B-1" in text
    many = EXPORT | {"entries": [EXPORT["entries"][0]] * 500, "language": "zh", "title": "审计"}
    pages = len(PdfReader(BytesIO(pdf("export", many))).pages)
    assert pages > 3
    assert f"第{pages}页，共{pages}页" in dense(read(pdf("export", many), pages - 1))


def test_a_claim_says_all_and_writes_its_amounts_out() -> None:
    text = read(pdf("claim", CLAIM))
    for words in (
        "Exhibits to the complaint", "To Superior Court", "22 November 2026", "L-1", "Made from records.", "Parties",
        "Plaintiff Harbour Lending", "Two of them.", "Principal EUR 1,234.50", "Interest EUR 19.99",
        "Total EUR 1,254.49", "Signature:",
    ):  # fmt: skip
        assert words in text, words
    assert "0123456789abcdef" * 4 in dense(text)


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_bytes_for_the_same_data_in_any_process(name: str) -> None:
    code = (
        "import json,sys,hashlib; from duecourse.documents.pdf import pdf; "
        "print(hashlib.sha256(pdf(sys.argv[1], json.load(sys.stdin))).hexdigest())"
    )
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, name],
        input=json.dumps(ALL[name]), capture_output=True, text=True, check=True, timeout=60, cwd="/",
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai", "LC_ALL": "C", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert run.stdout.strip() == hashlib.sha256(pdf(name, ALL[name])).hexdigest()
    assert pdf(name, ALL[name] | {"on": "2026-11-23"}) != pdf(name, ALL[name])


@pytest.mark.parametrize("name", SHAPES)
def test_dated_titled_and_for_archives(name: str) -> None:
    reader = PdfReader(BytesIO(pdf(name, ALL[name])))
    assert reader.metadata is not None
    assert str(reader.metadata.creation_date)[:10] == "2026-11-22"
    titles = {"letter": LETTER["subject"], "visit": "Visit sheet", "export": "Audit bundle", "claim": CLAIM["title"],
        "receipt": "Receipt",
    }  # fmt: skip
    assert reader.metadata.title == titles[name]
    assert reader.xmp_metadata is not None
    xmp = reader.xmp_metadata.rdf_root.toxml()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    embedded, other = reader.pages[0]._get_fonts()
    assert embedded
    assert not other


CODE = (
    '#panic("x")', '#read("/etc/hostname")', '"] #eval("1+1") [', "*bold* _thin_ `raw` $x^2$", "// gone /* gone */",
    "@cite <label> = no heading", "\\u{41} \\#x ~ -- ...", "{{jinja}} ${shell} %s", "#let data = none", '</json>"}',
)  # fmt: skip


@pytest.mark.parametrize("code", CODE)
def test_code_in_what_is_given_is_text(code: str) -> None:
    data = LETTER | {"to": [code, "Street 1"], "subject": code, "body": f"{code}\n\n{code}", "signed": code}
    text = dense(read(pdf("letter", data | {"sender": {"name": code, "lines": [code]}, "reference": code})))
    assert text.count(dense(code)) == 9  # the head's two, address, reference, its foot, subject, body's two, end
    sheet = dense(read(pdf("visit", VISIT | {"borrower": [code], "may_say": [code], "recording": code})))
    assert sheet.count(dense(code)) == 3
    report = EXPORT | {"title": code, "facts": [{"name": code, "value": code}]}
    assert dense(read(pdf("export", report))).count(dense(code)) >= 3


LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x17F, exclude_categories=["Cc", "Cf"]), min_size=1)


@settings(max_examples=30)
@given(LATIN.filter(lambda text: bool(text.strip())))
def test_whatever_is_written_is_printed(text: str) -> None:
    text = text[:100]
    if not text.strip():
        return
    read_back = dense(read(pdf("export", EXPORT | {"facts": [{"name": text, "value": "."}]})))
    assert dense(text) in read_back.replace("\ufffe", "-").replace("\u00ad", "-").replace("\x02", "-")


def test_templates_reach_for_nothing() -> None:
    sources = sorted((SOURCE / "documents" / "templates").glob("*.typ"))
    assert len(sources) == len(SHAPES) + 1
    for path in sources:
        source = path.read_text()
        assert not [word for word in ("@preview", "@local", "eval(", "read(", "image(", "plugin(") if word in source]


def boxes(data: bytes, page: int = 0) -> list[tuple[str, float, float, float, float]]:
    """Characters with left, top, right, bottom in points from the page's top left, as PDFium sees them."""
    document = pypdfium2.PdfDocument(data)
    found = document[page]
    height, text = found.get_height(), found.get_textpage()
    out = []
    for index in range(text.count_chars()):
        left, bottom, right, top = text.get_charbox(index)
        out.append((text.get_text_range(index, 1), left, height - top, right, height - bottom))
    document.close()
    return out


@pytest.mark.parametrize(
    ("window", "lines", "left", "top", "right", "bottom"),
    [
        # DIN 5008 form B: the address field is 20 to 105 mm from the left; its address zone, below the 17.7 mm for
        # remarks, lies 62.7 to 90 mm from the top.
        ("din-5008-b", 6, 20 * MM, 62.7 * MM, 105 * MM, 90 * MM),
        # A #10 envelope of 9.5 × 4.125 in, window of 4.5 × 1.125 in, 0.875 in from the left, 0.5 in from the foot; a
        # letter sheet in thirds may slide 1 in sideways and 0.458 in up and down: what shows in every position.
        ("us-10", 4, 0.875 * 72, (4.125 - 1.625) * 72, (5.375 - 1) * 72, (11 / 3 - 0.5) * 72),
    ],
)
def test_the_address_is_in_the_window(
    window: str, lines: int, left: float, top: float, right: float, bottom: float
) -> None:
    address = [f"Q{'gÄ' * 10}Q" for _ in range(lines)]
    data = LETTER | {"window": window, "to": address}
    marks = [box for box in boxes(pdf("letter", data)) if box[0] in "QgÄ" and box[2] < 100 * MM][-22 * lines :]
    shown = [box for box in marks if top - 1 <= box[2] <= bottom + 1]
    assert len(shown) == 22 * lines
    assert min(box[1] for box in shown) >= left
    assert min(box[2] for box in shown) >= top - 0.2
    assert max(box[3] for box in shown) <= right
    assert max(box[4] for box in shown) <= bottom + 0.2
    others = [box for box in boxes(pdf("letter", data)) if box not in shown and box[0].strip()]
    inside = [box for box in others if box[1] < right and box[3] > left and box[2] < bottom and box[4] > top]
    assert not inside, "something else shows in the window"


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_runs_off_the_page(name: str) -> None:
    long = "W" * 199
    changed: dict[str, dict[str, Any]] = {
        "letter": {"subject": long, "body": long * 3 + "\n\nhttps://example.org/" + "w" * 300, "signed": "Ж" * 150},
        "visit": {"borrower": [long], "may_say": [long], "recording": long, "sender": {"name": long, "lines": [long]}},
        "export": {"title": long, "facts": [{"name": "n", "value": long}]},
        "claim": {"title": long, "court": long, "parts": [{"heading": long, "facts": [{"name": "n", "value": long}]}]},
        "receipt": {"payer": long, "loan": long, "sender": {"name": long, "lines": [long]}, "badges": [long, long]},
    }
    data = pdf(name, ALL[name] | changed[name])
    seen = [box for page in range(len(PdfReader(BytesIO(data)).pages)) for box in boxes(data, page) if box[0].strip()]
    assert sum(box[0] == "W" for box in seen) >= 199
    assert max(box[3] for box in seen) <= (210 - 15) * MM
    assert min(box[1] for box in seen) >= 15 * MM


BAD: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("letter", {"amounts": AMOUNTS | {"total": 1}}, "add up"),
    ("letter", {"amounts": AMOUNTS | {"total": 125_949.0}}, "total"),
    ("letter", {"amounts": AMOUNTS | {"total": True}}, "total"),
    ("letter", {"amounts": AMOUNTS | {"currency": "ZZZ"}}, "ISO 4217"),
    ("letter", {"amounts": AMOUNTS | {"rows": [{"component": "tip", "amount": 125_949}]}}, "component"),
    ("letter", {"to": ["Secret"] * 7}, "to"),
    ("letter", {"to": ["Secret"] * 5, "window": "us-10"}, "4 lines"),
    ("letter", {"to": ["Secret " * 20]}, "fit the window"),
    ("letter", {"to": ["Secret\nSecret"]}, "one line"),
    ("letter", {"to": ["  "]}, "not empty"),
    ("letter", {"to": ["Secret \u202e gnirtS"]}, "U+202E"),
    ("letter", {"body": "Secret \x00"}, "U+0000"),
    ("letter", {"body": "Secret \ud800"}, "body"),
    ("letter", {"body": "Secret " * 3_000}, "body"),
    ("letter", {"body": "Secret \U0001f600"}, "no font"),
    ("letter", {"body": ""}, "body"),
    ("letter", {"language": "ja"}, "no labels"),
    ("letter", {"language": "../zh"}, "language"),
    ("letter", {"on": "2026-02-30"}, "on"),
    ("letter", {"colour": "Secret"}, "colour"),
    ("visit", {"collectors": VISIT["collectors"][:1]}, "collectors"),
    ("visit", {"collectors": VISIT["collectors"] * 2}, "collectors"),
    ("visit", {"collectors": [VISIT["collectors"][0], {"name": "Secret", "badge": " b-17"}]}, "two badges"),
    ("visit", {"closes": "10:00"}, "before it begins"),
    ("export", {"entries": [EXPORT["entries"][0] | {"hash": "Secret"}]}, "hash"),
    ("export", {"entries": [EXPORT["entries"][0]] * 20_001}, "entries"),
    ("export", {"facts": [{"name": "x", "value": "Secret" * 200}]}, "facts.0.value"),
    (
        "claim",
        {"parts": [CLAIM["parts"][1] | {"table": CLAIM["parts"][1]["table"] | {"total": ["", 1, ""]}}]},
        "add up",
    ),
    ("claim", {"parts": [CLAIM["parts"][1] | {"table": CLAIM["parts"][1]["table"] | {"head": ["Secret"]}}]}, "as many"),
    ("claim", {"parts": []}, "parts"),
)


@pytest.mark.parametrize(("name", "change", "why"), BAD)
def test_what_is_not_right_is_refused_in_one_line_that_quotes_nothing(
    name: str, change: dict[str, Any], why: str
) -> None:
    with pytest.raises(DueCourseError) as caught:
        pdf(name, ALL[name] | change)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "ecret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_too_much_is_refused_before_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting, "BYTES_MAX", 500)
    with pytest.raises(DueCourseError, match="over 500 bytes"):
        pdf("letter", LETTER)


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(DueCourseError, match="letter, visit, export"):
        pdf("../letter", LETTER)


def test_the_most_that_is_taken_is_set_in_time() -> None:
    started = time.monotonic()
    pdf("letter", LETTER | {"body": "w" * 20_000})
    pdf("letter", LETTER | {"body": "w\n\n" * 6_600})
    pdf("export", EXPORT | {"facts": [{"name": "x" * 200, "value": "Secret\n" * 142}] * 100})
    pdf("export", EXPORT | {"entries": EXPORT["entries"] * 1_000})
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (123_450, "EUR", "EUR 1,234.50"),
        (-5, "USD", "USD -0.05"),
        (0, "CNY", "CNY 0.00"),
        (1_000, "JPY", "JPY 1,000"),
        (1_000, "KWD", "KWD 1.000"),
        (-(2**63), "EUR", "EUR -92,233,720,368,547,758.08"),
    ],
)
def test_money_is_exact(amount: int, currency: str, shown: str) -> None:
    assert shown_money(amount, currency).replace("\u00a0", " ") == shown


def test_every_language_has_every_label() -> None:
    labels = json.loads((SOURCE / "documents" / "templates" / "labels.json").read_text())
    english = labels["en"]
    assert set(COMPONENTS) <= english.keys()
    for language, words in labels.items():
        assert words.keys() == english.keys(), language
        assert len(words["months"]) == 12
        assert all(words.values())
        for name, holes in (("day", ("day", "month", "year")), ("page", ("page", "pages")), ("as_of", ("day",)),
                            ("between", ("opens", "closes"))):  # fmt: skip
            assert all(f"{{{hole}}}" in words[name] for hole in holes), (language, name)


def test_what_is_given_stays_as_it_was() -> None:
    before = deepcopy(LETTER)
    pdf("letter", LETTER)
    assert before == LETTER


def test_every_hanzi_of_gb_2312_is_in_the_fonts_and_those_of_names() -> None:
    cells = [(row, cell) for row in range(16, 88) for cell in range(1, 95) if (row, cell) < (55, 90) or row > 55]
    text = "".join(bytes((row + 0xA0, cell + 0xA0)).decode("gb2312") for row, cell in cells)
    assert len(text) == 6_763
    text += "镕喆堃玥珺昇淼翀赟祎犇垚煊熠璟"
    made = pdf("letter", LETTER_ZH | {"body": text})
    seen = {character for page in range(len(PdfReader(BytesIO(made)).pages)) for character in read(made, page)}
    assert not set(text) - seen
