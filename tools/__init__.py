"""What developers run: set-up and the generated reference. Not shipped."""
