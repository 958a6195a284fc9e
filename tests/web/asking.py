"""A browser without a screen: requests with cookies, forms with the token of their page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Answer:
    """What was answered; redirects are not followed."""

    status: int
    body: str
    raw: bytes
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
        return self.ask("POST", path, urlencode({**values, "csrfmiddlewaretoken": self.token()}))

    def token(self) -> str:
        """Return the token of a form of ours."""
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get("/portal/check").body)
        assert found is not None
        return found[1]

    def send(self, path: str, files: Sequence[tuple[str, str, bytes]], **values: str) -> Answer:
        """Send a form with files: (field, name, bytes)."""
        edge, parts = "edge-of-a-part", list[bytes]()
        for name, value in {**values, "csrfmiddlewaretoken": self.token()}.items():
            parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
        for name, called, body in files:
            head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{called}"\r\n'
            parts.append(head.encode() + b"Content-Type: image/png\r\n\r\n" + body + b"\r\n")
        parts.append(f"--{edge}--\r\n".encode())
        return self.ask("POST", path, b"".join(parts), f"multipart/form-data; boundary={edge}")

    def ask(
        self, method: str, path: str, body: str | bytes = "", kind: str = "application/x-www-form-urlencoded"
    ) -> Answer:
        where = urlsplit(self.url)
        connection = HTTPConnection(where.hostname or "", where.port, timeout=20)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            headers |= {"Content-Type": kind, "Origin": self.url}
        connection.request(method, path, body or None, headers)
        found = connection.getresponse()
        raw = found.read()
        text = raw.decode(errors="replace")
        for name, value in found.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        connection.close()
        return Answer(found.status, text, raw, {name.lower(): value for name, value in found.getheaders()})


def signed_in(url: str, user: str) -> Asking:
    """Come in as a user of the demonstration."""
    asking = Asking(url)
    answer = asking.post(f"/desk/sign-in/as/{user}")
    assert answer.status == 302, answer.body
    return asking


def as_borrower(url: str, number: int) -> Asking:
    """Come in as a borrower of the demonstration."""
    asking = Asking(url)
    answer = asking.post(f"/portal/as/{number}")
    assert answer.status == 302, answer.body
    return asking
