"""Which words do mail programs put around a quoted message, in the languages they speak?

Facts gathered from the translations of Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Zimbra and others. All as `fold`
leaves them.
"""


def fold(text: str) -> str:
    """The text as phrases are compared: without case, and without the dot that Turkish capitals leave behind."""
    return text.lower().replace("\N{COMBINING DOT ABOVE}", "")


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(fold(" ".join(phrase.split())) for phrase in text.split("|"))


# The verb of "… wrote", as it stands in "On <date> <somebody> wrote:".
WROTE = _phrases(
    """
    wrote | writes | written | sent | said | replied | responded | schrieb | schreibt | geschrieben | écrit |
    ecrit | écrivait | répondu | escribió | escribio | escrito | escribía | escriure | escrit | escriu | escribiu |
    escreveu | scritto | scrive | scrisse | scris | schreef | geskryf | skrev | skreiv | skrifaði | kirjoitti |
    kirjutas | rakstīja | rašė | parašė | napisał | napisała | pisze | napisano | napsal | napsala | napísal |
    napísala | píše | írta | napisao | napisala | napisal | piše | написал | написала | пишет | писал | написав |
    пише | напісаў | піша | написа | написао | напиша | жазды | бичжээ | έγραψε | έγραψαν | yazdı | yazmış | yazıb |
    כתב | כתבה | מאת | كتب | كتبت | نوشت | نوشته | लिखा | লিখেছেন | เขียนว่า | เขียน | viết | menulis | sumulat |
    shkroi | idatzi | 写道 | 寫道 | 写到 | 来信 | 書きました | 작성 | 썼습니다 | დაწერა | գրել
    """
)

# What begins such a line. "Message de …" and the like need no verb.
LEADS = _phrases(
    """
    on | at | in | am | le | el | em | il | il giorno | op | den | på | dnia | w dniu | dne | dňa | v | u | на | в |
    за | від | στις | vào | pada | în | la | on the | kuupäeval | kpl | a | tarihinde | בתאריך | ב- | في | بتاريخ |
    در | เมื่อ | ในวันที่ | 在 | 于 | 於 | no | lør | dana | mnd | az | ekkor | missatge de | message de | kontakt |
    quoting | zitat von | citando | citando a | citerar | citat | selon | от | from | von | dia | o dia | no dia |
    el dia | el día | date | da | pe
    """
)

# Of those, what needs an address and no verb.
QUOTING = _phrases("quoting | zitat von | citando a | citando | citerar | cytowanie | citace")

# How The Bat! introduces what it quotes by the author's initials: `MJ> words`.
YOU_WROTE = _phrases("you wrote | вы писали | вы пишете | schrieben sie | vous écriviez | usted escribió | napisałeś")

# The labels of the header fields that are shown above a quoted message.
FROM = _phrases(
    """
    from | von | de | da | van | fra | från | frá | lähettäjä | od | feladó | от | від | ад | mittente | absender |
    expéditeur | remitente | remetente | afzender | avsender | avsändare | de la | kimden | gönderen | από | מאת |
    من | از | 差出人 | 送信者 | 送信元 | 寄件者 | 寄件人 | 发件人 | 發件人 | 보낸 사람 | 보낸사람 | dari |
    pengirim | từ | người gửi | จาก | ผู้ส่ง | nuo | no | saatja | kellelt | pošiljatelj | odosielateľ |
    odesílatel | expeditor | šalje | подател | отправитель | відправник | kimdən | sender | nadawca | nga | прати | од
    """
)
SENT = _phrases(
    """
    sent | date | gesendet | gesendet am | datum | envoyé | envoyé le | enviado | enviado el | enviado em |
    enviada em | enviada | inviato | inviata | data | verzonden | sendt | dato | skickat | skickades | lähetetty |
    päivämäärä | päiväys | pvm | wysłano | wysłane | data wysłania | odesláno | dátum | elküldve | küldve |
    отправлено | дата | дата отправки | надіслано | відправлено | дасланы | gönderildi | gönderme tarihi | tarih |
    gönderilme tarihi | ημερομηνία | στάλθηκε | απεστάλη | נשלח | תאריך | تاريخ | التاريخ | تم الإرسال | أُرسلت |
    ارسال | تاریخ | 送信日時 | 送信日 | 日時 | 日付 | 发送时间 | 發送時間 | 寄件日期 | 傳送時間 | 已发送 | 日期 |
    时间 | 發送日期 | 보낸 날짜 | 날짜 | 보냄 | 전송 | 일시 | fecha | trimis | data trimiterii | išsiųsta |
    nosūtīts | datums | saadetud | kuupäev | poslano | poslané | odoslané | изпратено | послато | послано | датум |
    dikirim | tanggal | terkirim | đã gửi | ngày | ส่ง | วันที่ | sent on | sent at | göndərildi | dagsetning |
    sendt dato | quando | когда
    """
)
TO = _phrases(
    """
    to | an | à | a | pour | para | aan | til | till | vastaanottaja | do | komu | címzett | кому | до | каму |
    empfänger | destinataire | destinatario | destinatário | destinatari | kime | alıcı | προς | אל | עבור | إلى |
    الى | به | 宛先 | 收件人 | 收件者 | 받는 사람 | 받는사람 | 수신 | kepada | tới | đến | người nhận | ถึง |
    către | kam | prima | za | kellele | saaja | skirta | adresāts | получатель | primatelj | mottaker | modtager |
    mottagare | naar | per | до кого | за | viðtakandi | kimə | delivered to | ke | adressat
    """
)
COPY = _phrases(
    """
    cc | bcc | kopi | kopia | kopie | kópia | kopija | copie | copie à | copia | cópia | dw | udw | 抄送 | 副本 |
    參考 | 참조 | 숨은참조 | копия | копія | másolatot kap | másolat | bilgi | κοιν. | κοινοποίηση | עותק | نسخة |
    рег | tembusan | สำเนา | nakala | bk | cci | cco | ccn | c.c | c.c. | 同报 | копие | blindkopie | đồng gửi
    """
)
SUBJECT = _phrases(
    """
    subject | betreff | objet | asunto | assunto | oggetto | onderwerp | emne | ämne | aihe | otsikko | temat |
    předmět | predmet | tárgy | тема | konu | θέμα | נושא | الموضوع | موضوع | 件名 | 主题 | 主題 | 主旨 | 標題 |
    제목 | tema | teema | subiect | относно | наслов | naslov | perihal | subjek | chủ đề | tiêu đề | หัวข้อ |
    เรื่อง | efni | assumpte | mövzu | subjekt | gaia | тэма | zadeva | тақырып | tēma | 題名
    """
)
OTHER_FIELDS = _phrases(
    """
    reply-to | reply to | antwort an | répondre à | responder a | rispondi a | antwoord aan | importance |
    priority | attachments | attachment | anhang | anlagen | anlage | pièces jointes | pièce jointe | adjuntos |
    datos adjuntos | anexos | allegati | bijlagen | bijlage | vedhæftede filer | vedlegg | bilagor |
    bifogade filer | liitteet | załączniki | přílohy | prílohy | mellékletek | вложения | вкладення | ekler |
    wichtigkeit | priorität | 添付ファイル | 附件 | 첨부 | organization | organisation | newsgroups | message-id |
    mailed-by | resent-from | when | where | required | optional | categories
    """
)

# "-----Original Message-----" and its kind, without the dashes.
ORIGINAL_MESSAGE = _phrases(
    """
    original message | original text | original email | original mail | message original | original appointment |
    forwarded message | forwarded by | forwarded mail | forwarded email | reply message | replied message |
    previous message | quoted message | in reply to | weitergeleitete nachricht | ursprüngliche nachricht |
    ursprüngliche mail | originalnachricht | original-nachricht | originalmeddelande | urspr. nachricht |
    ursprüngliche e-mail | originalmail | ursprünglicher termin | weitergeleitete mail | weitergeleitet von |
    message d'origine | message d’origine | message initial | message transféré | message transmis | mail original |
    e-mail d'origine | courriel original | message suivi | rendez-vous d'origine | mensaje original |
    mensaje reenviado | correo original | mensaje enviado | cita original | missatge original | missatge reenviat |
    mensagem original | mensagem encaminhada | mensagem reencaminhada | messaggio originale | messaggio inoltrato |
    messaggio inviato | oorspronkelijk bericht | oorspronkelijke bericht | origineel bericht | origineel |
    doorgestuurd bericht | doorgezonden bericht | oprindelig meddelelse | oprindelig besked | original meddelelse |
    videresendt meddelelse | videresendt besked | videresendt mail | opprinnelig melding | opprinnelige melding |
    videresendt melding | original melding | ursprungligt meddelande | vidarebefordrat meddelande |
    vidarebefordrat brev | alkuperäinen viesti | edelleenlähetetty viesti | välitetty viesti |
    wiadomość oryginalna | oryginalna wiadomość | wiadomość pierwotna | przekazana wiadomość |
    wiadomość przekazana dalej | treść oryginalnej wiadomości | původní zpráva | původní e-mail |
    přeposlaná zpráva | pôvodná správa | preposlaná správa | eredeti üzenet | továbbított üzenet | mesaj original |
    mesaj redirecționat | mesajul original | исходное сообщение | оригинальное сообщение | пересылаемое сообщение |
    пересланное сообщение | начало переадресованного сообщения | вихідне повідомлення | оригінал повідомлення |
    оригінальне повідомлення | переслане повідомлення | початкове повідомлення | оригинално съобщение |
    препратено съобщение | изворна порука | originalna poruka | izvorna poruka | izvirno sporočilo |
    proslijeđena poruka | posredovano sporočilo | orijinal mesaj | orijinal ileti | özgün ileti | iletilmiş mesaj |
    asıl mesaj | αρχικό μήνυμα | προωθημένο μήνυμα | הודעה מקורית | ההודעה המקורית | הודעה שהועברה |
    الرسالة الأصلية | رسالة أصلية | رسالة معاد توجيهها | پیام اصلی | 원본 메시지 | 원본 메일 | 원본 이메일 |
    전달된 메시지 | 전달된 메일 | original message follows | 原始邮件 | 原始郵件 | 原始信件 | 原邮件 | 原始消息 |
    原始訊息 | 原始電子郵件 | 转发邮件信息 | 转发的邮件 | 转发邮件 | 轉寄郵件 | 轉寄的郵件 | 轉寄者 | 回复的原邮件 |
    回复邮件 | 回复的邮件 | 元のメッセージ | オリジナルメッセージ | 転送メッセージ | 転送されたメッセージ |
    ข้อความต้นฉบับ | ข้อความเดิม | thư gốc | tin nhắn gốc | thư chuyển tiếp | pesan asli | pesan terusan |
    mesej asal | algne kiri | edastatud kiri | sākotnējais ziņojums | pārsūtīts ziņojums | originalus laiškas |
    persiunčiamas laiškas | upprunaleg skilaboð
    """
)

# Apple Mail announces a forwarded message so, with a colon and no dashes.
BEGIN_FORWARDED = _phrases(
    """
    begin forwarded message | anfang der weitergeleiteten nachricht | anfang der weitergeleiteten e-mail |
    début du message réexpédié | début du message transféré | début du courriel transféré |
    inicio del mensaje reenviado | início da mensagem encaminhada | início da mensagem reencaminhada |
    inizio messaggio inoltrato | begin doorgestuurd bericht | start på videresendt besked | videresendt melding |
    vidarebefordrat brev | välitetty viesti alkaa | początek przekazywanej wiadomości | začátek přeposlané zprávy |
    začiatok preposlanej správy | továbbított levél kezdete | начало переадресованного сообщения |
    початок листа, що пересилається | iletilen i̇leti başlangıcı | αρχή προωθημένου μηνύματος | 转发的邮件 |
    開始轉寄郵件 | 転送されたメッセージ | 전달된 메시지 시작 | inici del missatge reenviat |
    početak proslijeđene poruke
    """
)

# The lines that mobile programs sign with; what follows names a device or a program.
SENT_FROM = _phrases(
    """
    sent from my | sent from mail | sent from a | sent from an | sent from the | sent from samsung |
    sent from outlook | sent from mail for | sent from yahoo | sent from gmail | sent from proton |
    sent from mobile | sent from nine | sent from spark | sent from iphone | sent from ipad | sent from android |
    sent from windows | sent from phone | sent from aol | sent via | sent using | sent with | sent on the |
    get outlook for | get boxer for | get bluemail | sent on the go | von meinem | von unterwegs | gesendet von |
    gesendet mit | gesendet über | gesendet aus | outlook für | holen sie sich outlook | envoyé de mon |
    envoyé depuis | envoyé à partir | envoyé avec | envoyé de | télécharger outlook |
    téléchargez outlook | diese nachricht wurde von meinem | obtenir outlook | provenance |
    enviado desde | enviado do | enviado de | enviado a partir | enviado através | enviado con | enviado por |
    obtener outlook | obter o outlook | obter outlook | enviat des | inviato da | inviato dal | inviato con |
    scarica outlook | ottieni outlook | verzonden vanaf | verzonden met | verzonden via | verstuurd vanaf |
    verstuurd via | verstuurd met | outlook voor | download outlook | sendt fra | sendt med | hent outlook |
    få outlook | skickat från | skickat med | hämta outlook | skickat via | lähetetty | hanki outlook | wysłane z |
    wysłano z | wysłane przez | pobierz outlook | odesláno z | odoslané z | získejte outlook |
    získat outlook | pobierz aplikację outlook | elküldve az |
    iphone-omról küldve | az outlook beszerzése | отправлено с | отправлено из | отправлено через | надіслано з |
    відправлено з | изпратено от | скачать outlook | trimis de pe | trimis din | στάλθηκε από | εστάλη από |
    dikirim dari | được gửi từ | đã gửi từ | gửi từ | ส่งจาก | 发自我的 | 发自 | 從我的 | 寄自 | 來自我的 | 傳送自 |
    נשלח מ | أرسلت من | تم الإرسال من | poslano s | poslano z | saadetud minu | nosūtīts no | išsiųsta iš
    """
)

# What programs write below a mail that says neither "sent" nor a device.
SLOGANS = _phrases("yahoo mail: search, organize, conquer")

# The same in languages that put the device first.
SENT_FROM_ENDINGS = _phrases(
    """
    gönderildi | gesendet | から送信 | 에서 보냄 | 에서 전송됨 | 傳送 | 发送 | 寄出 | küldve | verzonden | bidalia |
    edinin | を入手
    """
)
