"""The day over HTTP, by the server that operators run."""
