"""Dutch statements, with what a person who speaks Dutch says of each."""

from tests.answers.languages.verdicts import N, R, U, W

OPTIONS = ("rood", "groen", "blauw", "rood en blauw")

# What stands behind the marker, the gold answer, the verdict.
NUMBERS = [
    # plain statements and introductions
    ("12", "12", R), ("13", "12", W), ("Het antwoord is 12.", "12", R), ("Antwoord: 12", "12", R),
    ("Eindantwoord: 13", "12", W), ("dus 12", "12", R), ("Er zijn dus 12 eieren", "12", R),
    ("De uitkomst is 12", "12", R), ("Het zijn er 12", "12", R),
    ("Er blijven 12 appels over.", "12", R), ("Janet heeft 12 eieren.", "12", R),
    ("Ze verdient 18 dollar per dag.", "18", R), ("precies 12", "12", R), ("ongeveer 12", "12", R),
    ("In totaal 12", "12", R), ("x = 12", "12", R), ("Totaal: 12 euro", "12", R),
    ("De som is gelijk aan 12", "12", R), ("Het juiste antwoord luidt 12", "12", R),
    # units and currencies
    ("12 eieren", "12", R), ("12 appels", "12", R), ("13 appels", "12", W), ("12 km", "12", R),
    ("12 kilometer", "12", R), ("12 €", "12", R), ("€ 12", "12", R), ("€ 12,50", "12.5", R),
    ("12 euro", "12", R), ("12 vierkante meter", "12", R), ("12 m²", "12", R),
    ("12 eieren per dag", "12", R), ("12 uur", "12", R), ("12 jaar oud", "12", R),
    ("12 jaar", "12", R), ("12 mensen", "12", R), ("12 keer", "12", R), ("12 liter melk", "12", R),
    ("12 euro in totaal", "12", R), ("12 bladzijden elk", "12", R), ("12 (twaalf)", "12", R),
    ("twaalf (12)", "12", R), ("12 graden", "12", R), ("12 km/u", "12", R),
    ("12 rode knikkers", "12", R), ("12 weken", "12", R), ("12 meer", "12", R),
    ("12 kinderen", "12", R), ("12 stuks", "12", R), ("12 dozen", "12", R), ("12 wortels", "12", R),
    # separators, percent, fractions
    ("3,5", "3.5", R), ("3,5 kg", "3.5", R), ("0,75", "3/4", R), ("1.234", "1234", R),
    ("1.234,5", "1234.5", R), ("1.234.567", "1234567", R), ("1 234,5", "1234.5", R),
    ("12.000 euro", "12000", R), ("1.235", "1234", W), ("50%", "50", R), ("50 procent", "50%", R),
    ("40%", "50%", W), ("1/2", "0.5", R), ("-12", "-12", R), ("-12", "12", W), ("2,5", "25", N),
    # denied
    ("niet 12", "12", U), ("Het antwoord is niet 12.", "12", U), ("12 is fout", "12", U),
    ("12 klopt niet", "12", U), ("geen 12", "12", U), ("nooit 12", "12", U),
    ("alles behalve 12", "12", U), ("noch 12 noch 13", "12", U), ("12 is een vergissing", "12", U),
    ("12 is onmogelijk", "12", U), ("in plaats van 12", "12", U), ("zonder 12", "12", U),
    ("12 is onjuist", "12", U), ("12 niet", "12", U), ("12 nooit", "12", U),
    ("Het zijn geen 12 eieren", "12", U), ("12 uitgezonderd", "12", U),
    ("allesbehalve 12", "12", U),
    # bounds, doubt
    ("minstens 12", "12", U), ("hoogstens 12", "12", U), ("meer dan 12", "12", U),
    ("minder dan 12", "12", U), ("bijna 12", "12", U), ("tot 12", "12", U), ("12 of meer", "12", U),
    ("ten minste 12", "12", U), ("tussen 12 en 13", "12", U), ("misschien 12", "12", U),
    ("12 als het regent", "12", U), ("12 of 13", "12", U), ("12, maar ik twijfel", "12", U),
    ("12 minstens", "12", U), ("12 misschien", "12", U), ("Er zijn meer dan 12 eieren", "12", U),
    ("maximaal 12", "12", U), ("ruim 12", "12", U),
    # other sizes: signs, scales, operators
    ("min 12", "12", N), ("minus 12", "12", N), ("12 miljoen", "12", N),
    ("12 miljoen", "12000000", R), ("12 duizend", "12000", R), ("12 duizend", "12", N),
    ("12 miljard", "12000000000", R), ("12 miljard", "12", N), ("3 dozijn", "36", R),
    ("12 miljoen euro", "12000000", R), ("1,5 miljoen", "1500000", R),
    ("het dubbele van 12", "12", N), ("de helft van 12", "12", N), ("12 in het kwadraat", "12", N),
    ("tweemaal 12", "12", N), ("de wortel van 12", "12", N), ("12 derden", "12", N),
    ("12 tienden", "12", N), ("het omgekeerde van 12", "12", N), ("twaalf", "12", U),
    ("12 faculteit", "12", N), ("12 honderdsten", "12", N), ("12 en een half", "12", N),
    # sentences
    ("De oplossing is 12.", "12", R), ("Het eindresultaat is 12 €.", "12", R),
    ("Marie heeft in totaal 12 boeken gelezen.", "12", R), ("Hij moet 12 euro betalen", "12", R),
    ("12 stukken taart", "12", R), ("12 € per persoon", "12", R),
    ("Het duurt 12 minuten.", "12", R), ("Iedereen krijgt 12 appels", "12", R),
    ("12 dagen lang", "12", R), ("De omtrek is 12 cm.", "12", R),
    ("De oppervlakte is 12 cm²", "12", R), ("12 rode ballen", "12", R),
    ("Ze verkoopt 12 eieren per dag.", "12", R), ("Ze heeft nog 12 eieren over", "12", R),
    ("**12**", "12", R), ("Zijn moeder is 12 jaar oud.", "12", R),
    ("Er zitten 12 leerlingen in de klas", "12", R), ("12 minuten later", "12", R),
    ("12 stoelen", "12", R), ("12 foto's", "12", R),
    # more that is another number, or none
    ("twaalf keer 12", "12", N), ("12 komma vijf", "12", N), ("12 en een kwart", "12", N),
    ("12 en een half", "12", N), ("12 is onzin", "12", N), ("12 gedeeld door drie", "12", N),
    ("12 tot de macht drie", "12", N), ("12 min een", "12", N), ("absoluut niet 12", "12", N),
    ("12 eieren te weinig", "12", N), ("12 eieren te veel", "12", N), ("honderd 12", "12", N),
    ("12 jaar en een half", "12", N), ("12 is gelogen", "12", N),
    ("ik denk niet dat het 12 is", "12", N), ("ik betwijfel 12", "12", N), ("12 helften", "12", N),
    ("amper 12", "12", N), ("12 verdubbeld", "12", N), ("12 klopt van geen kant", "12", N),
    ("krap 12", "12", N), ("12 eieren minder dan", "12", N),
]  # fmt: skip

CHOICES = [
    ("B", "B", R), ("C", "B", W), ("Antwoord: B", "B", R), ("Het antwoord is B.", "B", R),
    ("Het juiste antwoord is (B) groen.", "B", R), ("Antwoord B", "B", R), ("Optie B", "B", R),
    ("Optie C", "B", W), ("(B) groen", "B", R), ("B) groen", "B", R), ("B – groen", "B", R),
    ("B: groen", "B", R), ("groen", "B", R), ("Groen.", "B", R), ("blauw", "B", W),
    ("rood en blauw", "D", R), ("B is het juiste antwoord", "B", R), ("groen (B)", "B", R),
    ("Ik kies B", "B", R), ("Het is B", "B", R), ("B is juist", "B", R), ("niet B", "B", U),
    ("B is fout", "B", U), ("B of C", "B", U), ("B) blauw", "B", U), ("alles behalve B", "B", U),
    ("noch B noch C", "B", U), ("niet groen", "B", U), ("misschien B", "B", U),
    ("geen van deze", "B", U), ("Het is niet B.", "B", U), ("B, als het regent", "B", U),
    ("groen of blauw", "B", U), ("geel", "B", U), ("B is onjuist", "B", U),
]  # fmt: skip

BOOLEANS = [
    ("ja", "yes", R), ("Ja.", "yes", R), ("nee", "no", R), ("Nee!", "no", R), ("nee", "yes", W),
    ("ja", "no", W), ("neen", "no", R), ("Het antwoord is ja.", "yes", R),
    ("Antwoord: nee", "no", R), ("waar", "true", R), ("onwaar", "false", R), ("Onwaar", "true", W),
    ("Dat klopt", "yes", R), ("Dat klopt niet.", "no", R), ("Ja, dat kan hij.", "yes", R),
    ("Nee, dat kan hij niet.", "no", R), ("Nee, dat is niet waar", "no", R),
    ("Nee. IJs drijft.", "no", R), ("Ja, omdat hij zwemt", "yes", R),
    ("De stelling is onjuist", "no", R), ("De stelling is waar", "yes", R), ("Juist", "yes", R),
    ("Ja, dat is correct", "yes", R), ("Ja, maar alleen als het regent", "yes", U),
    ("Misschien ja", "yes", U), ("ja en nee", "yes", U), ("Ja of nee", "yes", U),
    ("gedeeltelijk waar", "yes", U), ("deels waar", "yes", U), ("het tegendeel van ja", "yes", U),
    ("Ja, maar dat is onmogelijk", "yes", U), ("noch ja noch nee", "yes", U),
    ("Nee, tenzij het regent", "no", U), ("bijna waar", "yes", U), ("zo ja", "yes", U),
    ("Niet waar", "yes", N), ("geen idee", "no", U), ("Ja, mits het regent", "yes", U),
    # more that hesitates, and more that explains
    ("Ja, in theorie", "yes", N), ("Ja, nooit", "yes", N), ("Ja, zelden", "yes", N),
    ("Waar of onwaar", "yes", N), ("Ja, behalve op maandag", "yes", N),
    ("verre van waar", "yes", N), ("ja, hoor, echt niet", "yes", N),
    ("Nee, otters zijn geen planten", "no", R), ("Ja, otters kunnen zwemmen", "yes", R),
    ("Nee, want ijs drijft", "no", R), ("Nee, dat is onmogelijk", "no", R),
]  # fmt: skip

TEXTS = [
    ("Lima", "Lima", R), ("Het antwoord is Lima.", "Lima", R), ("Antwoord: Lima", "Lima", R),
    ("Cusco", "Lima", W), ("niet Lima", "Lima", N), ("Lima of Cusco", "Lima", N),
    ("‘Lima’", "Lima", R), ("Het is niet Lima", "Lima", N), ("alles behalve Lima", "Lima", N),
    ("Het antwoord is Cusco.", "Lima", N),
]  # fmt: skip

# Kind, a whole rationale, the gold answer, the verdict.
RATIONALES = [
    ("number", "Het antwoord is niet #### 12", "12", U), ("number", "Niet #### 12", "12", U),
    ("number", "3 + 9 = 12 eieren.\nDus het zijn er #### 12", "12", R),
    ("number", "Het antwoord is #### 12", "12", R),
    ("number", "Het zou fout zijn te zeggen #### 12", "12", U),
    ("number", "minstens #### 12", "12", U), ("number", "nooit #### 12", "12", U),
    ("number", "Ze at er geen. Er blijven over #### 12", "12", R),
    ("choice", "Het antwoord is niet #### B", "B", U),
    ("choice", "Gras is groen.\nAntwoord #### B", "B", R),
    ("boolean", "IJs drijft.\n#### nee", "no", R),
    ("boolean", "Het antwoord is niet #### ja", "yes", U),
    ("number", "12 eieren.\n#### 12\n#### Oplossing", "12", R),
]  # fmt: skip
