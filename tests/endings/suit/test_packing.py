"""Claim packs: what is in them, what holds them back, and that a killed run loses and doubles nothing."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bench.gate_store import ON, history
from bench.packs import add_addresses, supply
from duecourse.day.facts import Facts, Told
from duecourse.day.known import Loan
from duecourse.day.owed import owed
from duecourse.endings import moving
from duecourse.endings.deciding import Wanted
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.endings.suit.evidence import Documents, needed
from duecourse.endings.suit.packing import PACK, Job, pack
from duecourse.endings.suit.settings import Suits, read
from duecourse.kernel.components import COMPONENTS
from duecourse.kernel.errors import DueCourseError
from duecourse.ledger.loan import Instalment, Payment, Terms
from duecourse.ledger.loan import Loan as History
from duecourse.ledger.statement import statement
from duecourse.store import staff
from duecourse.store.endings import Kind
from duecourse.store.place import Place
from tests import package
from tests.day.cases import AT, filled
from tests.day.cases import read as rows
from tests.documents.samples import dense
from tests.documents.samples import read as text_of
from tests.endings.cases import BOSS, decided
from tests.endings.suit.cases import SETTINGS, event, hashes, home, manifest, packed, pay, suit

MANY = 40


def pages(path: Path) -> str:
    """Return the text of the first two pages of a PDF, without blanks."""
    data = path.read_bytes()
    return dense(text_of(data) + text_of(data, 1))


def test_a_pack_has_its_papers_the_lenders_documents_and_the_hash_of_each(
    office: Office, opened: Opened, who: Who, job: Job
) -> None:
    packed(office, opened, job, who, "L1", "L2")
    for loan, papers in (("L1", 3), ("L2", 1)):
        found = manifest(job, loan)
        there = hashes(home(job, loan))
        del there["manifest.json"]
        assert there == {part["name"]: part["sha256"] for part in found["parts"]}
        assert len([name for name in there if "/" not in name]) == papers
        assert len([name for name in there if name.startswith("documents/")]) == 4
        assert home(job, loan).stat().st_mode & 0o077 == 0, "it has names: nobody else may enter"


def test_the_table_adds_up_to_the_position_of_the_second_and_to_a_sum_by_hand(
    office: Office, opened: Opened, who: Who, job: Job
) -> None:
    """Eleven of twelve instalments of 1,000.00 and 20.00 are due on 20 November, and 500.00 came in on 5 March.

    Late fees: 5.00 for each instalment that its grace of three days does not see paid: eleven, 55.00. Penalty: 0.05 %
    of the overdue principal a day, simple.
    """
    pay(opened, "L1", 50_000, date(2026, 3, 5))
    (one,) = packed(office, opened, job, who, "L1")
    content = one.details[PACK]
    due = {name: amount for name, amount, *_ in content["amounts"]["rows"]}
    later = sum(row[2] for row in content["amounts"]["rows"])
    payment = Payment("p1", date(2026, 3, 5), 50_000)
    loan = Loan("L1", None, "CNY", 1_200_000, None, None, None, True, None, history(), (payment,))
    (stands,) = owed([loan], ON)
    assert sum(due.values()) == content["claimed"] == stands.overdue + stands.due_today
    assert content["claimed"] + later == content["amounts"]["owed"] == stands.owed
    assert dict(zip(COMPONENTS, stands.overdue_parts, strict=True)) == due
    assert later == 100_000 + 2_000
    # Whatever the payment was taken for: what fell due and what was added, less what was paid, is what is left.
    fallen_due, late_fees = 11 * (100_000 + 2_000), 11 * 500
    since = {row[0]: row[1:] for row in content["since"]["rows"]}
    assert sum(now for *_, now in since.values()) == stands.owed
    assert due["principal"] + due["interest"] + due["fee"] + due["penalty"] + 50_000 > fallen_due + late_fees
    assert content["since"]["on"] == "2026-03-05"


def test_the_table_is_that_of_the_loans_statement(office: Office, opened: Opened, who: Who, job: Job) -> None:
    pay(opened, "L1", 250_000, date(2026, 6, 6))
    (one,) = packed(office, opened, job, who, "L1")
    terms = Terms(principal=1_200_000, grace_days=3, late_fee_flat=500, penalty_ppb_day=500_000)
    due = [date(2026, month, 5) for month in range(1, 13)]
    instalments = tuple(Instalment(number, day, 100_000, 2_000) for number, day in enumerate(due, 1))
    payments = (Payment("p1", date(2026, 6, 6), 250_000),)
    told = statement(History("L1", due[0] - timedelta(days=30), (terms,), instalments, payments=payments), ON)
    assert {name: amount for name, amount, *_ in one.details[PACK]["amounts"]["rows"]} == told.lines[-1].due
    assert told.amounts is not None
    assert one.details[PACK]["amounts"]["owed"] == told.amounts.owed - told.amounts.credit
    assert len(json.dumps(one.details[PACK]).encode()) < 5_000, "it is kept twice: what the decision record says"


def test_without_a_payment_every_amount_is_worked_out_by_hand(
    office: Office, opened: Opened, who: Who, job: Job
) -> None:
    (one,) = packed(office, opened, job, who, "L1")
    # 1,000.00 at 0.05 % a day is 0.50 a day, from the end of the three days of grace on.
    days = sum((ON - date(2026, month, 5)).days - 3 for month in range(1, 12))
    assert {name: amount for name, amount, *_ in one.details[PACK]["amounts"]["rows"]} == {
        "cost": 0, "fee": 11 * 500, "penalty": days * 50, "interest": 11 * 2_000, "principal": 11 * 100_000,
    }  # fmt: skip
    # 12,181.00: 50 yuan and 2.5 % of what is over 10,000, halved in the simplified procedure, a third for an order.
    claimed = 1_100_000 + 22_000 + 5_500 + days * 50
    whole = 5_000 + (claimed - 1_000_000) * 25 / 1_000  # float: an oracle beside the law's own integers
    law = one.details[PACK]["law"]
    assert law["fee_ordinary"]["value"] == int(whole + 0.5)
    assert law["fee"]["value"] == int(whole / 2 + 0.5)
    assert law["fee_payment_order"]["value"] == int(whole / 3 + 0.5)
    assert law["limitation"]["value"] == "2029-12-05", "three years from the last due day"


def test_the_papers_of_china_name_all_elements(office: Office, opened: Opened, who: Who, job: Job) -> None:
    packed(office, opened, job, who, "L1")
    complaint = pages(home(job, "L1") / "complaint.pdf")
    for words in (
        "民事起诉状（要素式）", "杭州市西湖区人民法院", "港湾消费金融有限公司", "张镕喆", "浙江省杭州市西湖区文三路1号",
        "金融借款合同纠纷", "CNY11,000.00", "CNY12,181.00", "CNY52.26", "2029年12月5日", "送达地址确认书", "证据清单",
    ):  # fmt: skip
        assert words in complaint, words
    order = dense(text_of((home(job, "L1") / "payment-order.pdf").read_bytes()))
    for words in ("支付令申请书", "CNY12,181.00", "CNY34.84", "对待给付", "十五日内提出书面异议"):
        assert words in order, words
    exhibits = pages(home(job, "L1") / "exhibits.pdf")
    assert all(one["sha256"] in exhibits for one in suit(opened, "L1").details[PACK]["documents"])


def test_the_exhibits_of_the_united_states_itemise_and_tell_who_owned(
    office: Office, opened: Opened, who: Who, job: Job
) -> None:
    packed(office, opened, job, who, "L2")
    text = pages(home(job, "L2") / "exhibits.pdf")
    for words in (
        "Superior Court of California, County of Alameda", "Harbour Debt Holdings LLC", "2 Main Street",
        "The itemization date is 5 January 2026", "USD 12,240.00", "USD 961.00", "USD 13,201.00", "bought the debt",
        "Last day to sue", "5 January 2030 (50 USC 3936(a))",
    ):  # fmt: skip
        assert dense(words) in text, words


def test_nothing_is_packed_until_every_document_is_there(office: Office, opened: Opened, who: Who, job: Job) -> None:
    decided(opened, Kind.SUIT, ["L1", "L2"], who)
    held = job.documents.folder / "L2" / "assignment.pdf"
    kept = held.rename(held.with_name(".elsewhere"))
    first, second = pack(office, job, who)
    assert first.is_packed
    assert (second.is_packed, second.reasons) == (False, ("missing:assignment",))
    assert suit(opened, "L2").state == "decided"
    assert not home(job, "L2").exists()
    kept.rename(held)
    again = pack(office, job, who)
    assert [(one.loan_id, one.is_packed, one.is_written) for one in again] == [("L1", True, False), ("L2", True, True)]


def test_what_is_needed_is_more_where_the_debt_was_bought() -> None:
    for country in ("CN", "US"):
        own = {one["kind"] for one in needed(country, is_bought=False)}
        assert {one["kind"] for one in needed(country, is_bought=True)} - own == {"assignment"}
    assert needed("FR", is_bought=True) == []


def test_documents_may_be_listed_and_one_of_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"contract")
    good = "f0a3b3b5ff1d3c6dbc1e8d0f2b2a9a2a"
    listed = tmp_path / "list.csv"
    listed.write_text("loan_id,kind,path,sha256\nL1,contract,a.pdf,\nL1,identity,gone.pdf,\n", encoding="utf-8")
    (found,) = Documents.of(listed).of_loan("L1")
    assert (found.kind, found.path.name) == ("contract", "a.pdf")
    listed.write_text(f"loan_id,kind,path,sha256\nL1,contract,a.pdf,{good}\n", encoding="utf-8")
    with pytest.raises(DueCourseError, match="is not the file of this hash"):
        Documents.of(listed).of_loan("L1")


def at_court(suits: Suits, region: str) -> Suits:
    """Return settings whose court for the United States lies elsewhere, as if a contract named it."""
    elsewhere = {"region": region, "why": "agreed"}
    return suits.model_copy(
        update={"courts": [one.model_copy(update=elsewhere) if one.country == "US" else one for one in suits.courts]}
    )


def test_a_court_where_the_law_allows_no_suit_is_refused_with_its_rule(
    office: Office, opened: Opened, who: Who, job: Job
) -> None:
    """15 USC 1692i(a)(2): where the borrower lives or the contract was signed; case of the rulebook, US-DE."""
    decided(opened, Kind.SUIT, ["L2"], who)
    (said,) = pack(office, replace(job, suits=at_court(job.suits, "US-DE")), who)
    assert said.reasons == ("law:us.fdcpa.suit-venue.home-or-contract",)
    assert suit(opened, "L2").state == "decided"


def test_a_petition_of_bankruptcy_after_the_decision_stops_the_pack(
    office: Office, opened: Opened, who: Who, job: Job
) -> None:
    """11 USC 362(a)(6): from the moment of the petition nobody does anything to collect."""
    decided(opened, Kind.SUIT, ["L2"], who)
    event(opened, "bankruptcy_petition", 2, None, AT - timedelta(days=1))
    (said,) = pack(office, job, who)
    assert "law:us.bankruptcy.stay.no-collecting" in said.reasons


def test_a_plan_for_a_card_that_is_kept_stops_the_pack(office: Office, opened: Opened, who: Who, job: Job) -> None:
    """信用卡办法 art 70; the rulebook's case of loan A with its plan of 2 March."""
    with opened.connection.transaction():
        opened.connection.execute("UPDATE case_loan SET product = 'credit_card' WHERE loan_id = 'L1'")
    decided(opened, Kind.SUIT, ["L1"], who)
    event(opened, "plan_agreed", 1, "L1", AT - timedelta(days=1))
    (said,) = pack(office, job, who)
    assert "law:cn.cards.plan.collection-stops" in said.reasons


def test_a_hold_stops_the_pack(office: Office, opened: Opened, who: Who, job: Job) -> None:
    decided(opened, Kind.SUIT, ["L1"], who)
    told = Facts(opened.connection, opened.ring, "test")
    with told.locked(1):
        told.hold(Told("h1", 1, who.at, who.on), "dispute")
    (said,) = pack(office, job, who)
    assert said.reasons == ("hold_dispute",)


def test_packed_again_under_a_new_name_it_shows_the_amounts_of_that_day(
    office: Office, opened: Opened, who: Who, job: Job
) -> None:
    packed(office, opened, job, who, "L1")
    later = replace(who, at=who.at + timedelta(days=3), on=who.on + timedelta(days=3))
    (said,) = pack(office, replace(job, run="r2"), later, ["L1"])
    assert said.is_written
    before, after = manifest(job, "L1"), manifest(replace(job, run="r2"), "L1")
    assert after["claimed"] - before["claimed"] == 11 * 3 * 50, "three days of 0.50 on eleven instalments"
    assert suit(opened, "L1").run == "r2"


def test_money_that_comes_in_between_reading_and_packing_is_in_the_pack(
    office: Office, opened: Opened, who: Who, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(opened, Kind.SUIT, ["L1"], who)
    carry_out = type(opened.deciding).carry_out

    def paid_first(*args: object, **kwargs: object) -> object:
        pay(opened, "L1", 12_345, ON)
        return carry_out(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr("duecourse.endings.deciding.Deciding.carry_out", paid_first)
    (said,) = pack(office, job, who)
    assert said.is_packed, said
    content = suit(opened, "L1").details[PACK]
    assert [amount for *_, amount in content["payments"]] == [12_345]
    assert content["claimed"] == 1_218_100 - 12_345


def test_papers_that_are_lost_are_written_again_the_same(office: Office, opened: Opened, who: Who, job: Job) -> None:
    packed(office, opened, job, who, "L1", "L2")
    before = hashes(job.folder)
    shutil.rmtree(job.folder)
    pack(office, job, replace(who, at=who.at + timedelta(days=9)))
    assert hashes(job.folder) == before
    assert rows(opened.connection, "SELECT count(*) FROM ending_step WHERE state = 'packed'") == [(2,)]


def test_a_document_that_was_changed_after_packing_is_not_passed_off_as_the_one_packed(
    office: Office, opened: Opened, who: Who, job: Job
) -> None:
    packed(office, opened, job, who, "L1")
    shutil.rmtree(home(job, "L1"))
    (job.documents.folder / "L1" / "contract.pdf").write_bytes(b"another")
    (said,) = pack(office, job, who)
    assert not said.is_packed
    assert "contract.pdf is not the file any more that was packed" in said.reasons[0]


def command(place: Place, job: Job) -> list[str]:
    script = str(Path(sys.executable).with_name("duecourse"))
    return [
        script, "suit", "pack", "--run", job.run, "--out", str(job.out), "--settings", str(SETTINGS),
        "--documents", str(job.documents.folder), "--by", BOSS, "--store", str(place.folder),
    ]  # fmt: skip


def loans_of(numbers: Sequence[int]) -> list[str]:
    return [f"L{number}" for number in numbers]


def test_killed_in_the_middle_and_done_again_there_is_every_pack_once_and_the_same(
    store: Place, tmp_path: Path
) -> None:
    filled(store, MANY)
    add_addresses(store)
    staff.add("admin", "administrator", by=None, at=AT)
    staff.add(BOSS, "supervisor", by="admin", at=AT)
    office = Office(store, package.strategy(), package.law())
    documents = Documents.of(supply(tmp_path / "documents", range(1, MANY + 1)))
    job, who = Job("r1", tmp_path / "packs", read(SETTINGS), documents), Who(BOSS, AT, ON)
    loans = loans_of(range(1, MANY + 1))
    with office.opened() as opened:
        wanted = [Wanted(number, (f"L{number}",)) for number in range(1, MANY + 1)]
        assert all(one.is_done for one in opened.deciding.decide(Kind.SUIT, wanted, who))
        running = subprocess.Popen(command(store, job), stderr=subprocess.PIPE)  # noqa: S603
        while len(list(job.folder.glob("*/L*/manifest.json"))) < 3 and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        _, trouble = running.communicate()
        assert running.returncode == -signal.SIGKILL, trouble.decode()
        before = {path: path.stat().st_mtime_ns for path in job.folder.glob("*/L*/manifest.json")}
        assert 3 <= len(before) < MANY
        subprocess.run(command(store, job), check=True, capture_output=True)  # noqa: S603
        assert {path: path.stat().st_mtime_ns for path in before} == before, "what was written stays as it is"
        assert len(list(job.folder.glob("*/L*/manifest.json"))) == MANY
        assert not [path for path in job.folder.glob("*/.*") if path.is_dir()]
        steps = rows(opened.connection, "SELECT e.loan_id, count(*) FROM ending_step s JOIN ending e ON"
                     " e.id = s.ending_no WHERE s.state = 'packed' GROUP BY 1")  # fmt: skip
        assert dict(steps) == dict.fromkeys(loans, 1)
        beside = replace(job, out=tmp_path / "beside")
        assert all(one.is_written for one in pack(office, beside, who))
        assert hashes(job.folder) == hashes(beside.folder), "made of the store alone, they are the same"
        assert len(moving.read(opened.connection, "e.state = 'packed'")) == MANY


def test_two_runs_of_one_name_do_not_meet_in_one_folder(office: Office, opened: Opened, who: Who, job: Job) -> None:
    decided(opened, Kind.SUIT, ["L1"], who)
    job.folder.mkdir(parents=True)
    script = (
        "import fcntl,sys,time; f=open(sys.argv[1],'w'); fcntl.flock(f,fcntl.LOCK_EX); print(1,flush=True); input()"
    )
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", script, str(job.folder / ".lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(DueCourseError, match="another process packs into it"):
            pack(office, job, who)
        other.communicate(b"\n")
    assert suit(opened, "L1").state == "decided"


def test_the_ceiling_of_a_private_lender_is_four_times_the_rate_of_the_day_of_the_contract(
    office: Office, opened: Opened, who: Who, job: Job
) -> None:
    """民间借贷规定 art 25: the one-year LPR of 10 March 2025 was 3.1 per cent."""
    with opened.connection.transaction():
        opened.connection.execute(
            "UPDATE case_loan SET lender_type = 'private_lender', opened_on = '2025-03-10' WHERE loan_id = 'L1'"
        )
    (one,) = packed(office, opened, job, who, "L1")
    assert one.details[PACK]["law"]["cap"]["value"] == 4 * 31_000
    assert "年利率12.4%" in pages(home(job, "L1") / "complaint.pdf")
    assert "民间借贷纠纷" in pages(home(job, "L1") / "complaint.pdf")
