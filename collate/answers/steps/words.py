"""The words that stand around equations, and what they do to what is read there.

An equation in prose is judged false only where the word before it is known to leave it as it is
("so 5 + 3 = 9", not "half of 5 + 3 = 4"), and where no word behind it may change the result
("= 3 thousand", "= 3 remainder 1"). A word that is in no list makes a step unreadable, never false.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


OPERATOR_WORDS = {"plus": "+", "minus": "-", "times": "*"}
PERCENT_WORDS = _words("percent pct prozent procent")
OF_WORDS = _words("of von de di del van")
"""Behind a share they multiply: 20 % of 50."""
APPROXIMATE_WORDS = _words(
    "about approximately approx roughly around nearly almost circa ca ungefähr etwa rund environ "
    "aproximadamente ongeveer 约 約"
)
CURRENCY_CODES = _words("usd eur gbp inr rs us")
CURRENCY_WORDS = {
    "dollar": "$", "dollars": "$", "usd": "$", "us": "$", "euro": "€", "euros": "€", "eur": "€",
    "gbp": "£", "rs": "₹", "inr": "₹", "rupees": "₹", "yen": "¥",
}  # fmt: skip

BEFORE = _words(
    # What joins sentences and steps.
    "so then thus hence therefore because since now also still only means meaning that that's "
    "this it it's which there here where get got have had has is are was were be been being "
    "becomes became become equals equal gives give given giving yields makes make made making "
    "leaves leave left leaving find found finds calculate calculated compute check know see let's "
    "gets sees beats answer solution result equation calculation step steps first second next "
    "finally again "
    "and total totals totaling totalled sum difference remaining remainder altogether together "
    "for in at on a an the der die den le la les el los las il gli het her his him their them us "
    "you they we he she i out up away down another "
    "additional extra last currently each every "
    # What people do with things.
    "cost costs spent spend spends paid pay pays paying buys buy bought buying sells sell sold "
    "needs need needed takes take took taken taking earns earn earned earning receives receive "
    "received uses use used reads read eats eat ate eaten drinks drink drank weighs weigh weighed "
    "saves save saved saving scored score scores collected collect collects caught catch catches "
    "gave given picked pick picks runs run ran loses lose lost wins win won walks walked walk "
    "traveled travels travel drives drive drove produces produce produced planted plant brought "
    "raised raises writes write wrote written works work worked contains contain contained keeps "
    "keep kept charged charge charges bakes bake baked gained gains sent sends donated donates "
    "grows grow grew covers cover covered removed removes ordered order requires require "
    "consumes consume consumed contributed completed answered washed watched watches performing "
    "perform saw adds add added adding owns own holds hold did do does put represents worth "
    # German, French, Spanish, Italian, Portuguese, Dutch.
    "also dann somit daher damit deshalb folglich sind ist hat haben kostet kosten ergibt das "
    "insgesamt gilt bekommt zahlt bleiben "
    "donc soit est sont ont alors ainsi coûte coûtent fait font cela reste restent gagne paie "
    "entonces luego así es son tiene tienen hay cuesta cuestan queda quedan gana paga resultado "
    "quindi allora dunque è sono ha hanno costa costano resta restano guadagna totale "
    "então logo portanto é são tem têm custa custam resta ganha "
    "dus zijn heeft hebben kost krijgt blijft totaal "
    # Hindi, Arabic.
    "तो इसलिए है हैं कुल अतः إذن لذلك هو هي يساوي المجموع"
)
"""Words that leave the equation behind them as it is."""
ARTICLES = _words("a an the das der die den le la les el los las il lo i gli o os as de het")
"""Words before which another one decides."""
BEFORE_ENDINGS = (
    "所以", "因此", "是", "有", "得", "为", "為", "共", "则", "則",
    "即", "那么", "一共",
    "总共", "花了",
    "よって", "したがって", "つまり", "すると", "は", "が", "ので", "から", "て",
    "합계는", "은", "는",
)  # fmt: skip
"""The same for scripts that put no space between words: how what stands before may end."""
BEFORE_OF = _words("total sum cost price amount profit distance weight number difference")
BEFORE_TO = _words("equal equals up comes amounts adds come out amount")
"""What stands before `of` and `to` where these leave an equation as it is."""

CHANGING = _words(
    # Scales and collections, of which one is several.
    "thousand thousands million millions billion billions trillion k bn mn mio mrd hundred "
    "hundreds "
    "lakh lakhs crore crores dozen dozens pair pairs couple couples score scores gross trio trios "
    "tens ones twos threes fours fives sixes nines twenties fifties decade decades century "
    "centuries tausend millionen milliarden dutzend paar paare mille milliers millier million "
    "douzaine douzaines paire paires mil millón millones docena docenas par pares mila "
    "milione milioni dozzina paia paio milhão milhões dúzia dúzias duizend miljoen dozijn "
    "हज़ार हजार लाख करोड़ ألف مليون دزينة "
    # Parts, powers, functions, other arithmetics.
    "half halves third thirds quarter quarters fourth fourths fifth fifths sixth eighth eighths "
    "tenth tenths hundredth hundredths thousandth thousandths squared cubed square cube root power "
    "factorial mod modulo modulus base binary hex hexadecimal octal decimal log sqrt "
    "halb halbe hälfte quadrat quadrado cuadrado quadrato kwadraat वर्ग hoch demi demie moitié "
    "carré medio media mitad mezzo metà meio "
    "metade anderhalf helft "
    # Division with a remainder, and rounding.
    "remainder remainders r rem reste resto übrig leftover point "
    # Times of day.
    "am pm a.m p.m o'clock uhr heures"
)
"""Words behind a number after which it may be another number."""
REMAINDERS = (
    "remain", "left", "rest", "modulo", "sobra", "übrig", "余", "あまり", "शेष", "باق"
)  # fmt: skip
"""Parts of the words for what a division leaves."""
CHANGING_BEGINNINGS = (
    "十", "百", "千", "万", "萬", "億", "亿", "兆", "半", "打", "双", "雙", "対", "对", "余",
    "あまり",
    "時", "点", "倍", "割", "分の", "平方", "천", "만", "억",
)  # fmt: skip
NUMBER_WORDS = _words(
    "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty "
    "fifty sixty hundred eins ein eine zwei drei vier fünf un une deux trois quatre cinq uno una "
    "dos tres cuatro cinco due tre quattro um uma dois três een twee drie vier"
)

CONVERTIBLE = _words(
    "second minute hour day week fortnight month year s sec min h hr d wk yr mm cm m km meter "
    "metre "
    "centimeter kilometer millimeter inch inche foot feet yard mile in ft yd mi g kg mg gram "
    "kilogram pound lb ounce oz ton tonne t l ml liter litre milliliter gallon quart pint cup "
    "tablespoon teaspoon tbsp tsp cent penny pennie nickel dime coin bill ¢ c degree "
    "sekunde minuten stunde stunden tag tage woche wochen monat monate jahr jahre heure jour "
    "semaine moi mois an année seconde hora horas día dias semana mes mese meses año anno ano ore "
    "ora giorno giorni uur dag dagen week weken maand jaar team group set box pack bag page row"
)
"""Units, without a plural s, of which a number of one is another number of the next."""

DENYING = _words(
    "not isn't wasn't doesn't don't didn't can't won't cannot never wrong incorrect incorrectly "
    "false mistake mistaken mistakenly error unless instead whether impossible contradiction oops "
    "nicht kein falsch fehler statt pas faux fausse erreur incorrecto falso error non no "
    "sbagliato errato não errado niet fout नहीं गलत ليس خطأ "
    # An inexact result is announced.
    "rounded rounding round approximately approx about roughly nearly almost estimate "
    "estimated floor ceiling truncated gerundet etwa ungefähr arrondi environ redondeado "
    "aproximadamente arrotondato circa arredondado afgerond ongeveer"
)
"""Words of a sentence whose equations are not stated as exact facts."""
DENYING_PARTS = ("不", "错", "錯", "ない", "間違", "約", "约", "四捨五入", "四舍五入")
SUPPOSING = _words(
    "if suppose supposing assume assuming let wenn falls angenommen sei si supposons se supongamos "
    "als stel अगर إذا 如果 假设 もし"
)
"""Words of a clause that states nothing."""
LEADING_ON = _words("for in on at a an per each every from because since when")
"""Words behind which another number has nothing to do with the one before: "= 7 for 2 of them"."""
