"""What is wrong with this JSON, said so that its author can mend it?"""

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError

from postroom.errors import MissingFieldError, PostroomError, UnknownFieldError, WrongTypeError

_EMPTY = "The request has no body, or none with a Content-Length; send JSON."
# How pydantic calls what should have been an object.
_NO_OBJECT = frozenset({"model_type", "model_attributes_type", "dict_type"})


class MalformedJsonError(PostroomError):
    """The request body is not JSON."""

    code = "malformed_json"


class InvalidValueError(PostroomError):
    """The value is not one that this field can take."""

    code = "invalid_value"


def explain(fault: ValidationError, model: type[BaseModel], *, nesting: int = 0) -> PostroomError:
    """What pydantic found in a `model`, in our words; of several errors one, an unknown field before all others.

    A misspelt field is often missed as well: “form” for “from”. The misspelling is what its author must see.
    The first `nesting` steps of a field's path are left out: its author never wrote them.
    """
    errors = fault.errors(include_url=False, include_input=False)
    error = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
    field, kind = write_path(error["loc"][nesting:]) or None, error["type"]
    if kind == "extra_forbidden":
        known = _known_fields(model, error["loc"][:-1])
        return UnknownFieldError(_say_unknown(field, str(error["loc"][-1]), known), field=field)
    if kind == "missing":
        return MissingFieldError(f"{field} is missing.", field=field) if field else MalformedJsonError(_EMPTY)
    if kind in _NO_OBJECT:
        return WrongTypeError(f"{field or 'The body'} is not a JSON object; write it as {{…}}.", field=field)
    message = f"{field or 'The body'}: {error['msg'][:1].lower()}{error['msg'][1:]}."
    refusal = WrongTypeError if kind.endswith(("_type", "_parsing")) else InvalidValueError
    return refusal(message, field=field)


def write_path(location: Iterable[str | int]) -> str:
    """`("attachments", 0, "content")` as `attachments[0].content`; at most 100 characters."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path[:100]


def _say_unknown(field: str | None, name: str, known: list[str]) -> str:
    close = get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the fields are {', '.join(known)}."
    return f"There is no field {field}; {hint}"


def _known_fields(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The fields of the object at `location` inside of `model`."""
    schema = place = model.model_json_schema()
    for step in location:
        place = place["items"] if isinstance(step, int) else place["properties"][step]
        place = place.get("anyOf", [place])[0]  # the other alternative is null
        if "$ref" in place:
            place = schema["$defs"][place["$ref"].rpartition("/")[2]]
    return list(place["properties"])
