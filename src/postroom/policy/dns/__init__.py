"""Everything about which DNS records a domain needs to send and receive mail, and what is wrong with those it has.

Decided from facts and answers alone. What DNS must still be asked is a result too (`Answers.wanted`): whoever asks does
so and decides again, until nothing is wanted.
"""
