"""How well does Postroom read a corpus of real mail? `python scripts/score_corpus.py bounces FOLDER`

FOLDER holds a manifest.json (a list of entries with `id`, `file` and `expected`) and the files that it names. Prints
what was read otherwise than expected, then the rates; the modules in `corpora/` say what is compared.
"""

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CORPORA = {corpus: f"scripts.corpora.{corpus}" for corpus in ("bounces", "replies", "malformed")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", choices=CORPORA)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    score = importlib.import_module(CORPORA[arguments.corpus]).score(arguments.folder)
    print("\n".join([*score.misses, *score.rates]))


if __name__ == "__main__":
    main()
