"""Scenes of random federal worlds on who is contacted, how often, when and where."""

from datetime import timedelta

from tests.law.independent.worlds import Scene
from tests.law.independent.worlds_us_tools import CHANNELS, HOURS, OUR, OUTCOMES, contacted, daytime, loans_of, reaches


def calls(scene: Scene) -> None:
    """Make calls around seven in seven days, talks around seven days ago, consent and its end."""
    dice = scene.dice
    whom = dice.weighted({"borrower": 6, "mary": 1, "nia": 1, "bank": 1})
    purpose = "location" if whom == "nia" else None
    for _ in range(dice.weighted({6: 3, 7: 5, 8: 3, 2: 2, 12: 1})):
        outcome = dice.weighted({**OUTCOMES, "conversation": 0}) if dice.chance(90) else None
        media = dice.weighted({"call": 9, "voicemail": 1})
        contacted(scene, daytime(scene, -dice.weighted({6: 3, 7: 1, 5: 2, 4: 2, 3: 2, 2: 2, 1: 2, 8: 1})), media,
                  outcome=outcome, about=loans_of(scene), purpose=purpose, by=dice.weighted({None: 12, "X1": 1}),
                  number=dice.one(None, "m1", "h1"), **{"with": whom if dice.chance(90) else "mary"})  # fmt: skip
    if dice.chance(35):
        about = loans_of(scene)
        contacted(
            scene,
            daytime(scene, -dice.one(5, 6, 7, 8)),
            dice.weighted({"call": 8, "visit": 1}),
            about=about,
            direction=dice.one("in", "out"),
            outcome="conversation",
            discussed=dice.one(None, ("A",)),
            **{"with": whom},
        )
    if dice.chance(35):
        agreed(scene, whom)
    for _ in range(dice.randint(2, 4)):
        reaches(
            scene,
            daytime(scene, dice.one(0, 0, 1, 7)),
            dice.weighted({"call": 9, "voicemail": 2, "sms": 1}),
            whom=whom,
            purpose=purpose,
            number=dice.one(None, None, "h1"),
            about=loans_of(scene),
            mode="ringless" if dice.chance(5) else None,
        )


def agreed(scene: Scene, whom: str) -> None:
    """Let somebody have agreed to calls; perhaps for a day, perhaps taken back, perhaps used up."""
    dice = scene.dice
    at = daytime(scene, -dice.one(0, 1, 5, 6, 7))
    given_by = None if whom == "borrower" else whom
    scene.happened(
        "consent",
        at,
        to=dice.weighted({"call": 6, "contact": 1, "sms": 1}),
        given_to=dice.weighted({OUR: 8, "L1": 1, None: 1}),
        about=loans_of(scene),
        on=scene.day if dice.chance(25) else None,
        given_by=given_by,
    )
    if dice.chance(15):
        scene.happened("consent_withdrawn", at + timedelta(hours=2), to=dice.one("call", None), given_by=given_by)
    if dice.chance(15):
        contacted(scene, at + timedelta(hours=3), "call", outcome="conversation", **{"with": whom})


def hours(scene: Scene) -> None:
    """Make the hours and their edges, in every zone; leave for an hour; letters; sending later."""
    dice = scene.dice
    if dice.chance(40):
        scene.happened(
            "consent",
            daytime(scene, -3),
            to=dice.one("call", "contact", "email", "call"),
            given_to=dice.one(OUR, OUR, "L1"),
            hours=dice.one(*HOURS, (1260, 1380)),
            number=dice.one(None, None, None, "m1"),
            in_last_contact=dice.one(None, None, True),
        )
        if dice.chance(15):
            scene.happened("consent_withdrawn", daytime(scene, -2), to=dice.one("call", "email", None))
    if dice.chance(20):
        scene.happened("court_permission", daytime(scene, -3), to="contact", hours=dice.one(*HOURS, None))
    for _ in range(dice.randint(3, 6)):
        minute = dice.one(
            479, 480, 659, 660, 1259, 1260, 450, 500, 1300, 1440 - 1, 0, 360, 539, 540, 1319, 1320, 1199, 1200
        )
        sent = scene.at(dice.one(1259, 1260, 700)) if dice.chance(10) else None
        reaches(
            scene,
            scene.at(minute),
            dice.weighted(CHANNELS),
            whom=dice.weighted({"borrower": 8, "mary": 1, "pat": 1}),
            sent_at=sent,
            number=dice.one(None, None, "m1"),
            purpose=dice.weighted({None: 8, "marketing": 1, "servicing": 1}),
        )


def unsuitable(scene: Scene) -> None:
    """Make times that somebody ruled out, and the one answer."""
    dice = scene.dice
    whom = dice.weighted({"borrower": 6, "mary": 1})
    clocks = dice.one(*HOURS)
    only = dice.chance(15)
    scene.happened(
        "inconvenient",
        daytime(scene, -9),
        time=None if only else clocks,
        days=dice.one(None, None, "weekdays"),
        only_convenient_time=clocks if only else None,
        given_by=None if whom == "borrower" else whom,
    )
    media = dice.one("email", "call", "sms")
    if dice.chance(40):
        contacted(
            scene,
            scene.at(clocks[0], -dice.one(0, 0, 1)),
            media,
            direction="in",
            outcome="delivered",
            **{"with": whom},
            by=dice.weighted({None: 9, "X1": 1}),
        )
        if dice.chance(30):
            contacted(scene, scene.at(clocks[0] + 1), media, **{"with": whom})
    if dice.chance(25):
        scene.happened(
            "consent",
            daytime(scene, -dice.one(5, 12)),
            to=dice.one("call", "contact"),
            given_to=OUR,
            hours=dice.one(clocks, None, (clocks[0] + 30, clocks[1])),
            given_by=None if whom == "borrower" else whom,
        )
    for _ in range(dice.randint(3, 5)):
        minute = dice.one(clocks[0] - 1, clocks[0], clocks[0] + 30, clocks[1] - 1, clocks[1])
        reaches(
            scene,
            scene.at(minute, dice.one(0, 0, 0, 1, 2)),
            dice.one(media, media, "call", "letter", "email"),
            whom=whom,
            purpose=dice.one("answer_to_borrower", None),
        )


def broken_off(scene: Scene) -> None:
    """Make the borrower cannot talk now; the next sentence, or the next day."""
    dice, at = scene.dice, daytime(scene)
    contacted(scene, at, "call", outcome="answered_no_talk")
    if dice.chance(80):
        scene.happened(
            "inconvenient", at + timedelta(minutes=dice.one(0, 1)), scope=dice.one("this_contact", "this_contact", None)
        )
    if dice.chance(30):
        contacted(scene, at + timedelta(minutes=2), "email")
    for _ in range(dice.randint(2, 4)):
        reaches(scene, at + timedelta(minutes=3), "call", continues_last=dice.one(True, True, None, False))


def places(scene: Scene) -> None:
    """Places that were ruled out, the workplace, and where the borrower is known to be."""
    dice = scene.dice
    if dice.chance(75):
        scene.happened(
            "inconvenient",
            daytime(scene, -9),
            place=dice.one("home", "work", "other"),
            given_by=dice.one(None, None, None, "mary"),
        )
    if dice.chance(35):
        scene.happened("employer_forbids_contact", daytime(scene, -8))
    if dice.chance(40):
        until = scene.at(dice.one(1439, 700), dice.one(0, 1, -1))
        scene.happened(
            "whereabouts",
            scene.at(600, -dice.one(0, 1)),
            place=dice.one("home", "work", "other"),
            until=until if dice.chance(80) else None,
        )
    if dice.chance(35):
        scene.happened(
            "consent",
            daytime(scene, -5),
            to=dice.one("call", "contact", "visit"),
            given_to=dice.one(OUR, OUR, "L1"),
            place=dice.one("work", "home", None),
            number=dice.one(None, "w1", "h1"),
            hours=dice.one(None, (720, 960)),
        )
    if dice.chance(15):
        scene.happened("court_permission", daytime(scene, -5), to="contact")
    if dice.chance(25):
        contacted(scene, scene.at(600), dice.one("sms", "call", "email"), direction="in", outcome="delivered")
    for _ in range(dice.randint(3, 5)):
        media = dice.weighted({"call": 5, "visit": 3, "letter": 2, "sms": 1, "email": 1, "voicemail": 1, "fax": 1})
        number = dice.one("m1", "h1", "w1", None) if media in {"call", "voicemail", "sms"} else None
        place = dice.one("home", "work", "other") if media in {"visit", "letter"} and dice.chance(80) else None
        reaches(
            scene,
            daytime(scene),
            media,
            number=number,
            place=place,
            whom=dice.weighted({"borrower": 8, "mary": 1}),
            purpose=dice.weighted({None: 5, "answer_to_borrower": 2}),
        )


def represented(scene: Scene) -> None:
    """Make an attorney known, gone, silent, agreeing."""
    dice = scene.dice
    scene.happened(
        "attorney_named",
        daytime(scene, -20),
        about=loans_of(scene),
        by=dice.one("ortiz", "ortiz", None),
        name_known=dice.one(True, None, False),
        address_known=dice.one(True, None, False),
        readily_found=dice.one(None, True, False),
    )
    if dice.chance(30):
        scene.happened(
            dice.one("attorney_withdrawn", "attorney_unresponsive"),
            daytime(scene, -dice.one(10, 30)),
            about=loans_of(scene),
            by="ortiz",
        )
    if dice.chance(30):
        scene.happened(
            "consent",
            daytime(scene, -dice.one(9, 25)),
            to=dice.one("call", "contact", "sms"),
            given_to=dice.one(OUR, OUR, "L1"),
            by=dice.one("ortiz", None),
        )
    if dice.chance(15):
        scene.happened("court_permission", daytime(scene, -5), to="contact")
    for _ in range(dice.randint(3, 5)):
        whom = dice.weighted({"borrower": 5, "mary": 1, "ortiz": 1, "nia": 3})
        reaches(
            scene, daytime(scene), dice.weighted(CHANNELS), whom=whom, purpose="location" if whom == "nia" else None
        )


def stopped(scene: Scene) -> None:
    """Make a request to stop, in every form, arrived or not; what may still be said."""
    dice = scene.dice
    at = daytime(scene, -dice.one(0, 1, 9))
    form = dice.one("written", "written", "electronic", "oral")
    scene.happened(
        "cease_request",
        at,
        about=loans_of(scene),
        form=form,
        accepted=dice.one(True, True, False, None) if form == "electronic" else None,
        received_at=dice.one(None, at, at + timedelta(days=1)),
    )
    for _ in range(dice.randint(3, 6)):
        said = dice.one(
            None,
            ("says_collection_ends",),
            ("says_remedy_may_be_used",),
            ("says_remedy_will_be_used",),
            ("settlement_offer",),
            ("payment_request", "says_collection_ends"),
            ("early_intervention_notice",),
            ("debt_details",),
            ("threat_of_suit",),
        )
        content = None if said is None else (*said, "full_collector_line", "opt_out_line")
        reaches(
            scene,
            at + timedelta(minutes=dice.one(1, 30, 1440)) if dice.chance(20) else daytime(scene, 1),
            dice.one("letter", "letter", "email", "call", "sms"),
            content=content,
            intended=dice.one(True, None, False),
            whom=dice.weighted({"borrower": 6, "mary": 1, "ortiz": 1}),
        )
