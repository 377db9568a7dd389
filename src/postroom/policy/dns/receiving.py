"""Can delivery errors, answers and reports reach us: MX records, the provider's return path, report requests?"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from postroom.policy.dns.answers import Answer, Answers, Status
from postroom.policy.dns.facts import DomainFacts, Sender
from postroom.policy.dns.findings import Finding, Purpose, Record, Remark, Verdict
from postroom.policy.provider import ReturnPathUse

TLS_REPORT_VERSION = "v=TLSRPTv1"
MX_PREFERENCE = 10


def check_mx(facts: DomainFacts, answers: Answers) -> Finding:
    """Where mail to the domain goes: to us if `mx_hosts` says so, otherwise to some server that exists."""
    answer = answers.ask(facts.domain, "MX")
    wanted = ", ".join(f"{MX_PREFERENCE} {host}" for host in facts.mx_hosts or _own_mx(facts, answer, answers))
    record = Record(facts.domain, "MX", wanted, Purpose.MX)
    if answer.is_unclear or answer.status is Status.LOOP:
        verdict = Verdict.UNCLEAR if answer.is_unclear else Verdict.WRONG
        remarks = [Remark(verdict, f"dns-{answer.status}", f"Not known: {answer.explain(facts.domain)}.")]
    elif not answer.values:
        remarks = list(_judge_absence(facts, answers))
    else:
        remarks = list(_judge_exchanges(facts, answer.values, answers))
    is_fault = any(remark.verdict in (Verdict.MISSING, Verdict.WRONG) for remark in remarks)
    change = _change(record, facts) if is_fault else ""
    return Finding(record, answer.values, tuple(remarks), change, answer.is_authenticated)


def _own_mx(facts: DomainFacts, answer: Answer, answers: Answers) -> tuple[str, ...]:
    """Ours is proposed only where nobody takes the domain's mail: elsewhere it would take it away from its server."""
    is_free = answer.is_void and not answers.ask(facts.domain, "A").values
    return (facts.own_mx,) if facts.own_mx and is_free else ()


def check_return_path(sender: Sender, domain: str, answers: Answers) -> Finding | None:
    """The sub-domain that a provider takes as return path in place of our bounce address; None where there is none."""
    rule = sender.preset.return_path if sender.preset else None
    if rule is None or rule.use is not ReturnPathUse.DELEGATED:
        return None
    if not rule.target or "*" in rule.label:
        return _unknown_return_path(sender, domain)
    record = Record(f"{rule.label}.{domain}", "CNAME", rule.target, Purpose.RETURN_PATH)
    answer = answers.ask(record.name, "CNAME")
    if answer.is_unclear:
        remark = Remark(Verdict.UNCLEAR, f"dns-{answer.status}", f"Not known: {answer.explain(record.name)}.")
    elif not answer.values:
        words = f"Without it SPF passes for {sender.name}'s own domain only; DMARC then rests on DKIM alone."
        remark = Remark(Verdict.NOTE, "return-path-missing", words)
    elif not fnmatchcase(answer.values[0], rule.target):
        words = f"It leads to {answer.values[0]}, not to {rule.target}."
        remark = Remark(Verdict.WRONG, "return-path-wrong", words)
    else:
        remark = Remark(Verdict.OK, "return-path-delegated", f"Bounces of {sender.name} come back through it.")
    change = f"Publish the CNAME record {record.name} → {record.value}."
    is_clear = remark.verdict in (Verdict.OK, Verdict.UNCLEAR)
    return Finding(record, answer.values, (remark,), "" if is_clear else change, answer.is_authenticated)


def _unknown_return_path(sender: Sender, domain: str) -> Finding:
    """The provider makes the sub-domain up, so that only its console knows name and value."""
    words = (
        f"{sender.name} takes a sub-domain of yours as return path once its console has one, so that SPF counts for "
        "your domain; until then DMARC rests on DKIM alone. The console shows its records."
    )
    record = Record(f"<sub-domain>.{domain}", "CNAME", "", Purpose.RETURN_PATH)
    return Finding(record, remarks=(Remark(Verdict.NOTE, "return-path-console", words),))


def check_tls_reports(facts: DomainFacts, answers: Answers) -> Finding:
    """Whether senders to us are asked to report TLS trouble (RFC 8460 §3); nobody must."""
    record = Record(
        f"_smtp._tls.{facts.domain}",
        "TXT",
        f"{TLS_REPORT_VERSION}; rua=mailto:{facts.report_address}",
        Purpose.TLS_REPORTS,
    )
    answer = answers.ask(record.name, "TXT")
    texts = tuple(value for value in answer.values if value.startswith(TLS_REPORT_VERSION))
    if answer.is_unclear:
        remark = Remark(Verdict.UNCLEAR, f"dns-{answer.status}", f"Not known: {answer.explain(record.name)}.")
    elif not texts:
        words = "Optional: asks those who send to you to report when encryption fails."
        remark = Remark(Verdict.NOTE, "tls-reports-missing", words)
    elif len(texts) > 1 or "rua=" not in texts[0]:
        words = "There must be one such record, with an address in rua=."
        remark = Remark(Verdict.WRONG, "tls-reports-wrong", words)
    else:
        remark = Remark(Verdict.OK, "tls-reports", "Senders report TLS trouble.")
    change = f"Change it to one TXT record “{record.value}”." if remark.verdict is Verdict.WRONG else ""
    return Finding(record, texts, (remark,), change, answer.is_authenticated)


def _judge_absence(facts: DomainFacts, answers: Answers) -> Iterator[Remark]:
    address = answers.ask(facts.domain, "A")
    if address.values and not facts.mx_hosts:
        words = "There is no MX record; mail goes to the domain's own address instead, which is often a web server."
        yield Remark(Verdict.NOTE, "mx-implicit", words)
        return
    words = f"Nobody takes mail for {facts.domain}: delivery errors and answers are lost."
    yield Remark(Verdict.MISSING, "mx-missing", words)


def _judge_exchanges(facts: DomainFacts, values: tuple[str, ...], answers: Answers) -> Iterator[Remark]:
    hosts = [value.partition(" ")[2] for value in values]
    if hosts == [""]:
        words = f"A null MX (RFC 7505): {facts.domain} refuses all mail, so delivery errors and answers are lost."
        yield Remark(Verdict.WRONG, "mx-null", words)
        return
    if facts.own_mx in hosts:
        words = "Postroom takes the domain's mail itself: its addresses need neither mailbox nor redirection."
        yield Remark(Verdict.OK, "mx-own", words)
    for missing in (host for host in facts.mx_hosts if host not in hosts):
        yield Remark(Verdict.WRONG, "mx-elsewhere", f"{missing} is not among the servers that take the domain's mail.")
    found = [(host, answers.ask(host, "A"), answers.ask(host, "AAAA")) for host in hosts if host]
    for host, v4, v6 in found:
        if v4.chain or v6.chain:
            words = f"{host} is a CNAME, which an MX must not point to (RFC 2181 §10.3); some senders refuse."
            yield Remark(Verdict.NOTE, "mx-cname", words)
    dead = [host for host, v4, v6 in found if v4.is_void and v6.is_void]
    for host in dead:
        verdict = Verdict.WRONG if len(dead) == len(hosts) else Verdict.NOTE
        yield Remark(verdict, "mx-no-address", f"{host} has no address.")
    if len(dead) < len(hosts):
        yield Remark(Verdict.OK, "mx-present", f"Mail goes to {', '.join(host for host in hosts if host not in dead)}.")


def _change(record: Record, facts: DomainFacts) -> str:
    if facts.mx_hosts:
        return f"Publish the MX record “{record.value}” at {record.name}."
    change = f"Publish an MX record at {record.name} that names the mail server of the domain."
    if facts.own_mx:
        own = f"{MX_PREFERENCE} {facts.own_mx}"
        other = f"If it has none: “{own}”, and Postroom takes all of its mail, without mailbox or redirection."
        return f"{change} {other}"
    return change
