"""What does a wheel hold beyond the committed files? The pages' files of others, fetched as it is built."""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = Path(__file__).parent / "scripts/assets.py"


class PageFiles(BuildHookInterface):
    """Runs scripts/assets.py before a wheel is made; scripts/setup runs it for work in the tree."""

    def dependencies(self) -> list[str]:
        assets = runpy.run_path(str(ASSETS))
        return [] if assets["is_current"]() or assets["find_npm"]() else [assets["NODE_WHEEL"]]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable" and runpy.run_path(str(ASSETS))["main"]():
            raise RuntimeError("The pages' stylesheet and scripts could not be fetched.")
