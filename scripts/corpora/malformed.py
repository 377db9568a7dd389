"""Is recovered from broken mail what a good reader recovers at least?

Text is compared with runs of white space made one blank. What the manifest leaves open (null, an empty name) is not
asked for.
"""

from pathlib import Path

from postroom.rfc.summary import Summary, summarise
from scripts.corpora.score import Members, Score, entries


def score(folder: Path) -> Score:
    result = Score()
    for entry, raw in entries(folder):
        with result.timed():
            summary = summarise(raw)
        _compare(result, entry["id"], summary, entry["expected"])
    return result


def _compare(result: Score, name: str, got: Summary, expected: Members) -> None:
    if expected["subject"] is not None:
        result.add("subject", name, got=got.subject, expected=" ".join(expected["subject"].split()))
    for question, addresses in (("from", got.from_), ("to", got.to)):
        if expected[question] is not None:
            result.add(question, name, got=sorted(addresses), expected=sorted(expected[question]))
    if expected["text_snippet"]:
        text, snippet = " ".join(got.text.split()), " ".join(expected["text_snippet"].split())
        result.add("text", name, got=snippet if snippet in text else text[:200], expected=snippet)
    names = {each for each in expected["attachment_names"] or () if each}
    result.add("names", name, got=sorted(names & set(got.attachments)), expected=sorted(names))
