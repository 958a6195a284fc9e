"""Loading people into a real server: what arrives, what changes, what is told, and what never appears in the clear."""

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from duecourse.cli_store import store_app
from duecourse.kernel.errors import DueCourseError
from duecourse.store import people
from duecourse.store.backup import verify
from duecourse.store.keys import Keyring
from duecourse.store.loading import load, quarantine
from duecourse.store.models import Borrower, Consent, ContactPoint, Person
from duecourse.store.people import Known, Point
from duecourse.store.place import Place
from duecourse.store.server import APP
from tests.store.loads import HEAD, MAPPING, OTHER, PHONE, THIRD, everything, loaded, report_of, told, written

SMALL: Final = Path(__file__).parents[2] / "examples" / "small" / "people.toml"
ANN: Final = f'B1,,,Ann Example,{PHONE},,ann@Example.org,"Weg 1\n20095 Hamburg",de,Europe/Berlin'
BOB: Final = f"B2,,,Bob Muster,{OTHER},{THIRD},,,,"
PATIENCE: Final = 60  # seconds
ENDED_AT: Final = datetime(2026, 3, 1, tzinfo=UTC)


def known(ring: Keyring, borrower_id: str, person_id: str | None = None) -> Known:
    return people.read(ring, Person.objects.get(borrower__borrower_id=borrower_id, person_id=person_id or borrower_id))


def phones(ring: Keyring, borrower_id: str) -> set[str]:
    return {point.value for point in known(ring, borrower_id).points if point.kind == "phone"}


def test_the_example_arrives_sealed_and_can_be_read(store: Place, ring: Keyring, tmp_path: Path) -> None:
    found = load.load_people(store, SMALL, None, report_of(tmp_path), workers=0)
    assert found.rows == 12 + 12 + 6, "the file of people is read for borrowers and for guarantors"
    assert (found.left_out, found.set_aside) == (12, 0)
    assert found.counts["people"] == {"added": 12, "changed": 0, "unchanged": 0}
    assert known(ring, "K-101") == Known(
        "Aylin Beispiel",
        (
            Point("phone", "+494066969101"),
            Point("phone", "+491713920001"),
            Point("email", "aylin.beispiel@example.org"),
            Point("address", "Musterweg 1\n20095 Hamburg"),
        ),
    )
    assert known(ring, "K-104", "G-1") == Known("Karin Exempel", (Point("phone", "+494066969201"),))
    assert Person.objects.get(person_id="G-1").relation == "guarantor"
    assert Point("email", "irem@xn--bcher-kva.example.org") in known(ring, "K-109").points
    borrower = Borrower.objects.get(borrower_id="K-101")
    assert (borrower.language, borrower.zones) == ("tr", ["Europe/Berlin"])
    taken_back = Consent.objects.get(withdrawn_at__isnull=False)
    assert taken_back.borrower.borrower_id == "K-102"
    assert taken_back.given_at == datetime(2025, 9, 5, 16, 40, tzinfo=UTC), "summer time in Berlin"
    assert taken_back.withdrawn_at == datetime(2025, 12, 1, 8, 0, tzinfo=UTC), "winter time"
    assert told(tmp_path) == [
        ("personen.csv", 5, "phones[2]", "no_phone"),
        ("personen.csv", 7, "emails[1]", "no_email"),
    ]
    assert verify(store, ring).unreadable == ()


def test_the_same_files_again_change_nothing(store: Place, tmp_path: Path) -> None:
    load.load_people(store, SMALL, None, report_of(tmp_path), workers=0)
    before = everything(store)
    found = load.load_people(store, SMALL, None, report_of(tmp_path), workers=0)
    assert everything(store) == before
    assert found.counts["people"] == {"added": 0, "changed": 0, "unchanged": 12}
    assert found.counts["consents"] == {"added": 0, "changed": 0, "unchanged": 6}
    assert found.counts["contact_points"]["unchanged"] == len(before["contact_point"])


def test_what_changed_is_changed_and_nothing_else_is_sealed_anew(store: Place, ring: Keyring, tmp_path: Path) -> None:
    loaded(store, tmp_path, ANN, BOB)
    before = everything(store)
    found = loaded(store, tmp_path, ANN.replace("Ann", "Anna").replace(PHONE, OTHER).replace(",de,", ",tr,"), BOB)
    assert found.counts["people"] == {"added": 0, "changed": 1, "unchanged": 1}
    assert found.counts["borrowers"] == {"added": 0, "changed": 1}
    assert known(ring, "B1").name == "Anna Example"
    assert phones(ring, "B1") == {"+493023125102"}
    assert Borrower.objects.get(borrower_id="B1").language == "tr"
    over = ContactPoint.objects.get(ended_at__isnull=False)
    assert (over.person.person_id, over.kind) == ("B1", "phone"), "the old number is kept, and is over"
    after = everything(store)
    assert after["person"][1:] == before["person"][1:], "Bob's name is sealed as it was"
    same = [row for row in after["contact_point"] if row in before["contact_point"]]
    assert len(same) == len(before["contact_point"]) - 1
    assert [person.person_id for person in people.having(ring, Point("phone", "+493023125102"))] == ["B1", "B2"]


def test_a_number_that_comes_back_is_in_use_again(store: Place, ring: Keyring, tmp_path: Path) -> None:
    loaded(store, tmp_path, BOB)
    loaded(store, tmp_path, BOB.replace(THIRD, ""))
    assert phones(ring, "B2") == {"+493023125102"}
    found = loaded(store, tmp_path, BOB)
    assert found.counts["contact_points"] == {
        "added": 0, "ended": 0, "in_use_again": 1, "stay_ended": 0, "unchanged": 1,
    }  # fmt: skip
    assert phones(ring, "B2") == {"+493023125102", "+493023125103"}


@pytest.mark.parametrize("gone_first", [False, True])
def test_a_number_of_no_use_is_not_used_again(store: Place, ring: Keyring, tmp_path: Path, *, gone_first: bool) -> None:
    """Neither while the lender's files go on naming it, nor where they did not for a while."""
    loaded(store, tmp_path, BOB)
    if gone_first:
        loaded(store, tmp_path, BOB.replace(THIRD, ""))
    blind = ring.blind("phone", "+493023125103")
    ContactPoint.objects.filter(blind=blind).update(ended_at=ENDED_AT, ended_why="wrong_number")
    before = everything(store)
    for _ in range(2):
        found = loaded(store, tmp_path, BOB)
        assert found.counts["contact_points"] == {
            "added": 0, "ended": 0, "in_use_again": 0, "stay_ended": 1, "unchanged": 1,
        }  # fmt: skip
        assert found.counts["people"]["unchanged"] == 1
    assert everything(store) == before
    assert phones(ring, "B2") == {"+493023125102"}
    loaded(store, tmp_path, BOB.replace(OTHER, PHONE))  # the row changes otherwise: what ended still has ended
    assert phones(ring, "B2") == {"+493023125101"}


def test_an_unfit_value_is_dropped_the_person_kept_and_nothing_ended(
    store: Place, ring: Keyring, tmp_path: Path
) -> None:
    loaded(store, tmp_path, BOB)
    found = loaded(store, tmp_path, BOB.replace(THIRD, "030 2312510x3"), "B3,,,Cy,12,0301,,,,")
    assert phones(ring, "B2") == {"+493023125102", "+493023125103"}, "what is held may be what was meant"
    assert known(ring, "B3") == Known("Cy", ())
    assert found.counts["people"] == {"added": 1, "changed": 0, "unchanged": 1}
    assert [entry[1:] for entry in told(tmp_path)] == [
        (1, "phones[2]", "extension"),  # x3
        (2, "phones[1]", "no_phone"),
        (2, "phones[2]", "no_phone"),
    ]


def test_empty_fields_end_contact_points_and_say_nothing_else(store: Place, ring: Keyring, tmp_path: Path) -> None:
    loaded(store, tmp_path, ANN)
    found = loaded(store, tmp_path, "B1,,,,,,ann@example.org,,,")
    assert found.counts["contact_points"]["ended"] == 2
    assert known(ring, "B1") == Known("Ann Example", (Point("email", "ann@example.org"),))
    borrower = Borrower.objects.get()
    assert (borrower.language, borrower.zones) == ("de", ["Europe/Berlin"])


def test_kinds_that_a_mapping_does_not_name_stay(store: Place, ring: Keyring, tmp_path: Path) -> None:
    loaded(store, tmp_path, ANN)
    before = known(ring, "B1")
    lines = [line for line in MAPPING.splitlines() if not line.startswith(("phones", "addresses"))]
    found = loaded(store, tmp_path, ANN, mapping="\n".join(lines))
    assert found.counts["people"]["unchanged"] == 1
    assert known(ring, "B1") == before


def test_the_erased_stay_erased(store: Place, tmp_path: Path) -> None:
    consents = ("B1,sms,2026-01-01T12:00:00Z,", "B2,sms,2026-01-01T12:00:00Z,")
    loaded(store, tmp_path, ANN, BOB)
    people.erase(Person.objects.get(person_id="B1"))
    before = everything(store)
    found = loaded(store, tmp_path, ANN.replace("Ann", "Anna"), BOB, consents=consents)
    assert {**everything(store), "consents": []} == before
    assert told(tmp_path) == [("people.csv", 1, "", "erased"), ("consents.csv", 1, "", "erased")]
    assert (found.set_aside, found.counts["consents"]["added"]) == (2, 1)


DAMAGE: Final = (
    (",,,Secret,,,,,,", "borrower_id", "missing"),
    ("B2,G1,,Secret,,,,,,", "relation", "no_relation"),
    ("B2,G1,Borrower,Secret,,,,,,", "relation", "no_relation"),
    ("B9,,,Secret", "", "fields"),
    ('B9,,,"Secret,,,,,,', "", "quote"),
    ('B9,,,"Sec"ret,,,,,,', "", "quote"),
    ("B9,,,Secret\0,,,,,,", "", "encoding"),
    ("B9,,,Secret\udcff,,,,,,", "", "encoding"),
    ("x" * 501 + ",,,Secret,,,,,,", "borrower_id", "too_long"),
    ("B2,,,Secret,,,,,,", "", "repeated"),
    ("B3,,,Sec\x07ret,,,,,,", "name", "control_character"),
    ("B4,,,Cy,Secret,,,,,", "phones[1]", "no_phone"),
    ("B5,,,Cy,,,Secret,,,", "emails[1]", "no_email"),
    ("B6,,,Cy,,,,,Secretish,", "language", "no_language"),
    ("B7,,,Cy,,,,,,Europe/Berlin;Secret", "zones", "no_zone"),
)


def test_no_damage_stops_a_load_or_is_lost_or_shows_a_value(store: Place, ring: Keyring, tmp_path: Path) -> None:
    mapping = written(tmp_path, mapping=MAPPING)
    lines = "\n".join((HEAD, BOB, *(row for row, _, _ in DAMAGE), ANN)) + "\n"
    (tmp_path / "people.csv").write_bytes(lines.encode("utf-8", "surrogateescape"))
    report = report_of(tmp_path)
    arguments = ["load-people", str(mapping), "--store", str(store.folder), "--quarantine", str(report)]
    shown = CliRunner().invoke(store_app, arguments)
    assert shown.exit_code == 0
    expected = [(number, column, reason) for number, (_, column, reason) in enumerate(DAMAGE, start=2)]
    assert sorted(entry[1:] for entry in told(tmp_path)) == expected
    assert "not everything was taken" in shown.output
    assert "Secret" not in shown.output + report.read_text(encoding="utf-8")
    assert report.stat().st_mode & 0o777 == 0o600
    assert known(ring, "B1").name == "Ann Example", "the row after all the damage"
    assert [person.person_id for person in Person.objects.order_by("id")] == ["B2", "B3", "B4", "B5", "B6", "B7", "B1"]
    assert Borrower.objects.get(borrower_id="B7").zones == [], "one zone that nobody knows spoils them all"
    found = json.loads(CliRunner().invoke(store_app, [*arguments, "--json"]).stdout)
    assert (found["rows"], found["set_aside"]) == (2 + len(DAMAGE), 10)
    assert sum(found["quarantined"].values()) == len(DAMAGE)


def test_a_load_of_which_nothing_can_be_taken_ends_with_1(store: Place, tmp_path: Path) -> None:
    mapping = written(tmp_path, ",,,Nobody,,,,,,")
    shown = CliRunner().invoke(store_app, ["load-people", str(mapping), "--store", str(store.folder)])
    assert shown.exit_code == 1
    assert str(store.folder / "quarantine" / "people.jsonl") in shown.stdout
    assert (store.folder / "quarantine" / "people.jsonl").exists()


ROWS: Final[list[dict[str, Any]]] = [
    {"borrower": "B1", "name": "Jürgen Müller", "phones": [PHONE, OTHER], "email": "j@example.org"},
    {"borrower": "B2", "name": 'Ann "A" Example', "phones": [THIRD], "email": None},
]
_FORMS: Final = """
[load]
zone = "UTC"
country = "DE"
[people.all]
from = "people.FORM*"
MORE
[people.all.columns]
borrower_id = "borrower"
name = "name"
phones = "PHONES"
emails = "email"
"""


def _as_text(path: Path, encoding: str) -> None:
    lines = ["borrower;name;phones;email"]
    lines += [
        ";".join(
            (row["borrower"], '"' + row["name"].replace('"', '""') + '"', " / ".join(row["phones"]), row["email"] or "")
        )
        for row in ROWS
    ]
    content = ("\r\n".join(lines) + "\r\n").encode(encoding)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("form", ["csv", "cp1252", "utf-16", "gz", "parquet", "jsonl"])
def test_every_format_says_the_same(store: Place, ring: Keyring, tmp_path: Path, form: str) -> None:
    end, more, column = "csv", "", "string_split(phones, ' / ')"
    if form == "parquet":
        end, column = form, "phones"
        parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "people.parquet")
    elif form == "jsonl":
        end, column = form, "phones"
        lines = [json.dumps({key: value for key, value in row.items() if value}) for row in ROWS]
        (tmp_path / "people.jsonl").write_text("\n".join(lines), encoding="utf-8")
    else:
        encoding = form if form in {"cp1252", "utf-16"} else "utf-8"
        more = f'encoding = "{encoding}"'
        _as_text(tmp_path / ("people.csv.gz" if form == "gz" else "people.csv"), encoding)
    mapping = tmp_path / "people.toml"
    text = _FORMS.replace("FORM", end).replace("MORE", more).replace("PHONES", column)
    mapping.write_text(text, encoding="utf-8")
    found = load.load_people(store, mapping, None, report_of(tmp_path), workers=0)
    assert (found.rows, dict(found.quarantined)) == (2, {})
    assert known(ring, "B1").name == "Jürgen Müller"
    assert phones(ring, "B1") == {"+493023125101", "+493023125102"}
    assert known(ring, "B2") == Known('Ann "A" Example', (Point("phone", "+493023125103"),))


def test_broken_lines_of_json_are_told(store: Place, ring: Keyring, tmp_path: Path) -> None:
    lines = [
        json.dumps({"borrower": "B1", "phone": PHONE}),
        "{",
        "[1]",
        '{"borrower": {"a": 1}}',
        '{"borrower": "\\ud800"}',
    ]
    lines += ["[" * 100_000, json.dumps({"borrower": 7, "phone": [OTHER, None]}), '{"borrower": ""}']
    (tmp_path / "people.jsonl").write_text("\n".join(lines), encoding="utf-8")
    mapping = tmp_path / "people.toml"
    columns = '[people.all.columns]\nborrower_id = "borrower"\nphones = "phone"\n'
    mapping.write_text(
        f'[load]\nzone = "UTC"\ncountry = "DE"\n[people.all]\nfrom = "people.jsonl"\n{columns}', encoding="utf-8"
    )
    load.load_people(store, mapping, None, report_of(tmp_path), workers=0)
    assert [entry[1:] for entry in told(tmp_path)] == [
        (2, "", "json"), (3, "", "json"), (4, "", "json"), (5, "", "encoding"), (6, "", "json"),
        (8, "borrower_id", "missing"),
    ]  # fmt: skip
    assert phones(ring, "7") == {"+493023125102"}


def test_rows_of_one_borrower_in_many_batches_meet(
    store: Place, ring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH", 1)
    rows = ["B1,G1,guarantor,Gus,,,,,fr,", "B1,G2,spouse,Sue,,,,,,", ANN, "B1,G1,guarantor,Other,,,,,,"]
    rows += [f"B1,P{number},friend,F,,,,,," for number in range(20)]
    report = report_of(tmp_path)
    mapping = written(tmp_path, *rows)
    for workers, how in ((2, "added"), (0, "unchanged")):
        found = load.load_people(store, mapping, None, report, workers=workers)
        assert found.counts["people"][how] == 23
        assert told(tmp_path) == [("people.csv", 4, "", "repeated")], "the first row about somebody counts"
    assert known(ring, "B1", "G1").name == "Gus"
    assert Borrower.objects.get().language == "de", "their own row alone tells a borrower's language"
    assert verify(store, ring).unreadable == ()


_KILLED: Final = """
import multiprocessing
import sys
from pathlib import Path
from duecourse.store.loading import load
from duecourse.store.place import Place

def write_new(connection, done, wrapped=load.write_new):
    wrapped(connection, done)
    sys.stdout.write(f"{len(multiprocessing.active_children())} at work\\n")
    sys.stdout.flush()

if __name__ == "__main__":
    load.BATCH, load.write_new = 10, write_new
    load.load_people(Place.of(Path(sys.argv[1])), Path(sys.argv[2]), None, Path(sys.argv[3]), workers=2)
"""


def test_a_killed_load_leaves_nothing_of_it(store: Place, tmp_path: Path) -> None:
    mapping = written(tmp_path, BOB, *(f"K{number},,,Name {number},,,,,," for number in range(20_000)))
    script, report = tmp_path / "killed.py", report_of(tmp_path)
    script.write_text(_KILLED, encoding="utf-8")
    arguments = [sys.executable, str(script), str(store.folder), str(mapping), str(report)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:  # noqa: S603  ours
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)  # the pipe ends when whoever sealed for it has ended too
    assert lines[-1] == b"2 at work\n"
    assert {name: len(rows) for name, rows in everything(store).items()} == dict.fromkeys(everything(store), 0)
    assert not report.exists()
    assert loaded(store, tmp_path, BOB).counts["people"]["added"] == 1, "nothing is in the way of the next load"


def test_one_load_at_a_time(store: Place, tmp_path: Path) -> None:
    with psycopg.connect(store.url(APP)) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [load._LOCK])
        with pytest.raises(DueCourseError, match="another load is at work"):
            loaded(store, tmp_path, ANN)
    assert loaded(store, tmp_path, ANN).counts["people"]["added"] == 1


def test_who_is_added_by_others_meanwhile_is_not_added_twice(
    store: Place, ring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH", 1)

    def meanwhile(_step: str, done: int, _total: int) -> None:
        if done == 2:  # the first row has its numbers, and is not written yet
            people.add(ring, "B1", "B1", "borrower", Known("Other", ()))

    mapping = written(tmp_path, ANN, BOB)
    with pytest.raises(DueCourseError) as error:
        load.load_people(store, mapping, None, report_of(tmp_path), workers=0, progress=meanwhile)
    assert str(error.value) == "somebody was added by others meanwhile: nothing was loaded: run it again"
    assert Borrower.objects.count() == 1
    assert loaded(store, tmp_path, ANN, BOB).counts["people"] == {"added": 1, "changed": 1, "unchanged": 0}


def test_who_is_erased_by_others_meanwhile_gets_nothing(
    store: Place, ring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH", 1)
    loaded(store, tmp_path, ANN, BOB)

    def meanwhile(_step: str, done: int, _total: int) -> None:
        if done == 2:
            people.erase(Person.objects.get(person_id="B1"))

    mapping = written(tmp_path, ANN.replace("Ann", "Anna").replace(PHONE, THIRD), BOB)
    found = load.load_people(store, mapping, None, report_of(tmp_path), workers=0, progress=meanwhile)
    assert told(tmp_path) == [("people.csv", 1, "", "erased")]
    assert found.counts["contact_points"]["added"] == 0
    assert Person.objects.get(person_id="B1").name is None
    assert known(ring, "B1") == Known(None, ())
    assert not ContactPoint.objects.filter(person__person_id="B1").exists()


def test_keys_that_do_not_open_what_is_held_add_nothing_to_it(store: Place, ring: Keyring, tmp_path: Path) -> None:
    loaded(store, tmp_path, ANN, BOB)
    Person.objects.filter(person_id="B1").update(wrapped_key=b"damaged")
    before = everything(store)
    loaded(store, tmp_path, ANN.replace(PHONE, THIRD), BOB)
    assert everything(store) == before
    assert told(tmp_path) == [("people.csv", 1, "", "unreadable_key")]
    assert known(ring, "B2").name == "Bob Muster"


def test_after_a_rotation_the_same_files_change_nothing(store: Place, ring: Keyring, tmp_path: Path) -> None:
    loaded(store, tmp_path, ANN)
    newer = ring.with_new_key()
    try:
        newer.write(store.keys)
        assert loaded(store, tmp_path, ANN, BOB).counts["people"] == {"added": 1, "changed": 0, "unchanged": 1}
        assert Person.objects.get(person_id="B2").key_id == newer.active
    finally:
        ring.write(store.keys)


def test_nothing_of_a_load_stands_anywhere_in_the_clear(store: Place, tmp_path: Path) -> None:
    marks = [b"Zyxwvut", b"493023125101", b"zyxwvut@example"]
    loaded(store, tmp_path, f"B1,,,Zyxwvut Example,{PHONE},,zyxwvut@example.org,Zyxwvut Road 1,,")
    (tmp_path / "people.csv").unlink()
    with psycopg.connect(store.url(APP)) as connection:
        assert connection.execute("SELECT count(*) FROM contact_point").fetchone() == (3,)
    looked_at = 0
    for folder in (store.folder, tmp_path):
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                looked_at += 1
                assert not any(mark in content for mark in marks), path.name
    assert looked_at > 100, "files of the database, its log among them"


def test_every_reason_has_a_sentence_and_no_blank_code() -> None:
    for code, says in quarantine.REASONS.items():
        assert code.isidentifier()
        assert says.endswith(".")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('phones = ["phone"', 'fones = ["phone"', r"people\.toml:12: \[people\.all\.columns\] has no key 'fones'"),
        ('borrower_id = "borrower"', "", r"\[people\.all\.columns\] lacks 'borrower_id'"),
        ('"people.csv"', '"none.csv"', r"people\.toml:6: no file 'none\.csv'"),
        ('"people.csv"', '"people.toml"', r"name it \.csv, \.csv\.gz, \.parquet or \.jsonl"),
        ('name = "name"', 'name = "nam"', r"people\.toml:11: people\.csv has no column 'nam'; did you mean 'name'"),
        ('name = "name"', "name = \"getenv('HOME')\"", "'getenv' is not allowed in a mapping"),
        ('name = "name"', 'name = "name + 1"', "the expression does not work"),
        ('"DE"', '"XX"', r"people\.toml:4: load\.country: no country 'XX'"),
        ('"Europe/Berlin"', '"Berlin"', r"people\.toml:3: load\.zone: no time zone 'Berlin'"),
        ("[load]", "[laod]", r"no section \[laod\]; did you mean 'load'"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_one_line(
    store: Place, tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in MAPPING
    with pytest.raises(DueCourseError, match=message) as error:
        loaded(store, tmp_path, ANN, mapping=MAPPING.replace(old, new))
    assert "\n" not in str(error.value)
    assert not Borrower.objects.exists()
    assert not report_of(tmp_path).exists()


def test_a_file_that_breaks_off_loads_nothing(store: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "BATCH", 500)
    mapping = written(tmp_path, mapping=MAPPING.replace("people.csv", "people.csv.gz"))
    rows = "\n".join([HEAD, *(f"B{n},,,{os.urandom(8).hex()},,,,,," for n in range(20_000))])
    (tmp_path / "people.csv.gz").write_bytes(gzip.compress(rows.encode())[:-1_000])
    with pytest.raises(DueCourseError, match="cut off or damaged"):
        load.load_people(store, mapping, None, report_of(tmp_path), workers=0)
    assert not Borrower.objects.exists()
