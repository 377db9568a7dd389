"""Does a large mail that was made to be hard to read cost no more than a large one that was not?

Each is read in a process of its own, whose memory is measured; five megabytes show what twenty-five would do.
"""

import subprocess
import sys

import pytest

SIZE = 5_000_000
# In proportion to the 500 MB that no mail may take; the time is no measure of speed, but of a way that is not linear.
MAX_MEMORY_BYTES, MAX_CPU_SECONDS = 100_000_000, 20

READ = """
import resource, sys, time
from postroom.policy.classification import classify
from postroom.policy.visible_text import visible_text_of_message
from postroom.rfc.summary import summarise

def fill(unit): return unit * (SIZE // len(unit))
head = b"From: Mary <mary@customer.example.com>\\r\\nTo: info@company-name.com\\r\\nSubject: Roof\\r\\n"
html = head + b"Content-Type: text/html\\r\\n\\r\\n"
nested = b"".join(
    b'Content-Type: multipart/mixed; boundary="b%d"\\r\\n\\r\\n--b%d\\r\\n' % (level, level) for level in range(100)
)
attached = b"Content-Type: message/rfc822\\r\\n\\r\\n"
raw = {
    "fields": lambda: fill(b"X: y\\r\\n") + head + b"\\r\\n",
    "recipients": lambda: head + b"Cc: " + fill(b"a@b.example, ") + b"\\r\\n\\r\\n",
    "parameters": lambda: head + b"Content-Type: text/plain" + fill(b"; name*1=b") + b"\\r\\n\\r\\n",
    "levels": lambda: head + nested + b"\\r\\n" + fill(b"Hello\\r\\n"),
    "messages": lambda: head + fill(attached) + b"Hello\\r\\n",
    "parts": lambda: head + b"Content-Type: multipart/mixed; boundary=b\\r\\n\\r\\n" + fill(b"--b\\r\\n\\r\\nx\\r\\n"),
    "attributes": lambda: html + b"<a" + fill(b" a=b") + b">Hello",
    "elements": lambda: html + fill(b"<blockquote>x"),
    "entities": lambda: html + fill(b"&amp;"),
    "one_line": lambda: head + b"\\r\\n" + fill(b"word "),
    "flowed": lambda: head + b"Content-Type: text/plain; format=flowed\\r\\n\\r\\n" + fill(b"> word \\r\\n"),
    "reports": lambda: (
        head + b"Content-Type: message/delivery-status\\r\\n\\r\\n" + fill(b"Final-Recipient: x\\r\\n\\r\\n")
    ),
}[sys.argv[1]]()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
classify(raw), summarise(raw), visible_text_of_message(raw)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before[0]) * 1024, time.process_time() - before[1])
"""


KINDS = [
    *("fields", "recipients", "parameters", "levels", "messages", "parts"),
    *("attributes", "elements", "entities", "one_line", "flowed", "reports"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_mail_is_read_in_bounds(kind: str) -> None:
    program = f"SIZE = {SIZE}\n{READ}"
    told = subprocess.run([sys.executable, "-c", program, kind], capture_output=True, text=True, check=True).stdout
    memory, seconds = map(float, told.split())
    assert memory < MAX_MEMORY_BYTES
    assert seconds < MAX_CPU_SECONDS
