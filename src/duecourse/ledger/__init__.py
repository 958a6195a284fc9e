"""What is owed: the position of every loan on any day, recomputed from source events each time."""
