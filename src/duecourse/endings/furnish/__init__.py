"""Reports of overdue loans to credit bureaux: true at the second of the report, and taken away when their time is over.

position.py   what is said of a loan: a line, worked out by the ledger
checks.py     what must be true of a line before it leaves; checks.yaml says why, and whom it harms otherwise
month.py      the run of a month: judged, checked, committed, then its files written from the store
changes.py    notices, disputes, corrections, deletions
removal.py    the day on which the law has a record go
layout.py     the fields of Metro 2, which metro2_write.py and metro2_read.py share
files.py      a run's files: Metro 2 where the bureau takes it, CSV and JSON elsewhere
"""
