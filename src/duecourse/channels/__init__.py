"""How a message reaches somebody, and how an answer comes back: one folder for each way, every folder alike.

    <channel>/transport.py   hands a message over, asks what became of one, yields what came in
    <channel>/...            what only this channel needs

A channel knows no database, no law and no plan: it is given what is to be sent, and tells what became of it.
"""
