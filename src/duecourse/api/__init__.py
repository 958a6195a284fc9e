"""The day over HTTP: what providers tell us, who leaves the e-mail, and what a monitor asks.

`duecourse.web.app` is the WSGI application, `duecourse.web.serving` the server that `duecourse serve` runs it in.
"""
