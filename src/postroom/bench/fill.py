"""Fills the queue of an empty database: `python -m postroom.bench.fill MESSAGES SIGN HOST PORT CONNECTIONS`.

Prints an API key of the workspace it makes.
"""

import sys

from postroom.bench.content import AUTHOR, DOMAIN, HTML, TEXT
from postroom.config import runtime


def main() -> None:
    messages, sign, host, port, connections = sys.argv[1:]
    runtime.prepare()
    from django.core.management import call_command  # noqa: PLC0415 - Django is set up by prepare
    from django.db import connection  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    print(_open_office(sign, host, int(port), int(connections)))  # noqa: T201 - for whoever hands in mail
    _submit(int(messages))
    _settle()
    connection.close()


def _open_office(sign: str, host: str, port: int, connections: int) -> str:
    """A workspace with one server; its API key."""
    from postroom.domains.alias_domains import save_alias_domain  # noqa: PLC0415
    from postroom.domains.keys import create_dkim_key  # noqa: PLC0415
    from postroom.domains.models import AliasDomain  # noqa: PLC0415
    from postroom.servers.models import OutgoingServer  # noqa: PLC0415
    from postroom.workspaces.create import create_workspace  # noqa: PLC0415
    from postroom.workspaces.keys import create_key  # noqa: PLC0415

    workspace = create_workspace("bench", company="Bench")
    save_alias_domain(AliasDomain(workspace=workspace, name=DOMAIN))
    if sign != "none":
        create_dkim_key(workspace, domain=DOMAIN, selector="bench", algorithm=sign)
    OutgoingServer.objects.create(
        workspace=workspace, name="sink", host=host, port=port, encryption="none", from_filter=DOMAIN,
        max_connections=connections, max_messages_per_connection=1_000_000,
    )  # fmt: skip
    return create_key(workspace, name="bench")


def _submit(messages: int) -> None:
    from postroom.bench.deliver import BATCH  # noqa: PLC0415
    from postroom.outbound.submit import Submission, submit  # noqa: PLC0415
    from postroom.policy.composition import read_draft  # noqa: PLC0415
    from postroom.workspaces.access import company_of  # noqa: PLC0415
    from postroom.workspaces.models import Workspace  # noqa: PLC0415

    workspace = Workspace.objects.get()
    company = company_of(workspace, None)
    for start in range(0, messages, BATCH):
        drafts = [read_draft(_draft(number)) for number in range(start, min(start + BATCH, messages))]
        submit([Submission(content=draft, company=company, source="bench") for draft in drafts])
        _close_outlets(workspace.routing_version)


def _draft(number: int) -> dict[str, str]:
    address, subject = f"customer{number}@customer.example.com", f"Quotation {number}"
    return {"from": AUTHOR, "to": address, "subject": subject, "text": TEXT, "html": HTML}


def _close_outlets(routing_version: int) -> None:
    """Nobody may begin before all are there."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbound_outlet SET closed_until = now() + interval '1 day', closed_version = %s",
            [routing_version],
        )


def _settle() -> None:
    """What submitting and migrating left to do is none of what is measured."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main()
