"""The tests of DueCourse; import helpers as `tests.<folder>.<module>`."""
