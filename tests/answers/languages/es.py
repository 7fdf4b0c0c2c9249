"""Spanish statements, with what a person who speaks Spanish says of each."""

from tests.answers.languages.verdicts import N, R, U, W

OPTIONS = ("rojo", "verde", "azul", "rojo y azul")

# What stands behind the marker, the gold answer, the verdict.
NUMBERS = [
    # plain statements and introductions
    ("12", "12", R), ("13", "12", W), ("La respuesta es 12.", "12", R), ("Respuesta: 12", "12", R),
    ("Respuesta final: 13", "12", W), ("por lo tanto, 12", "12", R), ("Así que son 12", "12", R),
    ("El resultado es 12", "12", R), ("son 12 huevos", "12", R), ("Quedan 12 manzanas.", "12", R),
    ("Janet tiene 12 huevos.", "12", R), ("Gana 18 dólares al día.", "18", R),
    ("exactamente 12", "12", R), ("aproximadamente 12", "12", R), ("En total, 12", "12", R),
    ("x = 12", "12", R), ("Total: 12 euros", "12", R), ("El máximo común divisor es 12", "12", R),
    ("La suma es igual a 12", "12", R), ("En total hay 12 niños", "12", R),
    # units and currencies
    ("12 huevos", "12", R), ("12 manzanas", "12", R), ("13 manzanas", "12", W), ("12 km", "12", R),
    ("12 kilómetros", "12", R), ("12 €", "12", R), ("12 euros", "12", R), ("12 pesos", "12", R),
    ("$12", "12", R), ("12 metros cuadrados", "12", R), ("12 m²", "12", R),
    ("12 huevos por día", "12", R), ("12 horas", "12", R), ("12 años", "12", R),
    ("12 personas", "12", R), ("12 veces", "12", R), ("12 litros de leche", "12", R),
    ("12 kg de manzanas", "12", R), ("12 euros en total", "12", R),
    ("12 páginas cada uno", "12", R), ("12 (doce)", "12", R), ("doce (12)", "12", R),
    ("12 grados", "12", R), ("12 km/h", "12", R), ("12 canicas rojas", "12", R),
    ("12 centavos", "12", R), ("12 más", "12", R),
    # separators, percent, fractions
    ("3,5", "3.5", R), ("3,5 kg", "3.5", R), ("0,75", "3/4", R), ("1.234", "1234", R),
    ("1.234,5", "1234.5", R), ("1.234.567", "1234567", R), ("1 234,5", "1234.5", R),
    ("12.000 euros", "12000", R), ("1.235", "1234", W), ("50 %", "50", R),
    ("50 por ciento", "50%", R), ("40 %", "50%", W), ("1/2", "0.5", R), ("-12", "-12", R),
    ("-12", "12", W), ("2,5", "25", N), ("3.5", "3.5", R),
    # denied
    ("no 12", "12", U), ("La respuesta no es 12.", "12", U), ("12 es falso", "12", U),
    ("12 no es correcto", "12", U), ("nunca 12", "12", U), ("todo menos 12", "12", U),
    ("ni 12 ni 13", "12", U), ("12 es un error", "12", U), ("12 es imposible", "12", U),
    ("en vez de 12", "12", U), ("sin 12", "12", U), ("excepto 12", "12", U),
    ("ninguno de los 12", "12", U), ("12 es incorrecto", "12", U), ("jamás 12", "12", U),
    ("No son 12 huevos", "12", U), ("12, no", "12", U), ("12 jamás", "12", U),
    ("lejos de 12", "12", U),
    # bounds, doubt
    ("al menos 12", "12", U), ("como máximo 12", "12", U), ("más de 12", "12", U),
    ("menos de 12", "12", U), ("casi 12", "12", U), ("hasta 12", "12", U), ("12 o más", "12", U),
    ("12 y pico", "12", U), ("entre 12 y 13", "12", U), ("por lo menos 12", "12", U),
    ("quizás 12", "12", U), ("12 si llueve", "12", U), ("12 o 13", "12", U),
    ("12, pero no estoy seguro", "12", U), ("tal vez 12", "12", U),
    ("Hay más de 12 huevos", "12", U), ("12 como mínimo", "12", U),
    # other sizes: signs, scales, operators
    ("menos 12", "12", N), ("12 millones", "12", N), ("12 millones", "12000000", R),
    ("12 mil", "12000", R), ("12 mil", "12", N), ("12 mil millones", "12000000000", R),
    ("12 mil millones", "12000", N), ("3 docenas", "36", R),
    ("12 millones de euros", "12000000", R), ("1,5 millones", "1500000", R),
    ("el doble de 12", "12", N), ("la mitad de 12", "12", N), ("12 al cuadrado", "12", N),
    ("dos veces 12", "12", N), ("la raíz cuadrada de 12", "12", N), ("12 tercios", "12", N),
    ("12 décimas", "12", N), ("12 horas y media", "12", N), ("el inverso de 12", "12", N),
    ("doce", "12", U), ("12 billones", "12000000000000", R), ("12 centésimas", "12", N),
    # sentences
    ("La solución es 12.", "12", R), ("El resultado final es 12 €.", "12", R),
    ("María leyó 12 libros en total.", "12", R), ("Debe pagar 12 euros", "12", R),
    ("12 pedazos de pastel", "12", R), ("12 € por persona", "12", R),
    ("Tarda 12 minutos.", "12", R), ("Cada persona recibe 12 manzanas", "12", R),
    ("durante 12 días", "12", R), ("El perímetro es de 12 cm.", "12", R),
    ("El área es 12 cm²", "12", R), ("12 bolas rojas", "12", R),
    ("Vende 12 huevos al día.", "12", R), ("Le quedan 12 huevos", "12", R), ("**12**", "12", R),
    ("Su madre tiene 12 años.", "12", R), ("Hay 12 alumnos en la clase", "12", R),
    ("12 minutos más tarde", "12", R), ("Juan tiene 12 canicas más", "12", R),
    ("Gastó 12 dólares en comida", "12", R), ("Necesitan 12 sillas", "12", R),
    # more that is another number, or none
    ("doce veces 12", "12", N), ("12 coma cinco", "12", N), ("12 y cuarto", "12", N),
    ("12 y medio", "12", N), ("12 es un disparate", "12", N), ("12 dividido entre tres", "12", N),
    ("12 elevado al cubo", "12", N), ("12 menos uno", "12", N), ("de ningún modo 12", "12", N),
    ("en absoluto 12", "12", N), ("12 huevos menos", "12", N), ("una docena de 12", "12", N),
    ("12 está mal", "12", N), ("ciento 12", "12", N), ("12 años y medio", "12", N),
    ("12 es mentira", "12", N), ("no creo que sea 12", "12", N), ("difícilmente 12", "12", N),
    ("12 mitades", "12", N), ("12 y tantos", "12", N), ("unas cuantas docenas de 12", "12", N),
    ("dudo que sean 12", "12", N), ("12 nada", "12", N),
]  # fmt: skip

CHOICES = [
    ("B", "B", R), ("C", "B", W), ("Respuesta: B", "B", R), ("La respuesta es B.", "B", R),
    ("La respuesta correcta es (B) verde.", "B", R), ("Opción B", "B", R), ("la opción B", "B", R),
    ("Opción C", "B", W), ("(B) verde", "B", R), ("B) verde", "B", R), ("B – verde", "B", R),
    ("B: verde", "B", R), ("verde", "B", R), ("Verde.", "B", R), ("azul", "B", W),
    ("rojo y azul", "D", R), ("B es la respuesta correcta", "B", R), ("verde (B)", "B", R),
    ("Elijo B", "B", R), ("Es la B", "B", R), ("La letra B", "B", R), ("no B", "B", U),
    ("B es falso", "B", U), ("B o C", "B", U), ("B) azul", "B", U), ("todas menos B", "B", U),
    ("ni B ni C", "B", U), ("verde no", "B", U), ("quizás B", "B", U),
    ("ninguna de las anteriores", "B", U), ("No es B.", "B", U), ("B, si llueve", "B", U),
    ("verde o azul", "B", U), ("amarillo", "B", U), ("B es incorrecta", "B", U),
]  # fmt: skip

BOOLEANS = [
    ("sí", "yes", R), ("Sí.", "yes", R), ("no", "no", R), ("¡No!", "no", R), ("no", "yes", W),
    ("sí", "no", W), ("La respuesta es sí.", "yes", R), ("Respuesta: no", "no", R),
    ("verdadero", "true", R), ("falso", "false", R), ("Falso", "true", W), ("Es verdad", "yes", R),
    ("Es falso.", "no", R), ("Sí, puede hacerlo.", "yes", R), ("No, no puede.", "no", R),
    ("No, no es cierto", "no", R), ("No. El hielo flota.", "no", R),
    ("Sí, porque sabe nadar", "yes", R), ("La afirmación es falsa", "no", R),
    ("La afirmación es verdadera", "yes", R), ("Correcto", "yes", R), ("Sí, es correcto", "yes", R),
    ("Sí, pero solo si llueve", "yes", U), ("Quizás sí", "yes", U), ("sí y no", "yes", U),
    ("Sí o no", "yes", U), ("parcialmente cierto", "yes", U), ("a medias verdad", "yes", U),
    ("lo contrario de sí", "yes", U), ("Sí, pero es imposible", "yes", U),
    ("ni sí ni no", "yes", U), ("No, a menos que llueva", "no", U), ("casi verdadero", "yes", U),
    ("si es sí", "yes", U), ("No es verdad", "yes", N), ("Sí, no es cierto", "yes", U),
    ("no lo sé", "yes", N), ("Sí, siempre que llueva", "yes", U),
    # more that hesitates, and more that explains
    ("Sí, en teoría", "yes", N), ("Sí, nunca", "yes", N), ("Sí, rara vez", "yes", N),
    ("Sí, claro que no", "yes", N), ("Verdadero o falso", "yes", N),
    ("Sí, salvo los lunes", "yes", N), ("dista de ser verdad", "yes", N), ("No del todo", "yes", N),
    ("casi nunca sí", "yes", N), ("No, las nutrias no son plantas", "no", R),
    ("Sí, las nutrias saben nadar", "yes", R), ("No, porque el hielo flota", "no", R),
    ("No, eso es imposible", "no", R),
]  # fmt: skip

TEXTS = [
    ("Lima", "Lima", R), ("La respuesta es Lima.", "Lima", R), ("Respuesta: Lima", "Lima", R),
    ("Cusco", "Lima", W), ("no Lima", "Lima", N), ("Lima o Cusco", "Lima", N),
    ("«Lima»", "Lima", R), ("No es Lima", "Lima", N), ("todo menos Lima", "Lima", N),
    ("La respuesta es Cusco.", "Lima", N), ("niño", "nin\u0303o", R),
]  # fmt: skip

# Kind, a whole rationale, the gold answer, the verdict.
RATIONALES = [
    ("number", "La respuesta no es #### 12", "12", U), ("number", "No #### 12", "12", U),
    ("number", "3 + 9 = 12 huevos.\nPor lo tanto son #### 12", "12", R),
    ("number", "La respuesta es #### 12", "12", R),
    ("number", "Sería falso decir #### 12", "12", U), ("number", "al menos #### 12", "12", U),
    ("number", "menos #### 12", "12", U), ("number", "No comió ninguno. Quedan #### 12", "12", R),
    ("choice", "La respuesta no es #### B", "B", U),
    ("choice", "La hierba es verde.\nRespuesta #### B", "B", R),
    ("boolean", "El hielo flota.\n#### no", "no", R),
    ("boolean", "La respuesta nunca es #### sí", "yes", U),
    ("number", "12 huevos.\n#### 12\n#### Solución", "12", R),
]  # fmt: skip
