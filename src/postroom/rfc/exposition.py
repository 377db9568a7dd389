"""How are measurements written for Prometheus? (text exposition format 0.0.4)"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure with its values by label. `kind`: counter (only grows; its name ends in _total) or gauge."""

    name: str
    kind: str
    meaning: str
    values: Sequence[tuple[Mapping[str, str], float]]


def render_metrics(metrics: Iterable[Metric]) -> str:
    return "".join(line + "\n" for metric in metrics for line in _lines(metric))


def _lines(metric: Metric) -> Iterable[str]:
    yield f"# HELP {metric.name} {metric.meaning}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for labels, value in metric.values:
        shown = ",".join(f'{name}="{text.translate(_ESCAPED)}"' for name, text in labels.items())
        yield f"{metric.name}{{{shown}}} {value:.16g}" if shown else f"{metric.name} {value:.16g}"
