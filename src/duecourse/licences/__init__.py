"""Is this platform formal? Who is licensed by which authority, from when until when, and whose number that is."""
