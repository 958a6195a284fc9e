"""Users, what they may give up, and what becomes of it: on a real server."""
