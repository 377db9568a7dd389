"""What does a routing scenario, written as JSON, ask, and how is the decision told in JSON?

docs/routing.md describes both. Reading is strict, because a scenario is written to learn something: a misspelt key that
is ignored teaches something wrong.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from postroom.errors import AddressError, PostroomError, ScenarioError
from postroom.policy.identity import AliasDomain
from postroom.policy.routing import Decision, Policy, RoutingTable, Server, compile_table
from postroom.rfc.address import Mailbox, format_mailbox, parse_mailbox

_REQUIRED = frozenset({"policy", "from", "alias_domain", "servers", "default_from_filter", "platform_from"})
_OPTIONAL = frozenset({"id", "forced_server", "expected"})  # `expected` is for whoever compares; it is not read
_ALIAS_DOMAIN = frozenset({"name", "bounce", "catchall", "default_from"})
_SERVER = frozenset({"name", "priority", "from_filter", "active"})
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # JSON can name one ("\ud800"), UTF-8 cannot hold it

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A table and one question to it."""

    table: RoutingTable
    from_: Mailbox | None
    alias_domain: AliasDomain | None
    platform_from: Mailbox | None
    forced_server: str | None

    def decide(self) -> Decision:
        """Raises what `RoutingTable.decide` raises."""
        return self.table.decide(
            self.from_, alias_domain=self.alias_domain, platform_from=self.platform_from, forced=self.forced_server
        )


def answer_scenario(text: bytes) -> dict[str, Any]:
    """The decision for one scenario, or `{"error": {"code", "message"}}`; with the scenario's id, if it has one."""
    identifier: dict[str, Any] = {}
    try:
        members = _load(text)
        identifier = _read_id(members)
        return identifier | describe_decision(read_scenario(members).decide())
    except PostroomError as error:
        message = f"{error.field}: {error.message}" if error.field else error.message
        return identifier | {"error": {"code": error.code, "message": message}}


def read_scenario(members: Mapping[str, Any]) -> Scenario:
    """The scenario in a parsed JSON object; ScenarioError or AddressError with the `field` that is wrong."""
    _check_keys(members, _REQUIRED, _OPTIONAL, field=None)
    table = compile_table(
        _read_servers(members["servers"]),
        policy=_read_policy(members["policy"]),
        default_from_filter=_read_optional(members["default_from_filter"], _read_text, field="default_from_filter"),
    )
    return Scenario(
        table=table,
        from_=_read_mailbox(members["from"], field="from"),
        alias_domain=_read_optional(members["alias_domain"], _read_alias_domain, field="alias_domain"),
        platform_from=_read_optional(members["platform_from"], _read_mailbox, field="platform_from"),
        forced_server=_read_optional(members.get("forced_server"), _read_text, field="forced_server"),
    )


def describe_decision(decision: Decision) -> dict[str, Any]:
    """The decision as JSON values; `server` None is the default server."""
    return {
        "server": decision.server.name if decision.server else None,
        "from": format_mailbox(decision.from_),
        "from_address": decision.from_.address,
        "from_rewritten": decision.from_rewritten,
        "return_path": decision.return_path,
        "reply_to": decision.reply_to,
        "steps": [step._asdict() for step in decision.steps],
        "warnings": list(decision.warnings),
    }


def _load(text: bytes) -> dict[str, Any]:
    try:
        members = json.loads(
            text.removeprefix(b"\xef\xbb\xbf").decode(),
            object_pairs_hook=_refuse_twins,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        raise ScenarioError(f"The scenario is not UTF-8 from byte {error.start + 1} on; save it as UTF-8.") from error
    except RecursionError as error:
        raise ScenarioError("The scenario is nested far too deeply; compare it with docs/routing.md.") from error
    except ValueError as error:
        raise ScenarioError(f"The scenario is not JSON ({error}); write one object, as in docs/routing.md.") from error
    if not isinstance(members, dict):
        raise ScenarioError("The scenario is not a JSON object; write it in {…}, as in docs/routing.md.")
    return members


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """RFC 8259 §4 leaves open which of two members with one name counts, so neither may."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ScenarioError("is given twice; leave one.", field=_printable(twin))
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")


def _read_id(members: Mapping[str, Any]) -> dict[str, Any]:
    if "id" not in members:
        return {}
    value = members["id"]
    if isinstance(value, bool) or not isinstance(value, str | int) or _SURROGATE.search(str(value)):
        raise ScenarioError("must be a text or a whole number.", field="id")
    return {"id": value}


def _check_keys(
    members: Mapping[str, Any], required: frozenset[str], optional: frozenset[str], *, field: str | None
) -> None:
    missing, unknown = required - members.keys(), members.keys() - required - optional
    if missing:
        raise ScenarioError(f"The key “{min(missing)}” is missing; add it (null where nothing applies).", field=field)
    if unknown:
        known = ", ".join(sorted(required | optional))
        raise ScenarioError(f"The key “{_printable(min(unknown))}” is unknown; known are {known}.", field=field)


def _read_policy(value: object) -> Policy:
    try:
        return Policy(_read_text(value, field="policy"))
    except ValueError as error:
        raise ScenarioError(f"must be one of: {', '.join(Policy)}.", field="policy") from error


def _read_servers(value: object) -> list[Server]:
    if not isinstance(value, list):
        raise ScenarioError("must be a list of servers.", field="servers")
    return [_read_server(item, field=f"servers[{index}]") for index, item in enumerate(value)]


def _read_server(value: object, *, field: str) -> Server:
    """A server's key is its name: scenarios have no other, and a forced server is given by it."""
    members = _read_object(value, _SERVER, field=field)
    name = _read_text(members["name"], field=f"{field}.name")
    if not name.strip():
        raise ScenarioError("must not be empty; give the server a name.", field=f"{field}.name")
    priority, active = members["priority"], members["active"]
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise ScenarioError("must be a whole number, such as 10.", field=f"{field}.priority")
    if not isinstance(active, bool):
        raise ScenarioError("must be true or false.", field=f"{field}.active")
    from_filter = _read_optional(members["from_filter"], _read_text, field=f"{field}.from_filter")
    return Server(name, name, priority, from_filter, active)


def _read_alias_domain(value: object, *, field: str) -> AliasDomain:
    members = _read_object(value, _ALIAS_DOMAIN, field=field)
    return AliasDomain(**{key: _read_text(members[key], field=f"{field}.{key}") for key in _ALIAS_DOMAIN})


def _read_object(value: object, keys: frozenset[str], *, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ScenarioError(f"must be an object with {', '.join(sorted(keys))}.", field=field)
    _check_keys(value, keys, frozenset(), field=field)
    return value


def _read_mailbox(value: object, *, field: str) -> Mailbox | None:
    """An empty text is no mailbox: as From it means that the system speaks."""
    text = _read_text(value, field=field)
    try:
        return parse_mailbox(text) if text.strip() else None
    except AddressError as error:
        raise AddressError(error.message, field=field) from error


def _read_text(value: object, *, field: str) -> str:
    if not isinstance(value, str):
        raise ScenarioError("must be a text.", field=field)
    if _SURROGATE.search(value):
        raise ScenarioError("holds half a character (a lone surrogate); leave it out.", field=field)
    return value


def _read_optional(value: object, read: Callable[..., _Value], *, field: str) -> _Value | None:
    return None if value is None else read(value, field=field)


def _printable(text: str) -> str:
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text[:100])
