"""Italian statements, with what a person who speaks Italian says of each."""

from tests.answers.languages.verdicts import N, R, U, W

OPTIONS = ("rosso", "verde", "blu", "rosso e blu")

# What stands behind the marker, the gold answer, the verdict.
NUMBERS = [
    # plain statements and introductions
    ("12", "12", R), ("13", "12", W), ("La risposta è 12.", "12", R), ("Risposta: 12", "12", R),
    ("Risposta finale: 13", "12", W), ("quindi 12", "12", R), ("Quindi sono 12", "12", R),
    ("Il risultato è 12", "12", R), ("Ci sono 12 uova", "12", R), ("Restano 12 mele.", "12", R),
    ("Janet ha 12 uova.", "12", R), ("Guadagna 18 dollari al giorno.", "18", R),
    ("esattamente 12", "12", R), ("circa 12", "12", R), ("In totale 12", "12", R),
    ("x = 12", "12", R), ("Totale: 12 euro", "12", R), ("La somma è pari a 12", "12", R),
    ("cioè 12", "12", R),
    # units and currencies
    ("12 uova", "12", R), ("12 mele", "12", R), ("13 mele", "12", W), ("12 km", "12", R),
    ("12 chilometri", "12", R), ("12 €", "12", R), ("12 euro", "12", R), ("12 dollari", "12", R),
    ("12 metri quadrati", "12", R), ("12 m²", "12", R), ("12 uova al giorno", "12", R),
    ("12 ore", "12", R), ("12 anni", "12", R), ("12 persone", "12", R), ("12 volte", "12", R),
    ("12 litri di latte", "12", R), ("12 kg di mele", "12", R), ("12 euro in totale", "12", R),
    ("12 pagine ciascuno", "12", R), ("12 (dodici)", "12", R), ("dodici (12)", "12", R),
    ("12 gradi", "12", R), ("12 km/h", "12", R), ("12 biglie rosse", "12", R),
    ("12 caramelle", "12", R), ("12 libri", "12", R), ("12 in più", "12", R),
    ("12 bottiglie d'acqua", "12", R), ("12 amiche", "12", R),
    # separators, percent, fractions
    ("3,5", "3.5", R), ("3,5 kg", "3.5", R), ("0,75", "3/4", R), ("1.234", "1234", R),
    ("1.234,5", "1234.5", R), ("1.234.567", "1234567", R), ("1 234,5", "1234.5", R),
    ("12.000 euro", "12000", R), ("1.235", "1234", W), ("50 %", "50", R),
    ("50 per cento", "50%", R), ("40 %", "50%", W), ("1/2", "0.5", R), ("-12", "-12", R),
    ("-12", "12", W), ("2,5", "25", N),
    # denied
    ("non 12", "12", U), ("La risposta non è 12.", "12", U), ("12 è falso", "12", U),
    ("12 non è corretto", "12", U), ("mai 12", "12", U), ("tutto tranne 12", "12", U),
    ("né 12 né 13", "12", U), ("12 è un errore", "12", U), ("12 è impossibile", "12", U),
    ("invece di 12", "12", U), ("senza 12", "12", U), ("eccetto 12", "12", U),
    ("nessuno dei 12", "12", U), ("12 è sbagliato", "12", U), ("12 no", "12", U),
    ("12 mai", "12", U), ("Non sono 12 uova", "12", U), ("12 sbagliate", "12", U),
    # bounds, doubt
    ("almeno 12", "12", U), ("al massimo 12", "12", U), ("più di 12", "12", U),
    ("meno di 12", "12", U), ("quasi 12", "12", U), ("fino a 12", "12", U), ("12 o più", "12", U),
    ("oltre 12", "12", U), ("tra 12 e 13", "12", U), ("forse 12", "12", U),
    ("12 se piove", "12", U), ("12 o 13", "12", U), ("12, ma non sono sicuro", "12", U),
    ("12 probabilmente", "12", U), ("Ci sono più di 12 uova", "12", U), ("12 circa", "12", R),
    ("sotto 12", "12", U),
    # other sizes: signs, scales, operators
    ("meno 12", "12", N), ("12 milioni", "12", N), ("12 milioni", "12000000", R),
    ("12 mila", "12000", R), ("12 mila", "12", N), ("12 miliardi", "12000000000", R),
    ("12 miliardi", "12", N), ("3 dozzine", "36", R), ("12 milioni di euro", "12000000", R),
    ("1,5 milioni", "1500000", R), ("il doppio di 12", "12", N), ("la metà di 12", "12", N),
    ("12 al quadrato", "12", N), ("due volte 12", "12", N), ("la radice quadrata di 12", "12", N),
    ("12 terzi", "12", N), ("12 decimi", "12", N), ("12 ore e mezza", "12", N),
    ("l'inverso di 12", "12", N), ("dodici", "12", U), ("12 centinaia", "12", N),
    # sentences
    ("La soluzione è 12.", "12", R), ("Il risultato finale è 12 €.", "12", R),
    ("Maria ha letto 12 libri in totale.", "12", R), ("Deve pagare 12 euro", "12", R),
    ("12 fette di torta", "12", R), ("12 € a persona", "12", R),
    ("Ci vogliono 12 minuti.", "12", R), ("Ogni persona riceve 12 mele", "12", R),
    ("Il perimetro è 12 cm.", "12", R), ("L'area è di 12 cm²", "12", R),
    ("12 palline rosse", "12", R), ("Vende 12 uova al giorno.", "12", R),
    ("Le restano 12 uova", "12", R), ("**12**", "12", R), ("Sua madre ha 12 anni.", "12", R),
    ("Ci sono 12 alunni nella classe", "12", R), ("12 minuti dopo", "12", R),
    ("12 studentesse", "12", R), ("12 arance", "12", R), ("12 stanze", "12", R),
    # more that is another number, or none
    ("dodici volte 12", "12", N), ("12 virgola cinque", "12", N), ("12 e un quarto", "12", N),
    ("12 e mezzo", "12", N), ("12 è assurdo", "12", N), ("12 diviso tre", "12", N),
    ("12 elevato al cubo", "12", N), ("12 meno uno", "12", N), ("per niente 12", "12", N),
    ("affatto 12", "12", N), ("cento 12", "12", N), ("12 anni e mezzo", "12", N),
    ("12 è una bugia", "12", N), ("non credo siano 12", "12", N), ("dubito che siano 12", "12", N),
    ("12 ma forse no", "12", N), ("12 inutili", "12", N), ("12 impossibile", "12", N),
    ("12 improbabile", "12", N), ("12 decisamente no", "12", N), ("mica 12", "12", N),
    ("12 mica", "12", N),
]  # fmt: skip

CHOICES = [
    ("B", "B", R), ("C", "B", W), ("Risposta: B", "B", R), ("La risposta è B.", "B", R),
    ("La risposta corretta è (B) verde.", "B", R), ("Opzione B", "B", R), ("l'opzione B", "B", R),
    ("Opzione C", "B", W), ("(B) verde", "B", R), ("B) verde", "B", R), ("B – verde", "B", R),
    ("B: verde", "B", R), ("verde", "B", R), ("Verde.", "B", R), ("blu", "B", W),
    ("rosso e blu", "D", R), ("B è la risposta corretta", "B", R), ("verde (B)", "B", R),
    ("Scelgo B", "B", R), ("È la B", "B", R), ("La lettera B", "B", R), ("non B", "B", U),
    ("B è falso", "B", U), ("B o C", "B", U), ("B) blu", "B", U), ("tutte tranne B", "B", U),
    ("né B né C", "B", U), ("non verde", "B", U), ("forse B", "B", U),
    ("nessuna delle precedenti", "B", U), ("Non è B.", "B", U), ("B, se piove", "B", U),
    ("verde o blu", "B", U), ("giallo", "B", U), ("B è sbagliata", "B", U),
]  # fmt: skip

BOOLEANS = [
    ("sì", "yes", R), ("Sì.", "yes", R), ("no", "no", R), ("No!", "no", R), ("no", "yes", W),
    ("sì", "no", W), ("La risposta è sì.", "yes", R), ("Risposta: no", "no", R),
    ("vero", "true", R), ("falso", "false", R), ("Falso", "true", W), ("È vero", "yes", R),
    ("È falso.", "no", R), ("Sì, può farlo.", "yes", R), ("No, non può.", "no", R),
    ("No, non è vero", "no", R), ("No. Il ghiaccio galleggia.", "no", R),
    ("Sì, perché nuota", "yes", R), ("L'affermazione è falsa", "no", R),
    ("L’affermazione è vera", "yes", R), ("Corretto", "yes", R), ("Sì, è corretto", "yes", R),
    ("Sì, ma solo se piove", "yes", U), ("Forse sì", "yes", U), ("sì e no", "yes", U),
    ("Sì o no", "yes", U), ("parzialmente vero", "yes", U), ("in parte vero", "yes", U),
    ("il contrario di sì", "yes", U), ("Sì, ma è impossibile", "yes", U), ("né sì né no", "yes", U),
    ("No, a meno che non piova", "no", U), ("quasi vero", "yes", U), ("se sì", "yes", U),
    ("Non è vero", "yes", N), ("non lo so", "yes", U), ("Sì, però dipende", "yes", U),
    # more that hesitates, and more that explains
    ("Sì, in teoria", "yes", N), ("Sì, mai", "yes", N), ("Sì, raramente", "yes", N),
    ("Vero o falso", "yes", N), ("Sì, tranne il lunedì", "yes", N), ("lontano dal vero", "yes", N),
    ("non del tutto vero", "yes", N), ("No, le lontre non sono piante", "no", R),
    ("Sì, le lontre sanno nuotare", "yes", R), ("No, perché il ghiaccio galleggia", "no", R),
    ("No, è impossibile", "no", R),
]  # fmt: skip

TEXTS = [
    ("Lima", "Lima", R), ("La risposta è Lima.", "Lima", R), ("Risposta: Lima", "Lima", R),
    ("Cusco", "Lima", W), ("non Lima", "Lima", N), ("Lima o Cusco", "Lima", N),
    ("«Lima»", "Lima", R), ("Non è Lima", "Lima", N), ("tutto tranne Lima", "Lima", N),
    ("La risposta è Cusco.", "Lima", N), ("l’estate", "l'estate", R),
]  # fmt: skip

# Kind, a whole rationale, the gold answer, the verdict.
RATIONALES = [
    ("number", "La risposta non è #### 12", "12", U), ("number", "Non #### 12", "12", U),
    ("number", "3 + 9 = 12 uova.\nQuindi sono #### 12", "12", R),
    ("number", "La risposta è #### 12", "12", R),
    ("number", "Sarebbe sbagliato dire #### 12", "12", U), ("number", "almeno #### 12", "12", U),
    ("number", "meno #### 12", "12", U),
    ("number", "Non ne ha mangiata nessuna. Restano #### 12", "12", R),
    ("choice", "La risposta non è #### B", "B", U),
    ("choice", "L'erba è verde.\nRisposta #### B", "B", R),
    ("boolean", "Il ghiaccio galleggia.\n#### no", "no", R),
    ("boolean", "La risposta non è #### sì", "yes", U),
    ("number", "12 uova.\n#### 12\n#### Soluzione", "12", R),
]  # fmt: skip
