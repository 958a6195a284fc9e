"""What goes to the general ledger."""
