"""Which mail providers are known, with what they need and refuse; the facts are in presets.toml."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from postroom.policy.provider import (
    Complaint,
    DkimScheme,
    Limits,
    Port,
    Preset,
    ProviderDkim,
    ProviderReturnPath,
    ReturnPathUse,
)

GENERIC = "generic"


@cache
def presets() -> tuple[Preset, ...]:
    """All of them in the order in which people choose; the last is for any other server."""
    text = files("postroom.servers").joinpath("presets.toml").read_text(encoding="utf-8")
    return tuple(_read(entry) for entry in tomllib.loads(text)["preset"])


def find_preset(host: str) -> Preset | None:
    """The provider that `host` belongs to; None for a server that is not known."""
    name = host.strip().rstrip(".").lower()
    return next((preset for preset in presets() if preset.serves(name)), None)


def find_receiver(mx_host: str) -> Preset | None:
    """The provider that receives mail for domains whose MX record names `mx_host`."""
    name = mx_host.strip().rstrip(".").lower()
    return next((preset for preset in presets() if preset.receives_at(name)), None)


def preset_named(preset_id: str) -> Preset | None:
    return next((preset for preset in presets() if preset.id == preset_id), None)


def _read(entry: dict[str, Any]) -> Preset:
    return Preset(
        **entry
        | {
            "hosts": tuple(entry["hosts"]),
            "mx_hosts": tuple(entry.get("mx_hosts", ())),
            "ports": tuple(Port(number, encryption) for number, encryption in entry["ports"]),
            "limits": Limits(**entry["limits"]),
            "dkim": _read_dkim(entry["dkim"]),
            "return_path": _read_return_path(entry["return_path"]),
            "phrases": {Complaint(name): tuple(words) for name, words in entry["phrases"].items()},
        }
    )


def _read_dkim(entry: dict[str, Any]) -> ProviderDkim:
    return ProviderDkim(DkimScheme(entry["scheme"]), tuple(entry.get("selectors", ())), entry.get("target", ""))


def _read_return_path(entry: dict[str, Any]) -> ProviderReturnPath:
    return ProviderReturnPath(ReturnPathUse(entry["use"]), entry.get("label", ""), entry.get("target", ""))
