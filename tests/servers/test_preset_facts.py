"""Do the facts about each provider agree with one another? What can be known of them without an account there."""

import re
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import pytest

from postroom.policy.provider import Complaint, DkimScheme, Preset, ReturnPathUse
from postroom.rfc.spf import parse_spf
from postroom.servers.oauth.providers import BY_AUTHENTICATION, PROVIDERS
from postroom.servers.presets import GENERIC, find_preset, find_receiver, presets

# What a port is for: RFC 8314 §3.3, RFC 6409 §3.1; 2525 and the ports from 2465 on are what networks do not block.
ENCRYPTIONS = {25: {"none", "starttls"}, 465: {"tls"}, 587: {"starttls"}, 2465: {"tls"}, 2525: {"starttls"}}
ENCRYPTIONS |= {2587: {"starttls"}}
HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9*?]([a-z0-9*?-]{0,61}[a-z0-9*?])?\.)+[a-z*]{2,}|.*\.zoho\.\*")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PHRASES = [(p, complaint, phrase) for p in presets() for complaint, words in p.phrases.items() for phrase in words]

each = pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)


def example_of(pattern: str) -> str:
    """A host that fits."""
    return pattern.replace("?", "1").replace("*", "eu")


@each
def test_every_port_has_the_encryption_that_it_is_for(preset: Preset) -> None:
    assert preset.ports[0].number in (465, 587), "the one that is filled in"
    assert len({port.number for port in preset.ports}) == len(preset.ports)
    for port in preset.ports:
        assert port.encryption in ENCRYPTIONS[port.number]
        assert port.number != 25 or preset.id == GENERIC, "a provider's submission server is not at 25"


@each
def test_each_host_is_a_name_and_leads_to_its_own_provider(preset: Preset) -> None:
    assert bool(preset.hosts) is (preset.id != GENERIC)
    for pattern in preset.hosts:
        assert HOST.fullmatch(pattern)
        assert find_preset(example_of(pattern)) is preset
    for pattern in preset.mx_hosts:
        assert HOST.fullmatch(pattern)
        assert find_receiver(example_of(pattern)) is preset


@each
def test_our_spf_record_names_the_provider_where_our_return_path_is_kept(preset: Preset) -> None:
    """Elsewhere receivers ask another domain's record: ours could say nothing."""
    if preset.return_path.use is ReturnPathUse.KEPT:
        assert bool(preset.spf) is (preset.id != GENERIC)
    if preset.return_path.use is ReturnPathUse.DELEGATED:
        assert preset.spf == ""
    terms = parse_spf(f"v=spf1 {preset.spf} ~all").terms
    assert [term.name for term in terms] == (["include", "all"] if preset.spf else ["all"])


@each
def test_a_sub_domain_for_the_return_path_is_known_only_where_it_is_delegated(preset: Preset) -> None:
    rule = preset.return_path
    if rule.use is not ReturnPathUse.DELEGATED:
        assert (rule.label, rule.target) == ("", "")
        return
    assert rule.label
    assert rule.target or "*" in rule.label, "a label of its own leads somewhere that is known"
    assert not rule.target or HOST.fullmatch(rule.target)


@each
def test_the_way_of_signing_says_what_is_to_be_published(preset: Preset) -> None:
    dkim = preset.dkim
    assert bool(dkim.target) is (dkim.scheme is DkimScheme.CNAME)
    assert not (dkim.scheme is DkimScheme.NONE and dkim.selectors)
    assert all(LABEL.fullmatch(selector) for selector in dkim.selectors)
    assert (dkim.scheme is DkimScheme.NONE) is (preset.id == GENERIC), "every known provider signs"
    if preset.return_path.use is ReturnPathUse.REPLACED:
        assert dkim.scheme is not DkimScheme.NONE, "nothing else would let DMARC pass"


@each
def test_the_limits_do_not_contradict_each_other(preset: Preset) -> None:
    limits = preset.limits
    numbers = [getattr(limits, name) for name in limits.__slots__ if name != "words"]
    assert all(number is None or number > 0 for number in numbers)
    assert any(numbers) or limits.words, "something is said of them"
    if limits.messages_per_day and limits.messages_per_minute:
        assert limits.messages_per_minute <= limits.messages_per_day
    if limits.messages_per_day and limits.recipients_per_message:
        assert limits.recipients_per_message <= limits.messages_per_day
    assert limits.message_bytes is None or 5_000_000 <= limits.message_bytes <= 60_000_000


@pytest.mark.parametrize(("preset", "complaint", "phrase"), PHRASES, ids=lambda value: getattr(value, "id", str(value)))
def test_each_phrase_means_one_thing(preset: Preset, complaint: Complaint, phrase: str) -> None:
    """Also where one kind's words contain another's: the first that is found counts."""
    assert preset.complaint(f"550 5.7.1 {phrase.upper()} (abc)") is complaint
    assert len(phrase) > 4, "so short a phrase occurs by chance"


@each
def test_a_known_provider_has_words_for_a_wrong_login_and_a_strange_sender(preset: Preset) -> None:
    if preset.id != GENERIC:
        assert {Complaint.IDENTITY, Complaint.AUTHENTICATION} <= set(preset.phrases)
        assert Complaint.QUOTA in preset.phrases or preset.id in {"ovh", "infomaniak"}, "these publish no words"
    assert preset.complaint("250 2.0.0 OK: queued as 4XyZ") is None


@each
def test_a_provider_with_oauth_is_reached_where_oauth_leads(preset: Preset) -> None:
    provider = BY_AUTHENTICATION.get(preset.authentication)  # type: ignore[call-overload] # its values are texts
    if provider:
        facts = PROVIDERS[provider]
        assert facts.smtp_host in preset.hosts
        assert (facts.smtp_port, "starttls") in [(port.number, port.encryption) for port in preset.ports]


@each
def test_the_facts_have_a_date_an_origin_and_a_page_to_read(preset: Preset) -> None:
    page = urlsplit(preset.documentation)
    assert (page.scheme, bool(page.path)) == ("https", True)
    assert "." in page.netloc
    assert date(2025, 1, 1) <= preset.facts_at <= datetime.now(UTC).date()
    assert len(preset.facts_from.split()) > 1
    assert len(preset.username.split()) > 2
