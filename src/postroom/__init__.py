"""Self-hosted outbound mail in the name of several companies, brands and domains."""

__version__ = "0.1.0"
