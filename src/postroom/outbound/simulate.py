"""Which way would a message take, now or with other FROM filters and priorities? (requirement D7)

Nothing is stored or sent. What is asked of the servers as they are is what `route.decide` answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from postroom.outbound import route
from postroom.outbound.models import Stream
from postroom.policy.criteria import Search, Table, tabulate
from postroom.policy.identity import Identity, find_identity
from postroom.policy.routing import Decision, Policy, Server, compile_table
from postroom.rfc.address import Mailbox
from postroom.workspaces.models import Company
from postroom.workspaces.parameters import DEFAULT_FROM_FILTER, parameter


@dataclass(frozen=True, slots=True)
class Question:
    """What is known of the message; `author` None: the system speaks. `forced_server`: by a template."""

    author: Mailbox | None
    company: Company
    stream: str = Stream.TRANSACTIONAL
    forced_server: int | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """The decision, the search for it, and what `route.columns` would keep of it."""

    decision: Decision
    table: Table
    identity: Identity
    columns: dict[str, Any]


def simulate(question: Question, servers: Iterable[Server]) -> Simulation:
    """Between these servers, the workspace's own or edited ones. PostroomError where no decision can be made."""
    workspace = question.company.workspace
    servers, policy = list(servers), Policy(workspace.routing_policy)
    table = compile_table(servers, policy=policy, default_from_filter=parameter(workspace, DEFAULT_FROM_FILTER))
    forced = question.forced_server
    if forced is None and question.stream == Stream.MASS:
        forced = route.dedicated_server(workspace)
    decision = route.ask(table, question.author, company=question.company, forced_server=forced)
    identity = find_identity(*route.speaks_as(question.company))
    search = Search(question.author, identity, policy, is_forced=forced is not None)
    return Simulation(decision, tabulate(servers, search, decision), identity, route.columns(workspace, decision))
