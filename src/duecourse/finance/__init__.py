"""For the general ledger: what every loan's balances did on a day, as journals that balance."""
