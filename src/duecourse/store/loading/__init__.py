"""Loading people: the lender's files of names, numbers and consents, sealed into the store.

load.load_people(place, mapping, data, report)

mapping     which file and column holds what
clean       a value as it is kept, or why it cannot be
seal        rows of the files beside what the store knows: what to add and to change, sealed
load        all files in one transaction
consents    what borrowers agreed to
quarantine  what was wrong with which row, never the value
"""
