"""Agencies: debts that others collect for us, for a term, on a commission.

terms.py         what is agreed with each: where, what, how many, for how long, for how much; and from where they call
register.py      the agencies of a store; terms that change are new terms
debts.py         what is known of the debts that are to be placed, and which of them are held back
choosing.py      which agency gets which: rules, then weights
placing.py       placed, recalled, returned
commission.py    what each payment earned them
sending.py       what they are told: files out
taking.py        what they tell: files in
reviews.py       when each is looked at, and what was found
performance.py   how well they do, like for like
"""
