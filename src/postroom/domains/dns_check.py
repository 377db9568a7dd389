"""What does DNS hold for a domain, compared with what it should hold?"""

from postroom.domains.resolver import Resolver
from postroom.policy.dns.advice import Advice, advise
from postroom.policy.dns.answers import Answer, Answers, Question, Status
from postroom.policy.dns.facts import DomainFacts

# Each round asks what the last one's answers led to: an include of an include takes one. Sane zones need five.
MAX_ROUNDS = 20
MAX_QUESTIONS = 200  # hostile records could name thousands

REPORTS = "dmarc-reports"  # the local part that our DMARC and TLS records name


def check(facts: DomainFacts, resolver: Resolver) -> Advice:
    """Ask DNS until the advice wants to know nothing more; what was not asked in the end counts as unclear."""
    known: dict[Question, Answer] = {}
    for _ in range(MAX_ROUNDS):
        answers = Answers(known)
        advice = advise(facts, answers)
        if not answers.wanted:
            return advice
        room = MAX_QUESTIONS - len(known)
        questions = sorted(answers.wanted)
        known |= resolver.ask_all(questions[:room]) | dict.fromkeys(questions[room:], Answer(Status.PENDING))
    return advice


def report_address(domain: str) -> str:
    """Where reports about mail from `domain` are asked for."""
    return f"{REPORTS}@{domain}"


def facts_of_stranger(domain: str) -> DomainFacts:
    """For a domain that no workspace has: nothing is known but its name."""
    return DomainFacts(domain, domain, report_address=report_address(domain))
