"""By which words does a mail show that it is a notice of a mail server, a vacation reply, or a challenge?

For the notation see `phrases`.
"""

from postroom.policy.bounce.phrases import compile_phrases

# In From: programs that tell of failures, and people's postmasters.
DAEMON = compile_phrases(r"""
    \b(mailer|mail|mta|smtp|lmtp)?[-_. ]?d(ae|ea)mon([@>\s"]|$)
    mail delivery (sub)?system|mail administrator|delivery subsystem|mailsystem@|mail system|mail\.delivery\.system
    postmaster|post_master|poostmaster|mailadmin@|mailmaster@|mailrouter|mail delivery service
    interscan|mailmarshal|mailsweeper|quotaagent|auto(mated|matic)[- ]response|system administrator|errmail
    bounce-?handler|undeliver
""")
BOUNCE_SUBJECT = compile_phrases(r"""
    undeliver|returned (mail|e-?mail|message|to sender)|return to sender|failure notice|failed mail|rejected
    delivery (status|fail|report|problem|error|unsuccessful|notification|has failed|incomplete|delayed|warning)
    (mail|message|e-?mail|sending)( system| delivery)? (fail|error|could not|not delivered|undeliver|bounced)
    non-?deliver|not? (be )?deliver(ed|able)|could not be (delivered|sent)|mail status|delivery_failure
    bounced? (mail|message)|\[bounce\]|bounce notification|postmaster notify|mail not sent|error sending
    smtp server: errors from|not member article|are not member|reject mail|fml system error|loop (alert|back warning)
    see transcript for details|could not send (mail|message)|message you sent (was )?blocked|mail delivery
    address(ing)? error|no valid recipient|invalid address|considered unsolicited|banned|virus|in your mail
    mailbox (is )?full|user unknown|warning: (message|could)
    unzustellbar|nicht (zugestellt|zustellbar)|zustellung|fehlgeschlagen|non.remis|échec|echec|non distribu
    no (se )?(ha podido |pudo |puede )?entreg|não.entregue|nao.entregue|falha|notification d.{0,3}tat de
    mancata consegna|non recapitabile|impossibile recapitare|niet (bezorgd|afgeleverd)|onbestelbaar|nedoru
    niedostarcz|не доставлен|недоставлен|ошибка доставки
    配信|エラー|不達|送信でき|戻り|届け|退信|退回|投递失败|傳遞失敗
""")
BOUNCE_TEXT = compile_phrases(r"""
    could ?n[o']t be (delivered|sent|reached|processed)|can ?n[o']t be delivered|(has|have|had) ?n[o']t been delivered
    (was|were) ?n[o']t (be )?(able to (be )?deliver|delivered)|unable to (be )?deliver|undeliverable
    permanent (fatal )?error|fatal errors|delivery (to the following|failed|has failed|failure|problems|errors)
    returned (to you|to sender|message|mail)|did ?n[o']t reach|failed (recipient|address|permanently|to deliver)
    address(\(es\)|es)? failed|rejected (your|the|by)|was (rejected|not accepted|blocked|returned|refused)
    error (while|occurred|delivering)|mail (server|system|delivery)|mailer[- ]daemon|user unknown|unknown user
    no such (user|recipient|mailbox)|mailbox (is )?(full|unavailable|exceeds|not found)|quota exceeded|over quota
    delivery (status )?notification|(unknown|invalid) (recipient|address)|exceeds allowed size|not (be )?deliverable
    konnte nicht zugestellt|n'a pas pu être|no (se )?pudo ser|não (foi|pôde|pode) ser|non è stato possibile
    送信でき|配信でき|届けでき|送信に失敗|見つかりません|не может быть доставлено|无法(投递|送达)
""")
# Words that only mail servers write.
SIGNATURE = compile_phrases(r"""
    this is the (qmail|mail system|postfix)|hi\. (this is the|the mta)|created automatically by (mail delivery|facebook)
    transcript of session follows|this is the mailer-daemon|dragonfly mail agent|running the courier mail server
    automatically generated (delivery status notification|message from sendgrid)|hello, this is the mail server
    msexch:|diagnostic information for administrators|this report relates to a message you sent
    sorry, we were unable to deliver your message|following addresses had (permanent|delivery|transient)
    we had trouble delivering your message|unable to deliver message to the following address|-------server message
    you are not a member of this mailing list|has detected a loop condition|was automatically rejected:
    message could not be delivered to mobile|no valid recipients for this mm
    your mail (sent|attempted to be delivered) on:
    ------- failure reasons|body of message generated response|error message below:|addresses had delivery problems
""")
DELAY = compile_phrases(r"""
    will (be retried|keep trying|continue (trying|to (try|be|attempt))|retry|try (again|to deliver))
    delivery attempts will continue|still being retried|not yet been delivered|need ?n[o']t (to )?re-?send
    do not need to re-?send|warning message only|temporary failure report|has been delayed|is delayed for
    message (is|was|has been) delayed|delays? in delivering your message|still (being )?(undelivered|queued)
    is still awaiting|this is (only |just )?a warning|this is an advisory-only|has been postponed
    continue to attempt|no action is required on your part
    no need to re-?send|wird weiter versucht|отложен|配信が遅れ
""")
DELAY_SUBJECT = compile_phrases("delay|warning|still being retried|verzögert|retard|retras|遅延|отложен")
GIVEN_UP = compile_phrases(r"""
    given up|giving up|permanent(ly)? (fatal )?(error|fail)|will not (be retried|try|keep|continue)
    not going to try|will be deleted from queue|failed permanently|has been (returned|removed)
    could not be delivered for
""")
SUCCESS = compile_phrases(r"""
    (was|were|been|has) successfully (delivered|relayed|sent)|successful(ly)? deliver|successful mail delivery
    was delivered to (the following|these)|was relayed to these|has been delivered to the following
    delivery to the following recipients? (was |is )?(successful|complete)
""")
REJECTED = compile_phrases(r"\b(reject|refus|could not be delivered|not delivered|quota|mailbox is full)")
# Compared from the beginning of the subject.
AWAY_SUBJECT = compile_phrases(r"""
    (re: ?)?\[?auto(matic|mated|-|matische|mática|matica|matisch)?[ -]?(re(ply|sponse|spond\w*)|antwort|:)
    (re: ?)?vacation( (notice|message|re|auto|from|until)|:|$)
    (re: ?)?(out of (the )?office|on vacation|away (from|until)|ooo\b|i am (out|away)|abwesen|absen(ce|t))
    (re: ?)?(réponse automatique|respuesta autom|risposta automatica|resposta autom|autosvar|autoreply)
    (re: ?)?(fuera de (la )?oficina|fuori sede|afwezig|mensaje de respuesta autom|автоответ)
    (re: ?)?(自動(返信|応答)|不在|自动回复)|yahoo! auto response|automatically generated response
    .*\((away from the office|out of office)\)$
""")
AWAY_TEXT = compile_phrases(r"""
    \bi('m| am| will be|'ll be) (currently )?((out of|away from) (the |my )?office|on (vacation|holiday|leave))
    \bi('m| am| will be|'ll be) (currently )?away (until|from|on)|you have reached a non-?working address
    this is an auto(matic |-|mated )?re(ply|sponse|sponder)|je suis (actuellement )?absent
    ich bin (derzeit )?(nicht im büro|abwesend|im urlaub)
""")
# Names and sentences of filters that ask; nothing else writes them.
CERTAIN_CHALLENGE = compile_phrases(r"""
    \btmda\b|spam ?arrest|boxtrapper|mailinblack|ipermitmail|0spam\.com|antispam uol|\[qurb|vanquish|mailblocks
    choicemail|bluebottle|knowspam|boxbe|to release your message|being held because|challenge.response
    unverified e-?mail to|requires? that you verify|requires? verification verify
    only from senders i have approved|approved senders, please
    verify that you are a (real|human|live)|sender (verification|authentication) (is )?(required|request)
    i('m| am) protecting myself from (receiving )?(junk|spam)
""")
CHALLENGE = compile_phrases(r"""
    (please |must |to )(confirm|verify|authenticate|validate) ... (message|e-?mail|mail|address|identity|sender|human)
    (requires?|pending|awaiting|needs) (sender )?(verification|confirmation|authori[sz]ation)
    (confirm|verification) ... (by|to) (clicking|replying|be delivered)
    approved? (list|sender)s? ... (click|reply|visit|fill)
    just (this )?once ... (click|reply|confirm)
""")
CHALLENGE_SUBJECT = compile_phrases(r"""
    verif|confirm|authori[sz]|unverified|challenge|\[qurb|spam ?arrest|pending|approval|anti-?spam|validat|held for
    has been (held|received)|action required|boxtrapper|registration|trying to (reach|contact)
""")
