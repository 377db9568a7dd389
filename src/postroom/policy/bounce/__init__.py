"""What does a notice of failed delivery say: which recipients, and why?"""
