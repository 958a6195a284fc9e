"""Stories in plain text: what one borrower did, and what the night says on which day."""
