"""Are the lines by which mail programs introduce a quotation known, in whatever language they are set to?"""

import pytest

from postroom.policy.visible_text import visible_text, visible_text_of_html

OWN = "Yes, please.\nOn Monday we met John, who wrote: fine."
ATTRIBUTIONS = """
On Tue, May 3, 2016 at 5:21 PM, Mary Smith <mary@example.com> wrote:
On May 3, 2016, at 17:21, Mary Smith <mary@example.com> wrote:
On 03/05/2016 17:21, Mary Smith wrote:
On 2016-05-03 17:21, Mary Smith wrote:
On Tuesday, May 3rd, 2016 at 5:21 PM, Mary Smith <mary@example.com> wrote:
On Tue, 2016-05-03 at 17:21 +0200, Mary Smith wrote:
Mary Smith <mary@example.com> writes:
---- On Tue, 03 May 2016 17:21:00 +0200 Mary Smith <mary@example.com> wrote ----
2016-05-03 17:21 GMT+02:00 Mary Smith <mary@example.com>:
Am 03.05.2016 um 17:21 schrieb Mary Smith:
Am Di., 3. Mai 2016 um 17:21 Uhr schrieb Mary Smith <mary@example.com>:
Am Dienstag, 3. Mai 2016, 17:21:30 CEST schrieb Mary Smith:
Mary Smith <mary@example.com> schrieb am Di., 3. Mai 2016, 17:21:
Le mar. 3 mai 2016 à 17:21, Mary Smith <mary@example.com> a écrit :
Le 03/05/2016 à 17:21, Mary Smith a écrit :
Le 3 mai 2016 à 17:21, Mary Smith <mary@example.com> a écrit :
El mar, 3 may 2016 a las 17:21, Mary Smith (<mary@example.com>) escribió:
El 03/05/2016 a las 17:21, Mary Smith escribió:
Em ter., 3 de mai. de 2016 às 17:21, Mary Smith <mary@example.com> escreveu:
Em 03/05/2016 17:21, Mary Smith escreveu:
No dia 3 de maio de 2016, às 17:21, Mary Smith <mary@example.com> escreveu:
Il giorno mar 3 mag 2016 alle ore 17:21 Mary Smith <mary@example.com> ha scritto:
Il 03/05/2016 17:21, Mary Smith ha scritto:
Op di 3 mei 2016 om 17:21 schreef Mary Smith <mary@example.com>:
Op 3-5-2016 om 17:21 schreef Mary Smith:
Op 3 mei 2016 17:21 heeft Mary Smith <mary@example.com> het volgende geschreven:
Den tis 3 maj 2016 kl 17:21 skrev Mary Smith <mary@example.com>:
Den 2016-05-03 kl. 17:21, skrev Mary Smith:
3 maj 2016 kl. 17:21 skrev Mary Smith <mary@example.com>:
tir. 3. mai 2016 kl. 17:21 skrev Mary Smith <mary@example.com>:
Den 03.05.2016 17:21, skrev Mary Smith:
Den tirs. 3. maj 2016 kl. 17.21 skrev Mary Smith <mary@example.com>:
ti 3. toukok. 2016 klo 17.21 Mary Smith (mary@example.com) kirjoitti:
Mary Smith kirjoitti 3.5.2016 klo 17.21:
wt., 3 maj 2016 o 17:21 Mary Smith <mary@example.com> napisał(a):
W dniu 03.05.2016 o 17:21, Mary Smith pisze:
út 3. 5. 2016 v 17:21 odesílatel Mary Smith <mary@example.com> napsal:
Dne 3.5.2016 v 17:21 Mary Smith napsal(a):
ut 3. 5. 2016 o 17:21 Mary Smith <mary@example.com> napísal(a):
Mary Smith <mary@example.com> ezt írta (időpont: 2016. máj. 3., K, 17:21):
2016.05.03. 17:21 keltezéssel, Mary Smith írta:
În mar., 3 mai 2016 la 17:21, Mary Smith <mary@example.com> a scris:
uto, 3. svi 2016. u 17:21 Mary Smith <mary@example.com> napisao je:
уто, 3. мај 2016. у 17:21 Mary Smith <mary@example.com> је написао/ла:
V V tor., 3. maj 2016 ob 17:21 je oseba Mary Smith <mary@example.com> napisala:
вт, 3 мая 2016 г. в 17:21, Mary Smith <mary@example.com>:
03.05.2016 17:21, Mary Smith пишет:
3 мая 2016 г., в 17:21, Mary Smith <mary@example.com> написал(а):
Вторник, 3 мая 2016, 17:21 +03:00 от Mary Smith <mary@example.com>:
вт, 3 трав. 2016 р. о 17:21 Mary Smith <mary@example.com> пише:
На вт, 3.05.2016 г. в 17:21 Mary Smith <mary@example.com> написа:
Στις Τρί, 3 Μαΐ 2016 στις 5:21 μ.μ., ο χρήστης Mary Smith <mary@example.com> έγραψε:
Mary Smith <mary@example.com>, 3 May 2016 Sal, 17:21 tarihinde şunu yazdı:
03.05.2016 17:21 tarihinde Mary Smith yazdı:
2016. gada 3. maijs 17:21 Mary Smith <mary@example.com> rakstīja:
2016-05-03, an, 17:21 Mary Smith <mary@example.com> rašė:
Kontakt Mary Smith (<mary@example.com>) kirjutas kuupäeval T, 3. mai 2016 kell 17:21:
Missatge de Mary Smith <mary@example.com> del dia dt., 3 de maig 2016 a les 17:21:
Vào Th 3, 3 thg 5, 2016 vào lúc 17:21 Mary Smith <mary@example.com> đã viết:
Pada tanggal Sel, 3 Mei 2016 pukul 17.21 Mary Smith <mary@example.com> menulis:
เมื่อ อ. 3 พ.ค. 2016 เวลา 17:21 Mary Smith <mary@example.com> เขียนว่า:
\u202bבתאריך יום ג׳, 3 במאי 2016 ב-17:21 מאת \u202aMary Smith\u202c\u200f <\u202amary@example.com\u202c\u200f>:\u202c
في الثلاثاء، 3 مايو 2016 5:21 م Mary Smith <mary@example.com> كتب:
2016年5月3日(火) 17:21 Mary Smith <mary@example.com>:
2016/05/03 17:21、Mary Smith <mary@example.com>のメール:
Mary Smith <mary@example.com> 于2016年5月3日周二 17:21写道\uff1a
在 2016年5月3日\uff0c下午5:21\uff0cMary Smith <mary@example.com> 写道\uff1a
Mary Smith <mary@example.com> 於 2016年5月3日 週二 下午5:21寫道\uff1a
2016년 5월 3일 (화) 오후 5:21, Mary Smith <mary@example.com>님이 작성:
मंगल, 3 मई 2016 को 5:21 pm बजे को Mary Smith <mary@example.com> ने लिखा:
""".strip().splitlines()


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_an_attribution_and_what_it_introduces_are_left_out(attribution: str) -> None:
    assert visible_text(f"{OWN}\n\n{attribution}\n\n> Shall we?\n> Mary\n") == OWN
    assert visible_text(f"{OWN}\n{attribution}\n\nShall we?\nMary\n") == OWN


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_an_attribution_that_was_broken_over_lines_is_known(attribution: str) -> None:
    blanks = [index for index, character in enumerate(attribution) if character in " <" and index > 25]
    for blank in blanks:
        broken = f"{attribution[:blank]}\n{attribution[blank:].lstrip()}"
        assert visible_text(f"{OWN}\n\n{broken}\n\n> Shall we?\n> Mary\n") == OWN


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_an_attribution_is_known_in_html(attribution: str) -> None:
    escaped = attribution.replace("<", "&lt;").replace(">", "&gt;")
    own = OWN.replace("\n", "<br>")
    assert visible_text_of_html(f"<div>{own}</div><div>{escaped}</div><blockquote>Shall we?</blockquote>") == OWN
    assert visible_text_of_html(f"<p>{own}</p><p>{escaped}</p><p>Shall we?</p>") == OWN


# From, sent, to and subject as Outlook, Apple Mail and others label them.
HEADERS = """
From: / Sent: / To: / Subject:
From: / Date: / To: / Cc: / Subject:
Von: / Gesendet: / An: / Betreff:
Von: / Datum: / An: / Cc: / Betreff:
De : / Envoyé : / À : / Objet :
De: / Date: / À: / Objet:
De: / Enviado el: / Para: / Asunto:
De: / Fecha: / Para: / CC: / Asunto:
De: / Enviada em: / Para: / Assunto:
Da: / Inviato: / A: / Oggetto:
Van: / Verzonden: / Aan: / Onderwerp:
Från: / Skickat: / Till: / Ämne:
Fra: / Sendt: / Til: / Emne:
Fra: / Dato: / Til: / Emne:
Lähettäjä: / Lähetetty: / Vastaanottaja: / Aihe:
Od: / Wysłano: / Do: / Temat:
Od: / Odesláno: / Komu: / Předmět:
Od: / Odoslané: / Komu: / Predmet:
Feladó: / Elküldve: / Címzett: / Tárgy:
De la: / Trimis: / Către: / Subiect:
От: / Отправлено: / Кому: / Тема:
Від: / Надіслано: / Кому: / Тема:
От: / Изпратено: / До: / Относно:
Kimden: / Gönderildi: / Kime: / Konu:
Από: / Στάλθηκε: / Προς: / Θέμα:
Od: / Poslano: / Za: / Zadeva:
Šalje: / Poslano: / Prima: / Predmet:
No: / Nosūtīts: / Kam: / Tēma:
Nuo: / Išsiųsta: / Kam: / Tema:
Saatja: / Saadetud: / Adressaat: / Teema:
מאת: / נשלח: / אל: / נושא:
من: / تم الإرسال: / إلى: / الموضوع:
差出人: / 送信日時: / 宛先: / 件名:
发件人\uff1a / 发送时间\uff1a / 收件人\uff1a / 主题\uff1a
寄件者: / 寄件日期: / 收件者: / 主旨:
보낸 사람: / 보낸 날짜: / 받는 사람: / 제목:
Dari: / Dikirim: / Kepada: / Subjek:
Từ: / Đã gửi: / Đến: / Chủ đề:
จาก: / ส่ง: / ถึง: / เรื่อง:
""".strip().splitlines()


@pytest.mark.parametrize("labels", HEADERS)
def test_a_block_of_header_fields_ends_the_reply(labels: str) -> None:
    fields = [f"{label} Mary Smith" for label in labels.split(" / ")]
    quoted = "\n".join([*fields, "", "Shall we?", "Mary"])
    assert visible_text(f"{OWN}\n\n{quoted}") == OWN
    assert visible_text(f"{OWN}\n\n________________________________\n{quoted}") == OWN
    assert visible_text(f"{OWN}\n\n-----Original Message-----\n{quoted}") == OWN
    starred = "\n".join(f"*{label.rstrip()}* Mary" for label in labels.split(" / "))
    assert visible_text(f"{OWN}\n\n{starred}\n\nShall we?") == OWN
    bold = "<br>".join(f"<b>{label}</b> Mary" for label in labels.split(" / "))
    own = OWN.replace("\n", "<br>")
    html = f"<p>{own}</p><div style='border-top:solid #E1E1E1 1pt'><p>{bold}</p></div><p>Shall we?"
    assert visible_text_of_html(html) == OWN


SENT_FROM = """
Sent from my iPhone
Sent from my Galaxy
Sent from Mail for Windows
Sent from Outlook for Android
Sent from Yahoo Mail on Android
Sent from Proton Mail for iOS
Get Outlook for iOS<https://aka.ms/o0ukef>
Von meinem iPhone gesendet
Gesendet von Mail für Windows
Gesendet mit der GMX Mail App
Outlook für Android herunterladen
Envoyé de mon iPhone
Envoyé depuis mon téléphone Orange
Enviado desde mi iPhone
Enviado do meu iPhone
Inviato da iPhone
Verstuurd vanaf mijn iPhone
Skickat från min iPhone
Sendt fra min iPhone
Lähetetty iPhonesta
Wysłane z iPhone'a
Odesláno z iPhonu
Отправлено с iPhone
Отправлено из мобильного приложения Яндекс.Почты
Diese Nachricht wurde von meinem Android-Gerät mit GMX Mail gesendet.
Téléchargez Outlook pour Android
Sent via Superhuman
Надіслано з iPhone
iPhone'umdan gönderildi
Στάλθηκε από το iPhone μου
iPhoneから送信
发自我的iPhone
從我的 iPhone 傳送
나의 iPhone에서 보냄
""".strip().splitlines()


@pytest.mark.parametrize("line", SENT_FROM)
def test_the_line_a_phone_signs_with_is_left_out(line: str) -> None:
    assert visible_text(f"{OWN}\n\n{line}\n\nOn 03/05/2016 17:21, Mary wrote:\n> Shall we?") == OWN
    assert visible_text(f"{OWN}\n\n{line}") == OWN


ANNOUNCEMENTS = """
-----Original Message-----
----- Original Message -----
-------- Original message --------
________ Original Message ________
-----Ursprüngliche Nachricht-----
-------- Ursprüngliche Nachricht --------
-----Message d'origine-----
-----Mensaje original-----
-----Mensagem original-----
-----Messaggio originale-----
-----Oorspronkelijk bericht-----
-----Oprindelig meddelelse-----
-----Opprinnelig melding-----
-----Ursprungligt meddelande-----
-----Alkuperäinen viesti-----
-----Wiadomość oryginalna-----
-----Původní zpráva-----
-----Eredeti üzenet-----
-----Исходное сообщение-----
-----Оригінал повідомлення-----
-----Özgün İleti-----
-----原始郵件-----
------------------ 原始邮件 ------------------
-----元のメッセージ-----
-----원본 메시지-----
---------- Forwarded message ---------
---------- Weitergeleitete Nachricht ---------
----- Forwarded by Mary Smith/Company on 03.05.2016 17:21 -----
Begin forwarded message:
Anfang der weitergeleiteten Nachricht:
Début du message réexpédié :
Inizio messaggio inoltrato:
##- Please type your reply above this line -##
""".strip().splitlines()


@pytest.mark.parametrize("line", ANNOUNCEMENTS)
def test_a_line_that_announces_another_message_ends_the_reply(line: str) -> None:
    assert visible_text(f"{OWN}\n\n{line}\nShall we?\nMary") == OWN
