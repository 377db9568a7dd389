"""How many routing decisions a second, beside a straightforward scan over the same servers?

Run `python -m benchmarks.route`. 50 servers with 20 filter entries each; the author matches the last server, the first
one, or none. The peer decides server and From by the same criteria, but without a trace.
"""

from collections.abc import Callable, Iterable
from email.utils import formataddr
from time import perf_counter
from typing import Any

from postroom.policy.routing import AliasDomain, Decision, Policy, RoutingTable, Server, compile_table
from postroom.rfc.address import Mailbox

SERVERS = [
    Server(
        key=number,
        name=f"Server {number:02}",
        priority=10,
        from_filter=", ".join(
            f"company-{number}-{entry}.example" if entry % 2 else f"sales{entry}@company-{number}.example"
            for entry in range(20)
        ),
    )
    for number in range(50)
]
ALIAS_DOMAIN = AliasDomain("company-name.com", "bounce", "catchall", "notifications")
AUTHORS = {
    "first server holds it": Mailbox("Mary", "sales0", "company-0.example"),
    "last server holds it": Mailbox("Mary", "mary", "company-49-19.example"),
    "no server holds it": Mailbox("Mary", "mary", "customer.example.com"),
}
SECONDS = 0.3


def run() -> list[dict[str, Any]]:
    """One row for each author: decisions a second of ours and of the peer, and how many times faster ours is."""
    table = compile_table(SERVERS, policy=Policy.DOCUMENTED, default_from_filter=None)
    return [_compare(table, name, author) for name, author in AUTHORS.items()]


def scan(servers: Iterable[Server], name: str, address: str) -> tuple[str, str]:
    """Server name and From by the documented criteria, each tried on every server in turn."""
    ranked = sorted((row for row in servers if row.active), key=lambda row: (row.priority, row.name.lower()))
    for wanted in (address.lower(), address.lower().rpartition("@")[2]):
        for server in ranked:
            if wanted in [entry.strip().lower() for entry in (server.from_filter or "").split(",")]:
                return server.name, formataddr((name, address))
    chosen = next((server for server in ranked if not server.from_filter), ranked[0])
    return chosen.name, formataddr((name, f"{ALIAS_DOMAIN.default_from}@{ALIAS_DOMAIN.name}"))


def _compare(table: RoutingTable, name: str, author: Mailbox) -> dict[str, Any]:
    def decide() -> Decision:
        return table.decide(author, alias_domain=ALIAS_DOMAIN, platform_from=None)

    def scan_all() -> tuple[str, str]:
        return scan(SERVERS, author.name, author.address)

    decision = decide()
    decided_from = formataddr((decision.from_.name, decision.from_.address))
    assert scan_all() == (decision.server and decision.server.name, decided_from)
    ours, peer = _rate(decide), _rate(scan_all)
    return {"name": f"route: {name}", "ours": ours, "peer": peer, "ratio": ours / peer, "unit": "decisions/s"}


def _rate(work: Callable[[], object]) -> float:
    rounds, start = 0, perf_counter()
    while (elapsed := perf_counter() - start) < SECONDS:
        for _ in range(20):
            work()
        rounds += 20
    return rounds / elapsed


if __name__ == "__main__":
    for row in run():
        print(
            f"{row['name']:<32} {row['ours']:>9,.0f} {row['unit']} ({1e6 / row['ours']:.1f} µs)"
            f"   scan {row['peer']:>7,.0f}   {row['ratio']:.0f} times"
        )
