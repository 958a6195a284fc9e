"""The night run: from loaded tables to tonight's plan, with the reason for every line of it."""
