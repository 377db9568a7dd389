"""Fills the queue of a trial: `python -m postroom.chaos.fill`, the order as JSON on standard input.

`{"messages": N, "servers": [{"port": …, "encryption": …, "max_connections": …}, …]}`; answers with one line of JSON:
`{"key": an API key, "recipients": [all that were queued]}`. Server n takes what comes from `domain_of(n)`. Half of the
mail is transactional, half mass; every eleventh message has three recipients.
"""

import json
import sys
from typing import Any

from postroom.bench.content import HTML, TEXT
from postroom.config import runtime

BATCH = 500


def domain_of(server: int) -> str:
    """The domain whose mail goes to the n-th server."""
    return f"company-{server}.example"


def main() -> None:
    order = json.load(sys.stdin)
    runtime.prepare()
    key = _open_office(order["servers"])
    print(json.dumps({"key": key, "recipients": _submit(order["messages"], len(order["servers"]))}))  # noqa: T201


def _open_office(servers: list[dict[str, Any]]) -> str:
    from postroom.domains.alias_domains import save_alias_domain  # noqa: PLC0415 - Django is set up by prepare
    from postroom.domains.models import AliasDomain  # noqa: PLC0415
    from postroom.servers.models import OutgoingServer  # noqa: PLC0415
    from postroom.workspaces.create import create_workspace  # noqa: PLC0415
    from postroom.workspaces.keys import create_key  # noqa: PLC0415

    workspace = create_workspace("chaos", company="Chaos")
    for number, server in enumerate(servers):
        save_alias_domain(AliasDomain(workspace=workspace, name=domain_of(number)))
        OutgoingServer.objects.create(
            workspace=workspace, name=f"sink {number}", host="127.0.0.1", from_filter=domain_of(number),
            verifies_certificate=False, **server,
        )  # fmt: skip
    return create_key(workspace, name="chaos")


def _submit(messages: int, servers: int) -> list[str]:
    from postroom.outbound.models import Stream  # noqa: PLC0415
    from postroom.outbound.submit import Submission, submit  # noqa: PLC0415
    from postroom.policy.composition import read_draft  # noqa: PLC0415
    from postroom.workspaces.access import company_of  # noqa: PLC0415
    from postroom.workspaces.models import Workspace  # noqa: PLC0415

    company = company_of(Workspace.objects.get(), None)
    streams = [Stream.TRANSACTIONAL, Stream.MASS]
    recipients: list[str] = []
    for start in range(0, messages, BATCH):
        batch = [
            Submission(content=read_draft(_draft(number, servers)), company=company, source="chaos",
                       stream=streams[number // servers % 2])
            for number in range(start, min(start + BATCH, messages))
        ]  # fmt: skip
        recipients += [recipient for routed in submit(batch) for recipient in routed.recipients]
    return recipients


def _draft(number: int, servers: int) -> dict[str, Any]:
    names = [f"customer{number}", f"colleague{number}", f"boss{number}"] if number % 11 == 0 else [f"customer{number}"]
    return {
        "from": f"mary@{domain_of(number % servers)}",
        "to": [f"{name}@customer.example.com" for name in names],
        "subject": f"Quotation {number}",
        "text": TEXT,
        "html": HTML,
    }


if __name__ == "__main__":
    main()
