"""Golden stories of how debts end."""
