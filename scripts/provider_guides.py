"""What does the guide of each provider say that is known of it? The facts of presets.toml, written into docs/providers.

    scripts/provider_guides.py    renew the part between the marks of every guide; a new one gets a guide to fill in

The steps below the facts are written by hand.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from postroom.policy.provider import Complaint, DkimScheme, Limits, Preset, ReturnPathUse
from postroom.servers.presets import presets

ROOT = Path(__file__).resolve().parent.parent
GUIDES = ROOT / "docs/providers"
BEGIN, END = "<!-- facts of presets.toml: scripts/provider_guides.py -->", "<!-- end of the facts -->"
LOGINS = {"gmail": "OAuth (Google)", "outlook": "OAuth (Microsoft)", "login": "user name and password"}
RETURN_PATHS = {
    ReturnPathUse.KEPT: "kept: your bounce address, whose domain's SPF record must name the provider",
    ReturnPathUse.REPLACED: "the provider's own: SPF does not align, DMARC rests on DKIM",
    ReturnPathUse.DELEGATED: "the provider's own, until a sub-domain of yours is pointed at it",
}
COMPLAINTS = {
    Complaint.QUOTA: "says when a limit is reached",
    Complaint.IDENTITY: "says when it refuses the sender",
    Complaint.AUTHENTICATION: "says when it refuses the login",
}
LIMITS = {
    "messages_per_day": "{:,} messages a day",
    "messages_per_minute": "{:,} messages a minute",
    "connections": "{:,} connections at a time",
    "messages_per_connection": "{:,} messages in a connection",
    "recipients_per_message": "{:,} recipients a message",
    "message_bytes": "{:,} bytes a message",
}


def main() -> int:
    for preset in presets():
        path = GUIDES / f"{preset.id}.md"
        text = path.read_text(encoding="utf-8") if path.exists() else f"# {preset.name}\n\n{BEGIN}\n{END}\n"
        path.write_text(renewed(text, preset), encoding="utf-8")
    return 0


def renewed(text: str, preset: Preset) -> str:
    """The guide with the facts of today; ValueError when it has lost its marks."""
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise ValueError(f"the guide of {preset.id} lacks the marks “{BEGIN}” and “{END}”")
    return f"{before}{BEGIN}\n\n" + "\n".join(_facts(preset)) + f"\n\n{END}{after}"


def _facts(preset: Preset) -> Iterator[str]:
    yield "| | |\n|---|---|"
    yield f"| server | {', '.join(f'`{host}`' for host in preset.hosts) or 'as your provider gives it'} |"
    yield f"| ports | {', '.join(f'{port.number} ({port.encryption})' for port in preset.ports)} |"
    yield f"| login | {LOGINS[preset.authentication]}; {preset.username} |"
    yield f"| limits | {_limits(preset.limits)} |"
    yield f"| SPF | {f'`{preset.spf}`' if preset.spf else 'nothing to add for the provider'} |"
    yield f"| DKIM | {_dkim(preset)} |"
    yield f"| return path | {RETURN_PATHS[preset.return_path.use]} |"
    if preset.mx_hosts:
        yield f"| receives at | {', '.join(f'`{host}`' for host in preset.mx_hosts)} |"
    yield f"| to allow there | {preset.allow} |"
    for complaint, meaning in COMPLAINTS.items():
        if phrases := preset.phrases.get(complaint):
            yield f"| {meaning} | {', '.join(f'“{phrase}”' for phrase in phrases)} |"
    yield f"| documentation | <{preset.documentation}> |" if preset.documentation else "| documentation | – |"
    yield f"| as known on | {preset.facts_at:%Y-%m-%d}, by {preset.facts_from} |"


def _limits(limits: Limits) -> str:
    told = [words.format(number) for name, words in LIMITS.items() if (number := getattr(limits, name)) is not None]
    return "; ".join([*told, limits.words] if limits.words else told) or "–"


def _dkim(preset: Preset) -> str:
    if preset.dkim.scheme is DkimScheme.NONE:
        return "the provider does not sign: Postroom does"
    named = ", ".join(f"`{selector}`" for selector in preset.dkim.selectors)
    selectors = named or "as the provider's console shows them"
    target = f", leading to `{preset.dkim.target}`" if preset.dkim.target else ""
    return f"{preset.dkim.scheme.value.upper()} record; selectors {selectors}{target}"


if __name__ == "__main__":
    sys.exit(main())
