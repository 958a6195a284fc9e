"""One agent's calls: what is sent is a call, placed when the agent clicks."""

from collections.abc import Iterator
from pathlib import Path

from duecourse.channels.kept import safe
from duecourse.channels.transport import Message, Received, Result
from duecourse.channels.voice.calls import Calls
from duecourse.channels.voice.dialler import Dialler


class Calling:
    """A transport that places calls for one agent through a dialler; the message's text is what the agent reads."""

    def __init__(self, folder: Path, agent: str, dialler: Dialler) -> None:
        """Take the folder of the register, the agent's id, and what dials."""
        self.calls = Calls(folder)
        self._agent, self._dialler = safe("agent", agent), dialler

    def send(self, message: Message) -> Result:
        """Place the call."""
        return self._dialler.call(message.key, self._agent, message.to)

    def ask(self, message: Message) -> Result:
        """Ask what became of a call."""
        return self._dialler.ask(message.key)

    def received(self) -> Iterator[Received]:
        """Yield how calls ended."""
        return self.calls.received()

    def close(self) -> None:
        """Do nothing: nothing is held."""
