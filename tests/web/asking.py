"""A browser without a screen: requests with cookies, forms with the token of their page."""

import re
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Answer:
    """What was answered; redirects are not followed."""

    status: int
    body: str
    headers: dict[str, str]

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


@dataclass
class Asking:
    """One visitor."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, **values: str) -> Answer:
        """Send a form as a page of ours would, with the token of the page that is signed in with."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get("/desk/sign-in").body)
        assert token is not None
        return self.ask("POST", path, urlencode({**values, "csrfmiddlewaretoken": token[1]}))

    def ask(self, method: str, path: str, body: str = "") -> Answer:
        where = urlsplit(self.url)
        connection = HTTPConnection(where.hostname or "", where.port, timeout=20)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url}
        connection.request(method, path, body or None, headers)
        found = connection.getresponse()
        text = found.read().decode(errors="replace")
        for name, value in found.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        connection.close()
        return Answer(found.status, text, {name.lower(): value for name, value in found.getheaders()})


def signed_in(url: str, user: str) -> Asking:
    """Come in as a user of the demonstration."""
    asking = Asking(url)
    answer = asking.post(f"/desk/sign-in/as/{user}")
    assert answer.status == 302, answer.body
    return asking
