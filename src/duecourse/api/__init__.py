"""The day over HTTP: what providers tell us, who leaves the e-mail, and what a monitor asks.

`duecourse.api.app` is the WSGI application, `duecourse.api.serving` the server that `duecourse serve` runs it in.
"""
