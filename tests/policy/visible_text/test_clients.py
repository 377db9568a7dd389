"""Does a reply keep its author's words alone, whichever program and language introduced the quotation or signed?"""

from itertools import product

import pytest

from postroom.policy.visible_text import visible_text

OWN = "Thanks, that works.\n\nMary"

ATTRIBUTIONS = """
Am Di., 3. Mai 2016 um 17:21 Uhr schrieb John <john@x.example>:
Am 03.05.2016 um 17:21 schrieb John <john@x.example>:
Am 03.05.16 um 17:21 schrieb John:
Am Dienstag, 3. Mai 2016, 17:21:00 MESZ hat John <john@x.example> Folgendes geschrieben:
Le mar. 3 mai 2016 à 17:21, John <john@x.example> a écrit :
Le 03/05/2016 à 17:21, John a écrit :
Le mardi 3 mai 2016 à 17:21:00 UTC+2, John <john@x.example> a écrit :
El mar, 3 may 2016 a las 17:21, John (<john@x.example>) escribió:
El 3 may 2016, a las 17:21, John <john@x.example> escribió:
Il giorno mar 3 mag 2016 alle ore 17:21 John <john@x.example> ha scritto:
Il giorno 03 mag 2016, alle ore 17:21, John <john@x.example> ha scritto:
Op di 3 mei 2016 om 17:21 schreef John <john@x.example>:
Op 3 mei 2016, om 17:21 heeft John <john@x.example> het volgende geschreven:
Em ter., 3 de mai. de 2016 às 17:21, John <john@x.example> escreveu:
Em 03/05/2016 17:21, John escreveu:
wt., 3 maj 2016 o 17:21 John <john@x.example> napisał(a):
W dniu 3.05.2016 o 17:21, John pisze:
Den tis 3 maj 2016 kl 17:21 skrev John <john@x.example>:
3 maj 2016 kl. 17:21 skrev John <john@x.example>:
Den tir. 3. maj 2016 kl. 17.21 skrev John <john@x.example>:
tir. 3. mai 2016 kl. 17:21 skrev John <john@x.example>:
ti 3. toukok. 2016 klo 17.21 John (john@x.example) kirjoitti:
John <john@x.example> kirjoitti 3.5.2016 kello 17.21:
út 3. 5. 2016 v 17:21 odesílatel John <john@x.example> napsal:
Dne 03. 05. 16 v 17:21 John napsal(a):
John <john@x.example> ezt írta (időpont: 2016. máj. 3., K, 17:21):
2016. 05. 03. 17:21 keltezéssel, John írta:
вт, 3 мая 2016 г. в 17:21, John <john@x.example>:
03.05.2016, 17:21, "John" <john@x.example>:
Вторник, 3 мая 2016, 17:21 +03:00 от John <john@x.example>:
3 мая 2016 г., в 17:21, John <john@x.example> написал(а):
вт, 3 трав. 2016 р. о 17:21 John <john@x.example> пише:
John <john@x.example>, 3 May 2016 Sal, 17:21 tarihinde şunu yazdı:
3 May 2016 tarihinde 17:21 saatinde, John <john@x.example> şunları yazdı:
2016年5月3日(火) 17:21 John <john@x.example>:
2016/05/03 17:21、John <john@x.example>のメール:
John <john@x.example> 于2016年5月3日周二 17:21写道：
在 2016年5月3日，17:21，John <john@x.example> 写道：
John <john@x.example> 於 2016年5月3日 週二 下午5:21寫道：
2016년 5월 3일 (화) 오후 5:21, John <john@x.example>님이 작성:
2016. 5. 3. 오후 5:21, John <john@x.example> 작성:
On Tuesday, May 3rd, 2016 at 5:21 PM, John <john@x.example> wrote:
John <john@x.example> schrieb am Dienstag, 3. Mai 2016 um 17:21:
Le mardi 3 mai 2016 à 17:21, John <john@x.example> a écrit :
3 May 2016, 17:21 by john@x.example:
El martes, 3 de mayo de 2016 a las 17:21, John <john@x.example> escribió:
A terça-feira, 3 de maio de 2016 às 17:21, John <john@x.example> escreveu:
În mar., 3 mai 2016 la 17:21, John <john@x.example> a scris:
Στις Τρί 3 Μαΐ 2016 στις 5:21 μ.μ., ο/η John <john@x.example> έγραψε:
"""
HEADERS = """
Von: John <john@x.example>
Gesendet: Dienstag, 3. Mai 2016 17:21
An: Mary <mary@y.example>
Betreff: Dach

Von: John <john@x.example>
Datum: Dienstag, 3. Mai 2016 um 17:21
An: Mary <mary@y.example>
Betreff: Dach

De : John <john@x.example>
Envoyé : mardi 3 mai 2016 17:21
À : Mary <mary@y.example>
Objet : Toit

De: John <john@x.example>
Enviado: martes, 3 de mayo de 2016 17:21
Para: Mary <mary@y.example>
Asunto: Techo

Da: John <john@x.example>
Inviato: martedì 3 maggio 2016 17:21
A: Mary <mary@y.example>
Oggetto: Tetto

Van: John <john@x.example>
Verzonden: dinsdag 3 mei 2016 17:21
Aan: Mary <mary@y.example>
Onderwerp: Dak

De: John <john@x.example>
Enviado: 3 de maio de 2016 17:21
Para: Mary <mary@y.example>
Assunto: Telhado

Od: John <john@x.example>
Wysłano: wtorek, 3 maja 2016 17:21
Do: Mary <mary@y.example>
Temat: Dach

Från: John <john@x.example>
Skickat: den 3 maj 2016 17:21
Till: Mary <mary@y.example>
Ämne: Tak

Fra: John <john@x.example>
Sendt: 3. maj 2016 17:21
Til: Mary <mary@y.example>
Emne: Tag

Fra: John <john@x.example>
Sendt: tirsdag 3. mai 2016 17:21
Til: Mary <mary@y.example>
Emne: Tak

Lähettäjä: John <john@x.example>
Lähetetty: tiistai 3. toukokuuta 2016 17:21
Vastaanottaja: Mary <mary@y.example>
Aihe: Katto

Od: John <john@x.example>
Odesláno: úterý 3. května 2016 17:21
Komu: Mary <mary@y.example>
Předmět: Střecha

Feladó: John <john@x.example>
Elküldve: 2016. május 3., kedd 17:21
Címzett: Mary <mary@y.example>
Tárgy: Tető

От: John <john@x.example>
Отправлено: 3 мая 2016 г. 17:21
Кому: Mary <mary@y.example>
Тема: Крыша

Від: John <john@x.example>
Надіслано: 3 травня 2016 р. 17:21
Кому: Mary <mary@y.example>
Тема: Дах

Kimden: John <john@x.example>
Gönderildi: 3 Mayıs 2016 Salı 17:21
Kime: Mary <mary@y.example>
Konu: Çatı

Gönderen: John <john@x.example>
Gönderme Tarihi: 3 Mayıs 2016 Salı 17:21
Kime: Mary <mary@y.example>
Konu: Çatı

差出人: John <john@x.example>
送信日時: 2016年5月3日 17:21
宛先: Mary <mary@y.example>
件名: 屋根

发件人: John <john@x.example>
发送时间: 2016年5月3日 17:21
收件人: Mary <mary@y.example>
主题: 屋顶

寄件者: John <john@x.example>
寄件日期: 2016年5月3日 17:21
收件者: Mary <mary@y.example>
主旨: 屋頂

보낸 사람: John <john@x.example>
보낸 날짜: 2016년 5월 3일 화요일 17:21
받는 사람: Mary <mary@y.example>
제목: 지붕

보낸 사람: John <john@x.example>
날짜: 2016년 5월 3일 화요일 17:21
받는 사람: Mary <mary@y.example>
제목: 지붕

De la: John <john@x.example>
Trimis: marți, 3 mai 2016 17:21
Către: Mary <mary@y.example>
Subiect: Acoperiș

Από: John <john@x.example>
Στάλθηκε: Τρίτη, 3 Μαΐου 2016 17:21
Προς: Mary <mary@y.example>
Θέμα: Στέγη
"""
SIGNATURES = """
Sent from my iPhone
Von meinem iPhone gesendet
Gesendet mit der GMX Mail App
Gesendet von Outlook für iOS
Envoyé de mon iPhone
Envoyé depuis l'application mobile Yahoo Mail pour iPhone
Télécharger Outlook pour iOS
Enviado desde mi iPhone
Obtener Outlook para Android
Inviato da iPhone
Scarica Outlook per Android
Verstuurd vanaf mijn iPhone
Outlook voor iOS downloaden
Enviado do meu iPhone
Obter o Outlook para iOS
Wysłane z iPhone'a
Pobierz aplikację Outlook dla systemu iOS
Skickat från min iPhone
Hämta Outlook för iOS
Sendt fra min iPhone
Hent Outlook til iOS
Lähetetty iPhonesta
Hanki Outlook for Android
Odesláno z iPhonu
Získat Outlook pro iOS
Az iPhone-omról küldve
Elküldve az iPhone-omról
Отправлено с iPhone
Отправлено из мобильной Яндекс Почты
Надіслано з iPhone
iPhone'umdan gönderildi
iOS için Outlook'u edinin
iPhoneから送信
Outlook for iOS を入手
发自我的iPhone
從我的 iPhone 傳送
나의 iPhone에서 보냄
Get Outlook for iOS<https://aka.ms/o0ukef>
Get Outlook for Android
Sent with Proton Mail secure email.
Sent from Proton Mail for iOS
Sent from Yahoo Mail for iPhone
Yahoo Mail: Search, Organize, Conquer
Sent from Yahoo Mail on Android
Envoyé avec la messagerie sécurisée Proton Mail.
Gesendet mit Proton Mail.
Trimis de pe iPhone-ul meu
"""


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.strip().splitlines())
def test_what_introduces_a_quotation_goes_with_it_however_it_is_broken(attribution: str) -> None:
    lines = (attribution, attribution.replace(" <john", "\n<john"))
    quotations = ("> Is it good?\n> John", "Is it good?\nJohn")
    read = {visible_text(f"{OWN}\n\n{line}\n\n{quoted}\n") for line, quoted in product(lines, quotations)}
    assert read == {OWN}


@pytest.mark.parametrize("header", HEADERS.strip().split("\n\n"))
def test_a_header_above_a_quotation_ends_the_reply(header: str) -> None:
    starred = "\n".join("*" + line.replace(":", ":*", 1) for line in header.splitlines())
    rules = ("", "________________________________\n")
    read = {
        visible_text(f"{OWN}\n\n{rule}{fields}\n\nIs it good?\nJohn\n")
        for rule, fields in product(rules, (header, starred))
    }
    assert read == {OWN}


@pytest.mark.parametrize("signature", SIGNATURES.strip().splitlines())
def test_what_a_program_signs_with_is_not_the_authors(signature: str) -> None:
    assert visible_text(f"{OWN}\n\n{signature}\n") == OWN
