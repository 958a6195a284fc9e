"""What must be true of the templates of a strategy, and what is merely doubtful. Their words are judged in `texts`."""

from collections.abc import Iterator, Mapping

from duecourse.law.document import Steps, nearest
from duecourse.law.wording import lexicon
from duecourse.strategy import texts
from duecourse.strategy.checks import Fault
from duecourse.strategy.models import Strategy, Template, Treatment
from duecourse.strategy.words import OF_THE_DAY


def faults(strategy: Strategy) -> Iterator[Fault]:
    """Yield what is wrong: a template that is not declared, is a draft in use, or says more than it declares."""
    if strategy.templates is None:
        return
    for stage, rung in enumerate(strategy.ladder):
        for place, treatment in enumerate(rung.treatments):
            at: Steps = ("ladder", stage, "treatments", place, "template")
            yield from _use(strategy.templates, treatment, at)
    for name, template in strategy.templates.items():
        yield from _declared(template, ("templates", name))
        used = tuple(treatment for treatment in strategy.treatments if treatment.template == name)
        yield from texts.faults(strategy.templates, name, used)


def doubts(strategy: Strategy) -> Iterator[Fault]:
    """Yield what may be meant, but should be looked at: templates that nothing uses, texts that nobody can read."""
    templates = strategy.templates or {}
    used = {treatment.template for treatment in strategy.treatments} | texts.lines_of(templates) | {*OF_THE_DAY}
    read = lexicon.languages()
    for name, template in templates.items():
        at: Steps = ("templates", name)
        if name not in used:
            yield Fault(at, f"no treatment uses template '{name}'; use it or take it out")
        for language in template.text:
            if language not in read:
                yield Fault(
                    (*at, "text", language),
                    f"template '{name}': its text in '{language}' is not read for banned words, which can be done"
                    f" in {' and '.join(read)}; have a person read it",
                )
        yield from texts.doubts(template, at)


def _use(templates: Mapping[str, Template], treatment: Treatment, at: Steps) -> Iterator[Fault]:
    name = treatment.template
    if name is None:
        return
    if name not in templates:
        yield Fault(at, f"template '{name}' is not declared under 'templates'{nearest(name, templates)}")
    elif templates[name].approved is None:
        yield Fault(
            at,
            f"template '{name}' is a draft: two people must approve it before treatment '{treatment.name}' may use it"
            " (approved: {by: [one, another], on: 2026-01-31})",
        )


def _declared(template: Template, at: Steps) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, word in enumerate(template.content):
        if word in seen:
            yield Fault((*at, "content", place), f"content '{word}' stands twice")
        seen.add(word)
