"""What a lender's night tells the inquiry: of each loan what is owed, and only what has changed since it was told."""
