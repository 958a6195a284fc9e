"""The day: the plan carried out one gated contact at a time, and what comes in taken in.

intake -> gate -> outbox -> dispatch -> what became of it
"""
