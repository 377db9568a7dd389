"""How a routing decision reads as text."""

from typing import Any


def readable_trace(columns: dict[str, Any]) -> str:
    """Lines for a terminal; `columns` as of `route.columns`."""
    trace = columns["trace"]
    lines = [
        f"Server:       {trace['server']}",
        f"From:         {columns['header_from']}{' (replaced)' if columns['from_rewritten'] else ''}",
        f"Return path:  {columns['return_path']}",
        f"Reply-To:     {columns['reply_to'] or '–'}",
        f"DMARC:        {trace['dmarc']['why']}",
        "",
        "Why:",
    ]
    lines += [f"  {'→' if step['matched'] else ' '} {step['criterion']}: {step['why']}" for step in trace["steps"]]
    lines += [f"  ! {warning}" for warning in trace["warnings"]]
    return "\n".join(lines)
