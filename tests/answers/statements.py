r"""Statements in English and what a person would say of them, by hand.

Each list is of statements behind a marker, for one gold answer; `R`, `W` and `U` say what all of a
list are. Unknown is for what changes the answer, or leaves a reader in doubt.
"""

from collate.tables import RIGHT, UNKNOWN, WRONG

R, W, U = RIGHT, WRONG, UNKNOWN
Row = tuple[str, str, str, tuple[str, ...], str]
"""Kind, statement, gold answer, options, verdict."""

RIGHT_18 = [
    # introduced
    "18", "18.", "18!", "18;", "18,", "So 18", "So, 18.", "Thus, 18", "Therefore 18", "Answer: 18",
    "answer: 18", "The answer: 18", "The answer is 18", "The answer is: 18", "The final answer is 18.",
    "So the answer is 18.", "Hence the answer is 18", "Final answer: 18", "Final Answer: 18.",
    "The correct answer is 18.", "My answer is 18", "The result is 18", "Result: 18", "Total: 18",
    "The total is 18.", "The sum is 18", "It is 18", "It's 18.", "That is 18", "That's 18",
    "This equals 18", "This is equal to 18", "Which is 18.", "There are 18", "They are 18",
    "We get 18", "We have 18.", "i.e. x = 18", "x = 18", "x=18", "n = 18", "N=18.", "Total = 18",
    "Total cost = 18", "Total cost: 18", "Total cost: $18", "Number of eggs: 18", "Tom's age: 18",
    "Tom's age = 18", "f(x) = 18", "x_1 = 18", "a + b = 18", "= 18", "=18", ": 18", "-> 18", "=> 18",
    "→ 18", "⇒ 18", "Janet has 18", "Janet has 18 eggs left.", "Janet makes $18 every day",
    "Janet makes 18 dollars at the market", "She has 18 dollars left", "She needs 18 more cookies",
    "He earns 18 dollars per hour", "He will need 18 days", "It takes 18 days", "It takes him 18 days",
    "The farmer sold 18 cows", "The trip costs $18", "Her profit is $18.", "The profit was $18",
    "They drove 18 miles", "The class has 18 students", "The two of them ate 18 slices",
    "She spent a total of $18", "A total of 18", "a total of 18 apples", "Each child gets 18 candies",
    "exactly 18", "only 18", "just 18", "about 18", "approximately 18", "roughly 18", "around 18",
    # units
    "18 eggs", "18 apples", "18 marbles", "18 red marbles", "18 small red glass marbles", "18 dollars",
    "18 US dollars", "18 cents in total", "18 euros", "18 pounds", "18 yen", "18 rupees", "18 kr",
    "18 USD", "18 EUR", "USD 18", "$18", "$18.00", "$ 18", "£18", "€18", "18€", "18 €", "¥18", "₹18",
    "Rs. 18", "US$18", "18 hours", "18 minutes", "18 seconds", "18 days", "18 weeks", "18 months",
    "18 years", "18 years old", "18 year", "18 hrs", "18 hr", "18 min", "18 mins", "18 sec", "18 s",
    "18 h", "18h", "18min", "18s", "18 km", "18km", "18 m", "18m tall", "18 cm", "18cm", "18 mm",
    "18 inches", "18 inch", "18 in", "18 feet", "18 foot", "18 ft", "18ft", "18 yards", "18 yd",
    "18 miles", "18 mi", "18 kg", "18kg", "18 g", "18 grams", "18 mg", "18 lbs", "18 lb", "18 pounds",
    "18 oz", "18 ounces", "18 liters", "18 litres", "18 L", "18 l", "18 mL", "18ml", "18 gallons",
    "18 cups", "18 cups of flour", "18 tablespoons", "18 teaspoons", "18 degrees", "18°", "18 °",
    "18°C", "18 °C", "18 °F", "18 degrees Celsius", "18 C", "18 F", "18%", "18 %", "18 percent",
    "18 per cent", "18 pct", "18 mph", "18 km/h", "18 m/s", "18 miles per hour", "18 miles/hour",
    "18 km per hour", "18 dollars/hour", "18 m^2", "18 m²", "18 m2", "18 cm^3", "18 cm³", "18 cm3",
    "18 sq ft", "18 square feet", "18 square meters", "18 cubic inches", "18 square units",
    "18 units", "18 units^2", "18 people", "18 men", "18 women", "18 children", "18 fish",
    "18 sheep", "18 mice", "18 geese", "18 teeth", "18 students in the class", "18 pieces",
    "18 boxes of chocolates", "18 bags of chips", "18 slices of pizza", "18 pages of the book",
    "18 eggs per day", "18 eggs a day", "18 eggs each day", "18 apples each", "18 each", "18 per day",
    "18 a day", "18 in total", "18 total", "18 in all", "18 altogether", "18 left", "18 left over",
    "18 remaining", "18 more", "18 more pages", "18 more than Mary", "18 more pages than Bob",
    "18 fewer", "18 of them", "18 baseball cards", "18 return tickets", "18 double rooms",
    "18 negative reviews", "18 thirsty dogs", "18 third graders", "18 left shoes", "18 times",
    "18 points", "18 goals", "18th", "18 months ago", "18 days later", "18 seconds faster",
    "18 cm tall", "18 feet long", "18 miles away", "18 kWh", "18 kW", "18 GB", "18 px", "18 Hz",
    "18 calories", "18 kcal", "18 volts", "18 watts", "18 Newtons", "18 N", "18 J",
    # forms of the number
    "18.0", "18.00", "018", "+18", "1.8e1", "1.8 × 10^1", "1.8 x 10^1", "1.8 * 10^1", "180e-1",
    "1.8 \\times 10^{1}", "1.8\\times10^1", "180 \\cdot 10^{-1}", "1.8 · 10¹", "180 × 10⁻¹", "36/2",
    "\\frac{36}{2}", "\\dfrac{36}{2}", "\\frac{36}2", "17 2/2", "１８", "१८", "๑๘", "18,00",
    "\\boxed{18}", "$18$", "\\(18\\)", "\\[18\\]", "\\boxed{18}.", "$\\boxed{18}$", "\\boxed{\\text{18}}",
    "\\boxed{18\\text{ eggs}}", "\\boxed{18 \\text{ cm}^2}", "\\text{18}", "\\text{18 eggs}",
    "18\\text{ eggs}", "18\\ \\text{eggs}", "18 \\mathrm{~km}", "18\\,\\mathrm{cm}", "18\\,\\text{cm}^2",
    "18^\\circ", "18^{\\circ}", "18 ^\\circ", "18^\\circ\\text{C}", "18\\%", "\\$18", "18\\,", "18 \\quad",
    "\\displaystyle 18", "\\fbox{18}", "**18**", "*18*", "`18`", "**18** eggs", "__**18**__"[2:-2],
    "✅ 18", "18 ✅", "18 🎉", "18 ✔", "• 18", "(18)", "[18]", "{18}", "18 (eighteen)",
    "18 (eggs)", "18 (18.0)", "18 = 18", "36 / 2 = 18", "6 + 12 = 18", "(6 + 12) = 18",
    "2 * 9 = 18 eggs", "20 - 2 = 18 dollars", "$20 - $2 = $18", "3 × 6 = 18", "x = 6 + 12 = 18",
    "Total = 6 * 3 = 18 apples", "18元", "18 元", "18円", "18人", "18個", "18ドル",
]  # fmt: skip

UNKNOWN_18 = [
    # denied
    "not 18", "isn't 18", "is not 18", "no 18", "never 18", "18 is wrong", "18 is not right",
    "18 is incorrect", "18 is false", "18 (wrong)", "18, which is wrong", "18 cannot be right",
    "anything but 18", "other than 18", "except 18", "all but 18", "far from 18", "hardly 18",
    "neither 18 nor 19", "without 18", "instead of 18", "rather than 18", "The answer is not 18",
    "The answer isn't 18.", "The answer cannot be 18", "I doubt it is 18", "Nobody has 18",
    "nobody says 18", "It would be false to say 18", "a lie: 18", "18 is a lie", "18 is a mistake",
    "the wrong answer is 18", "18 ❌", "❌ 18", "✗ 18", "18 ✗", "18 ✘", "👎 18", "18 👎", "18 🚫",
    "⛔ 18", "~~18~~", "1̶8̶", "18?", "18 ?", "is it 18?", "18??",
    # bounds and approximations that say another number
    "> 18", "< 18", ">18", "≥ 18", "≤18", "≠ 18", "18+", "18-", "±18", "18 ± 1", "at least 18",
    "at most 18", "up to 18", "more than 18", "less than 18", "fewer than 18", "over 18", "under 18",
    "above 18", "below 18", "almost 18", "nearly 18", "just shy of 18", "shy of 18", "short of 18",
    "close to 18", "exceeds 18", "18 or more", "18 or less", "18 or fewer", "no more than 18",
    "no less than 18", "between 18 and 20", "between 17 and 18", "beyond 18", "upwards of 18",
    "18 at least", "18 at most", "18 minimum", "a minimum of 18", "maximum 18", "18 below zero",
    "18 degrees below zero", "18 under par", "18 above average",
    # several
    "18 or 19", "18 and 19", "18, 19", "17, 18", "18; 19", "18/19 or 18", "18-19", "18 to 20",
    "18 – 20", "17...18", "18 of 20", "18 out of 20", "18 x 2", "18 by 20", "18 eggs and 3 hens",
    "3 hours 18 minutes", "18 hours 30 minutes", "18:00", "18:30", "6:18", "18h30", "18 h 30",
    "18'6", "x = 18, y = 2", "x = 18 or x = 2", "(18, 2)", "(2, 18)", "[18, 20]", "[18,20)", "(18,20]",
    "{18, 20}", "{18,2}", "\\{18, 20\\}", "18 | 20", "18 vs 20", "18 R 2", "18 r 2", "18 r2",
    "18 remainder 2", "18, remainder 2", "18 2", "18 0", "1 8", "18,000", "(1) 18", "1) 18", "Step 18: 20",
    # another size or sign
    "minus 18", "negative 18", "-(18)", "– (18)", "−(18)", "˗18", "➖18", "➖ 18", "18 negative", "18 in the red"[:2] + " minus",
    "half of 18", "twice 18", "double 18", "18 doubled", "18 halved", "18 squared", "18 cubed", "18²",
    "18^2", "18^{2}", "18³", "18!!"[:2] + "^3", "√18", "\\sqrt{18}", "\\sqrt 18", "∛18", "∜18", "∑ 18",
    "∏ 18", "log 18", "ln 18", "log(18)", "sin 18", "sin(18)", "exp(18)", "f(18)", "g(18) = ?", "|18|",
    "|-18|", "⌊18⌋", "\\lfloor 18 \\rfloor", "!(18)", "!18", "¬18", "1/18!", "36/2!", "18 factorial",
    "the square of 18", "the square root of 18", "the reciprocal of 18", "the inverse of 18",
    "the opposite of 18", "the double of 18", "the half of 18", "18 mod 5", "18 (mod 5)",
    "18 modulo 5", "18 base 8", "18 in base 8", "18 in hex", "18 in binary", "(18)_8", "18_8", "18_{16}",
    "18_{\\text{hex}}", "0x18", "0b18"[:2] + "10010", "18 hex", "A18", "B2 18", "18B2", "x18", "18x", "18a",
    "18n", "18y", "18 x", "18 n", "18 i", "18i", "18 e", "18e", "18π", "18 π", "18\\pi", "18 \\pi", "18 pi",
    "18 pi cm", "18\\sqrt{2}", "18√2", "18 + x", "x + 18", "18 - x", "18ab", "\\frac{18}{x}", "\\frac{x}{18}",
    "\\frac{18}{1}x", "18 halves", "18 thirds", "18 tenths", "18 hundredths", "18 thousandths",
    "18‰", "18‱", "18 to the third", "18 to the power of 2", "18 divided by 3", "18 multiplied by 2",
    "18 times 2", "18 plus 2", "18 minus 2", "18 + 2", "18 - 2", "18 * 2", "18 / 0", "18 point 5",
    "18 and a half", "18 and change", "18 choose 2", "18^{\\text{th}} power", "18 itself",
    "18 degrees minus", "2^18", "10^18", "18 × 10^x",
    # words of no allowed form, other scripts and languages
    "18 verified", "18 rejected", "18 crossed out", "18 fake", "18 wrongly", "18 somehow", "18 sadly",
    "Heading 18", "page 18", "No. 18", "Question 18", "May 18", "Room 18", "COVID-18", "Route 18",
    "nicht 18", "18 nicht", "pas 18", "18 pas", "kein 18", "não 18", "no es 18", "non 18", "niet 18",
    "не 18", "нет 18", "18 нет", "не 18!", "не18", "不是18", "不18", "18不对", "18ではない", "18じゃない",
    "ليس 18", "18 değil", "değil 18", "inte 18", "ikke 18", "18 आ नहीं", "18 नहीं", "mindestens 18",
    "höchstens 18", "más de 18", "menos de 18", "moins de 18", "plus de 18", "au moins 18", "almeno 18",
    "più di 18", "mais de 18", "meer dan 18", "18以上", "18以下", "約18", "超过18", "18 ist falsch",
    "18 est faux", "falsch: 18", "alles außer 18", "минус 18", "moins 18", "menos 18", "meno 18", "min 18 x",
    "负18", "マイナス18", "das Doppelte von 18", "le double de 18", "18 au carré", "18 al cuadrado",
    "18 Millionen", "18 Mio.", "18 тыс", "18 тысяч", "18 млн", "18万", "18億", "18亿", "18千", "18 mil",
    "18 millones", "18 milhões", "18 milliards", "18 Tausend", "18 हज़ार", "18 ألف", "18 만",
    # code and what is left over of it
    "print(18)", "int('18')", "'18'.upper()", "$(18)", "${18}", "{{18}}"[:1] + "{x}}", "eval('18')",
    "18 if x else 0", "18; DROP TABLE", "__18__", "<b>18</b>", "&18;", "18\\foo",
    "\\foo{18}", "\\cancel{18}", "\\phantom{18}", "18\\\\18x", "18^", "18_", "18 == 18", "18 != 18",
    "18 === 18", "5 km = 18 m", "18 = 19", "2x = 18", "-x = 18", "x^2 = 18 or not", "18 = x^2 = 4",
    "eighteen", "a dozen and six", "XVIII", "", "-", "?", "none", "nothing", "N/A", "NaN", "infinity",
    "∞", "no answer", "I do not know", "unknown", "no solution", "undefined", "see above", "18" * 200,
]  # fmt: skip
WRONG_18 = [
    "17", "-18", "−18", "– 18", "$-18", "-$18", "180", "1.8", "18.5", "1/18", "18 million",
    "18 thousand", "18 hundred", "18 dozen", "18 billion", "18 lakh", "18 crore", "19 eggs", "0",
    "18e3", "18 × 10^3", "\\frac{18}{2}", "18 1/2", "18½", "81", "18 000", "18.000.000",
    "8", "1", "\\boxed{19}", "x = 19", "Total = 9 * 2 = 19", "The answer is 17.",
]  # fmt: skip

OPTIONS = ("red", "green", "blue", "grey")
RIGHT_B = [
    "B", "b", "B.", "b.", "(B)", "(b)", "B)", "b)", "[B]", "B:", "**B**", "*B*", "`B`", "\\boxed{B}",
    "$\\boxed{B}$", "\\text{B}", "\\boxed{\\text{B}}", "\\textbf{(B)}", "$B$", "Ｂ", "B!", "B,", "'B'", '"B"',
    "“B”", "Option B", "option b", "Choice B", "choice (B)", "Answer: B", "answer: b", "Answer: (B)",
    "The answer is B", "The answer is B.", "The answer is (B).", "The answer is: B", "So B", "So, B.",
    "So the answer is B.", "Therefore, the answer is B.", "Thus the answer is (B)", "Hence B",
    "The correct answer is B", "The correct answer is (B)", "The right answer is B.",
    "The best answer is B", "The correct option is B", "The correct choice is B.", "It is B",
    "It's B.", "is B", "I choose B", "I pick B", "I think it is B", "Final answer: B",
    "The final answer is B.", "The final answer is $\\boxed{B}$", "green", "Green", "GREEN", "green.",
    "'green'", '"green"', "**green**", "\\text{green}", "\\boxed{green}", "\\boxed{\\text{green}}",
    "The answer is green", "The answer is green.", "Answer: green", "It is green.", "So green",
    "The correct answer is green", "B green", "B) green", "B. green", "B: green", "B - green",
    "B – green", "B — green", "B, green", "B = green", "B (green)", "B: (green)", "B / green", "B/green",
    "(B) green", "(B): green", "(B), green", "(b) green", "[B] green", "**B** green", "**B.** green",
    "**B) green**", "\\boxed{\\text{(B) green}}", "\\boxed{B: green}", "\\textbf{(B) }green",
    "\\textbf{(B)} green", "B：green", "B、green", "green (B)", "green, B", "green - B", "green: B", "green / B",
    "Green (B).", "The answer is B) green", "The answer is (B) green.", "The answer is B, green.",
    "The correct answer is B. green", "The answer is green (B).", "Option B: green", "Option (B): green",
    "Option B - green", "Answer: B) green", "Answer: B. Green", "Final answer: (B) green",
    "✅ B", "B ✅", "B) it is the colour of grass", "B. It grows.", "B - the colour of grass",
    "B) because grass is so", "(B) as grass is",
]  # fmt: skip
UNKNOWN_B = [
    "A or B", "B or C", "A and B", "both A and B", "A, B", "B, C", "A/B", "B/C", "A) B)", "(A) (B)",
    "A B", "AB", "BC", "B C", "A-B", "A-D", "ABCD", "A, B, C, D", "all of them", "none", "neither",
    "B) blue", "B blue", "B, blue", "(B) blue", "B: blue", "blue (B)", "green (C)", "C) green", "C green",
    "green or blue", "green and blue", "green, blue", "green blue", "red green", "yellow", "not B",
    "not green", "not (B)", "B is wrong", "B) is wrong", "B: wrong", "B. No.", "B) never", "B, not really",
    "B) not this one", "B) maybe", "B or not B", "maybe B", "perhaps B", "B?", "B or?", "either B", "B if",
    "the wrong answer is B", "The answer is not B", "anything but B", "except B", "Option B is wrong",
    "B) I am not sure", "B, but it may be C", "B) hmm", "B+", "B-", "B2", "2B", "B*C", "B^2", "\\sqrt{B}",
    "E", "Z", "Option E", "8", "2", "ß", "В", "Β", "ᗷ", "nicht B", "B nicht", "B) nicht", "B ist falsch",
    "B) falsch", "不是B", "B ではない", "не B", "B değil", "Vitamin B", "plan B is C", "grade B", "B flat",
    "evergreen", "greenish", "dark green", "a green one, or so", "greens", "g", "gre en", "", "?", "-",
    "B\u2028C", "B\x0bC", "~~B~~", "❌ B", "B ❌", "<B", "B >C", "B => C", "B -> C", "B = C", "B != C",
    "chr(66)", "'ABCD'[1]", "{{B}}x", "B)) C", "B then C", "first B, then C", "B…C", "B to D",
    "I", "the second", "the one with grass", "A) green or B) green", "B green blue",
]  # fmt: skip
WRONG_B = [
    "A", "(A)", "C", "c)", "red", "blue", "A) red", "The answer is C.", "Answer: (D) grey", "grey (D)",
    "Option A", "\\boxed{C}", "C, blue", "D — grey", "The correct answer is A. red",
]  # fmt: skip

RIGHT_YES = [
    "yes", "Yes", "YES", "Yes.", "yes!", "**Yes**", "'Yes'", '"yes"', "`yes`", "\\boxed{yes}", "\\text{Yes}",
    "\\boxed{\\text{Yes}}", "$\\text{yes}$", "true", "True", "TRUE.", "y", "Y", "t", "T", "1", "1.0", "ｙｅｓ",
    "The answer is yes", "The answer is yes.", "The answer is: Yes", "So the answer is yes.",
    "Therefore, yes", "So yes", "So, yes.", "Answer: yes", "Answer: True", "Final answer: Yes",
    "It is true", "That is true.", "This is true", "The statement is true.", "The claim is true",
    "It's true", "Yes, it is", "Yes, it is.", "Yes it is", "Yes, they could", "Yes they can", "Yes, it can",
    "Yes, because ice floats", "Yes because ice floats", "Yes since ice floats", "Yes. Ice floats.",
    "Yes; ice floats", "Yes: ice floats", "Yes - ice floats", "Yes – ice floats", "Yes — ice floats",
    "Yes, always", "Yes, of course", "Yes, ice can float on water", "Yes, he was alive then", "yes yes",
    "Yes, yes", "Yes, true", "True, it is so", "✅ Yes", "Yes ✅",
]  # fmt: skip
RIGHT_NO = [
    "no", "No", "NO.", "No!", "**No**", "\\boxed{no}", "\\boxed{\\text{No}}", "false", "False", "FALSE",
    "n", "N", "f", "0", "0.0", "The answer is no", "The answer is no.", "So the answer is no.",
    "Therefore no", "Answer: No", "Answer: False", "It is false", "That is false.", "The statement is false",
    "No, it cannot", "No, it can't", "No, it could not", "No, he could not", "No, they would not",
    "No, they would never", "No, it isn't", "No, it is not", "No it is not", "No it isn't", "No they can't",
    "No, otters are not plants", "No, ice does not sink", "No. Ice doesn't sink.", "No; it does not",
    "No - it cannot", "No — never", "No, nobody could", "No, that is impossible", "No, that is wrong",
    "No because it cannot", "No since it is not", "no no", "No, no", "No, false", "No, he died before",
    "No. He died before that.", "No, it sinks", "No, there are none", "No, she did not", "No, not at all",
    "No, without water it dies", "No, it has nothing to do with it", "No, this is not the case",
]  # fmt: skip
UNKNOWN_BOOLEAN = [
    "yes and no", "yes, no", "yes/no", "yes or no", "Yes... no", "no, yes", "no yes", "yes no", "y/n",
    "maybe", "perhaps", "maybe yes", "perhaps no", "possibly", "probably", "it depends", "sometimes",
    "yes?", "no?", "not yes", "not no", "not true", "not false", "isn't true", "is not true", "untrue",
    "never true", "hardly true", "barely true", "nearly true", "half true", "partly true", "partially true",
    "mostly true", "somewhat true", "too good to be true", "it fails to be true", "far from true",
    "the opposite of yes", "the opposite of true", "rule out yes", "say yes to no", "whether yes",
    "if yes", "yes if it rains", "Yes, if it rains", "Yes, but only if it rains", "Yes, but not always",
    "yes, but actually that is impossible", "Yes, unless it rains", "Yes, or maybe not", "Yes, however not",
    "Yes, not really", "Yes, never", "Yes, impossible", "Yes, wrong", "Yes, that is false", "Yes, it cannot",
    "Yes, it is not so", "Yes, without doubt not", "No, but yes", "No, unless it rains", "No, if it is cold",
    "No, or perhaps", "No, but it depends", "yes is wrong", "no is wrong", "yes men", "Yes Minister",
    "Yes sir", "no doubt", "No doubt about it", "no problem", "no one", "No one can deny it", "no longer",
    "no more", "No wonder", "no way around it", "no man's land", "true lies", "true north", "true negative",
    "false alarm", "false positive", "yesterday", "yesno", "none", "nope", "know", "nothing", "nobody",
    "2", "10", "01", "-1", "1 0", "0 1", "00", "11", "~true", "!true", "!0", "¬true", "not True", "true != true",
    "true == true", "false == false", "true = false", "yes=0", "yes = 1", "true/false", "T/F", "True or False",
    "bool('no')", "[yes]x", "yes|no", "<yes>", "yes <no>", "yes ❌", "❌ yes", "❌ no", "~~yes~~", "no 🚫",
    "oui", "sí", "ja", "да", "是", "はい", "हाँ", "نعم", "nein", "non", "não", "nicht yes", "yes nicht",
    "yes, aber nicht", "yes, nein", "yes, pero no", "Yes, 不是", "Yes, это не так", "", "?", "-", "unknown",
    "I do not know", "cannot say", "both", "neither", "undecided", "уes", "yеs", "ye5", "y e s", "n o",
]  # fmt: skip

TEXTS = [
    ("Lima", "Lima", R), ("lima", "Lima", R), ("LIMA.", "Lima", R), ("Lima!", "Lima", R), ("“Lima”", "Lima", R),
    ("‘Lima’", "Lima", R), ("«Lima»", "Lima", R), ("*Lima*", "Lima", R), ("The answer is Lima.", "Lima", R),
    ("Answer: Lima", "Lima", R), ("So the answer is Lima", "Lima", R), ("Final answer: Lima.", "Lima", R),
    ("The answer is: Lima", "Lima", R), ("\\boxed{\\text{Lima}}", "Lima", R), ("Cusco", "Lima", W),
    ("The answer is Cusco.", "Lima", W), ("Answer: Cusco", "Lima", W), ("Lima, Peru", "Lima", U),
    ("Lima in Peru", "Lima", U), ("in Lima", "Lima", U), ("It is Lima", "Lima", U), ("not Lima", "Lima", U),
    ("Lima or Cusco", "Lima", U), ("Cusco, not Lima", "Lima", U), ("Limas", "Lima", W), ("Lim", "Lima", W),
    ("don’t", "don't", R), ("don't", "don’t", R), ("it's", "it’s", R), ("rock ’n’ roll", "rock 'n' roll", R),
    ("1990–1995", "1990-1995", R), ("1990—1995", "1990-1995", R), ("1990 - 1995", "1990-1995", R),
    ("−5", "-5", R), ("–5", "-5", R), ("5", "-5", W), ("-5", "5", W), ("+5", "5", W), ("5!", "5", W),
    ("5", "5!", W), ("5!", "5!", R), ("5.", "5", R), ("(0, 1)", "(0,1)", R), ("(0,1)", "(0, 1)", R),
    ("( 0, 1 )", "(0,1)", R), ("\\left(0, 1\\right)", "(0,1)", R), ("(1,0)", "(0,1)", W), ("[0,1)", "[0, 1)", R),
    ("[0,1]", "[0,1)", W), ("x^2+1", "x^2 + 1", R), ("x^2 + 1", "x^2+1", R), ("x^2 +1", "x^2+1", U),
    ("x^2 - 1", "x^2+1", W), ("2-2p", "2 - 2p", R), ("3, 5, 7", "3,5,7", R), ("3,5,7", "3, 5, 7", R),
    ("3, 7, 5", "3,5,7", W), ("a=b", "a = b", R), ("a<b", "a < b", R), ("a>b", "a < b", W),
    ("\\dfrac{1}{2}", "\\frac{1}{2}", R), ("\\tfrac{1}{2}", "\\frac{1}{2}", R), ("\\frac{1}{3}", "\\frac{1}{2}", W),
    ("(3, \\frac{\\pi}{2})", "\\left( 3, \\frac{\\pi}{2} \\right)", R), ("{1,2}", "{1, 2}", R),
    ("\\{1, 2\\}", "\\{1,2\\}", R), ("$x+1$", "x+1", R), ("\\$5", "$5", R), ("5\\%", "5%", R),
    ("May 5, 2021", "May 5,2021", R), ("May 5, 2021", "5 May 2021", W), ("12:30 pm", "12:30 PM", R),
    ("İstanbul", "istanbul", R), ("ISTANBUL", "Istanbul", R), ("straße", "STRASSE", R), ("São Paulo", "são paulo", R),
    ("Sao Paulo", "São Paulo", W), ("New York", "NewYork", W), ("New  York", "New York", R),
    ("New\u00a0York", "New York", R), ("the Beatles", "Beatles", U), ("Beatles", "The Beatles", U),
    ("an apple", "apple", U), ("apple", "an apple", U), ("C++", "C", U), ("C", "C++", W), ("H₂O", "H2O", R),
    ("10²", "102", W), ("102", "10²", W), ("10^2", "10²", R), ("ﬁre", "fire", R), ("ｆｉｒｅ", "fire", R),
    ("Lima\u2028Cusco", "Lima", U), ("Lima\x0bCusco", "Lima", U), ("Lima\u202e", "Lima", U), ("\x1b[8mLima", "Lima", U),
    ("東京", "東京", R), ("東京。", "東京", R), ("大阪", "東京", W), ("?", "?", R), ("...", "…", R), ("#", "#", R),
    ("N/A", "N/A", R), ("NA", "N/A", W), ("007", "7", W), ("f(x)", "f(x)", R), ("f( x )", "f(x)", R),
    ("[1,2]", "[1, 2]", R), ('{"a":1}', '{"a": 1}', U), ("a b", "ab", W), ("1 2 3", "123", W), ("1,2", "1.2", W),
]  # fmt: skip

# Whole rationales, of kind number unless another is named: (marker, text, gold, verdict)
CLOSING_MARKERS = [
    (marker, text.format(answer), gold, verdict, kind, options)
    for marker, text in (
        ("\\boxed", "So \\boxed{{{}}}"), ("\\boxed{", "So $\\boxed{{{}}}$."), ("\\boxed", "\\boxed {{{}}} it is"),
        ("<answer>", "<answer>{}</answer>"), ("<answer>", "So <answer> {} </answer> it is."),
        ("<answer>", "<think>hm</think>\n<answer>\n{}\n</answer>"), ("<result>", "<result>{}</result>"),
        ("[[", "So [[{}]] it is"), ("((", "So (({}))."), ("「", "答え「{}」"),
        ("<answer>", "<answer>{}"), ("\\boxed", "\\boxed{{{}}}\nThat is all."),
        ("\\boxed", "\\boxed{{{0}}} and again \\boxed{{{0}}}"),
    )
    for kind, answer, gold, verdict, options in (
        ("number", "5", "5", R, ()), ("number", "6", "5", W, ()), ("number", "5 or 6", "5", U, ()),
        ("choice", "B", "B", R, OPTIONS), ("choice", "green", "B", R, OPTIONS), ("choice", "C", "B", W, OPTIONS),
        ("boolean", "yes", "yes", R, ()), ("boolean", "no", "yes", W, ()),
        ("text", "Lima", "Lima", R, ()), ("text", "Cusco", "Lima", W, ()),
    )
]  # fmt: skip

BEFORE_THE_MARKER = [
    # denied
    *((text, U) for text in (
        "It is not #### 5", "It isn't #### 5", "It is never #### 5", "The answer is not #### 5",
        "The wrong answer is #### 5", "It would be false to write #### 5", "Nobody would say #### 5",
        "It would be wrong to say #### 5", "I doubt that it is #### 5", "It cannot be #### 5",
        "Anything but #### 5", "Nicht #### 5", "Die Antwort ist nicht #### 5", "La respuesta no es #### 5",
        "La réponse n'est pas #### 5", "La risposta non è #### 5", "A resposta não é #### 5",
        "Het antwoord is niet #### 5", "答案不是 #### 5", "答えではない #### 5", "не #### 5", "Ответ не #### 5",
        "Cevap değil #### 5", "Svaret är inte #### 5", "Only a fool who lies says #### 5",
        "It is impossible that #### 5", "Without proof #### 5", "I reject #### 5", "No, #### 5",
    )),
    # not denied
    *((text, R) for text in (
        "#### 5", "So #### 5", "So the answer is #### 5", "Therefore: #### 5", "2 + 3 = 5 #### 5",
        "She did not buy 3, so there are #### 5", "There are none left. #### 5", "It is not 4; it is #### 5",
        "Not 4. Rather #### 5", "The answer is not 4.\n#### 5", "No more eggs!\n#### 5", "**#### 5**",
        "He never had more. So #### 5", "It is 5 #### 5", "Isn't it nice? #### 5", "##### 5", "####5", "#### 5\n",
        "#### Solution\n2 + 3 = 5\n#### 5", "#### Step 1\nAdd.\n#### Step 2: again\n#### 5",
        "#### Step 1: add 2 and 3\n2 + 3 = 5\n#### Final Answer\n#### 5", "#### Explanation: add\n#### 5",
        "#### Solution\n2 + 3 = 5.\n\n#### Answer: 5", "#### 5\n\n#### Explanation\nIt adds up.",
        "#### 5\n#### 5.0", "#### 5 #### 5",
    )),
    # nothing, or several things stated
    *((text, U) for text in (
        "####", "#### ", "#### Solution", "#### Step 1", "#### Step 2: add 2 and 3", "#### 5\n#### 6",
        "#### 6\n#### 5", "#### 5 #### 6", "### 5", "5", "#### not 5", "#### 4?\n#### 5",
    )),
]  # fmt: skip

# (text, gold, kind, what is found is right, wrong or unknown)
LENIENT = [
    ("The answer is 5 (see step 3).", "5", "number", R), ("The answer is \\boxed{5}. I checked it 2 times.", "5", "number", R),
    ("The answer is 5. It took 2 steps.", "5", "number", R), ("Answer: 5\nI used 3 steps.", "5", "number", R),
    ("The answer is not 5.", "5", "number", U), ("So it is 5.", "5", "number", R), ("2 + 3 = 5", "5", "number", R),
    ("It is 10^3.", "3", "number", U), ("It is 2^{10}.", "10", "number", U), ("It is 3\\pi.", "3", "number", U),
    ("The year is 12:00.", "0", "number", U), ("It is 3x", "3", "number", U), ("It is √3", "3", "number", U),
    ("So 2 million", "2000000", "number", R), ("So 2 million", "2", "number", W), ("It was the 5th", "5", "number", R),
    ("It is 5 km", "5", "number", R), ("It is 5km", "5", "number", R), ("H2O", "2", "number", U),
    ("The answer is yes, there is no doubt.", "yes", "boolean", R), ("So the answer is yes. No further steps are needed.", "yes", "boolean", R),
    ("It is not true.", "yes", "boolean", U), ("So it is false. The answer is no.", "no", "boolean", R), ("It is true", "yes", "boolean", R),
    ("The answer is no.", "no", "boolean", R), ("So no", "no", "boolean", R), ("The answer is not yes", "yes", "boolean", U),
    ("ANSWER IS D. A is a trap.", "D", "choice", R), ("I think it is green, not red.", "B", "choice", R),
    ("The answer is B. Many would pick A by mistake.", "B", "choice", R), ("The answer is (B) green", "B", "choice", R),
    ("The answer is green since red is wrong", "B", "choice", R), ("It must be green", "B", "choice", R),
    ("It isn't green", "B", "choice", U), ("evergreen", "B", "choice", U), ("The capital is Lima.", "Lima", "text", U),
    ("Lima", "Lima", "text", R), ("Cusco", "Lima", "text", W), ("The answer is Lima.", "Lima", "text", R),
]  # fmt: skip


def rows() -> list[Row]:
    """All statements behind a marker, each once."""
    every: list[Row] = [
        *(("number", text, "18", (), R) for text in RIGHT_18),
        *(("number", text, "18", (), U) for text in UNKNOWN_18),
        *(("number", text, "18", (), W) for text in WRONG_18),
        *(("choice", text, "B", OPTIONS, R) for text in RIGHT_B),
        *(("choice", text, "B", OPTIONS, U) for text in UNKNOWN_B),
        *(("choice", text, "B", OPTIONS, W) for text in WRONG_B),
        *(("boolean", text, "yes", (), R) for text in RIGHT_YES),
        *(("boolean", text, "no", (), W) for text in RIGHT_YES),
        *(("boolean", text, "no", (), R) for text in RIGHT_NO),
        *(("boolean", text, "yes", (), W) for text in RIGHT_NO),
        *(("boolean", text, gold, (), U) for text in UNKNOWN_BOOLEAN for gold in ("yes", "no")),
        *(("text", text, gold, (), verdict) for text, gold, verdict in TEXTS),
    ]
    return list(dict.fromkeys(every))
