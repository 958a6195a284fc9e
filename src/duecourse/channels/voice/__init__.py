"""Calls made by people: a list to dial from, a click that dials, and how each call ended.

dial_list.py    rows in order, each with its window of time, handed out to one agent
dialler.py      what can place a call
asterisk.py     Asterisk can, over its REST interface
transport.py    one agent's calls
calls.py        how they ended

No machine calls on its own: each call waits for an agent.
"""
