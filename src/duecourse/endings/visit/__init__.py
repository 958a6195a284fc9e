"""Visits: which team goes where, in which order and when."""
