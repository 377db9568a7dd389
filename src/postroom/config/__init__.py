"""How this installation is set up: environment, Django settings, URLs, checks."""
