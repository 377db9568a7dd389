"""Are bounces, and mail that looks like them, classified as expected?

An expected recipient counts as found under its own address or one of its aliases, and a file as exactly right when
nobody is missing and nobody is invented. What the manifest leaves open (null) is not compared.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from postroom.policy.classification import Classification, NoticedRecipient, classify
from scripts.corpora.score import Members, Score, entries


def score(folder: Path) -> Score:
    result = Score()
    for entry, raw in entries(folder):
        with result.timed():
            classification = classify(raw)
        _compare(result, entry["id"], classification, entry["expected"])
    return result


def _compare(result: Score, name: str, got: Classification, expected: Members) -> None:
    result.add("kind", name, got=got.kind.value, expected=expected["kind"])
    found = {recipient.address.lower(): recipient for recipient in got.recipients}
    pairs = list(_pair(found, expected["recipients"]))
    addresses = sorted(found)
    is_exact = len(pairs) == len(found) == len(expected["recipients"])
    wanted = sorted(each["recipient"].lower() for each in expected["recipients"])
    result.add("recipients", name, got=addresses, expected=addresses if is_exact else wanted)
    for recipient, members in pairs:
        _compare_recipient(result, name, recipient, members)
    if expected["original_message_id"]:
        wanted_id = expected["original_message_id"]
        result.add("message id", name, got=got.original_message_id, expected=wanted_id)


def _pair(found: Mapping[str, NoticedRecipient], expected: list[Members]) -> Iterator[tuple[NoticedRecipient, Members]]:
    left = dict(found)
    for members in expected:
        names = [name.lower() for name in (members["recipient"], *members["aliases"])]
        if name := next((name for name in names if name in left), None):
            yield left.pop(name), members


def _compare_recipient(result: Score, name: str, got: NoticedRecipient, expected: Members) -> None:
    if expected["hard"] is not None:
        result.add("hard", name, got=got.is_hard, expected=expected["hard"])
    if expected["permanent"] is not None:
        result.add("permanent", name, got=got.is_permanent, expected=expected["permanent"])
    if expected["status"]:
        result.add("status", name, got=got.status, expected=tuple(expected["status_any"]))
