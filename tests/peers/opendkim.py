"""What does Debian's opendkim say of this message's DKIM signatures?

Runs opendkim's own test mode: the whole filter from reading the message to the Authentication-Results field, with key
records from a file in place of DNS. No daemon, no port. Debian's build knows rsa-sha256 and ed25519-sha256.
"""

import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.peers.programs import find
from tests.peers.waiting import PATIENCE_SECONDS

CONFIGURATION = """\
Mode v
Syslog no
TestDNSData file:{records}
"""

_JUDGEMENT = re.compile(r"\bdkim=(\w+)[^;]*\sheader\.d=([^\s;]+)[^;]*\sheader\.s=([^\s;]+)")


class Judgement(NamedTuple):
    result: str  # RFC 8601 §2.7.1: pass, fail, permerror …
    domain: str
    selector: str


def judge(message: bytes, records: Mapping[str, str]) -> list[Judgement]:
    """One judgement a signature, at most three, from top to bottom; [] for an unsigned message and for
    one without a single key to be found, which opendkim puts off (4yz) rather than judges.

    `records` are the TXT records that exist, by name: `{"s1._domainkey.company-name.example": "v=DKIM1; …"}`.
    """
    with tempfile.TemporaryDirectory(prefix="opendkim-") as directory:
        zone, configuration = Path(directory, "records"), Path(directory, "opendkim.conf")
        zone.write_text("".join(f"{name} {text}\n" for name, text in records.items()))
        configuration.write_text(CONFIGURATION.format(records=zone))
        command = [find("opendkim") or "opendkim", "-x", str(configuration), "-vv", "-t", "-"]
        run = subprocess.run(command, input=message, capture_output=True, check=True, timeout=PATIENCE_SECONDS)
    return [Judgement(*match) for match in _JUDGEMENT.findall(run.stdout.decode(errors="replace"))]
