"""`postroom bench`: measurements of this installation's machine."""

import json
from collections.abc import Mapping

import click

from postroom.config import runtime

_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@click.group()
def command() -> None:
    """Measure how fast Postroom is on this machine."""


@command.command()
@click.option(
    "--messages",
    type=click.IntRange(1),
    default=5000,
    show_default=True,
    help="How many to deliver, 2 kB html and text each.",
)
@click.option("--connections", default=10, show_default=True, help="Per worker.")
@click.option("--workers", default=1, show_default=True, help="Worker processes.")
@click.option("--latency-ms", default=0.0, show_default=True, help="Of the sink: how far away it seems.")
@click.option("--chunking", is_flag=True, help="Let the sink offer CHUNKING.")
@click.option("--sign", type=click.Choice(["rsa", "ed25519", "none"]), default="rsa", show_default=True)
@click.option("--smtp", metavar="HOST:PORT", help="A server of yours instead of the sink; it gets all the mail.")
@_json
def deliver(as_json: bool, **options: object) -> None:  # noqa: FBT001
    """Deliver messages over the whole path: claim, build, sign, send, record."""
    from postroom.bench.deliver import Plan, measure

    report = measure(Plan(**options), runtime.prepare().database_url)  # type: ignore[arg-type] # click has checked them
    _show(
        report,
        f"{report['messages']} messages in {report['seconds']} s: {report['per_second']} a second, "
        f"{report['worker_cpu_us_per_message']} µs of worker CPU each, {report['rss_mb']} MB at most, "
        f"{report['not_sent']} not sent",
        as_json=as_json,
    )


@command.command()
@click.option("--http", "way", flag_value="http", default=True, help="One message a request (the default).")
@click.option("--batch", "way", flag_value="batch", help="Messages to a thousand recipients a request.")
@click.option("--smtp", "way", flag_value="smtp", help="By SMTP over kept connections.")
@click.option("--smtp-once", "way", flag_value="smtp_once", help="By SMTP, a new connection for each message.")
@click.option("--connections", default=8, show_default=True, help="At once.")
@click.option("--recipients", type=click.IntRange(1, 1000), default=1, show_default=True, help="Of each message.")
@click.option("--seconds", default=5.0, show_default=True, help="How long to hand in, after a second to warm up.")
@_json
def submit(as_json: bool, **options: object) -> None:  # noqa: FBT001
    """Hand in messages of 2 kB, each answered once it is stored; nobody delivers meanwhile."""
    from postroom.bench.submit import Plan, measure

    report = measure(Plan(**options), runtime.prepare().database_url)  # type: ignore[arg-type] # click has checked them
    _show(
        report,
        f"{report['accepted']} messages: {report['per_second']} a second, {report['recipients_per_second']} recipients "
        f"a second, {report['server_cpu_us_per_message']} µs of server CPU a message, an answer after "
        f"{report['median_ms']} ms, after {report['p99_ms']} ms at p99, "
        f"refused: {report['refused'] or 'none'}",
        as_json=as_json,
    )


@command.command()
@click.option(
    "--messages",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Of transactional mail, on an idle and on a busy system.",
)
@click.option("--campaign", default=20_000, show_default=True, help="Messages of mass mail that wait behind.")
@click.option("--connections", default=10, show_default=True, help="To the server, for all workers.")
@click.option("--workers", default=1, show_default=True, help="Worker processes.")
@_json
def lanes(as_json: bool, **options: object) -> None:  # noqa: FBT001
    """See how long an invoice waits while a campaign leaves through the same server."""
    from postroom.bench.lanes import Plan, measure

    report = measure(Plan(**options), runtime.prepare().database_url)  # type: ignore[arg-type] # click has checked them
    _show(
        report,
        f"idle {report['idle']}, with the campaign {report['busy']}: {report['ratio']} times at the median; "
        f"{report['campaign_left']} of the campaign still waited at the end",
        as_json=as_json,
    )


@command.command()
@click.option(
    "--mails", type=click.IntRange(1), default=10_000, show_default=True, help="How many to take, of 1 kB each."
)
@click.option("--connections", default=8, show_default=True, help="At once.")
@_json
def inbound(as_json: bool, **options: int) -> None:  # noqa: FBT001
    """Take mail from outside, each answered once it is stored; nobody handles it meanwhile."""
    from postroom.bench.inbound import Plan, measure

    report = measure(Plan(**options), runtime.prepare().database_url)
    _show(
        report,
        f"{report['accepted']} mails: {report['per_second']} a second, {report['server_cpu_us_per_mail']} µs of server "
        f"CPU each, {report['rss_mb']} MB, refused: {report['refused']}, connections lost: {report['lost']}",
        as_json=as_json,
    )


def _show(report: Mapping[str, object], sentence: str, *, as_json: bool) -> None:
    click.echo(json.dumps(report) if as_json else sentence)
