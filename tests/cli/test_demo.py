"""`duecourse demo`: a whole story that ends with the plan and the report."""

from pathlib import Path

from tests.cli.conftest import Commands


def test_the_story(duecourse: Commands, tmp_path: Path) -> None:
    found = duecourse("demo", "--loans", 300, "--out", tmp_path)
    assert (found.code, found.err) == (0, "")
    for words in ("1. A lender's files: 300 loans", "2. Loading", "3. The night", "4. Why?", "Tonight's plan"):
        assert words in found.out
    lines = found.out.splitlines()
    assert lines[-1].endswith(".venv/bin/duecourse serve --demo")
    (_, plan), (_, report) = (
        next(line for line in lines if line.startswith(name)).split() for name in ("Plan ", "Report ")
    )
    assert Path(plan).name == "plan.parquet"
    assert Path(report).name == "report.html"
    assert Path(plan).exists()
    assert Path(report).stat().st_size > 10_000
    told = next(line for line in lines if line.lstrip().startswith("duecourse explain"))
    again = duecourse(*told.split()[1:])
    assert found.out.split(f"{told}\n\n")[1].rpartition("\nPlan ")[0] == again.out, "the command shown prints the same"
