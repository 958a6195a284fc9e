"""DueCourse: what overdue loans owe, what is lawful, what is wise."""

__version__ = "0.1.0"
