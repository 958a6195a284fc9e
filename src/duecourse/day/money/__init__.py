"""Money in the store: banks' files taken in, debits ordered, and whether what was agreed is kept.

    taking.take(place.connected(), ring, file, when, by) -> Taking    a bank's file or a lender's own; twice is once
    by_hand.waiting(...), by_hand.match(...)                         what nobody knew, matched by a person
    mandates.add(...)                                                leave to debit an account
    ordering.order(...), ordering.content(...)                       debits that the gate permits, as a file
    returned.take(...)                                               what the bank says of such a file (pain.002)
    agreed.demands(...), agreed.note_broken(...)                     arrangements: what may be demanded, which broke
    promised.standings(...)                                          promises: which are kept

What the files say is read by `duecourse.day.payments`, which knows no tables.
"""
