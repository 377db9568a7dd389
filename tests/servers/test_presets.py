"""Are the facts about providers complete, and is a provider known by its host?"""

import runpy
from pathlib import Path

import pytest

from postroom.policy.provider import Complaint, DkimScheme, Preset
from postroom.servers.models import OutgoingServer
from postroom.servers.presets import GENERIC, find_preset, find_receiver, preset_named, presets

NAMED = {
    "gmail", "google-workspace-relay", "microsoft-365", "amazon-ses", "brevo", "mailgun", "sendgrid", "mailjet",
    "postmark", "sparkpost", "zoho", "ovh", "infomaniak", GENERIC,
}  # fmt: skip


def test_every_provider_of_the_requirements_is_there_once_and_the_generic_one_last() -> None:
    assert [preset.id for preset in presets()][-1] == GENERIC
    assert sorted(preset.id for preset in presets()) == sorted(NAMED)


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)
def test_a_preset_fits_the_fields_of_a_server(preset: Preset) -> None:
    assert preset.authentication in OutgoingServer.Authentication.values
    assert {port.encryption for port in preset.ports} <= set(OutgoingServer.Encryption.values)
    assert preset.ports[0].number in (465, 587)
    assert preset.spf == "" or preset.spf.startswith("include:")
    assert all(phrase == phrase.lower() for phrases in preset.phrases.values() for phrase in phrases)
    assert preset.documentation.startswith("https://")
    assert preset.allow.endswith(".")
    assert preset.facts_from


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)
def test_a_pointer_to_a_providers_key_leads_away_from_the_domain(preset: Preset) -> None:
    if preset.dkim.scheme is DkimScheme.CNAME:
        target = preset.dkim.target_of("s1", "company-name.com")
        assert "{" not in target
        assert not target.endswith("company-name.com")


@pytest.mark.parametrize(
    ("host", "preset_id"),
    [
        ("smtp-relay.gmail.com", "google-workspace-relay"),
        ("SMTP.Gmail.com.", "gmail"),
        ("email-smtp.eu-west-1.amazonaws.com", "amazon-ses"),
        ("smtppro.zoho.eu", "zoho"),
        ("smtp.eu.mailgun.org", "mailgun"),
    ],
)
def test_a_provider_is_known_by_its_host(host: str, preset_id: str) -> None:
    found = find_preset(host)
    assert found is not None
    assert found.id == preset_id


@pytest.mark.parametrize("host", ["mail.company-name.com", "", "smtp.gmail.com.evil.example", "gmail.com"])
def test_another_host_is_nobodys(host: str) -> None:
    assert find_preset(host) is None


@pytest.mark.parametrize(
    ("preset_id", "words", "complaint"),
    [
        ("sendgrid", "550 The from address does not match a verified Sender Identity.", Complaint.IDENTITY),
        ("sendgrid", "451 Authentication failed: Maximum credits exceeded", Complaint.QUOTA),
        ("microsoft-365", "432 4.3.2 Concurrent connections limit exceeded", Complaint.QUOTA),
        ("microsoft-365", "535 5.7.139 Authentication unsuccessful, disabled", Complaint.AUTHENTICATION),
        ("amazon-ses", "454 Throttling failure: Maximum sending rate exceeded.", Complaint.QUOTA),
        ("amazon-ses", "554 Message rejected: Email address is not verified.", Complaint.IDENTITY),
        ("google-workspace-relay", "550 5.4.5 Daily SMTP relay limit exceeded for user.", Complaint.QUOTA),
        ("mailgun", "250 Great success", None),
    ],
)
def test_a_providers_words_tell_what_it_complains_of(preset_id: str, words: str, complaint: Complaint | None) -> None:
    preset = preset_named(preset_id)
    assert preset is not None
    assert preset.complaint(words) == complaint


GUIDES = runpy.run_path(str(Path(__file__).parents[2] / "scripts/provider_guides.py"))


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)
def test_each_provider_has_its_guide_with_the_facts_of_today(preset: Preset) -> None:
    """`scripts/provider_guides.py` mends the facts; the steps are written by hand."""
    text = (GUIDES["GUIDES"] / f"{preset.id}.md").read_text(encoding="utf-8")
    assert text == GUIDES["renewed"](text, preset)
    assert text.startswith(f"# {preset.name}\n")
    for part in ("Step by step", "Receiving", "When it goes wrong"):
        assert f"\n## {part}\n" in text
    assert "1. " in text.partition("## Step by step")[2]
    assert all(phrase in text for phrases in preset.phrases.values() for phrase in phrases)
    assert f"({preset.id}.md)" in (GUIDES["GUIDES"] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("mx_host", "preset_id"),
    [
        ("ASPMX.L.GOOGLE.COM.", "google-workspace-relay"),
        ("company-name-com.mail.protection.outlook.com", "microsoft-365"),
        ("mx2.zoho.eu", "zoho"),
        ("mx1.mail.ovh.net", "ovh"),
        ("mx.company-name.com", None),
        ("aspmx.l.google.com.evil.example", None),
    ],
)
def test_who_receives_for_a_domain_is_known_by_its_mx(mx_host: str, preset_id: str | None) -> None:
    found = find_receiver(mx_host)
    assert (found.id if found else None) == preset_id
