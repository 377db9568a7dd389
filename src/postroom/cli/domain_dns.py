"""`postroom domain check`, `records` and `send-records`: what DNS holds for a domain, and what it should hold."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from postroom.cli.setup import django_command, find_workspace
from postroom.config import runtime
from postroom.config.env import load
from postroom.domains.nameserver import Nameserver, parse_nameserver
from postroom.policy.dns.advice import Advice
from postroom.policy.dns.facts import Sender, SignedBy
from postroom.policy.dns.findings import Finding, Verdict
from postroom.policy.dns.writing import letter, tell, zone_file
from postroom.rfc.domain import domain_name_to_ascii

if TYPE_CHECKING:
    from postroom.domains.models import AliasDomain

LANGUAGES = ("en", "fr")
# 2 is click's, for wrong arguments.
EXIT_CODES = {Verdict.MISSING: 1, Verdict.WRONG: 1, Verdict.UNCLEAR: 3}


class _NameserverType(click.ParamType):  # type: ignore[type-arg] # generic in its stubs alone
    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Nameserver:
        try:
            return parse_nameserver(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def _asking(command: Callable[..., None]) -> Callable[..., None]:
    """The options by which both commands are told what to ask, and whom."""
    options = (
        click.option("--workspace", help="Whose domain it is; refused when it is not."),
        click.option("--resolver", type=_NameserverType(), help="Ask this DNS server; nothing is kept then."),
        click.option("--via", multiple=True, help="Judge a server at this host too, such as smtp-relay.brevo.com."),
        click.option("--selector", "selectors", multiple=True, help="Look for this DKIM key of a provider too."),
        click.option("--dns-only", is_flag=True, help="Ask DNS alone, not this installation's settings."),
    )
    for option in reversed(options):
        command = option(command)
    return command


_language = click.option(
    "--language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], show_default=True, help="Of the letter."
)


@click.command("check")
@click.argument("domain")
@_asking
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(domain: str, *, as_json: bool, **asking: Any) -> None:
    """Compare what DNS holds for DOMAIN with what its mail needs.

    For an alias domain of this installation, with its servers and DKIM keys; for any other, with what its name and
    --via tell. Exit code: 0 when nothing must change, 1 when a record is missing or wrong, 3 when DNS gave no clear
    answer.
    """
    advice = _ask(domain, **asking)
    click.echo(json.dumps(tell(advice), ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(advice)))
    sys.exit(EXIT_CODES.get(advice.verdict, 0))


@click.command("records")
@click.argument("domain")
@_asking
@click.option("--zone-file", "form", flag_value="zone", help="As lines of a zone file.")
@click.option("--letter", "form", flag_value="letter", help="As a mail to whoever looks after the DNS.")
@_language
def records(domain: str, *, form: str | None, language: str, **asking: Any) -> None:
    """Show the records to publish for DOMAIN, SPF merged into the one that is there."""
    advice = _ask(domain, **asking)
    if form == "zone":
        click.echo(zone_file(advice.records), nl=False)
    elif form == "letter":
        click.echo("Subject: {}\n\n{}".format(*_letter_in(language, advice)), nl=False)
    else:
        for record in advice.records:
            click.echo(f"{record.name}  {record.type}  {record.value}")
        for address, purpose in advice.facts.inboxes:
            click.echo(f"{address}  needs a mailbox or redirection: {purpose}")


def _letter_in(language: str, advice: Advice) -> tuple[str, str]:
    if language == LANGUAGES[0]:
        return letter(tell(advice))
    runtime.prepare()  # which knows the other languages
    from postroom.outbound.dns_letter import letter_in

    return letter_in(language, tell(advice))


@click.command("send-records")
@click.argument("domain")
@click.option("--workspace", required=True)
@click.option("--to", required=True, help="E-mail address of whoever looks after the domain's DNS.")
@click.option("--from", "from_", help="Who asks, and gets the answer; without it the system.")
@_language
@django_command
def send_records(domain: str, workspace: str, *, to: str, from_: str | None, language: str) -> None:
    """Check the alias domain DOMAIN now, and mail what is missing or wrong to whoever looks after its DNS."""
    from postroom.domains.aliases import find_domain
    from postroom.domains.resolver import Resolver
    from postroom.outbound.dns_letter import send_records as send
    from postroom.policy.composition import read_draft
    from postroom.servers.domain_health import check_domain

    known, draft = find_domain(find_workspace(workspace), domain), read_draft({"from": from_, "to": to})
    check_domain(known, Resolver(load().resolver))
    sent = send(known.checks.latest("checked_at", "pk"), draft, source="cli", language=language)
    click.echo(f"On its way to {', '.join(sent.recipients)}.")


def _ask(
    domain: str,
    *,
    workspace: str | None,
    resolver: Nameserver | None,
    via: tuple[str, ...],
    selectors: tuple[str, ...],
    dns_only: bool,
) -> Advice:
    from postroom.domains import dns_check
    from postroom.domains.resolver import Resolver

    name = domain_name_to_ascii(domain)
    known = None if dns_only else _find_domain(name, workspace)
    asked = Resolver(resolver or load().resolver)
    extra = tuple(_named_senders(via, selectors))
    if known is None:
        facts = dns_check.facts_of_stranger(name)
        return dns_check.check(replace(facts, senders=extra), asked)
    from postroom.servers import domain_facts, domain_health

    if resolver is None and not extra:
        return domain_health.check_domain(known, asked)
    facts = domain_facts.facts_of(known)
    return dns_check.check(replace(facts, senders=facts.senders + extra), asked)


def _named_senders(hosts: tuple[str, ...], selectors: tuple[str, ...]) -> Iterator[Sender]:
    from postroom.servers.presets import find_preset

    for host in hosts or ("",) * bool(selectors):
        yield Sender(host or "any server", host, find_preset(host), SignedBy.PROVIDER, selectors)


def _find_domain(name: str, workspace: str | None) -> "AliasDomain | None":
    """The alias domain, if this installation has it. Without --workspace a database that is away is no fault."""
    env = load()
    if workspace is None and not (env.database_url or (env.home / "postgres").exists()):
        return None
    runtime.prepare()
    from django.db import DatabaseError

    from postroom.domains.models import AliasDomain

    domains = AliasDomain.objects.select_related("workspace").filter(name=name)
    try:
        found = (domains.filter(workspace__slug=workspace) if workspace else domains).first()
    except DatabaseError:
        if workspace:
            raise
        click.echo("Note: the database cannot be asked; only DNS is.", err=True)
        return None
    if found is None and workspace:
        raise click.ClickException(f"{workspace} has no alias domain {name}.")
    return found


def _lines(advice: Advice) -> Iterator[str]:
    yield f"{advice.facts.domain}: {_summary(advice)}"
    for finding in advice.findings:
        yield ""
        yield from _finding_lines(finding)
    for standing in advice.standings:
        yield ""
        yield f"Mail through {standing.server}: {standing.words}"
    if advice.ladder:
        yield ""
        yield "The DMARC policy, step by step (* is the present one):"
    for step in advice.ladder:
        yield f"{'*' if step.is_present else ' '} {step.policy:<10}  {step.record}"
        yield f"              {step.changes}"
        yield f"              Before: {step.before}"


def _summary(advice: Advice) -> str:
    if advice.faults:
        return f"{len(advice.faults)} of {len(advice.findings)} records must change."
    return "DNS gave no clear answer." if advice.verdict is Verdict.UNCLEAR else "nothing must change."


def _finding_lines(finding: Finding) -> Iterator[str]:
    record = finding.record
    whose = f"  (for {', '.join(finding.servers)})" if finding.servers else ""
    yield f"{finding.verdict.upper():<8} {record.purpose}  {record.name}  {record.type}{whose}"
    for value in finding.found:
        yield f"         found     {value}"
    if record.value and finding.found != (record.value,):
        yield f"         expected  {record.value}"
    yield f"         {finding.words}"
    if finding.change:
        yield f"         → {finding.change}"
