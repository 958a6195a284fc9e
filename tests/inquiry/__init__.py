"""The cross-lender inquiry: vectors, tampering, what nobody may see, and the story of three lenders."""
