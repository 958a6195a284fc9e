"""Suits: claim packs, what the courts say, and what a judgment is worth.

settings.py, needed.yaml     the plaintiff and the courts; which documents of the lender a claim must have
evidence.py                  those documents: found, hashed, missing
answers.py                   what the law says of amounts and days: fees, caps, the last day to sue, late performance
material.py                  all that a pack shows, from the store; kept with the move, nothing personal in clear
forms.py, words.*.yaml       the documents of a pack, as `duecourse.documents` sets them
packing.py                   packs for thousands of loans: the store first, then a folder for each
court.py                     filed, heard, judged, enforced; what a judgment stands at
"""
