"""Money, dates, identifiers, errors: what everything else stands on. Standard library only."""
