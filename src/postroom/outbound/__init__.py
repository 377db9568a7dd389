"""Everything about mail on its way out: messages, deliveries, attempts."""
