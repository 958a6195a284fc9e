"""Random worlds in which somebody asks others what the borrower owes."""

from datetime import timedelta
from typing import Any, Final

from tests.law.independent.worlds import Scene

PURPOSES: Final = ("own_view", "affordability", "forbearance", "marketing", "collection", None)


def look_ups(scene: Scene) -> None:
    """Consents for one purpose or another, spoken, written, run out and taken back; and who then asks."""
    dice = scene.dice
    for _ in range(dice.randint(0, 4)):
        at = scene.at(dice.randrange(500, 900), -dice.randint(1, 20))
        if dice.chance(30):
            scene.happened("consent_withdrawn", at, to=dice.one("look_up", "sms"), purpose=dice.choice(PURPOSES))
            continue
        until = at + timedelta(days=dice.randint(1, 20)) if dice.chance(60) else None
        form = dice.one("written", "electronic", "electronic", "oral", None)
        purpose = dice.choice(PURPOSES)
        scene.happened("consent", at, to=dice.one("look_up", "look_up", "sms"), purpose=purpose, form=form, until=until)
    for _ in range(dice.randint(5, 8)):
        keys: dict[str, Any] = {"purpose": dice.choice(PURPOSES), "by": dice.one("own", "own", "borrower")}
        scene.proposes("look_up", scene.at(620), loan=str(dice.choice(scene.loans)["id"]), **keys)
