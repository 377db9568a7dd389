"""Everything about through whom mail leaves: outgoing servers and their credentials."""
