"""Everything about which processes of this installation run: each says so in the database while it lives."""
