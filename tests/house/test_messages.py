"""Every message of the pages is in every catalogue, translated, with the same values to fill in."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from duecourse.web.catalogues import MESSAGES
from tools import messages


def test_every_message_is_translated_and_none_is_left_over() -> None:
    assert messages.faults() == [], "run `python tools/messages.py`, and translate what is new"


@pytest.mark.parametrize("path", sorted(MESSAGES.glob("*.po")), ids=lambda path: path.stem)
def test_a_translation_fills_in_what_the_original_does(path: Path) -> None:
    with path.open("rb") as file:
        for message in read_po(file):
            if message.id:
                names = [sorted(re.findall(r"%\((\w+)\)s", str(text))) for text in (message.id, message.string)]
                assert names[0] == names[1], message.id
