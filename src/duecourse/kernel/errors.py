"""The one error that a user is meant to read."""


class DueCourseError(Exception):
    """Something the user can mend. Its text is one line: what is wrong, where, and what to do.

    The command line prints the text and exits with 2; it never shows a traceback for it.
    """
