"""How well banned content is found in free text: `python -m bench.wording [--json] [--half dev]`.

Recall and precision over all flags, for each language and half of the labelled sentences. The held half was never
tuned on; no sentence of it is ever printed.
"""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from duecourse.law.wording.lexicon import flags_of

FOLDER: Final = Path(__file__).with_name("wording")
HALVES: Final = ("dev", "held")


def counted(half: str) -> dict[str, Counter[str]]:
    """Count, by language, the flags found, missed and wrongly found in a half."""
    counts: dict[str, Counter[str]] = {}
    with (FOLDER / f"{half}.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            told = flags_of(
                row["text"],
                row["language"],
                speaker=row["speaker"],
                suit_decided=row["suit_decided"] == "true",
                time_barred=row["time_barred"] == "true",
            )
            wanted = set(row["flags"].split())
            each = counts.setdefault(row["language"], Counter())
            each.update(found=len(told & wanted), missed=len(wanted - told), wrong=len(told - wanted))
    return counts


def figures(counts: Counter[str]) -> dict[str, float | int]:
    """Return recall and precision, rounded to four decimals for people."""
    return {
        "recall": round(counts["found"] / (counts["found"] + counts["missed"]), 4),
        "precision": round(counts["found"] / (counts["found"] + counts["wrong"]), 4),
        **counts,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, count, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.wording", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--half", choices=HALVES, help="count this half only")
    given = parser.parse_args(arguments)
    halves = HALVES if given.half is None else (given.half,)
    found = {half: {language: figures(each) for language, each in counted(half).items()} for half in halves}
    if given.json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        return
    for half, languages in found.items():
        for language, each in languages.items():
            sys.stdout.write(f"{half:<5}{language}  recall {each['recall']:.4f}  precision {each['precision']:.4f}\n")


if __name__ == "__main__":
    main()
