"""The day: what comes in, what goes out."""
