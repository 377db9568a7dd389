"""What Postroom decides, as pure functions over plain values: no Django, I/O, clock or randomness."""
