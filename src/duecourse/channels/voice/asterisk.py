"""Click to call through Asterisk's REST interface (ARI): ring the agent's phone, then go on in the dial plan.

Written to the documentation of ARI (Channels: originate with id, channel details), and tried against a server that
answers as the documentation says: it was never run against an Asterisk. How a call ended is not read from Asterisk:
the agent says it.

The number goes in the body of the request, never in its address, which servers log.
"""

import base64
import http.client
import json
import re
from typing import Final
from urllib.parse import quote, urlsplit

from duecourse.channels.kept import safe
from duecourse.channels.transport import Fate, Result
from duecourse.kernel.errors import DueCourseError

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164


class Asterisk:
    """One Asterisk. The agent's phone is `<technology>/<agent>`; a context of its dial plan dials the number."""

    def __init__(
        self,
        address: str,
        user: str,
        password: str,
        *,
        context: str,
        technology: str = "PJSIP",
        seconds: int = 10,
        ring_seconds: int = 30,
    ) -> None:
        """Take the interface's address (http://host:8088/ari), a user of ari.conf, and the context that dials out.

        A request waits for `seconds`, the agent's phone rings for `ring_seconds`. DueCourseError for no such address.
        """
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise DueCourseError("the address of Asterisk must be http(s)://host:port/ari, without user or password")
        self._parts, self._seconds = parts, seconds
        self._context, self._technology, self._ring_seconds = context, technology, ring_seconds
        self._secret = base64.b64encode(f"{user}:{password}".encode()).decode()

    def call(self, key: str, agent: str, number: str) -> Result:
        """Ring the agent, and then the number, once for a key: Asterisk has one channel under it, or none."""
        if not _NUMBER.fullmatch(number):
            return Result(Fate.REFUSED, why="the number is not of the form +14155550123")
        body = {
            "endpoint": f"{self._technology}/{safe('agent', agent)}",
            "extension": number,
            "context": self._context,
            "priority": 1,
            "timeout": self._ring_seconds,
        }
        status, why = self._asked("POST", key, json.dumps(body))
        if status in {200, 409}:  # 409: a channel under this key is there already
            return Result(Fate.LEFT, provider_id=key)
        if status == 400:
            return Result(Fate.REFUSED, why="Asterisk knows no such agent, context or number")
        if status in {401, 403, 404}:
            return Result(Fate.NOT_LEFT, why=f"Asterisk answers {status}: look at user, password and address")
        return Result(Fate.NOT_LEFT if status == 0 else Fate.UNKNOWN, why=why or f"Asterisk answers {status}")

    def ask(self, key: str) -> Result:
        """Ask whether a call is under way; UNKNOWN when it is not: it is over, or never was."""
        status, why = self._asked("GET", key, None)
        if status == 200:
            return Result(Fate.LEFT, provider_id=key)
        return Result(Fate.UNKNOWN, why=why or f"Asterisk answers {status}: the call is over, or never was")

    def _asked(self, method: str, key: str, body: str | None) -> tuple[int, str]:
        """Return the answer's status; 0 where nothing was reached, -1 where no answer came, and why."""
        path = f"{self._parts.path.rstrip('/')}/channels/{quote(safe('key', key), safe='')}"
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=self._seconds)
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            return 0, f"Asterisk is not reached: {type(error).__name__}"
        head = {"Authorization": f"Basic {self._secret}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, head)
            status = connection.getresponse().status  # its words are not read: they may quote the number
        except (OSError, http.client.HTTPException) as error:
            return -1, f"no answer of Asterisk: {type(error).__name__}"
        else:
            return status, ""
        finally:
            connection.close()
