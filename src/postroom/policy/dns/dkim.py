"""Are the keys in DNS by which receivers verify the signatures of our mail (RFC 6376, RFC 8463)?"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from postroom.errors import SignatureRefusedError, SignatureSyntaxError
from postroom.policy.dns.answers import Answer, Answers, Status
from postroom.policy.dns.facts import KeyState, OwnKey, Sender
from postroom.policy.dns.findings import Finding, Purpose, Record, Remark, Verdict
from postroom.policy.provider import DkimScheme
from postroom.rfc.dkim_key import read_key_record
from postroom.rfc.dkim_tags import parse_tags, split_list

_BASE64_SPACE = str.maketrans("", "", " \t\r\n")


def check_own_key(key: OwnKey, domain: str, answers: Answers) -> Finding:
    """Whether DNS holds the public half of `key`, or the pointer to it."""
    name = f"{key.selector}._domainkey.{domain}"
    if key.pointer:
        record = Record(name, "CNAME", key.pointer, Purpose.DKIM)
    else:
        record = Record(name, "TXT", key.record, Purpose.DKIM)
    answer = answers.ask(name, "TXT")
    if key.state is KeyState.RETIRED:
        return _judge_retired(record, answer)
    remarks = list(_judge_answer(answer, name)) or list(_judge_pointer(record, answer))
    if not remarks:
        remarks = list(_compare(answer.values, key.record, name=name)) or [
            Remark(Verdict.OK, "dkim-matches", "The published key is ours.")
        ]
    change = "" if all(remark.verdict in (Verdict.OK, Verdict.UNCLEAR) for remark in remarks) else _change(record)
    return Finding(record, _found(answer, record), tuple(remarks), change, answer.is_authenticated)


def check_provider_keys(sender: Sender, domain: str, answers: Answers) -> Iterator[Finding]:
    """Whether DNS holds the keys by which the provider of `sender` signs; one finding a selector."""
    preset = sender.preset
    scheme = preset.dkim.scheme if preset else DkimScheme.TXT
    selectors = sender.selectors or (preset.dkim.selectors if preset else ())
    type_ = "CNAME" if scheme is DkimScheme.CNAME else "TXT"
    if not selectors:
        words = f"Which selectors {sender.name} signs with is shown in its console; enter them at the server to check."
        record = Record(f"<selector>._domainkey.{domain}", type_, "", Purpose.DKIM)
        yield Finding(record, remarks=(Remark(Verdict.UNCLEAR, "dkim-selector-unknown", words),))
    for selector in selectors:
        target = preset.dkim.target_of(selector, domain) if preset else ""
        record = Record(f"{selector}._domainkey.{domain}", type_, target, Purpose.DKIM)
        yield check_selector(record, answers)


def check_selector(record: Record, answers: Answers) -> Finding:
    """Whether there is a usable key at `record`, whose value, if any, is the pattern of the CNAME that leads to it."""
    answer = answers.ask(record.name, "TXT")
    remarks = list(_judge_answer(answer, record.name)) or list(_judge_pointer(record, answer))
    if not remarks:
        remarks = list(_judge_key(answer.values, record.name))
    console = "as the provider's console shows it"
    change = ""
    if any(remark.verdict in (Verdict.MISSING, Verdict.WRONG) for remark in remarks):
        change = f"Publish the {record.type} record at {record.name} {console}."
    return Finding(record, _found(answer, record), tuple(remarks), change, answer.is_authenticated)


def _judge_answer(answer: Answer, name: str) -> Iterator[Remark]:
    if answer.is_unclear:
        yield Remark(Verdict.UNCLEAR, f"dns-{answer.status}", f"It is not known what is there: {answer.explain(name)}.")
    elif answer.status is Status.LOOP:
        yield Remark(Verdict.WRONG, "dns-loop", f"Receivers find no key: {answer.explain(name)}.")
    elif not answer.values and answer.chain:
        words = f"The CNAME leads to {answer.chain[-1]}, where there is no key."
        yield Remark(Verdict.WRONG, "dkim-dangling", words)
    elif not answer.values:
        yield Remark(Verdict.MISSING, "dkim-missing", f"There is no key at {name}, so the signature does not verify.")
    elif len(answer.values) > 1:
        words = f"There are {len(answer.values)} records at {name}; receivers may take any of them (RFC 6376 §3.6.2.2)."
        yield Remark(Verdict.WRONG, "dkim-several", words)


def _judge_pointer(record: Record, answer: Answer) -> Iterator[Remark]:
    if record.type != "CNAME" or not record.value:
        return
    if not answer.chain:
        words = "The key itself is published where a CNAME should point: it will be wrong after the next rotation."
        yield Remark(Verdict.NOTE, "dkim-not-pointing", words)
    elif not any(fnmatchcase(target, record.value) for target in answer.chain):
        yield Remark(
            Verdict.WRONG, "dkim-wrong-target", f"The CNAME leads to {answer.chain[0]}, not to {record.value}."
        )


def _judge_key(values: tuple[str, ...], name: str) -> Iterator[Remark]:
    """Of a key that only the provider knows: whether receivers can use it at all."""
    try:
        key_type = parse_tags(values[0]).get("k", "rsa")
        record = read_key_record(values[0], key_type=key_type)
    except (SignatureSyntaxError, SignatureRefusedError) as error:
        yield Remark(Verdict.WRONG, "dkim-unusable", f"Receivers cannot use the key at {name}: {error.message}.")
        return
    yield Remark(Verdict.OK, "dkim-usable", f"There is an {key_type} key.")
    if record.is_testing:
        yield _testing()


def _compare(values: tuple[str, ...], expected: str, *, name: str) -> Iterator[Remark]:
    ours = parse_tags(expected)
    try:
        theirs = parse_tags(values[0])
    except SignatureSyntaxError as error:
        yield Remark(Verdict.WRONG, "dkim-unusable", f"Receivers cannot read the key at {name}: {error.message}.")
        return
    published = theirs.get("p", "").translate(_BASE64_SPACE)
    if "p" not in theirs:
        yield Remark(Verdict.WRONG, "dkim-no-record", f"What stands at {name} is no key: it has no p=.")
    elif published != ours["p"]:
        yield _tell_difference(published, ours["p"])
    elif theirs.get("k", "rsa") != ours["k"]:
        words = f"k={theirs.get('k', 'rsa')} is another kind of key than ours, {ours['k']}."
        yield Remark(Verdict.WRONG, "dkim-kind", words)
    elif "sha256" not in split_list(theirs.get("h", "sha256")):
        yield Remark(Verdict.WRONG, "dkim-hash", "h= does not allow sha256, by which we sign.")
    elif message := _refusal(values[0], ours["k"]):
        yield Remark(Verdict.WRONG, "dkim-unusable", f"Receivers cannot use the key at {name}: {message}.")
    elif "y" in split_list(theirs.get("t", "")):
        yield _testing()


def _refusal(text: str, key_type: str) -> str:
    """Why receivers pass a record over that holds the right key; "" when they take it."""
    try:
        read_key_record(text, key_type=key_type)
    except (SignatureSyntaxError, SignatureRefusedError) as error:
        return error.message
    return ""


def _tell_difference(published: str, key: str) -> Remark:
    if not published:
        return Remark(Verdict.WRONG, "dkim-revoked", "The record revokes the key: its p= is empty.")
    if key.startswith(published):
        words = (
            f"The key is cut off after {len(published)} of {len(key)} characters. "
            "A TXT record takes it in several strings of up to 255 characters."
        )
        return Remark(Verdict.WRONG, "dkim-truncated", words)
    return Remark(Verdict.WRONG, "dkim-other-key", "Another key is published there than the one we sign with.")


def _testing() -> Remark:
    words = "The key is marked as under test (t=y): receivers may ignore a signature that fails."
    return Remark(Verdict.NOTE, "dkim-testing", words)


def _judge_retired(record: Record, answer: Answer) -> Finding:
    if not answer.values:
        return Finding(record, remarks=(Remark(Verdict.OK, "dkim-removed", "The retired key is gone from DNS."),))
    words = "This key no longer signs; its record can be removed."
    change = f"Remove the {record.type} record at {record.name}."
    return Finding(record, _found(answer, record), (Remark(Verdict.NOTE, "dkim-retired", words),), change)


def _found(answer: Answer, record: Record) -> tuple[str, ...]:
    return answer.chain[:1] if record.type == "CNAME" and answer.chain else answer.values


def _change(record: Record) -> str:
    return f"Publish the {record.type} record at {record.name} with the value shown."
