"""Measurements an operator can repeat on his own machine."""
