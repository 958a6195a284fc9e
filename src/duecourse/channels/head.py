"""What settings of paper have for each language: the head (the lender's name, then its address), and other lines."""

from collections.abc import Mapping

from duecourse.kernel.errors import DueCourseError


def check_head(kind: str, head: object) -> None:
    """Refuse a head that has no lines in some language; DueCourseError names the setting."""
    check_lines(kind, "head", head)
    if not isinstance(head, Mapping) or not head or not all(head.values()):
        raise DueCourseError(f"{kind} settings: head: write the lender's name, then its address, for each language")


def check_lines(kind: str, name: str, texts: object) -> None:
    """Refuse what are no lists of lines by language; DueCourseError names the setting."""
    for language, lines in texts.items() if isinstance(texts, Mapping) else [("en", texts)]:
        if not isinstance(lines, list) or not all(isinstance(one, str) for one in lines):
            raise DueCourseError(f'{kind} settings: {name}: write lines by language: {language} = ["first", "second"]')
