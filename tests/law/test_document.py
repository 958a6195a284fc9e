"""Reading YAML with places: what is kept, what is refused, and that nothing else can happen."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import SIZE_MAX, Text, nearest, parse_document, read

_FRACTION = "fractions are not used here; write a whole number in a smaller unit (ppm, minor units)"
_SAMPLE = """\
# a comment
a: 1
words: [on, "off", 09:00, ~, true, 1_000]
deep:
  - {name: x, when: a and b}
  - name: y
    when: |-
      a
      and b
    folded: >-
      c
"""


def test_values_are_yaml_1_2_and_plain() -> None:
    values = parse_document(_SAMPLE, "s.yaml").values
    assert values == {
        "a": 1,
        "words": ("on", "off", "09:00", None, True, 1000),
        "deep": ({"name": "x", "when": "a and b"}, {"name": "y", "when": "a\nand b", "folded": "c"}),
    }


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 2),
        (("words",), 3),
        (("words", 2), 3),
        (("deep", 0), 5),
        (("deep", 1, "when"), 7),
        (("deep", 1, "nothing", "here"), 6),  # of what is not there, the line of what holds it
        ((), 2),
    ],
)
def test_lines(path: tuple[str | int, ...], line: int) -> None:
    assert parse_document(_SAMPLE, "s.yaml").line(path) == line


@pytest.mark.parametrize(
    ("key", "expected"),
    [("when 0", (5, 21)), ("when 1", (8, 7)), ("folded", (11, 7)), ("off", (3, 14))],
)
def test_a_text_knows_the_place_of_its_first_character(key: str, expected: tuple[int, int]) -> None:
    values = parse_document(_SAMPLE, "s.yaml").values
    assert isinstance(values, dict)
    first, second = values["deep"]
    found = {
        "when 0": first["when"],
        "when 1": second["when"],
        "folded": second["folded"],
        "off": values["words"][1],
    }
    text = found[key]
    assert isinstance(text, Text)
    assert (text.line, text.column) == expected
    assert second["when"].key == "deep[1].when"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "s.yaml: the file is empty"),
        ("a: 1\na: 2", "s.yaml:2: key 'a' stands twice; keep one"),
        ("a: &x 1\nb: *x", "s.yaml:1: anchors and aliases are not used here; write the value out"),
        ("b: 1\n<<: {a: 1}", "s.yaml:2: a key must be one plain word"),
        ("? [a]\n: 1", "s.yaml:1: a key must be one plain word"),
        (
            "a: 1.5",
            f"s.yaml:1: {_FRACTION}",
        ),
        ("\na: 2026-01-31", "s.yaml:2: dates are not used here; put it in quotes if it is text"),
        ("a: 0x1f", "s.yaml:1: '0x1f' cannot be read; write text, a whole number, true, false or null"),
        ("a: !!int '3'", "s.yaml:1: '3' cannot be read; write text, a whole number, true, false or null"),
        ("a: !mine b", "s.yaml:1: 'b' cannot be read; write text, a whole number, true, false or null"),
        ("a: 9223372036854775808", "s.yaml:1: 9223372036854775808 is beyond 64 bits"),
        ("a: [1\nb: 2", "s.yaml:2: not valid YAML: did not find expected ',' or ']'"),
        ("\ta: 1", "s.yaml:1: not valid YAML: found character that cannot start any token"),
        (
            "a: \x00",
            "s.yaml: not valid YAML: unacceptable character #x0000: control characters are not allowed",
        ),
        ("[" * 30 + "]" * 30, "s.yaml:1: nested too deeply; at most 20 levels"),
        ("[" * 1500 + "]" * 1500, "s.yaml:1: nested too deeply; at most 20 levels"),
    ],
)
def test_what_is_refused(text: str, error: str) -> None:
    with pytest.raises(DueCourseError) as raised:
        parse_document(text, "s.yaml")
    assert str(raised.value) == error


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    missing = tmp_path / "no.yaml"
    with pytest.raises(DueCourseError, match=r"no\.yaml: cannot be read \(No such file or directory\)"):
        read(missing)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nb: é".encode("latin-1"))
    with pytest.raises(DueCourseError, match=r"latin\.yaml:2: not UTF-8 text"):
        read(latin)
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (SIZE_MAX + 1))
    with pytest.raises(DueCourseError, match="is it the right file"):
        read(large)


@given(st.text(alphabet="ab:[]{}-#&*!|>'\"\n \t0.~?,%@", max_size=60))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        parse_document(text, "s.yaml")
    except DueCourseError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both outcomes are right


def test_nearest() -> None:
    assert nearest("treatmnts", ["treatments", "stage"]) == "; did you mean 'treatments'?"
    assert nearest("zzz", ["b", "a"]) == "; known: a, b"
    assert nearest("zzz", []) == ""
