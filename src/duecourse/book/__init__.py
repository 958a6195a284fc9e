"""The lender's loan book: its tables, mapping files, loading with quarantine, and the synthetic book."""
