"""Everything about conversations: records of applications, what people write about them, and who is told."""
