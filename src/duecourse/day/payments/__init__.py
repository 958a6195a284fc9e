"""Money that comes in and money that is drawn: the bank's files read and written, and what they are about found.

All of it is pure: bytes and rows in, values out. What is kept, and in which transaction, is told elsewhere.

    statements.read(content, name) -> Taken     a bank's file (camt.053, camt.054) as entries
    csv_file.read(content, name, mapping)       a lender's own file of payments as the same entries
    matching.match(entries, loans, debits)      which loan each is for, or why that is not known
    debits.write(order) -> bytes                a direct debit order (pain.008)
    returns.read(content, name)                 what became of one (pain.002); reasons.may_debit_again
    promises.judge(...), arrangements.judge(...) whether what was agreed is kept
"""
