"""The ledger's tests: a slow twin, random histories, invariants and stories a lawyer can read."""
