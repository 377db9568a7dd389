"""What does a wheel hold beyond the committed files? The pages' files of others and the compiled translations."""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SCRIPTS = Path(__file__).parent / "scripts"


class PageFiles(BuildHookInterface):
    """Makes them before the wheel is; scripts/setup makes them for work in the tree."""

    def dependencies(self) -> list[str]:
        assets = runpy.run_path(str(SCRIPTS / "assets.py"))
        return [] if assets["is_current"]() or assets["find_npm"]() else [assets["NODE_WHEEL"]]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        if runpy.run_path(str(SCRIPTS / "assets.py"))["main"]():
            raise RuntimeError("The pages' stylesheet and scripts could not be fetched.")
        runpy.run_path(str(SCRIPTS / "messages.py"))["main"]("compile")
