"""Portuguese statements, with what a person who speaks Portuguese says of each."""

from tests.answers.languages.verdicts import N, R, U, W

OPTIONS = ("vermelho", "verde", "azul", "vermelho e azul")

# What stands behind the marker, the gold answer, the verdict.
NUMBERS = [
    # plain statements and introductions
    ("12", "12", R), ("13", "12", W), ("A resposta é 12.", "12", R), ("Resposta: 12", "12", R),
    ("Resposta final: 13", "12", W), ("portanto, 12", "12", R), ("Então são 12", "12", R),
    ("O resultado é 12", "12", R), ("Há 12 ovos", "12", R), ("Restam 12 maçãs.", "12", R),
    ("Janet tem 12 ovos.", "12", R), ("Ela ganha 18 dólares por dia.", "18", R),
    ("exatamente 12", "12", R), ("cerca de 12", "12", R), ("No total, 12", "12", R),
    ("x = 12", "12", R), ("Total: 12 reais", "12", R), ("A soma é igual a 12", "12", R),
    ("ou seja, 12", "12", R),
    # units and currencies
    ("12 ovos", "12", R), ("12 maçãs", "12", R), ("13 maçãs", "12", W), ("12 km", "12", R),
    ("12 quilômetros", "12", R), ("12 €", "12", R), ("12 euros", "12", R), ("R$ 12", "12", R),
    ("R$ 12,50", "12.5", R), ("12 reais", "12", R), ("12 metros quadrados", "12", R),
    ("12 m²", "12", R), ("12 ovos por dia", "12", R), ("12 horas", "12", R), ("12 anos", "12", R),
    ("12 pessoas", "12", R), ("12 vezes", "12", R), ("12 litros de leite", "12", R),
    ("12 kg de maçãs", "12", R), ("12 reais no total", "12", R), ("12 páginas cada um", "12", R),
    ("12 (doze)", "12", R), ("doze (12)", "12", R), ("12 graus", "12", R), ("12 km/h", "12", R),
    ("12 bolas vermelhas", "12", R), ("12 centavos", "12", R), ("12 a mais", "12", R),
    ("12 quartos", "12", R),
    # separators, percent, fractions
    ("3,5", "3.5", R), ("3,5 kg", "3.5", R), ("0,75", "3/4", R), ("1.234", "1234", R),
    ("1.234,5", "1234.5", R), ("1.234.567", "1234567", R), ("1 234,5", "1234.5", R),
    ("12.000 reais", "12000", R), ("1.235", "1234", W), ("50%", "50", R),
    ("50 por cento", "50%", R), ("40%", "50%", W), ("1/2", "0.5", R), ("-12", "-12", R),
    ("-12", "12", W), ("2,5", "25", N),
    # denied
    ("não 12", "12", U), ("A resposta não é 12.", "12", U), ("12 é falso", "12", U),
    ("12 não está correto", "12", U), ("nunca 12", "12", U), ("tudo menos 12", "12", U),
    ("nem 12 nem 13", "12", U), ("12 é um erro", "12", U), ("12 é impossível", "12", U),
    ("em vez de 12", "12", U), ("sem 12", "12", U), ("exceto 12", "12", U),
    ("nenhum dos 12", "12", U), ("12 está errado", "12", U), ("12 não", "12", U),
    ("12 jamais", "12", U), ("Não são 12 ovos", "12", U), ("longe de 12", "12", U),
    # bounds, doubt
    ("pelo menos 12", "12", U), ("no máximo 12", "12", U), ("mais de 12", "12", U),
    ("menos de 12", "12", U), ("quase 12", "12", U), ("até 12", "12", U), ("12 ou mais", "12", U),
    ("acima de 12", "12", U), ("entre 12 e 13", "12", U), ("talvez 12", "12", U),
    ("12 se chover", "12", U), ("12 ou 13", "12", U), ("12, mas não tenho certeza", "12", U),
    ("Há mais de 12 ovos", "12", U), ("12 no mínimo", "12", U), ("maior que 12", "12", U),
    # other sizes: signs, scales, operators
    ("menos 12", "12", N), ("12 milhões", "12", N), ("12 milhões", "12000000", R),
    ("12 mil", "12000", R), ("12 mil", "12", N), ("12 bilhões", "12000000000", R),
    ("12 mil milhões", "12000000000", R), ("12 bilhões", "12", N), ("3 dúzias", "36", R),
    ("12 milhões de reais", "12000000", R), ("1,5 milhão", "1500000", R),
    ("o dobro de 12", "12", N), ("a metade de 12", "12", N), ("12 ao quadrado", "12", N),
    ("duas vezes 12", "12", N), ("a raiz quadrada de 12", "12", N), ("12 terços", "12", N),
    ("12 décimos", "12", N), ("12 horas e meia", "12", N), ("o inverso de 12", "12", N),
    ("doze", "12", U), ("12 centésimos", "12", N),
    # sentences
    ("A solução é 12.", "12", R), ("O resultado final é 12 €.", "12", R),
    ("Maria leu 12 livros no total.", "12", R), ("Ele deve pagar 12 reais", "12", R),
    ("12 pedaços de bolo", "12", R), ("R$ 12 por pessoa", "12", R), ("Leva 12 minutos.", "12", R),
    ("Cada pessoa recebe 12 maçãs", "12", R), ("durante 12 dias", "12", R),
    ("O perímetro é de 12 cm.", "12", R), ("A área é 12 cm²", "12", R),
    ("12 bolas vermelhas", "12", R), ("Ela vende 12 ovos por dia.", "12", R),
    ("Sobram 12 ovos", "12", R), ("**12**", "12", R), ("Sua mãe tem 12 anos.", "12", R),
    ("Há 12 alunos na sala", "12", R), ("12 minutos depois", "12", R),
    ("João gastou 12 reais", "12", R), ("Precisam de 12 cadeiras", "12", R),
    # more that is another number, or none
    ("doze vezes 12", "12", N), ("12 vírgula cinco", "12", N), ("12 e um quarto", "12", N),
    ("12 e meio", "12", N), ("12 é um absurdo", "12", N), ("12 dividido por três", "12", N),
    ("12 elevado ao cubo", "12", N), ("12 menos um", "12", N), ("de jeito nenhum 12", "12", N),
    ("12 ovos a menos", "12", N), ("cento e 12", "12", N), ("12 anos e meio", "12", N),
    ("12 é mentira", "12", N), ("não acho que seja 12", "12", N), ("duvido que sejam 12", "12", N),
    ("12 nada", "12", N), ("12 dezenas", "12", N), ("12 e poucos", "12", N),
    ("nem pensar em 12", "12", N), ("12 está equivocado", "12", N), ("12 coisa nenhuma", "12", N),
]  # fmt: skip

CHOICES = [
    ("B", "B", R), ("C", "B", W), ("Resposta: B", "B", R), ("A resposta é B.", "B", R),
    ("A resposta correta é (B) verde.", "B", R), ("Alternativa B", "B", R), ("Opção B", "B", R),
    ("Letra B", "B", R), ("Opção C", "B", W), ("(B) verde", "B", R), ("B) verde", "B", R),
    ("B – verde", "B", R), ("B: verde", "B", R), ("verde", "B", R), ("Verde.", "B", R),
    ("azul", "B", W), ("vermelho e azul", "D", R), ("B é a resposta correta", "B", R),
    ("verde (B)", "B", R), ("Escolho B", "B", R), ("É a letra B", "B", R), ("não B", "B", U),
    ("B é falso", "B", U), ("B ou C", "B", U), ("B) azul", "B", U), ("todas menos B", "B", U),
    ("nem B nem C", "B", U), ("verde não", "B", U), ("talvez B", "B", U),
    ("nenhuma das anteriores", "B", U), ("Não é B.", "B", U), ("B, se chover", "B", U),
    ("verde ou azul", "B", U), ("amarelo", "B", U), ("B está errada", "B", U),
]  # fmt: skip

BOOLEANS = [
    ("sim", "yes", R), ("Sim.", "yes", R), ("não", "no", R), ("Não!", "no", R), ("não", "yes", W),
    ("sim", "no", W), ("A resposta é sim.", "yes", R), ("Resposta: não", "no", R),
    ("verdadeiro", "true", R), ("falso", "false", R), ("Falso", "true", W), ("É verdade", "yes", R),
    ("É falso.", "no", R), ("Sim, ele pode.", "yes", R), ("Não, ele não pode.", "no", R),
    ("Não, não é verdade", "no", R), ("Não. O gelo flutua.", "no", R),
    ("A afirmação é falsa", "no", R), ("A afirmação é verdadeira", "yes", R), ("Correto", "yes", R),
    ("Sim, está correto", "yes", R), ("Sim, mas só se chover", "yes", U), ("Talvez sim", "yes", U),
    ("sim e não", "yes", U), ("Sim ou não", "yes", U), ("parcialmente verdadeiro", "yes", U),
    ("o contrário de sim", "yes", U), ("Sim, mas é impossível", "yes", U),
    ("nem sim nem não", "yes", U), ("Não, a menos que chova", "no", U), ("quase verdade", "yes", U),
    ("se sim", "yes", U), ("Não é verdade", "yes", N), ("em parte verdadeiro", "yes", U),
    ("Sim, desde que chova", "yes", U), ("Sim, porque sabe nadar", "yes", R),
    # more that hesitates, and more that explains
    ("Sim, em teoria", "yes", N), ("Sim, nunca", "yes", N), ("Sim, raramente", "yes", N),
    ("Verdadeiro ou falso", "yes", N), ("Sim, exceto às segundas", "yes", N),
    ("longe de ser verdade", "yes", N), ("Não, as lontras não são plantas", "no", R),
    ("Sim, as lontras sabem nadar", "yes", R), ("Não, porque o gelo flutua", "no", R),
    ("Não, isso é impossível", "no", R),
]  # fmt: skip

TEXTS = [
    ("Lima", "Lima", R), ("A resposta é Lima.", "Lima", R), ("Resposta: Lima", "Lima", R),
    ("Cusco", "Lima", W), ("não Lima", "Lima", N), ("Lima ou Cusco", "Lima", N),
    ("«Lima»", "Lima", R), ("Não é Lima", "Lima", N), ("tudo menos Lima", "Lima", N),
    ("A resposta é Cusco.", "Lima", N), ("São Paulo", "Sa\u0303o Paulo", R),
]  # fmt: skip

# Kind, a whole rationale, the gold answer, the verdict.
RATIONALES = [
    ("number", "A resposta não é #### 12", "12", U), ("number", "Não #### 12", "12", U),
    ("number", "3 + 9 = 12 ovos.\nPortanto são #### 12", "12", R),
    ("number", "A resposta é #### 12", "12", R), ("number", "Seria falso dizer #### 12", "12", U),
    ("number", "pelo menos #### 12", "12", U), ("number", "menos #### 12", "12", U),
    ("number", "Ela não comeu nenhum. Restam #### 12", "12", R),
    ("choice", "A resposta não é #### B", "B", U),
    ("choice", "A grama é verde.\nResposta #### B", "B", R),
    ("boolean", "O gelo flutua.\n#### não", "no", R),
    ("boolean", "A resposta nunca é #### sim", "yes", U),
    ("number", "12 ovos.\n#### 12\n#### Solução", "12", R),
]  # fmt: skip
