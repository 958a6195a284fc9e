"""The far end of the process: reports and lists, visits, agencies, suits, settlements and sales.

store/endings.py     the kinds, the states of each, and what may follow on what
moving.py            how an ending comes into a state: compared and set, with its step, its event and its audit entry
deciding.py          a named person decides it, or carries it out: the law is asked in the same transaction
many.py              the same for thousands of loans, on all cores
<kind>/              what each kind does
"""
