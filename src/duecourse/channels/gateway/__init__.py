"""A provider of messages that is spoken to over HTTP: short and instant messages alike.

settings.py    where the provider is, and its names of things
transport.py   what every channel can do
http.py        one request and its answer, bounded in time and size
webhooks.py    what the provider tells us, proved by its signature
"""
