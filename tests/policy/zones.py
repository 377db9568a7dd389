"""What do tests take for DNS where no server is needed: a dictionary that is asked until nothing more is wanted?"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from postroom.policy.dns.answers import Answer, Answers, Question, Status

T = TypeVar("T")
Zone = Mapping[tuple[str, str], object]
"""(name, type): the values as a list, or the Status of a failure; a CNAME is followed."""


def answer(zone: Zone, question: Question, chain: tuple[str, ...] = ()) -> Answer:
    found = zone.get(question)
    alias = zone.get((question.name, "CNAME"))
    if isinstance(found, Status):
        return Answer(found, chain=chain)
    if isinstance(found, list):
        return Answer(Status.FOUND, tuple(found), chain)
    if isinstance(alias, list):
        return answer(zone, Question(alias[0], question.type), (*chain, alias[0]))
    exists = any(name == question.name or name.endswith(f".{question.name}") for name, _ in zone)
    return Answer(Status.NODATA if exists else Status.NXDOMAIN, chain=chain)


def decide(zone: Zone, judge: Callable[[Answers], T]) -> T:
    """What `judge` says once DNS was asked all that it wanted to know."""
    known: dict[Question, Answer] = {}
    for _ in range(50):
        answers = Answers(known)
        verdict = judge(answers)
        if not answers.wanted:
            return verdict
        known |= {question: answer(zone, question) for question in answers.wanted}
    raise AssertionError(f"it never stops asking: {answers.wanted}")
