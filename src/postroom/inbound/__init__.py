"""Everything about incoming mail: how it arrives, what it is, and where it belongs."""
