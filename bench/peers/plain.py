"""The plain book: the synthetic one, read by a mapping that leaves out what no running sum can follow.

What is left out, so that payments filling instalments in due order is the exact answer:

- the terms of loans from which anything accrues or is charged, the lender's caps, and its allocation orders;
- charges and waivers; the instalment or component that a payment names; accelerations;
- that consents were taken back, which bars a channel.

Micro lenders become consumer finance, since China caps what those ask, which would cut interest. All else stays:
reversals, moved due dates, write-offs, contacts, holds, events, and so everything that the law looks at.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

KEPT_TERMS: Final = (
    "loan_id", "effective_on", "recorded_at", "borrower_id", "lender_id", "owner_id", "product", "lender_type",
    "currency", "principal", "opened_on", "grace_days",
)  # fmt: skip
DROPPED_TABLES: Final = ("charges", "waivers")
DROPPED_TARGETS: Final = ("target_instalment", "target_component")
LENDER_TYPE: Final = "case when lender_type = 'micro_lender' then 'consumer_finance' else lender_type end"


def plain(mapping: Path) -> Path:
    """Write the plain mapping beside that of a synthetic book, over the same files; return its path."""
    given = tomllib.loads(mapping.read_text(encoding="utf-8"))
    tables = {name: table for name, table in given["tables"].items() if name not in DROPPED_TABLES}
    loans = {name: source for name, source in tables["loans"]["columns"].items() if name in KEPT_TERMS}
    tables["loans"]["columns"] = loans | {"lender_type": LENDER_TYPE}
    for name in DROPPED_TARGETS:
        del tables["payments"]["columns"][name]
    tables.get("consents", {"columns": {}})["columns"].pop("withdrawn_at", None)
    if "events" in tables:
        tables["events"]["keep"] = "kind <> 'accelerated'"
    lines = ["# The plain book of bench/peers: written by bench/peers/plain.py.", "[book]", *_entries(given["book"])]
    for name, table in tables.items():
        columns = table.pop("columns")
        lines += ["", f"[tables.{name}]", *_entries(table), f"[tables.{name}.columns]", *_entries(columns)]
    path = mapping.with_name("plain.toml")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _entries(values: Mapping[str, Any]) -> list[str]:
    """Write keys and values as TOML has them: a text is as in JSON, a day as it is."""
    return [f"{key} = {json.dumps(one) if isinstance(one, str) else one}" for key, one in values.items()]
