"""`postroom dkim`: sign a message file, say whether the signatures in one hold, make a key."""

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from postroom.domains.nameserver import Nameserver, parse_nameserver
from postroom.domains.resolver import Resolver
from postroom.errors import PostroomError
from postroom.policy.dns.answers import Question
from postroom.policy.dns.findings import Purpose, Record
from postroom.policy.dns.writing import zone_line
from postroom.rfc.dkim import (
    Lookup,
    Result,
    Verdict,
    hash_body,
    key_name,
    load_signer,
    public_key_record,
    verify,
)
from postroom.rfc.dkim_key import PrivateKey
from postroom.rfc.headers import split_message

KEY_MAKERS: dict[str, Callable[[], PrivateKey]] = {
    "rsa": lambda: generate_private_key(public_exponent=65537, key_size=2048),  # RFC 8301 §3.2
    "ed25519": Ed25519PrivateKey.generate,
}


class _Refusal(click.ClickException):
    exit_code = 2  # 1 means that no signature passes


class _DkimGroup(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PostroomError as error:
            raise _Refusal(error.message) from error


@click.group(name="dkim", cls=_DkimGroup)
def command() -> None:
    """Sign and verify DKIM signatures of message files.

    FILE holds one message as saved by a mail program, with CRLF or LF line ends; - reads standard input.
    """


@command.command(name="sign")
@click.argument("file", type=click.File("rb"))
@click.option("--key", "key_file", type=click.File("rb"), required=True, help="The private key, a PEM file.")
@click.option("--domain", required=True, help="The domain that signs; DMARC asks for that of the From.")
@click.option("--selector", required=True, help="Which of the domain's keys this is.")
@click.option("--signed-at", type=click.IntRange(min=0), help="When, in seconds since 1970; now by default.")
def sign_file(file: IO[bytes], key_file: IO[bytes], *, domain: str, selector: str, signed_at: int | None) -> None:
    """Print the message with CRLF line ends and a DKIM-Signature on top."""
    signer = load_signer(key_file.read(), domain=domain, selector=selector)
    if signer.is_key_short:
        click.echo(f"Warning: the key has only {signer.key_bits} bits; replace it by one of 2048.", err=True)
    head, body = split_message(_read_message(file))
    signed_at = int(time.time()) if signed_at is None else signed_at
    field = signer.sign(head, hash_body(body), signed_at=signed_at)
    click.echo(field + head + b"\r\n" + body, nl=False)


@command.command(name="verify")
@click.argument("file", type=click.File("rb"))
@click.option("--key-record", help='Use this key record ("v=DKIM1; …") in place of DNS.')
@click.option("--public-key", type=click.File("rb"), help="Use the key in this PEM file in place of DNS.")
@click.option("--resolver", metavar="ADDRESS:PORT", help="Ask this DNS server, not the system's.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def verify_file(
    file: IO[bytes], key_record: str | None, *, public_key: IO[bytes] | None, resolver: str | None, as_json: bool
) -> None:
    """Print one line for each DKIM signature of a message. Exit code: 0 one passes, 1 none does, 2 for bad input."""
    lookup = _choose_lookup(key_record, public_key=public_key, resolver=resolver)
    verdicts = verify(_read_message(file), lookup, now=int(time.time()))
    for verdict in verdicts:
        click.echo(json.dumps(asdict(verdict), ensure_ascii=False) if as_json else _line(verdict))
    if not any(verdict.result is Result.PASS for verdict in verdicts):
        sys.exit(1)


@command.command()
@click.option("--type", "key_type", type=click.Choice(list(KEY_MAKERS)), default="rsa", show_default=True)
@click.option("--domain", required=True, help="The domain that will sign.")
@click.option("--selector", required=True, help="A name for this key, such as the month: nov2025.")
@click.option("--out", type=click.Path(path_type=Path), help="The key file; SELECTOR.DOMAIN.pem by default.")
def keygen(key_type: str, domain: str, *, selector: str, out: Path | None) -> None:
    """Make a private key and print the DNS record to publish.

    The key file gets mode 600; the record is a line of a zone file. All receivers verify rsa; some do not know ed25519
    yet, so sign with that in addition, not alone.
    """
    name = key_name(domain=domain, selector=selector)
    pem = KEY_MAKERS[key_type]().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    out = out or Path(f"{name.replace('._domainkey', '', 1)}.pem")
    _write_secret(out, pem)
    click.echo(f"The private key is in {out}; keep it secret. Publish this record:", err=True)
    click.echo(zone_line(Record(name, "TXT", public_key_record(pem), Purpose.DKIM)))


def _read_message(file: IO[bytes]) -> bytes:
    """With the line ends it would have on the wire; refused when it does not begin with a header."""
    message = re.sub(rb"(?<!\r)\n", b"\r\n", file.read())
    if not split_message(message)[0]:
        raise _Refusal("This is not a mail message: it does not begin with a header field.")
    return message


def _choose_lookup(key_record: str | None, *, public_key: IO[bytes] | None, resolver: str | None) -> Lookup:
    if sum(choice is not None for choice in (key_record, public_key, resolver)) > 1:
        raise click.UsageError("Give only one of --key-record, --public-key and --resolver.")
    if public_key:
        key_record = public_key_record(public_key.read())
    if key_record is not None:
        return lambda name: key_record
    asked = Resolver(_parse_nameserver(resolver) if resolver else None)
    return lambda name: _find_txt(name, asked)


def _parse_nameserver(text: str) -> Nameserver:
    try:
        return parse_nameserver(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--resolver") from error


def _find_txt(name: str, resolver: Resolver) -> str | None:
    answer = resolver.ask(Question(name, "TXT"))
    if answer.is_unclear:
        raise OSError(answer.explain(name))
    return max(answer.values, key=lambda text: text.startswith("v=DKIM1"), default=None)


def _line(verdict: Verdict) -> str:
    if verdict.result is Result.NONE:
        return f"none: {verdict.reason}"
    signature = f"{verdict.result}: d={verdict.domain} s={verdict.selector} a={verdict.algorithm}"
    remarks = [verdict.reason] if verdict.reason else []
    remarks += ["the key is marked as under test"] if verdict.is_testing else []
    return "; ".join([signature, *remarks])


def _write_secret(path: Path, content: bytes) -> None:
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(content)
    except FileExistsError as error:
        raise _Refusal(f"{path} exists already; give another --out.") from error
    except OSError as error:
        raise _Refusal(f"{path} cannot be written: {error.strerror}.") from error
