"""Do the parsers of mail survive whatever is thrown at them? Coverage-guided search with Atheris (libFuzzer).

`python scripts/fuzz.py [SECONDS] [TARGET…]`: each target for so long, in a process of its own, beginning with the mails
of `tests/corpus` and what was learned before. A crash, an exception, an input that takes over a second or 500 MB ends
it with exit code 1; libFuzzer leaves the input in `.fuzz/TARGET/`. Add it to the tests with what mends it.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["postroom.rfc", "postroom.policy"]):
    from postroom.errors import PostroomError
    from postroom.policy.classification import classify
    from postroom.policy.visible_text import visible_text, visible_text_of_html
    from postroom.rfc.address import format_mailbox, parse_mailbox
    from postroom.rfc.address_salvage import salvage_mailboxes
    from postroom.rfc.arf import read_feedback_report
    from postroom.rfc.dkim_verify import verify
    from postroom.rfc.dsn import read_delivery_status
    from postroom.rfc.encoded_word import decode_encoded_words
    from postroom.rfc.headers import field_value, iter_fields, split_message
    from postroom.rfc.mdn import read_disposition
    from postroom.rfc.message_id import parse_message_ids
    from postroom.rfc.mime import read_entity
    from postroom.rfc.mime_content import read_content
    from postroom.rfc.report_file import read_report
    from postroom.rfc.tnef import read_tnef

ROOT = Path(__file__).resolve().parent.parent
FINDINGS = ROOT / ".fuzz"
CORPUS = ROOT / "tests/corpus"
SECONDS = 30
MAX_BYTES = 20_000


def mime(octets: bytes) -> None:
    read_content(read_entity(octets))


def headers(octets: bytes) -> None:
    head, _ = split_message(octets)
    for _, field in iter_fields(head):
        value = field_value(field)
        decode_encoded_words(value)
        parse_message_ids(value)


def addresses(octets: bytes) -> None:
    text = octets.decode("utf-8", "replace")
    salvage_mailboxes(text)
    try:
        mailbox = parse_mailbox(text)
    except PostroomError:
        return
    assert parse_mailbox(format_mailbox(mailbox)) == mailbox


def notices(octets: bytes) -> None:
    classify(octets)
    for read in (read_delivery_status, read_feedback_report, read_disposition):
        read(octets)


def replies(octets: bytes) -> None:
    text = octets.decode("utf-8", "replace")
    visible_text(text)
    visible_text_of_html(text)


def reports(octets: bytes) -> None:
    read_tnef(octets)
    try:
        read_report(octets)
    except PostroomError:
        return


def signatures(octets: bytes) -> None:
    verify(octets, lambda _: octets[:500].decode("latin-1"), now=0)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (mime, headers, addresses, notices, replies, reports, signatures)
}
# Where a target's inputs are like.
SEEDS = {"replies": "replies", "notices": "bounces"}


def main(arguments: list[str]) -> int:
    seconds = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else SECONDS
    failed = [name for name in arguments or TARGETS if not passes(name, seconds)]
    print(f"Failed: {', '.join(failed)}; the inputs are in {FINDINGS}." if failed else "Nothing was found.")
    return 1 if failed else 0


def passes(name: str, seconds: int) -> bool:
    """In a process of its own: libFuzzer ends the one it runs in."""
    found = FINDINGS / name
    learned = found / "corpus"  # libFuzzer adds to the first folder it is given
    learned.mkdir(parents=True, exist_ok=True)
    print(f"{name} for {seconds} s …", flush=True)
    options = [
        f"-max_total_time={seconds}", "-timeout=1", "-rss_limit_mb=500", f"-max_len={MAX_BYTES}", "-verbosity=0",
        "-print_final_stats=1", f"-artifact_prefix={found}/",
    ]  # fmt: skip
    seeds = CORPUS / SEEDS.get(name, "malformed") / "files"
    command = [sys.executable, __file__, "--target", name, *options, str(learned), str(seeds)]
    return subprocess.run(command, check=False).returncode == 0


def search(name: str, options: list[str]) -> None:
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--target"]:
        search(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main(sys.argv[1:]))
