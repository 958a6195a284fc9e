"""Every key, reason code and rung stands in the documents, and what they show does load."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from duecourse.law.document import parse_document
from duecourse.strategy import models
from duecourse.strategy.fork import models as fork
from duecourse.strategy.models import Strategy

_DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def concept() -> str:
    return (_DOCS / "concepts" / "strategy.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "model",
    [
        models.Strategy, models.Buckets, models.Cure, models.Experiment, models.Quiet, models.StepBack,
        models.Rung, models.Treatment, models.Template, models.Approved,
    ],
)  # fmt: skip
def test_every_key_is_documented(concept: str, model: type[BaseModel]) -> None:
    missing = [key for key in model.model_fields if not re.search(rf"`([a-z_]+\.)?{key}[`:]", concept)]
    assert missing == []


@pytest.mark.parametrize("model", [fork.Fork, fork.Collect, fork.Settle, fork.Agency, fork.Sue, fork.Sell])
def test_every_key_of_the_fork_is_documented(model: type[BaseModel]) -> None:
    text = (_DOCS / "concepts" / "fork.md").read_text(encoding="utf-8")
    assert [key for key in model.model_fields if f"`{key}`" not in text and f"`{key}:" not in text] == []


def test_every_reason_code_is_documented(concept: str, default: Strategy) -> None:
    codes = {gate.code for treatment in default.treatments for gate in treatment.gates}
    assert codes == {"below_floor", "condition", "own_gap", "own_times", "stage_gap"}
    for code in (*codes, "not_in_arm", "quiet_<because>"):
        assert f"| `{code}` |" in concept


def test_every_rung_of_the_default_is_documented_in_order(concept: str, default: Strategy) -> None:
    section = concept.partition("## The default, rung by rung")[2].partition("\n## ")[0]
    assert re.findall(r"^\| ([a-z_]+) \|", section, re.MULTILINE)[1:] == [rung.stage for rung in default.ladder]


def test_the_examples_of_the_how_to_are_yaml() -> None:
    text = (_DOCS / "how-to" / "change-the-strategy.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(snippets) >= 7
    for snippet in snippets:
        parse_document(snippet, "snippet", days=True)
