"""Where an expression stands, and the error that names the place."""

from dataclasses import dataclass, replace

from duecourse.kernel.errors import DueCourseError


@dataclass(frozen=True)
class Place:
    """Where a text begins: file, line and column (both from 1), and the key that it is the value of.

    `column` is that of the text's first character. Later lines of the same text are taken to begin in the
    same column, as they do in a YAML block.
    """

    file: str
    line: int
    column: int = 1
    key: str = ""

    def after(self, text: str, offset: int) -> "Place":
        """Return the place of the character at `offset` of the text that begins here."""
        before = text[:offset]
        breaks = before.count("\n")
        return replace(self, line=self.line + breaks, column=self.column + offset - (before.rfind("\n") + 1))

    def __str__(self) -> str:
        """Write file:line:column, with the key behind it when there is one."""
        start = f"{self.file}:{self.line}:{self.column}"
        return f"{start}: {self.key}" if self.key else start


class ExpressionError(DueCourseError):
    """An expression that cannot be used. `place` is that of the word at fault."""

    def __init__(self, place: Place, message: str) -> None:
        """Join place and message into the one line that the user reads."""
        super().__init__(f"{place}: {message}")
        self.place = place


@dataclass(frozen=True)
class Source:
    """A text together with its place, so that a fault is told with its own line and column."""

    text: str
    place: Place

    def fault(self, offset: int, message: str) -> ExpressionError:
        """Return (not raise) the error for the word that begins at `offset`."""
        return ExpressionError(self.place.after(self.text, offset), message)
