"""What can place a call for an agent."""

from typing import Protocol

from duecourse.channels.transport import Fate, Result


class Dialler(Protocol):
    """A way to place calls; errors of a peer become a `Result`, never an exception."""

    def call(self, key: str, agent: str, number: str) -> Result:
        """Ring the agent, then the number, once for a key, within the time that was set."""

    def ask(self, key: str) -> Result:
        """Ask what became of a call; UNKNOWN where nobody can tell."""


class ByHand:
    """No machine: the number is shown to the agent, who dials it. What was shown counts as called."""

    def call(self, key: str, agent: str, number: str) -> Result:  # noqa: ARG002  one shape for all
        """Say that the agent has the number now."""
        return Result(Fate.LEFT, provider_id=key)

    def ask(self, key: str) -> Result:  # noqa: ARG002  one shape for all
        """Say that only the agent knows."""
        return Result(Fate.UNKNOWN, why="dialled by hand: ask the agent")
