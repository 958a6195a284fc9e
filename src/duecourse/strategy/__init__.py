"""What is wise: the strategy file, its models and checks, and the ladder that it describes."""
