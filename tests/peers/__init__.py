"""Which real programs do the tests talk to: servers of Debian's packages, and clients as a user runs them."""
