"""What borrowers who pay on time earn: worked out from rules, applied to instalments to come, reported by cost."""
