"""Everything about webhooks: telling programs by HTTP what happened."""
