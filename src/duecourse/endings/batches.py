"""Decisions and moves of many loans at once, on all cores: what `duecourse.endings.deciding` does, part by part."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from duecourse.day.owed import Owed
from duecourse.endings import moving
from duecourse.endings.deciding import TOLD, Said, Wanted
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Move, Who
from duecourse.store.endings import Kind


@dataclass(frozen=True)
class Order:
    """What is decided of many loans, by whom and why; `run` is what they are carried out under."""

    kind: Kind
    who: Who
    why: str = ""
    run: str | None = None


@dataclass(frozen=True)
class Carried:
    """Into which state many endings are carried, by whom; `details` is a function of a module.

    `told` is what the law must know of the act, as `duecourse.endings.deciding.Wanted` has it.
    """

    state: str
    who: Who
    why: str = ""
    run: str | None = None
    details: Callable[[Ending, Owed], Mapping[str, Any]] | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


def decide(office: Office, order: Order, wanted: Sequence[Wanted], workers: int = 1) -> list[Said]:
    """Decide many loans; what was done before an error stands, and the same again leaves it as it is."""
    parts = office.in_parts(partial(_decided, order), wanted, workers)
    return [said for part in parts for said in part]


def carry_out(office: Office, carried: Carried, numbers: Sequence[int], workers: int = 1) -> list[Said]:
    """Judge endings again by their numbers, and carry out those on which the law permits it; likewise."""
    parts = office.in_parts(partial(_carried, carried), numbers, workers)
    return [said for part in parts for said in part]


def _decided(order: Order, opened: Opened, wanted: Sequence[Wanted]) -> list[Said]:
    return opened.deciding.decide(order.kind, wanted, order.who, why=order.why, run=order.run)


def _carried(carried: Carried, opened: Opened, numbers: Sequence[int]) -> list[Said]:
    endings = moving.read(opened.connection, "e.id = ANY(%s)", [list(numbers)])
    more = {TOLD: dict(carried.told)} if carried.told else {}
    moves = [Move(one, carried.state, carried.why, carried.run, more) for one in endings]
    return opened.deciding.carry_out(moves, carried.who, carried.details)
