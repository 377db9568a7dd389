"""Everything about who uses this installation: workspaces, companies, people and keys."""
