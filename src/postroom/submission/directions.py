"""What do the X-Postroom fields of a message ask for, beside sending it?"""

from dataclasses import dataclass

from postroom.errors import PostroomError
from postroom.outbound.models import MAX_TAG_LENGTH, MAX_TAGS, Stream
from postroom.outbound.submit import DEFAULT_PRIORITY, PRIORITIES
from postroom.rfc.encoded_word import decode_encoded_words
from postroom.rfc.headers import field_value, iter_fields

PREFIX = "x-postroom-"
COMPANY, STREAM, CAMPAIGN, PRIORITY, TAG, TAGS = (
    PREFIX + word for word in ("company", "stream", "campaign", "priority", "tag", "tags")
)


class DirectionError(PostroomError):
    """An X-Postroom field of the message is not understood; docs/submission.md tells what there is."""

    code = "invalid_direction"


@dataclass(frozen=True, slots=True)
class Directions:
    """What is left open has its default: the workspace's first company, transactional, no hurry, no tags."""

    company: str | None = None
    stream: Stream = Stream.TRANSACTIONAL
    priority: int = DEFAULT_PRIORITY
    tags: tuple[str, ...] = ()
    campaign: str = ""


def read_directions(head: bytes) -> Directions:
    """DirectionError for an unknown field, a value that cannot be used, or one that is given twice."""
    found: dict[str, list[str]] = {name: [] for name in (COMPANY, STREAM, CAMPAIGN, PRIORITY, TAG, TAGS)}
    for name, field in iter_fields(head):
        if name.startswith(PREFIX):
            if name not in found:
                known = ", ".join(map(_written, found))
                raise DirectionError(f"There is no field {_written(name)}; known are {known}.", field=name)
            found[name].append(decode_encoded_words(field_value(field)).strip())
    return Directions(
        company=_only(COMPANY, found),
        stream=_stream(_only(STREAM, found)),
        campaign=_only(CAMPAIGN, found) or "",
        priority=_priority(_only(PRIORITY, found)),
        tags=_tags(found),
    )


def remove_directions(head: bytes) -> bytes:
    """The head as the recipients get it."""
    return b"".join(field for name, field in iter_fields(head) if not name.startswith(PREFIX))


def _only(name: str, found: dict[str, list[str]]) -> str | None:
    values = found[name]
    if len(values) > 1:
        raise DirectionError(f"{_written(name)} is given {len(values)} times; give it once.", field=name)
    return values[0] if values else None


def _stream(value: str | None) -> Stream:
    if value is None:
        return Stream.TRANSACTIONAL
    if value.lower() not in Stream.values:
        raise DirectionError(f"{_written(STREAM)} is “{value}”; write {' or '.join(Stream.values)}.", field=STREAM)
    return Stream(value.lower())


def _priority(value: str | None) -> int:
    if value is None:
        return DEFAULT_PRIORITY
    if value not in map(str, PRIORITIES):
        raise DirectionError(f"{_written(PRIORITY)} is “{value}”; write 0 (first) to 9 (last).", field=PRIORITY)
    return int(value)


def _tags(found: dict[str, list[str]]) -> tuple[str, ...]:
    words = found[TAG] + [word.strip() for value in found[TAGS] for word in value.split(",")]
    tags = tuple(dict.fromkeys(filter(None, words)))
    if len(tags) > MAX_TAGS:
        raise DirectionError(f"The message has {len(tags)} tags; at most {MAX_TAGS} are kept.", field=TAGS)
    for tag in tags:
        if len(tag) > MAX_TAG_LENGTH or not tag.isprintable():
            raise DirectionError(f"“{tag[:50]}” is no tag: write up to {MAX_TAG_LENGTH} letters.", field=TAG)
    return tags


def _written(name: str) -> str:
    """As people write it: X-Postroom-Company."""
    return name.title()
