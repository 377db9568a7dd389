"""What the mail standards say, as pure functions: no Django, I/O, clock or randomness."""
