import pytest

from tests.guards.source import imported_at_run_time, modules

# module: the only modules or packages that may import it. Modules that do not exist yet may be named.
ONLY_IMPORTED_BY = {
    "postroom.smtp.client": ("postroom.smtp", "postroom.outbound.deliver", "postroom.servers.probe"),
    "postroom.smtp.pool": ("postroom.smtp", "postroom.outbound.deliver", "postroom.servers.probe"),
    "postroom.outbound.compose": ("postroom.outbound.submit",),
    # Deciding for mail: submit, and reroute for mail that waits. Asking without sending: what a person is
    # told before they write, the dry run and the command.
    "postroom.outbound.route": (
        "postroom.outbound.submit",
        "postroom.outbound.failover",
        "postroom.outbound.reroute",
        "postroom.outbound.alert_news",
        "postroom.outbound.simulate",
        "postroom.threads.answering",
        "postroom.api",
        "postroom.cli.explain",
    ),
    # The names of the states are everybody's; which step follows which is the queue's business.
    "postroom.policy.status": (
        "postroom.policy",
        "postroom.outbound.models",
        "postroom.outbound.failures",
        "postroom.outbound.retention",
        "postroom.outbound.queue",
        "postroom.outbound.returned",
        "postroom.outbound.outcome",
        "postroom.outbound.attention",
        "postroom.outbound.metrics",
        "postroom.outbound.flow",
        "postroom.outbound.listing",
        "postroom.outbound.search",
        "postroom.outbound.steer",
        "postroom.outbound.submit",
        "postroom.threads.envelope",
        "postroom.cli.mail",
        "postroom.api",
        "postroom.web",
    ),
}


@pytest.mark.parametrize("imported", ONLY_IMPORTED_BY)
def test_is_imported_only_where_the_architecture_says(imported: str) -> None:
    allowed = ONLY_IMPORTED_BY[imported]
    importers = [module for module in modules() if imported in imported_at_run_time(module)]
    assert [module for module in importers if not f"{module}.".startswith(tuple(f"{name}." for name in allowed))] == []
