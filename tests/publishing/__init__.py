"""A lender's side of the inquiry: what its night says is published, and only what changed."""
