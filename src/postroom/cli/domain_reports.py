"""`postroom domain reports` and `read-report`: what receivers say of mail in a domain's name."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO

import click

from postroom.cli.setup import django_command, find_workspace
from postroom.policy.dns.report_summary import ReportSummary
from postroom.policy.dns.report_telling import tell_report, tell_summary


@click.command("reports")
@click.argument("domain")
@click.option("--workspace", required=True)
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@django_command
def reports(domain: str, *, workspace: str, days: int, as_json: bool) -> None:
    """Tell who sends in the name of DOMAIN, whether it passes, and what to correct before tightening the policy."""
    from postroom.domains.reports import summarise_dmarc, summarise_tls
    from postroom.rfc.address import domain_to_ascii

    owner, name = find_workspace(workspace), domain_to_ascii(domain)
    dmarc, tls = summarise_dmarc(owner, name, days=days), summarise_tls(owner, name, days=days)
    if as_json:
        told = {"dmarc": tell_summary(dmarc), "tls": asdict(tls)}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for line in _lines(dmarc):
        click.echo(line)
    click.echo(f"TLS: {tls.successes} encrypted connections reported, {tls.failures} that failed.")
    for cause, count in sorted(tls.causes.items()):
        click.echo(f"  {count}  {cause}")


@click.command("read-report")
@click.argument("file", type=click.File("rb"))
@click.option("--workspace", help="Keep it, as a report about a domain of this workspace.")
def read_report(file: IO[bytes], workspace: str | None) -> None:
    """Read a DMARC aggregate report or TLS report from FILE (xml, json, gzip or zip) and print it as JSON."""
    content = file.read()
    if workspace is not None:
        _store(content, workspace)
    from postroom.rfc.report_file import read_report as read

    click.echo(json.dumps(tell_report(read(content)), ensure_ascii=False, indent=2))


@django_command
def _store(content: bytes, workspace: str) -> None:
    from postroom.domains.reports import store_report

    is_new = store_report(find_workspace(workspace), content)
    click.echo("Kept." if is_new else "It was there already.", err=True)


def _lines(summary: ReportSummary) -> Iterator[str]:
    yield f"{summary.domain}: {summary.passed} of {summary.messages} reported messages pass, in {summary.days} days."
    for source in summary.sources:
        yield f"  {source.messages:>8}  {source.kind:<9}  {source.sender}: {source.words}"
    yield summary.words
