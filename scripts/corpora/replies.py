"""Are the author's own words of replies found, and none of them lost?

Compared with all white space removed, for a document's lines are a matter of taste. Words count as lost when less is
found than in any accepted answer.
"""

from pathlib import Path

from postroom.cli.inbound_visible_text import READERS
from scripts.corpora.score import Score, entries


def score(folder: Path) -> Score:
    result = Score()
    for entry, raw in entries(folder):
        with result.timed():
            text = READERS[entry["format"]](raw)
        answers = (entry["expected"]["visible_text"], *entry["expected"]["visible_text_alt"])
        accepted = tuple(_squeeze(answer) for answer in answers)
        found = _squeeze(text)
        result.add("exact", entry["id"], got=found, expected=accepted)
        is_lost = found not in accepted and len(found) < min(map(len, accepted))
        result.add("nothing lost", entry["id"], got=not is_lost, expected=True)
    return result


def _squeeze(text: str) -> str:
    return "".join(text.split())
