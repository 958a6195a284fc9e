"""Visits: a day's sheets for a team of two, and how each visit ended.

transport.py    a team's sheets for a day
visits.py       what happens to them then: withdrawn, handed out, carried out

A visit is judged again before its sheet is handed out; what may not be made any more is withdrawn.
"""
