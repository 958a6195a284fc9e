"""Selling: a portfolio built, offered on a tape, settled on closing balances, put back where a debt was not as told.

portfolio.py   what is agreed: currency, buyer, the price by age, the day of settlement
building.py    which debts may be in it; a named person decides each, and the law is asked
tape.py        what is told of each debt before it is sold, without a name: columns, dictionary, files
closing.py     sold at the close of the day on closing balances; what fell out meanwhile is declined
handing.py     what the buyer gets then: names, addresses, and the obligations that go with each debt
back.py        put back by the buyer or bought back by us, with the price
cash.py        what is due between the two, what came, and what borrowers paid to the wrong one
title.py       who has owned a debt, step by step, as the audit chain has sealed it
"""
