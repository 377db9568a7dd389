"""`postroom inbound classify`: is this file a bounce, whose, and why?"""

import json
from pathlib import Path
from typing import Any

import click

from postroom.policy.classification import Classification, NoticedRecipient, classify


@click.command(name="classify")
@click.argument("files", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line and file.")
def command(*, files: tuple[Path, ...], as_json: bool) -> None:
    """Say of each FILE, a message, what kind of mail it is, which recipients it tells of, and why they failed.

    Kinds: bounce, delayed, success, autoreply, challenge, feedback, mdn, ordinary.
    """
    for file in files:
        classification = classify(file.read_bytes())
        line = json.dumps(_as_members(file, classification)) if as_json else _as_text(file, classification)
        click.echo(line)


def _as_members(file: Path, classification: Classification) -> dict[str, Any]:
    return {
        "file": str(file),
        "kind": classification.kind.value,
        "recipients": [_recipient_members(recipient) for recipient in classification.recipients],
        "original_message_id": classification.original_message_id,
        "reason": classification.why,
    }


def _recipient_members(recipient: NoticedRecipient) -> dict[str, Any]:
    return {
        "address": recipient.address,
        "status": recipient.status,
        "action": recipient.action,
        "permanent": recipient.is_permanent,
        "hard": recipient.is_hard,
        "reason": recipient.reason.value if recipient.reason else None,
    }


def _as_text(file: Path, classification: Classification) -> str:
    lines = [f"{file}: {classification.kind}. {classification.why}"]
    for recipient in classification.recipients:
        told = [recipient.status, recipient.reason.sentence if recipient.reason else None]
        lines.append(f"  {recipient.address}: {' '.join(part for part in told if part) or 'no reason given'}")
    return "\n".join(lines)
