"""French statements, with what a person who speaks French says of each."""

from tests.answers.languages.verdicts import N, R, U, W

OPTIONS = ("rouge", "vert", "bleu", "rouge et bleu")

# What stands behind the marker, the gold answer, the verdict.
NUMBERS = [
    # plain statements and introductions
    ("12", "12", R), ("13", "12", W), ("La réponse est 12.", "12", R), ("Réponse : 12", "12", R),
    ("Réponse: 13", "12", W), ("donc 12", "12", R), ("Il y a donc 12 œufs.", "12", R),
    ("Le résultat est 12", "12", R), ("c'est 12", "12", R), ("C’est 12.", "12", R),
    ("Cela fait 12 euros", "12", R), ("soit 12", "12", R), ("Il reste 12 pommes.", "12", R),
    ("Jeanne a 12 œufs.", "12", R), ("Elle gagne 18 dollars par jour.", "18", R),
    ("exactement 12", "12", R), ("environ 12", "12", R), ("Au total, 12", "12", R),
    ("x = 12", "12", R), ("Le total est de 12 euros", "12", R),
    ("La réponse finale est : 12", "12", R),
    # units and currencies
    ("12 œufs", "12", R), ("12 pommes", "12", R), ("13 pommes", "12", W), ("12 km", "12", R),
    ("12 kilomètres", "12", R), ("12 €", "12", R), ("12 euros", "12", R),
    ("12 mètres carrés", "12", R), ("12 m²", "12", R), ("12 œufs par jour", "12", R),
    ("12 heures", "12", R), ("12 ans", "12", R), ("12 personnes", "12", R), ("12 chevaux", "12", R),
    ("12 fois", "12", R), ("12 degrés", "12", R), ("12 litres de lait", "12", R),
    ("12 litres d'eau", "12", R), ("12 kg de pommes", "12", R), ("12 euros au total", "12", R),
    ("12 pages chacun", "12", R), ("12 de plus", "12", R), ("12 (douze)", "12", R),
    ("12 centimes", "12", R), ("12 km/h", "12", R), ("1 heure", "1", R), ("17 (dix-sept)", "17", R),
    ("12 petites billes rouges", "12", R), ("douze (12)", "12", R),
    # separators, percent, fractions
    ("3,5", "3.5", R), ("3,5 kg", "3.5", R), ("0,75", "3/4", R), ("1 234,5", "1234.5", R),
    ("1\u202f234", "1234", R), ("1.234,5", "1234.5", R), ("12 000 euros", "12000", R),
    ("1 235", "1234", W), ("50 %", "50", R), ("50\u00a0%", "50%", R), ("50 pour cent", "50%", R),
    ("40 %", "50%", W), ("1/2", "0.5", R), ("-12", "-12", R), ("-12", "12", W), ("2,5", "25", N),
    # denied
    ("pas 12", "12", U), ("La réponse n'est pas 12.", "12", U), ("ce n’est pas 12", "12", U),
    ("12 est faux", "12", U), ("12 n'est pas correct", "12", U), ("jamais 12", "12", U),
    ("tout sauf 12", "12", U), ("aucun des 12", "12", U), ("ni 12 ni 13", "12", U),
    ("12 est une erreur", "12", U), ("12, c'est impossible", "12", U), ("plutôt que 12", "12", U),
    ("12 pas", "12", U), ("sans 12", "12", U), ("non 12", "12", U), ("12 non", "12", U),
    ("12 est exclu", "12", U), ("Pas 12 œufs", "12", U), ("12 ? Faux", "12", U),
    # bounds, doubt
    ("au moins 12", "12", U), ("au plus 12", "12", U), ("plus de 12", "12", U),
    ("moins de 12", "12", U), ("presque 12", "12", U), ("jusqu'à 12", "12", U),
    ("12 ou plus", "12", U), ("12 et plus", "12", U), ("près de 12", "12", U),
    ("entre 12 et 13", "12", U), ("12 au maximum", "12", U), ("peut-être 12", "12", U),
    ("12 si tout va bien", "12", U), ("12 ou 13", "12", U),
    ("12, mais je ne suis pas sûr", "12", U), ("à peine 12", "12", U),
    ("Il y a plus de 12 œufs", "12", U),
    # other sizes: signs, scales, operators
    ("moins 12", "12", N), ("12 millions", "12", N), ("12 millions", "12000000", R),
    ("12 millions d'euros", "12000000", R), ("12 milliards", "12000000000", R),
    ("12 milliards", "12", N), ("3 douzaines", "36", R), ("12 mille", "12000", R),
    ("12 mille", "12", N), ("1,5 million", "1500000", R), ("12 milliers", "12", N),
    ("12 centaines", "12", N), ("le double de 12", "12", N), ("la moitié de 12", "12", N),
    ("12 au carré", "12", N), ("deux fois 12", "12", N), ("la racine carrée de 12", "12", N),
    ("12 tiers", "12", N), ("12 dixièmes", "12", N), ("le tiers de 12", "12", N),
    ("l'opposé de 12", "12", N), ("12 heures et demie", "12", N), ("douze", "12", U),
    ("12 centièmes", "12", N),
    # sentences
    ("La solution est 12.", "12", R), ("Le résultat final est 12 €.", "12", R),
    ("Marie a lu 12 livres en tout.", "12", R), ("Il doit payer 12 euros", "12", R),
    ("12 parts de gâteau", "12", R), ("12 € par personne", "12", R),
    ("Cela prend 12 minutes.", "12", R), ("Tom met 12 heures", "12", R),
    ("Chaque personne reçoit 12 pommes", "12", R), ("pendant 12 jours", "12", R),
    ("Le périmètre est de 12 cm.", "12", R), ("L'aire est de 12 cm².", "12", R),
    ("environ 12 pour cent", "12", R), ("12 boules rouges", "12", R),
    ("Elle vend 12 œufs par jour.", "12", R), ("Il lui reste 12 œufs", "12", R),
    ("**12**", "12", R), ("12 élèves de plus", "12", R), ("Sa mère a 12 ans.", "12", R),
    ("Il y avait 12 élèves dans la classe", "12", R), ("12 minutes plus tard", "12", R),
    # more that is another number, or none
    ("douze fois 12", "12", N), ("12 virgule cinq", "12", N), ("12 et quart", "12", N),
    ("12 œufs de moins que 13", "12", N), ("12 c'est n'importe quoi", "12", N),
    ("12 serait absurde", "12", N), ("certainement pas 12", "12", N),
    ("12 divisé par trois", "12", N), ("12 à la puissance deux", "12", N),
    ("guère plus de 12", "12", N), ("12 demi", "12", N), ("12 et des poussières", "12", N),
    ("une douzaine et 12", "12", N), ("moins que 12", "12", N), ("un demi de 12", "12", N),
    ("12 moins un", "12", N), ("12 mensonges", "12", N), ("cent 12", "12", N),
    ("12 ans et demi", "12", N), ("ce ne sont pas 12 œufs", "12", N),
    ("on ne peut pas dire 12", "12", N), ("12 ? non", "12", N), ("12 est à exclure", "12", N),
    ("environ deux fois 12", "12", N),
]  # fmt: skip

CHOICES = [
    ("B", "B", R), ("C", "B", W), ("Réponse : B", "B", R), ("La réponse est B.", "B", R),
    ("La bonne réponse est (B) vert.", "B", R), ("Réponse B", "B", R), ("l'option B", "B", R),
    ("Option C", "B", W), ("(B) vert", "B", R), ("B) vert", "B", R), ("B – vert", "B", R),
    ("B : vert", "B", R), ("vert", "B", R), ("Vert.", "B", R), ("bleu", "B", W),
    ("rouge et bleu", "D", R), ("B est la bonne réponse", "B", R), ("vert (B)", "B", R),
    ("Je choisis B", "B", R), ("C'est B", "B", R), ("C’est l’option B.", "B", R),
    ("« vert »", "B", R), ("pas B", "B", U), ("B est faux", "B", U), ("B ou C", "B", U),
    ("B) bleu", "B", U), ("tout sauf B", "B", U), ("ni B ni C", "B", U), ("pas vert", "B", U),
    ("vert est faux", "B", U), ("peut-être B", "B", U), ("aucune des réponses", "B", U),
    ("Ce n'est pas B.", "B", U), ("B, s'il pleut", "B", U), ("vert ou bleu", "B", U),
    ("jaune", "B", U),
]  # fmt: skip

BOOLEANS = [
    ("oui", "yes", R), ("Oui.", "yes", R), ("non", "no", R), ("Non !", "no", R), ("non", "yes", W),
    ("oui", "no", W), ("La réponse est oui.", "yes", R), ("Réponse : non", "no", R),
    ("vrai", "true", R), ("faux", "false", R), ("Faux", "true", W), ("C'est vrai", "yes", R),
    ("C’est faux.", "no", R), ("Oui, il peut le faire.", "yes", R),
    ("Non, il ne peut pas.", "no", R), ("Non, ce n'est pas vrai", "no", R),
    ("Non. La glace flotte.", "no", R), ("Oui, parce qu'il nage", "yes", R),
    ("L'affirmation est fausse", "no", R), ("L’affirmation est vraie", "yes", R),
    ("Oui, c'est exact", "yes", R), ("Non, l'eau bout à cent degrés.", "no", R),
    ("Oui, mais seulement s'il pleut", "yes", U), ("pas oui", "yes", U),
    ("peut-être oui", "yes", U), ("oui et non", "yes", U), ("Oui ou non", "yes", U),
    ("en partie vrai", "yes", U), ("à moitié vrai", "yes", U), ("le contraire de oui", "yes", U),
    ("Oui, sauf s'il pleut", "yes", U), ("Oui, mais c'est impossible", "yes", U),
    ("ni oui ni non", "yes", U), ("Non, à moins qu'il ne pleuve", "no", U),
    ("presque vrai", "yes", U), ("Ce n'est pas vrai", "yes", N), ("si oui", "yes", U),
    ("aucune idée", "no", U),
    # more that hesitates, and more that explains
    ("Oui, en théorie", "yes", N), ("Oui, enfin non", "yes", N), ("Oui, jamais", "yes", N),
    ("Oui, à condition de payer", "yes", N), ("Oui, il paraît", "yes", N),
    ("Oui, rarement", "yes", N), ("Vrai ou faux", "yes", N), ("Oui, excepté le lundi", "yes", N),
    ("C'est loin d'être vrai", "yes", N), ("pas tout à fait vrai", "yes", N),
    ("Non, les loutres ne sont pas des plantes", "no", R),
    ("Oui, les loutres savent nager", "yes", R), ("Non, car la glace flotte", "no", R),
    ("Non, c'est impossible", "no", R),
]  # fmt: skip

TEXTS = [
    ("Lima", "Lima", R), ("La réponse est Lima.", "Lima", R), ("Réponse : Lima", "Lima", R),
    ("Cusco", "Lima", W), ("pas Lima", "Lima", N), ("Lima ou Cusco", "Lima", N),
    ("« Lima »", "Lima", R), ("l’été", "l'été", R), ("Ce n'est pas Lima", "Lima", N),
    ("tout sauf Lima", "Lima", N), ("La réponse est Cusco.", "Lima", N),
]  # fmt: skip

# Kind, a whole rationale, the gold answer, the verdict.
RATIONALES = [
    ("number", "La réponse n'est pas #### 12", "12", U), ("number", "Pas #### 12", "12", U),
    ("number", "3 + 9 = 12 œufs.\nIl y en a donc #### 12", "12", R),
    ("number", "La réponse est #### 12", "12", R),
    ("number", "Il serait faux de dire #### 12", "12", U), ("number", "au moins #### 12", "12", U),
    ("number", "Ce n’est jamais #### 12", "12", U),
    ("number", "Il n'a rien mangé. Il reste #### 12", "12", R),
    ("choice", "La réponse n'est pas #### B", "B", U),
    ("choice", "L'herbe est verte.\nRéponse #### B", "B", R),
    ("boolean", "La réponse n'est pas #### oui", "yes", U),
    ("boolean", "La glace flotte.\n#### non", "no", R),
    ("number", "12 œufs.\n#### 12\n#### Solution", "12", R),
]  # fmt: skip
