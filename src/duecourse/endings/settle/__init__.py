"""Settling: an offer to take less for all of a debt, by whom it may be given, its letter, and how it ends.

offering.py                      the offers that a plan proposes, asked for by a person within their authority
day/waiving.py                   who may give up how much, alone or with a second person
day/money/settlements.py         paid, the rest is forgiven and confirmed in writing; else it lapses
"""
