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

    call_command("migrate", verbosity=0)
    _fill(int(messages), sign, host, int(port), int(connections))


def _fill(messages: int, sign: str, host: str, port: int, connections: int) -> None:
    from django.db import connection  # noqa: PLC0415

    from postroom.bench.deliver import BATCH  # noqa: PLC0415
    from postroom.domains.alias_domains import save_alias_domain  # noqa: PLC0415
    from postroom.domains.keys import create_dkim_key  # noqa: PLC0415
    from postroom.domains.models import AliasDomain  # noqa: PLC0415
    from postroom.outbound.submit import Submission, submit  # noqa: PLC0415
    from postroom.policy.composition import read_draft  # noqa: PLC0415
    from postroom.servers.models import OutgoingServer  # noqa: PLC0415
    from postroom.workspaces.access import company_of  # noqa: PLC0415
    from postroom.workspaces.create import create_workspace  # noqa: PLC0415
    from postroom.workspaces.keys import create_key  # noqa: PLC0415
    from postroom.workspaces.models import Workspace  # noqa: PLC0415

    workspace = create_workspace("bench", company="Bench")
    save_alias_domain(AliasDomain(workspace=workspace, name=DOMAIN))
    if sign != "none":
        create_dkim_key(workspace, domain=DOMAIN, selector="bench", algorithm=sign)
    OutgoingServer.objects.create(
        workspace=workspace, name="sink", host=host, port=port, encryption="none", from_filter=DOMAIN,
        max_connections=connections, max_messages_per_connection=1_000_000,
    )  # fmt: skip
    workspace = Workspace.objects.get()
    company = company_of(workspace, None)
    for start in range(0, messages, BATCH):
        drafts = [
            read_draft({"from": AUTHOR, "to": f"customer{i}@customer.example.com", "subject": f"Quotation {i}",
                        "text": TEXT, "html": HTML})
            for i in range(start, min(start + BATCH, messages))
        ]  # fmt: skip
        submit([Submission(content=draft, company=company, source="bench") for draft in drafts])
        with connection.cursor() as cursor:  # nobody may begin before all are there
            cursor.execute(
                "UPDATE outbound_outlet SET closed_until = now() + interval '1 day', closed_version = %s",
                [workspace.routing_version],
            )
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
        cursor.execute("VACUUM ANALYZE")
    print(create_key(workspace, name="bench"))  # noqa: T201 - for who hands in mail
    connection.close()


if __name__ == "__main__":
    main()
