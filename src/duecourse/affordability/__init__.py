"""Can I repay this? What comes in and goes out, what is owed already, and what a loan or a plan would add."""
