"""How do servers and notices say in languages besides English that a mailbox is full or missing?

What Exchange and Outlook write in the language of their users, and what providers of a country answer. Only what says
“missing” of a recipient, or of anything in a way that servers use for recipients alone. For the notation see `phrases`;
the order is that of `wordings`.
"""

from postroom.policy.bounce.reason import Reason

FULL_IN_LANGUAGES = (
    (
        Reason.MAILBOX_FULL,
        r"""
        bo[iî]te ... plein|quota ... dépassé|buz[oó]n ... lleno|(casella|cassetta) ... piena|caixa ... cheia
        (postvak|mailbox) ... vol\b|skrzynk\w+ ... (pełn|przepełnion)|schránk\w+ ... (pln|přeplněn)
        postafiók ... (megtelt|tele\b)|(posta kutusu|kota\w*) ... (dolu|aş.l)|c[aă]su[tțţ]\w* ... plin
        (brevlåd|postlåd|inkorg|postkass|indbakke|innboks)\w* ... (full|fuld)\b|postilaatikko ... täynnä
        переполнен|ящик ... полон|скринь\w* ... (переповнен|заповнен)|γραμματοκιβώτιο.{0,40}(πλήρες|γεμάτο)
        メールボックスが(一杯|いっぱい|満)|容量.{0,10}超|(메일박스|메일함|사서함|편지함).{0,20}(가득|초과|부족)
        (邮箱|郵箱|信箱|邮件箱).{0,8}(已满|已滿|空间不足|空間不足|超出)
        """,
    ),
)
MISSING_IN_LANGUAGES = (
    (
        Reason.HOST_UNKNOWN,
        r"""
        domaine ... (inconnu|inexistant|introuvable)|dominio ... (no existe|inesistente|non trovato|non esiste)
        домен не (найден|сущ)|dom[äa]n\w* ... (nicht gefunden|existiert nicht|finns inte|hittades inte|neexistuje)
        dom[eé]n\w* ... (nie istnieje|findes ikke|finnes ikke)
        """,
    ),
    (
        Reason.USER_UNKNOWN,
        r"""
        destinataire (inconnu|invalide)|utilisateur inconnu|n'existe pas|non répertorié dans|introuvable
        au moins un destinataire invalide
        unbekannt|existiert nicht|nicht gefunden|nicht (bekannt|vorhanden)\b|empfänger ... ungültig
        usuario (desconocido|no existe|inexistente)|no existe|no se encuentra|no se (ha )?(podido )?encontr
        nessun utente|inesistente|sconosciut|non esiste|(utente|indirizzo|destinatario) non trovato
        impossibile trovare l'indirizzo
        destinat[aá]rio (desconhecido|inv[aá]lido|inexistente)|n[ãa]o existe|desconhecido|n[ãa]o foi encontrad
        onbekende? (gebruiker|adres|ontvanger)|bestaat niet|niet gevonden
        ukendt|findes ikke|ikke fundet|okänd|finns inte|hittades inte|inte hittas|finnes ikke|ikke funnet
        tuntematon|ei (löyd|löytyn)|ei ole olemassa
        nieznany|nie istnieje|nie ma takiego|nie znaleziono|neexistuj|nebyla? nalezen|nelze najít
        nincs ilyen|nem létez|nem található|ismeretlen (címzett|felhasználó)
        bulunamad.|böyle bir (kullan.c.|hesap|adres)|nu (mai )?exist[aă]|nu a fost g[aă]sit
        не найден|не существует|нет такого (пользователя|ящика)|не знайдено|не існує|δεν (υπάρχει|βρέθηκε)
        見つかりません|存在しません|リストにありません|존재하지 않|찾을 수 없
        不存在|找不到|未找到|[无無]此(用户|用戶|收件)
        """,
    ),
)
