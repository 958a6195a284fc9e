"""The night beside what people write by hand for the same: pandas, Polars, one DuckDB statement, a loop in Python."""
