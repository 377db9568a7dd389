"""How do servers and notices say that it lies with the sender, the sending server, or the message?

For the notation see `phrases`; the order is that of `wordings`. The third member, where there is one, is the status
without its class that must stand beside the words.
"""

from postroom.policy.bounce.reason import Reason

REFUSED_SENDERS: tuple[tuple[Reason, str, str | None], ...] = (
    (
        Reason.NO_RELAYING,
        r"""
        relay(ing)? (access )?(denied|not permitted|not allowed|prohibited|is not)
        (unable|not (allowed|permitted|configured|authori[sz]ed|an? open)|cannot|no|don't|denied) ... relay
        \bas a relay\b|insecure mail relay|open relay (is )?not allowed|relaying mail to|smtp relay error
        not a gateway|isn't in my list of allowed rcpthosts|not local host|we don't handle mail for
        specified domain is not allowed|use of smtp as mail gate is forbidden
        requires authentication when attempting to send to a non-local
        """,
        None,
    ),
    (
        Reason.AUTH_FAILURE,
        r"""
        \bdmarc\b|sender policy framework|//spf\.pobox\.com|openspf\.(org|net)|spf unauthorized
        \bspf\b ... (fail|violat|invalid|reject|unauth|not (pass|allow|permit)|hard ?fail|record)
        \bspf (fail|violat|invalid|reject|unauth|record|check)|\bdkim (fail|invalid|reject|sender invalid)
        \bdkim\b ... (fail|invalid|reject|unauth|not pass)|spf/dns de votre nom de domaine|inspect your spf
        (fails? to pass|multiple) authentication checks|authentication checks failed|senders to authenticate
        unauthenticated e-?mail from|per it'?s spf record
        """,
        None,
    ),
    (
        Reason.FAILED_STARTTLS,
        r"""
        starttls(-not-supported| is required| command first| handshake| failed| failure)
        (does not support|requires?|must|need|no|cannot start|missing|without) ((\S+ ){0,4})(start)?tls\b
        \btls ((\S+ ){0,4})(required|not (available|supported|offered)|fail\w*|handshake|negotiation|certificate)
        tls/ssl for smtp|certificate-(expired|host-mismatch)|tlsa-invalid|dnssec-invalid|requires encryption
        """,
        None,
    ),
    (
        Reason.REJECTED,
        r"""
        sender (address |e-?mail |domain )*(<be> )?(<refused>|blacklisted)
        sender (address |e-?mail |domain )*(<be> )?not (allowed|authori[sz]ed|accepted|verified|pre-?approved|approved)
        sender (verify|verification|callout) ... fail|sender verify fail|sender is (a )?spammer
        (invalid|bad|unknown|banned|unroutable|unverified|forged|bogus) (outbound |envelope |from )?sender
        (invalid|bogus|bad) mail from|mail from not owned|domain of sender|sender domain|sender's domain
        \bbatv\b|backscatter|(null|empty|blank) (envelope )?(sender|address|return)|third-party dsns|unsigned dsn
        returned mail not accepted|(sender|from) ... (in|on) (my|the|our|a) \S* ?<list>
        address (is|has been|that has been) (on senderfilter|blacklisted)|from an address that has been blacklisted
        list of senders to accept mail from|allowed-senders list|sending this from a different address
        not allowed to post|not a member of this|are not member|not member article|by non-member|closed mailing list
        is not subscribed to this group|may not be open to posting|permission to post|groups\.google\.com/support
        not (be )?(permitted|allowed|authori[sz]ed) to (send|e-?mail|mail|post) ... (to|from|as) \S
        sender (was )?not authenticated (by|for)|resolver\.rst\.(notauthorized|authrequired)
        does not accept mail from|envelope (blocked|rejected)|administrative prohibition|recursive cname
        unresolvable rfc.5321 domain|(address|identity|sender) is not verified|delivery not authorized
        sender address has (a )?null mx|(manually )?blocked senders|isn't set up to receive messages
        emetteur invalide|can't determine purported responsible|access denied \(sender|valid sender domain
        your (access to submit messages|e-?mail address has been blacklisted)|spam reporting address
        reject(ing|ed)? (mail|spammers)(: | from )|mail is rejected by recipients|fully qualified e-?mail address
        """,
        None,
    ),
    (
        Reason.REQUIRE_PTR,
        r"""
        reverse (dns|lookup|address)|\brdns\b|\bptr\b|(ip name lookup|dns lookup) fail|ip reverse lookup
        cannot find your (hostname|reverse)|unresolvable relay host|fix reverse|mismatches client ip
        forward dns entry does not point|does not match the ip address of the hostname
        unverifyable sending ips|all mail servers must have
        """,
        None,
    ),
    (
        Reason.BAD_REPUTATION,
        r"""
        (poor|bad|low|very low) (\S+ )?(\S+ )?reputation|reputation (score|problem|of)|(ip|domain) reputation
        due to ... reputation|temporarily deferred due to (unexpected volume|user complaints)
        messages from ... temporarily deferred
        """,
        None,
    ),
    (
        Reason.SPAM_DETECTED,
        r"""
        blacklisted (url|link)|urls? (in|within) ... <list>|uribl|surbl|\bdbl\b|no spam please|reject, id=\S+ - spam
        (spam|virus)(,| or| and|/) ?(spam|virus)|^reject, id=
        """,
        None,
    ),
    (
        Reason.VIRUS_DETECTED,
        r"""
        \bvirus|infected|malware|phishing|trojan|potentially executable attachment
        e-?mail rejected due to security policies
        """,
        None,
    ),
    (
        Reason.BLOCKED,
        r"""
        spamhaus|spamcop|barracudacentral|sorbs|abuseat|mail-abuse\.org|dsbl|njabl|uceprotect|mailspike|invaluement
        \b(dns|r)bls?\b|dnsbl|<list>|client host (\S+ )?<refused>|host (\S+ )?(is )?(<refused>|not allowed)
        \b(your|sending|sender|source|client|bad sender|this|the)( smtp| mail)? ip\b(?! name)
        \b<ip> ... <refused>\b|<refused> ((\S+ ){0,3})ips?\b|invalid ip for sending
        not (currently )?accept(ing)? (mail|connections|messages) from|connections? (will )?(not (be )?)accepted from
        no access from mail server|open proxy|proxy detected|dynamic(/zombied)? (ip|/)|dial-?up|hosts? with dynamic ip
        you are not allowed to connect|you are sending spam|currently sending spam|generic dns|residential
        blocked (using|by|for|- see)|refused - see|\(\S*@\S*:blocked\)|\b5\d\d blocked\b
        helo(/ehlo)? (command |argument |name |host )?(rejected|invalid|denied|is invalid)|bad helo|helo/ehlo
        my name was rejected|greeting failed|refused to talk to me|host network|server access (\S+ )?forbidden
        access denied.{0,20}traffic|network is (temporar\w+ )?black|confirm this mail server
        your server requires confirmation|suspiciously like spammer|not accepting connections
        closing transmission channel|connection (dropped|reset by peer|was dropped)|not passed validation|go away
        smtp error from remote mail (server|er) after initial connection|isn't allowed to send
        is not allowed to send mail from|please use the smtp server of your isp|abus detecte
        service refused, please try later|error: no valid recipients from|cox too many bad commands
        unregistered domains|suspected (bounce attacks|spam ip)|connection denied|gr[ae]y-?list
        """,
        r"(?!1\.[27]).*",
    ),
)
REFUSED_MESSAGES: tuple[tuple[Reason, str], ...] = (
    (
        Reason.NOT_COMPLIANT_RFC,
        r"""
        rfc ?[0-9]+( section [\d.]+)? compliant|not rfc.{0,12}complian|rfcmessagenoncompliant|violates? rfc
        duplicate header|bad header|multiple addresses|missing a valid|multiple (subject|from|to|date|sender) \S*header
        encoded-word syntax|malformed (header|message|mime)|mail message is malformed|improper use of 8-bit
        missing (required )?(header|from|message-id|date)|nonencoded 8-bit|invalid characters? in header
        """,
    ),
    (
        Reason.SPAM_DETECTED,
        r"""
        \bspam(my|ming|assassin|score|profiler|bouncer|-like|ghetti)?\b|anti-?spam|junk mail|unsolicited|\bube\b
        bulk (e-?mail|mail|advertising)|\bbulk\b ... (reject|classif)|content (filter|is rejected|rejected|denied)
        unacceptable content|banned content|rejecting mail content|message filtered|message looks like
        recurrent pattern|mail rejete\. mail rejected|complaints? about|help_spam|nature of the content
        identified this (e-?mail|message)
        """,
    ),
    (
        Reason.POLICY_VIOLATION,
        r"""
        \bpolic(y|ies)\b|protocol violation|header error|header are not accepted
        (illegal|forbidden|prohibited|banned|dangerous|not allowed) ((\S+ ){0,3})(attachment|file)
        attachment ((\S+ ){0,4})(forbidden|prohibited|banned|not (allowed|accepted|permitted)|blocked)
        potential security issue|organi[sz]ational settings|mass mailer|captcha|given low priority
        do not accept messages containing|local rules?\b|anti-spoofing|content examination
        """,
    ),
    (
        Reason.CONTENT_ERROR,
        r"""
        mime (complexity|headers|error)|too many "?received"? headers|header size|headers? (is )?too long
        improperly-formatted|unnecessary base64|invalid message content|conversion (to|of|required|failed)
        8bitmime|smtputf8|depth exceeded|invalid characters
        """,
    ),
    # Loops look like many things, and say nothing of the address.
    (
        Reason.NETWORK_ERROR,
        r"""
        \bloop(ing|s|ed)?\b|too many hops|hop count|maximum (hop|forwarding)|forwarded more than the maximum
        best-preference mx|exceeded \d+ hops|loops back to myself
        """,
    ),
)
