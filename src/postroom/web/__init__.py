"""Everything about the pages people see: one view and one template a page."""
