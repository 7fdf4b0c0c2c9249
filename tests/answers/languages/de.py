"""German statements, with what a person who speaks German says of each."""

from tests.answers.languages.verdicts import N, R, U, W

OPTIONS = ("rot", "grün", "blau", "rot und blau")

# What stands behind the marker, the gold answer, the verdict.
NUMBERS = [
    # plain statements and introductions
    ("12", "12", R), ("13", "12", W), ("Die Antwort ist 12.", "12", R), ("Antwort: 12", "12", R),
    ("Die Antwort lautet 12", "12", R), ("Die richtige Antwort ist 13.", "12", W),
    ("Das Ergebnis ist 12", "12", R), ("Ergebnis: 12", "12", R), ("also 12", "12", R),
    ("Also sind es 12.", "12", R), ("Es sind 12", "12", R), ("Insgesamt sind es 12 Eier.", "12", R),
    ("Somit beträgt die Summe 12", "12", R), ("Lösung: 13", "12", W), ("genau 12", "12", R),
    ("Janet hat 12 Eier.", "12", R), ("Sie verdient 18 Dollar pro Tag.", "18", R),
    ("Das macht 12 Euro", "12", R), ("etwa 12", "12", R), ("x = 12", "12", R),
    # units and currencies
    ("12 Eier", "12", R), ("12 Äpfel", "12", R), ("13 Äpfel", "12", W), ("12 km", "12", R),
    ("12 Kilometer", "12", R), ("12 €", "12", R), ("€12", "12", R), ("12 Euro", "12", R),
    ("12 EUR", "12", R), ("12 Quadratmeter", "12", R), ("12 m²", "12", R),
    ("12 Eier pro Tag", "12", R), ("12 Stunden", "12", R), ("12 Jahre alt", "12", R),
    ("12 Eier übrig", "12", R), ("12 Grad", "12", R), ("12 Personen insgesamt", "12", R),
    ("12 km/h", "12", R), ("12 Schülerinnen und Schüler", "12", R), ("zwölf (12)", "12", R),
    ("12 (zwölf)", "12", R), ("12 Liter Milch", "12", R), ("12 Cent", "12", R),
    ("12 Stück", "12", R),
    # separators, percent, fractions
    ("3,5", "3.5", R), ("3,5 kg", "3.5", R), ("0,75", "3/4", R), ("1.234", "1234", R),
    ("1.234,5", "1234.5", R), ("1.234.567", "1234567", R), ("1 234,5", "1234.5", R),
    ("12.000 Euro", "12000", R), ("1.234", "1235", W), ("2,5", "25", N), ("50 %", "50", R),
    ("50 Prozent", "50%", R), ("40 Prozent", "50%", W), ("1/2", "0.5", R), ("-12", "-12", R),
    ("-12", "12", W), ("12 Grad Celsius", "12", R),
    # denied
    ("nicht 12", "12", U), ("Die Antwort ist nicht 12.", "12", U), ("12 ist falsch", "12", U),
    ("12 ist nicht richtig", "12", U), ("keine 12", "12", U), ("niemals 12", "12", U),
    ("alles außer 12", "12", U), ("alles ausser 12", "12", U), ("Es sind keine 12 Eier", "12", U),
    ("falsch wäre 12", "12", U), ("weder 12 noch 13", "12", U), ("12 stimmt nicht", "12", U),
    ("anstatt 12", "12", U), ("12 wäre ein Irrtum", "12", U), ("12 ist unmöglich", "12", U),
    ("Nicht 12", "12", U), ("ohne die 12", "12", U), ("12 - Quatsch", "12", U),
    ("12 Nichts", "12", U),
    # bounds, doubt
    ("mindestens 12", "12", U), ("höchstens 12", "12", U), ("mehr als 12", "12", U),
    ("weniger als 12", "12", U), ("über 12", "12", U), ("fast 12", "12", U), ("bis zu 12", "12", U),
    ("12 oder mehr", "12", U), ("unter 12", "12", U), ("knapp 12", "12", U),
    ("maximal 12", "12", U), ("vielleicht 12", "12", U), ("12, wenn es regnet", "12", U),
    ("12 oder 13", "12", U), ("zwischen 12 und 13", "12", U),
    ("12, aber ich bin unsicher", "12", U), ("12?", "12", U),
    # other sizes: signs, scales, operators
    ("minus 12", "12", N), ("12 Millionen", "12", N), ("12 Millionen", "12000000", R),
    ("12 Mio.", "12000000", R), ("12 Milliarden", "12000000000", R), ("12 Milliarden", "12", N),
    ("3 Dutzend", "36", R), ("12 Tausend", "12000", R), ("12 Tausend", "12", N),
    ("12 Millionen Euro", "12000000", R), ("1,5 Millionen", "1500000", R),
    ("das Doppelte von 12", "12", N), ("die Hälfte von 12", "12", N), ("12 Hundertstel", "12", N),
    ("zweimal 12", "12", N), ("Wurzel aus 12", "12", N), ("12 zum Quadrat", "12", N),
    ("12 Fakultät", "12", N), ("ein Drittel von 12", "12", N), ("der Kehrwert von 12", "12", N),
    ("12 Drittel", "12", N), ("zwölf", "12", U), ("zwölf", "13", N), ("12 Zehner", "12", N),
    # sentences
    ("Die Lösung lautet 12.", "12", R), ("Das Endergebnis beträgt 12 €.", "12", R),
    ("Insgesamt hat Maria 12 Bücher gelesen.", "12", R), ("Er muss 12 Euro bezahlen", "12", R),
    ("Peter bekommt 12 Euro zurück", "12", R), ("Die Antwort ist somit 12.", "12", R),
    ("12 Kuchenstücke", "12", R), ("12 € pro Person", "12", R), ("Es dauert 12 Minuten.", "12", R),
    ("Tom braucht 12 Stunden für die Arbeit", "12", R), ("Jede Person bekommt 12 Äpfel", "12", R),
    ("12 Tage lang", "12", R), ("Der Umfang ist 12 cm.", "12", R),
    ("Die Fläche beträgt 12 Quadratzentimeter", "12", R), ("rund 12 Prozent", "12", R),
    ("12 rote Kugeln", "12", R), ("Sie verkauft 12 Eier pro Tag.", "12", R),
    ("Am Ende bleiben 12 Eier übrig", "12", R), ("**12**", "12", R), ("$12$", "12", R),
    ("12 ganze Kuchen", "12", R), ("Seine Mutter ist 12 Jahre alt.", "12", R),
    # more that is another number, or none
    ("12 wäre völliger Unfug", "12", N), ("Ich bezweifle, dass es 12 sind", "12", N),
    ("12 Eier wären gelogen", "12", N), ("12 kommt nicht hin", "12", N),
    ("alles, nur nicht 12", "12", N), ("12 geteilt durch drei", "12", N), ("zwölfmal 12", "12", N),
    ("es können unmöglich 12 sein", "12", N), ("angeblich 12", "12", N),
    ("12 mal so viele wie vorher", "12", N), ("rund um 12", "12", N), ("12 (falsch)", "12", N),
    ("12 minus eins", "12", N), ("ein Zwölftel von 12", "12", N), ("12 hoch minus eins", "12", N),
    ("12 im Binärsystem", "12", N), ("gegen 12", "12", N), ("12 Komma fünf", "12", N),
    ("12 einhalb", "12", N), ("12 ein halb", "12", N), ("zwölf Komma 12", "12", N),
    ("Dreizehn, nicht 12", "12", N), ("12 daneben", "12", N), ("12 Fehlanzeige", "12", N),
    ("Sicher keine 12", "12", N),
]  # fmt: skip

CHOICES = [
    ("B", "B", R), ("C", "B", W), ("Antwort: B", "B", R), ("Die Antwort ist B.", "B", R),
    ("Die richtige Antwort ist (B) grün.", "B", R), ("Antwort B", "B", R), ("Option B", "B", R),
    ("(B) grün", "B", R), ("B) grün", "B", R), ("B – grün", "B", R), ("B: grün", "B", R),
    ("grün", "B", R), ("Grün.", "B", R), ("blau", "B", W), ("rot und blau", "D", R),
    ("Die Antwort lautet C.", "B", W), ("B ist richtig", "B", R), ("grün (B)", "B", R),
    ("Ich wähle B", "B", R), ("Lösung: B", "B", R), ("nicht B", "B", U), ("B ist falsch", "B", U),
    ("B oder C", "B", U), ("B) blau", "B", U), ("alles außer B", "B", U),
    ("weder B noch C", "B", U), ("nicht grün", "B", U), ("grün ist falsch", "B", U),
    ("vielleicht B", "B", U), ("keine der Antworten", "B", U), ("B, wenn es regnet", "B", U),
    ("grün oder blau", "B", U), ("alle außer grün", "B", U), ("gelb", "B", U),
    ("Die Antwort ist nicht B.", "B", U), ("B und C", "B", U), ("statt B", "B", U),
]  # fmt: skip

BOOLEANS = [
    ("ja", "yes", R), ("Ja.", "yes", R), ("nein", "no", R), ("Nein!", "no", R), ("nein", "yes", W),
    ("ja", "no", W), ("Die Antwort ist ja.", "yes", R), ("Die Antwort lautet nein", "no", R),
    ("Antwort: Ja", "yes", R), ("wahr", "true", R), ("falsch", "false", R), ("Falsch", "true", W),
    ("Richtig", "yes", R), ("Ja, das stimmt.", "yes", R), ("Nein, das kann er nicht.", "no", R),
    ("Nein, das geht nicht", "no", R), ("Nein. Eis sinkt nicht.", "no", R),
    ("Ja, er kann es.", "yes", R), ("Ja, weil er schwimmen kann", "yes", R),
    ("Die Aussage ist falsch", "no", R), ("Die Aussage ist wahr", "yes", R),
    ("Ja, aber nur wenn es regnet", "yes", U), ("nicht ja", "yes", U), ("Vielleicht ja", "yes", U),
    ("ja und nein", "yes", U), ("Ja oder nein", "yes", U), ("Jein", "yes", U),
    ("teils wahr", "yes", U), ("halb wahr", "yes", U), ("kaum wahr", "yes", U),
    ("das Gegenteil von ja", "yes", U), ("Nein, es sei denn, er hilft", "no", U),
    ("Ja, aber das ist unmöglich", "yes", U), ("falls ja", "yes", U),
    ("weder ja noch nein", "yes", U), ("Nein, doch", "no", U), ("Jawohl", "yes", R),
    ("keine Ahnung", "no", U), ("Ja, ist falsch", "yes", U),
    # more that hesitates, and more that explains
    ("Ja, das ist Unsinn", "yes", N), ("Ja, wohl kaum", "yes", N),
    ("Ja, theoretisch schon", "yes", N), ("Ja klar, von wegen", "yes", N),
    ("Ja, im Traum", "yes", N), ("Ja, sofern es regnet", "yes", N), ("Ja, sagt man", "yes", N),
    ("Ja, bis auf Ausnahmen", "yes", N), ("Ja!?", "yes", N), ("Ja, ja, bestimmt nicht", "yes", N),
    ("Nein, weil Otter Tiere sind.", "no", R), ("Ja, Otter können schwimmen", "yes", R),
    ("Nein, Otter sind keine Pflanzen", "no", R), ("Nein, das ist nicht möglich", "no", R),
    ("Ja, da er alt genug ist", "yes", R),
]  # fmt: skip

TEXTS = [
    ("Lima", "Lima", R), ("Die Antwort ist Lima.", "Lima", R), ("Antwort: Lima", "Lima", R),
    ("Cusco", "Lima", W), ("nicht Lima", "Lima", N), ("Lima oder Cusco", "Lima", N),
    ("Lima ist falsch", "Lima", N), ("alles außer Lima", "Lima", N), ("Straße", "STRASSE", R),
    ("„Lima“", "Lima", R), ("Die Antwort lautet: Lima", "Lima", R),
    ("Die Antwort ist Cusco.", "Lima", N), ("Die Antwort ist nicht Lima.", "Lima", N),
]  # fmt: skip

# Kind, a whole rationale, the gold answer, the verdict.
RATIONALES = [
    ("number", "Die Antwort ist nicht #### 12", "12", U), ("number", "Nicht #### 12", "12", U),
    ("number", "Sie hat 3 + 9 = 12 Eier.\nAlso sind es #### 12", "12", R),
    ("number", "Die Antwort ist #### 12", "12", R), ("number", "Falsch wäre #### 12", "12", U),
    ("number", "Er hat keine Eier gegessen. Es bleiben #### 12", "12", R),
    ("number", "mindestens #### 12", "12", U), ("number", "Es sind keinesfalls #### 12", "12", U),
    ("choice", "Die Antwort ist auf keinen Fall #### B", "B", U),
    ("choice", "Gras ist grün.\nAntwort #### B", "B", R),
    ("boolean", "Die Antwort ist nicht #### ja", "yes", U),
    ("boolean", "Eis schwimmt, weil es leichter ist.\n#### nein", "no", R),
    ("number", "12 Eier.\n#### 12\n#### Lösung", "12", R),
]  # fmt: skip
