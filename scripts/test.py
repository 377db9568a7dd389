"""Is everything as it should be? Runs every check and every test, and ends with a table of what failed.

Arguments are pytest's. Format and lint stop the run at once: they take a second to find and to mend. The other checks
run beside each other, and the tests run whatever those say.
"""

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent
sys.path.insert(0, str(ROOT))

from tests.peers.programs import (  # noqa: E402 - found through the line above
    EXIM_USER,
    PACKAGES,
    UNPACKED,
    UNPACKED_PACKAGES,
    explain_missing,
    find,
)

FORMAT_AND_LINT = {"format": ["ruff", "format", "--check"], "lint": ["ruff", "check"]}
CHECKS = {
    "types": ["mypy"],
    "imports": ["lint-imports"],
    "migrations": ["django-admin", "makemigrations", "--check", "--dry-run"],
}
POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    passed: bool
    seconds: float
    output: str = ""  # empty where it was shown as it came


def main(pytest_arguments: Sequence[str]) -> int:
    os.chdir(ROOT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "postroom.config.settings"
    outcomes = [run_check(name, command) for name, command in FORMAT_AND_LINT.items()]
    if all(outcome.passed for outcome in outcomes):
        outcomes.append(install_programs())
        with ThreadPoolExecutor() as threads:
            outcomes += threads.map(run_check, CHECKS, CHECKS.values())
        del os.environ["DJANGO_SETTINGS_MODULE"]  # the tests load Django where they need it
        outcomes.append(run_pytest(pytest_arguments))
    else:
        print("The other checks and the tests were not run: `make fmt` first.")
    report(outcomes)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def run_check(name: str, command: Sequence[str]) -> Outcome:
    started = time.monotonic()
    done = subprocess.run(
        [TOOLS / command[0], *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return Outcome(name, done.returncode == 0, time.monotonic() - started, done.stdout)


def install_programs() -> Outcome:
    """Install the Debian packages that tests need. Where that may not be, say so; in CI it counts as a failure."""
    started = time.monotonic()
    if os.geteuid() == 0 and find("apt-get"):
        if explain_missing(*PACKAGES):
            with no_services_started():
                update_if_need_be(apt_install)
        if explain_missing(*UNPACKED_PACKAGES):
            update_if_need_be(apt_unpack)
        add_exim_user()
    why = explain_missing(*PACKAGES, *UNPACKED_PACKAGES)
    if why:
        print(f"The tests with real mail programs will be skipped: {why}", flush=True)
    return Outcome("programs", not (why and os.environ.get("CI")), time.monotonic() - started)


def update_if_need_be(install: Callable[[], bool]) -> None:
    _ = install() or (apt_get("update") and install())


def apt_install() -> bool:
    """Nothing is removed for it: a machine keeps its mail server."""
    return apt_get("install", "--yes", "--no-install-recommends", "--no-remove", *sorted(set(PACKAGES.values())))


def apt_unpack() -> bool:
    """What cannot be installed beside the others, with its dependencies, into a folder of ours."""
    with TemporaryDirectory() as folder:
        Path(folder, "partial").mkdir()
        place = ["-o", f"Dir::Cache::archives={folder}", "-o", "APT::Sandbox::User=root"]
        download = ["install", "--download-only", "--yes", "--no-install-recommends", *place]
        if not apt_get(*download, *UNPACKED_PACKAGES.values()):
            return False
        for package in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "--extract", package, UNPACKED], check=True)
    for program in UNPACKED.glob("usr/sbin/*"):
        program.chmod(0o755)  # setuid is for the one of the system
    return True


def add_exim_user() -> None:
    """As the installation of the package does."""
    if EXIM_USER not in (user.pw_name for user in pwd.getpwall()):
        options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "--badname"]
        subprocess.run(["useradd", *options, EXIM_USER], check=False)


def apt_get(*arguments: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    print(f"apt-get {' '.join(arguments)} …", flush=True)
    command = ["apt-get", "-qq", *arguments]
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0


@contextmanager
def no_services_started() -> Iterator[None]:
    """Debian's packages start their servers when installed, unless this program forbids it (invoke-rc.d(8))."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def run_pytest(arguments: Sequence[str]) -> Outcome:
    started = time.monotonic()
    options = ["--numprocesses", str(os.cpu_count()), "--hypothesis-profile", "gate"]
    done = subprocess.run([TOOLS / "pytest", *options, *arguments], check=False)
    return Outcome("tests", done.returncode == 0, time.monotonic() - started)


def report(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if not outcome.passed and outcome.output:
            print(f"\n--- {outcome.name} ---\n{outcome.output.rstrip()}")
    print()
    for outcome in outcomes:
        print(f"{'ok' if outcome.passed else 'FAILED':<8}{outcome.name:<12}{outcome.seconds:6.1f} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
