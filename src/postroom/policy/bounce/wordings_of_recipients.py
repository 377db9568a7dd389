"""How do servers and notices say that it lies with the recipient: a full, closed or missing mailbox, a missing domain?

In English, and where a server joins both, in its own language; for other languages see `wordings_of_languages`. For
the notation see `phrases`; the order is that of `wordings`.
"""

from postroom.policy.bounce.reason import Reason

FULL_MAILBOXES = (
    (
        Reason.RATE_LIMITED,
        r"""
        rate.?limit|throttl|try again slower|<message>s? too (quickly|fast)|at a rate that prevents|unusual rate
        (daily|hourly|user|account)( user| smtp relay| message| sending)* (limit|quota)
        (sending|submission|message) quota|per hour message receive limit|exceeded the max emails per hour
        recipient thread limit|peak smtp relay limit|frequency limited|excessive volume
        sending (too|so) (many|much|fast)
        """,
    ),
    (
        Reason.TOO_MANY_CONNECTIONS,
        r"""
        resolver\.adr\.reciplimit
        too many (concurrent )?(smtp )?(connections|recipients|sessions|errors from your ip|messages from)
        (connection|recipient)s? (rate )?limit|maximum connection limit|max message per connection
        trop de connexions|recipient has exceeded their limit|message threshold exceeded
        """,
    ),
    (
        Reason.SYSTEM_FULL,
        r"""
        mail system full|requested mail action aborted: exceeded storage allocation|not enough free space
        insufficient system (resources|storage)|no (more )?disk space on (the )?server
        """,
    ),
    (
        Reason.MAILBOX_FULL,
        r"""
        over-?quota|(over|out of|exceed\w*|beyond|above) ... (quota|storage|allotted space)
        quota (is )?(exceed|violation|full|usage)|(disk|disc|mail|user|mailbox|storage|space|receive)[ -]?quota
        \bfull (mail|in)box|<box>s? ... (full|voll|overfull)\b|<box>s? (is )?(full|voll)\b
        <box> ... (exceed\w*|out of) ... (space|storage|quota|size|limit)
        mailbox (has )?(exceed|over)|mailbox (size|storage|space) limit|mailbox exceeds allowed size
        number of messages in recipient's mailbox exceeded|exceeded storage allocation
        too much mail (stored|data)|too many messages (on the server|in (the |your )?(mail|in)box)
        not (have )?enough (storage )?(space|room)|(no|insufficient|not sufficient|lack of)( more)? \S* ?space
        space has been used up|mailbox would exceed maximum|account storage limit|exceeding receiving limits
        maximum size allowed for mail delivery|(over|reached) (its|the|their) (\S+ )?(quota|limit)
        """,
    ),
    (
        Reason.MESSAGE_TOO_BIG,
        r"""
        <message> ... too <large>|too (large|big)\b|<message> ... exceed\w* ... (size|limits?|bytes)\b
        <message> (size |length )(limit )?exceed|exceed\w* ... <message> ... (size|limits?)\b
        max(imum)? ... message size|size limit|line limit exceeded|exceeds? administrative limit|recipsizelimit
        exee?ded the maximum size|exceeds my databytes limit|taille limite du message
        """,
    ),
    (
        Reason.SUSPEND,
        r"""
        <user>(\(s\))? ... <closed>\b(?! due to extended)
        <user>(\(s\))? (<be> )?(temporarily )?(<closed>|limited|blocked\.)
        <closed> (e-?mail )?<user>\b|<user> ... temporarily limited|invalid/inactive user|\btemporary locked
        <user>( \S{1,60})? (<be> )?(has )?expired\b|\bexpired <user>\b
        mailbox unavailable or access deni|user is terminated|(mailbox|account|user) (is )?not active|recipient suspend
        mailbox cannot be accessed|banned recipient|address no longer accepts mail|has left the company
        boite du destinataire archivee|compte du destinataire est bloque|konto (ist )?gesperrt|ящик заблокирован
        mailbox was not used for more than
        """,
    ),
    (
        Reason.HAS_MOVED,
        r"""
        has been replaced by|<user> (\S+ )?(has )?moved\b(?! to (spam|junk))|has changed ... address
        recipient no longer on server|no longer (works|employed|with the company)|new (e-?mail )?address is
        """,
    ),
)
MISSING_RECIPIENTS = (
    (
        Reason.FILTERED,
        r"""
        only accepting mail from specific|recipient preferences|user rules|refuses? to receive|user reject
        has blocked (you|your|this sender)
        restricted sms|not accepting any mail|not ... being accepted for this mailbox|this account is protected by
        blocked by the recipient|(refused|rejected) by (the )?recipient\b(?! (domain|server))|bounced address
        cannot route mail to user|delivery failed\.\.\. user unknown
        recipient has (blocked|rejected|refused)|privacy settings|e-?mail preferences of
        not found recipient account|x-spasign
        """,
    ),
    (
        Reason.NOT_ACCEPT,
        r"""
        null ?mx|does not accept (any )?(mail|e-?mail)\b(?! from| over)|mail receiving disabled|no smtp service
        not accepting network messages|name server: \.: host not found|seem to reject all mails
        no mx (record )?found for|no route for current request|inbounds? disabled|has no mail-enabled
        no host found for existing smtp connection|couldn't find a mail exchanger
        smtp protocol returned a permanent error|type=mx: malformed or unexpected name server reply
        """,
    ),
    (
        Reason.HOST_UNKNOWN,
        r"""
        \b<host>( [^\s:;<\[]+){0,4} (is |was )?(not (found|known|exist\w*|be found|reachable)|unknown|non-?existent)
        \b<host>( [^\s:;<\[]+){0,4} (do(es)? ?n['o]?t exist|must exist|(was|could) ?n[o']t (be )?found)
        <wrong> (destination |recipient |remote |mail |the )*<host>\b|unknown domain
        (couldn't find any|cannot find( the)?|could ?n[o']t (find|resolve)( the)?) (\S+ )?<host>\b
        no mx or a records?|unrout(e)?able address|name or service not known|host unreachable|unresolvable domain
        dead domain
        host address lookups failed permanently|point to non-existent hosts|no such domain|nonexistentdomain
        nxdomain|dns server returned answer with no data|bad destination system|account or domain may not exist
        mail domain mentioned ... unknown|dns lookup failure: host|no matches to nameserver query
        (wasn't|weren't) able to find the recipient domain
        """,
    ),
    (
        Reason.USER_UNKNOWN,
        r"""
        \b<user>s?( \S{1,60}){0,10}? <missing>\b|\b<user>s?: ?<missing>\b|\(<user>\) <missing>
        \b<wrong>( \S{1,30}){0,2}? <user>\b|\b<wrong> (or unknown|or invalid)|\b<wrong>[_-]<user>\b
        not (a )?(valid|known|current|recogni[sz]ed|registered|an active) ... <user>\b|not (a )?(valid|known) <user>\b
        no (mail ?box|account|user|one|person|recipient)s?( \S+){0,3}? (by that name|found|here|at this|with that)
        no (mail ?box|account)( \S+){0,2}? available for|not listed in|in name directory
        not in (the|our) (directory|database)|not an e-?mail address
        doesn't have an? \S+ account|account has been deleted|this user doesn't have|#5\.1\.1
        recip(ient)?notfound|no valid recipients?|recipients? (is |was )?not (accepted|ok)
        542 <?@>? rejected|rcpt \S{1,60} do(es|s)n't exist|reserved by rfc ?2606|single label domains not accepted
        cuda_nsu|not our customer
        badrcptto|badrecipientto|validrcptto|envelope recipient has been denied|domain or user isn't in my list
        (address|recipient)s? rejected(?!:)|can't accept user|mailbox unavailable|does not like recipient
        there is no one at this address|delivery to (this|the) (address|user) failed|user missing home
        refuses to accept your mail|the following recipients was undeliverable|vdeliver: invalid
        bad destination mailbox|x\.400 address|(address|recipient)es were unknown|recipients were unknown
        destination server rejected recipients|recipient name is not recognized|not a registered gateway user
        """,
    ),
)
