"""What free text says: the banned content of a message, found by lists of words that people can read and mend."""
