"""Everything about mail that is written once and sent often: templates now, mailings later."""
