"""Judges of acts written a second time, from the law itself, against which the rulebooks are checked."""
