"""What somebody owes everywhere, told to them alone: lenders publish what nobody but the borrower can put together."""
