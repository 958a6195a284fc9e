"""The reader of bank files under fire: whatever comes, entries that add up, or one DueCourseError, and nothing else."""

import re
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from duecourse.day.payments.entries import Taken
from duecourse.day.payments.statements import read
from duecourse.kernel.currencies import minor_digits
from duecourse.kernel.errors import DueCourseError
from tests.day.payments.files import VERSIONS, day

SAMPLES = [day(version, message=message) for version in VERSIONS for message in ("053", "054")]
SAMPLES += [re.sub(rb"<(/?)(?=[A-Z])", rb"<\1bank:", day(8)).replace(b"xmlns=", b"xmlns:bank=")]
WORDS = [b"<", b">", b"&", b"]]>", b"\0", b"\xff", b"-1", b"9" * 400, b"1e999", b"<!DOCTYPE a>", b"NaN", b"JPY", b"BHD"]


def booked(content: bytes) -> dict[str, int]:
    """Add up what is booked, by currency, with another reading of the file than ours."""
    totals: dict[str, int] = {}
    for entry in etree.fromstring(content).iter("{*}Ntry"):
        status = "".join(entry.find("{*}Sts").itertext()).strip()
        amount = entry.find("{*}Amt")
        assert amount is not None
        currency = amount.get("Ccy", "")
        units = Decimal((amount.text or "").strip()) * 10 ** minor_digits(currency)
        sign = 1 if (entry.findtext("{*}CdtDbtInd") or "").strip() == "CRDT" else -1
        totals[currency] = totals.get(currency, 0) + (sign * int(units) if status == "BOOK" else 0)
    return {currency: total for currency, total in totals.items() if total}


def read_whole_or_refuse(content: bytes, *, must_balance: bool = False) -> bool:
    """Read a file, hold it to what it must be, and say whether it was taken."""
    try:
        taken = read(content, "bank.xml", must_balance=must_balance)
    except DueCourseError as error:
        told = str(error)
    else:
        return _is_whole(content, taken, must_balance=must_balance)
    assert told.startswith("bank.xml")
    assert "\n" not in told
    return False


def _is_whole(content: bytes, taken: Taken, *, must_balance: bool) -> bool:
    totals: dict[str, int] = {}
    for entry in taken.entries:
        assert entry.amount >= 0
        totals[entry.currency] = totals.get(entry.currency, 0) + entry.signed
    assert {currency: total for currency, total in totals.items() if total} == booked(content)
    assert len({entry.entry_id for entry in taken.entries}) == len(taken.entries)
    again = read(content, "again.xml", must_balance=must_balance)
    assert again.entries == taken.entries
    return True


def test_the_samples_themselves_are_taken() -> None:
    assert all(read_whole_or_refuse(sample, must_balance=True) for sample in SAMPLES)


@given(st.binary(max_size=2_000) | st.text(max_size=500).map(str.encode))
def test_random_bytes(content: bytes) -> None:
    assert not read_whole_or_refuse(content)


@given(st.sampled_from(SAMPLES), st.data())
def test_a_truncated_file_is_refused(sample: bytes, data: st.DataObject) -> None:
    assert not read_whole_or_refuse(sample[: data.draw(st.integers(0, len(sample.rstrip()) - 1))])


@given(st.sampled_from(SAMPLES), st.data())
def test_bytes_changed(sample: bytes, data: st.DataObject) -> None:
    changed = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        new = data.draw(st.sampled_from(WORDS) | st.binary(min_size=1, max_size=3))
        changed[at : at + data.draw(st.integers(0, 4))] = new
    read_whole_or_refuse(bytes(changed))


def _remove(one: etree._Element, _other: etree._Element) -> None:
    parent = one.getparent()
    if parent is not None:
        parent.remove(one)


def _double(one: etree._Element, _other: etree._Element) -> None:
    one.addnext(deepcopy(one))


def _swap(one: etree._Element, _other: etree._Element) -> None:
    beside = one.getnext()
    if beside is not None:
        beside.addnext(one)


def _move(one: etree._Element, other: etree._Element) -> None:
    other.append(deepcopy(one))


def _text(one: etree._Element, other: etree._Element) -> None:
    one.text = other.text


CHANGES: list[Callable[[etree._Element, etree._Element], None]] = [_remove, _double, _swap, _move, _text]


@settings(max_examples=300)
@given(st.sampled_from(SAMPLES), st.data())
def test_elements_removed_doubled_swapped_and_moved(sample: bytes, data: st.DataObject) -> None:
    root = etree.fromstring(sample)
    for _ in range(data.draw(st.integers(1, 3))):
        elements = list(root.iter("{*}*"))[1:]
        if elements:
            data.draw(st.sampled_from(CHANGES))(
                data.draw(st.sampled_from(elements)), data.draw(st.sampled_from(elements))
            )
    read_whole_or_refuse(etree.tostring(root))


@settings(max_examples=300)
@given(
    st.sampled_from(SAMPLES),
    st.decimals(allow_nan=None, allow_infinity=None) | st.integers(-(10**25), 10**25) | st.text(max_size=8),
    st.sampled_from(["EUR", "JPY", "BHD", "CLF", "XAU", "QQQ", "", "é"]),
    st.data(),
)
def test_amounts_and_currencies_changed(sample: bytes, amount: object, currency: str, data: st.DataObject) -> None:
    root = etree.fromstring(sample)
    entries = list(root.iter("{*}Ntry"))
    chosen = data.draw(st.sampled_from(entries))
    for element in chosen.iter("{*}Amt") if data.draw(st.booleans()) else [chosen.find("{*}Amt")]:
        assert element is not None
        element.set("Ccy", currency)
        if data.draw(st.booleans()):
            element.text = "".join(letter for letter in str(amount) if letter.isprintable())
    read_whole_or_refuse(etree.tostring(root))


@given(st.sampled_from([one for one in SAMPLES if b"camt.053" in one]), st.data())
def test_a_booking_lost_doubled_or_changed_does_not_balance(sample: bytes, data: st.DataObject) -> None:
    root = etree.fromstring(sample)
    chosen = data.draw(st.sampled_from([one for one in root.iter("{*}Ntry") if one.find("{*}BookgDt") is not None]))
    data.draw(st.sampled_from([_remove, _double]))(chosen, chosen)
    assert not read_whole_or_refuse(etree.tostring(root), must_balance=True)
