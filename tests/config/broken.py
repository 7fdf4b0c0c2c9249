"""Requests that cannot be carried out: command line, files around it, and the exact message.

`{here}` in an expected text stands for the folder that the command ran in. Several problems are
joined as the command prints them (`problems`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Write = str | bytes | Callable[[Path], None]


@dataclass(frozen=True)
class Broken:
    """One request that is refused."""

    name: str
    arguments: tuple[str, ...]
    error: str
    files: dict[str, Write] = field(default_factory=dict)


def problems(*lines: str) -> str:
    return "\n".join([f"{len(lines)} problems:", *(f"  - {line}" for line in lines)])


def setting(name: str, *arguments: str, error: str) -> Broken:
    """A request that only its settings are wrong with."""
    return Broken(name, arguments, error)


def data(
    name: str, file: str, content: Write, error: str, *arguments: str, task: str = "table"
) -> Broken:
    """A request on a data file that is wrong."""
    return Broken(name, (f"task={task}", f"task.path={file}", *arguments), error, {file: content})


def preset(name: str, file: str, content: Write, error: str, *arguments: str) -> Broken:
    """A request with a preset of the user's own that is wrong."""
    return Broken(name, ("--config-dir", "mine", *arguments), error, {f"mine/{file}": content})


def parquet(**columns: list[object]) -> Callable[[Path], None]:
    return lambda path: pq.write_table(pa.table(columns), path)


def truncated(path: Path) -> None:
    parquet(question=["What is 1 + 1?"] * 99, answer=[2] * 99)(path)
    path.write_bytes(path.read_bytes()[:-20])


ROWS = "".join(f'{{"question": "What is {n} + 1?", "answer": {n + 1}}}\n' for n in range(20))
SPLITS = "must be a share below 1, or a whole number of questions"
NAME = (
    "letters, digits and . _ - = , beginning with a letter or digit, not ending in a dot, "
    "at most 120 characters, and no device's name such as nul"
)
HYDRA = "Hydra's own settings are refused; leave it out"
OPTIONS = "the options are -m, --cfg job, --config-dir DIR, --help"
TASKS = (
    "arc, boolean, boolq, chain_sum, copa, csqa, entailment, gsm8k, hellaswag, multiple_choice, "
    "piqa, procedural, rte, strategyqa, svamp, table, winogrande"
)

SETTINGS = [
    setting("unknown key", "tuning.betta=1",
            error="tuning.betta: no such setting; did you mean tuning.beta?"),
    setting("unknown section", "tunning.beta=1",
            error="tunning.beta: no such setting; did you mean tuning.beta?"),
    setting("unknown preset", "task=gsm8",
            error=f"task=gsm8: no such preset; did you mean task=gsm8k? There are {TASKS}"),
    setting("no value", "rounds", error="rounds: expected key=value"),
    setting("two problems of two kinds", "rounds=x", "agents.cuont=3", error=problems(
        "agents.cuont: no such setting; did you mean agents.count?",
        "rounds: expected a whole number, found 'x'")),
    setting("unreadable override", "task.examples=[1",
            error="task.examples=[1: cannot be read; task.examples is a list of {question, "
                 "response}, with texts in quotes: "
                 "'task.examples=[{question: \"It is so (or not).\"}]'"),
    setting("unreadable text among any values", "task.dataset_args.x=a(b",
            error="task.dataset_args.x=a(b: cannot be read; task.dataset_args is a mapping; a text "
                 "in it goes in quotes: 'task.dataset_args.x=\"a(b\"'"),
    setting("a number without end", f"rounds={'9' * 5000}",
            error=f"rounds={'9' * 193}: cannot be read; rounds is a whole number"),
    setting("a quote inside of quotes", "task.system='It's so'",
            error="task.system='It's so': there is a quote inside of the quotes; write "
                 "'task.system=\"'\"'\"'It'\"'\"'s so'\"'\"'\"' for all that was given, or "
                 "'task.system=\"It'\"'\"'s so\"' for what is between them"),
    setting("a preset that cannot be read", "scoring=a b",
            error="scoring=a b: no such preset; there are default, paper, posterior, verifier"),
    setting("models by name and by preset", "-m", "model=smollm2,Qwen/Qwen2.5-0.5B-Instruct",
            error="model=smollm2,Qwen/Qwen2.5-0.5B-Instruct: give models by their names alone, or "
                 "presets alone"),
    setting("nothing for a text", "folder=null",
            error="folder: expected a text, found null; put the text that is meant into quotes"),
    setting("preset that climbs", "task=../x",
            error=f"task=../x: no such preset; there are {TASKS}"),
    setting("unknown option", "--frobnicate",
            error=f"unrecognized arguments: --frobnicate; {OPTIONS}"),
    setting("Hydra's option", "--config-path", "elsewhere",
            error=f"unrecognized arguments: --config-path; {OPTIONS}"),
    setting("rerun of a pickle", "--experimental-rerun", "job.pickle",
            error=f"unrecognized arguments: --experimental-rerun; {OPTIONS}"),
    setting("no such preset folder", "--config-dir", "mine",
            error="--config-dir mine: no such folder"),
    setting("text for a number", "rounds=many",
            error="rounds: expected a whole number, found 'many'"),
    setting("real for a whole number", "agents.count=2.5",
            error="agents.count: expected a whole number, found 2.5"),
    setting("truth value for a number", "rounds=true",
            error="rounds: expected a whole number, found True"),
    setting("number for a truth value", "agents.own_part=1",
            error="agents.own_part: expected true or false, found 1"),
    setting("nothing for a number", "seed=null",
            error="seed: expected a whole number, found null"),
    setting("a list for a number", "tuning.beta=[0.1,0.2]",
            error="tuning.beta: expected a number, found [0.1, 0.2]"),
    setting("a mapping for a text", "task.prompt={a: 1}",
            error="task.prompt='{a: 1}': must contain {question}"),
    setting("a list for module names", "agents.targets=[q_proj,v_proj]",
            error="agents.targets=[q_proj,v_proj]: module names are joined by commas, without "
                 "brackets or quotes"),
    setting("a number for a text in a record", "agents.personas=[{name: a},{name: 1e3}]",
            error="agents.personas[1].name: expected a text, found 1000.0; put the text that is "
                 "meant into quotes"),
    setting("a text for a list", "task.examples=none",
            error="task.examples: expected a list, found 'none'"),
    setting("a wrong worked example", "task.examples=[1]",
            error="task.examples[0]: expected a group of settings, found 1"),
    setting("NaN", "tuning.beta=nan", error="tuning.beta: expected a number, found nan"),
    setting("infinite", "agents.temperature=inf",
            error="agents.temperature: expected a number, found inf"),
    setting("minus infinity", "tuning.learning_rate=-inf",
            error="tuning.learning_rate: expected a number, found -inf"),
    setting("negative", "tuning.beta=-0.1", error="tuning.beta=-0.1: above 0"),
    setting("fewer than no rounds", "rounds=-1", error="rounds=-1: at least 0"),
    setting("no agent", "agents.count=0", error="agents.count=0: at least 1"),
    setting("a section as a whole", "agents={count: 3}",
            error="agents={count: 3}: give each setting by itself, as agents.NAME=value"),
    setting("a renamed setting", "pairs.winner=own",
            error="pairs.winner: is now pairs.chosen_from"),
    setting("a setting that is gone", "engine.host=swap",
            error="engine.host: is gone; the device decides: adapters on a GPU, whole weights on a "
                 "CPU"),
    setting("unknown choice", "engine.kind=vlm",
            error="engine.kind: expected one of vllm, transformers; found 'vlm'"),
    setting("several values outside of a multirun", "tuning.beta=0.1,0.3",
            error="tuning.beta=0.1,0.3: several values need a multirun: "
                 "collate run -m tuning.beta=0.1,0.3"),
    setting("several presets outside of a multirun", "tuning=dpo,dpo_nll",
            error="tuning=dpo,dpo_nll: several values need a multirun: "
                 "collate run -m tuning=dpo,dpo_nll"),
    setting("one bad value of a multirun", "-m", "tuning.beta=0.1,0",
            error="tuning.beta=0: above 0"),
    setting("a range without steps in a multirun", "-m", "tuning.beta=interval(0,1)",
            error="tuning.beta=interval(0,1): give the values one by one, separated by commas"),
    setting("conflict of batches", "tuning.batch=10", "tuning.micro_batch=4",
            error="tuning.batch=10: must be a multiple of tuning.micro_batch=4"),
    setting("conflict of lengths", "engine.max_length=100",
            error="engine.max_length=100: leaves no room for a prompt beside "
                 "agents.max_tokens=256"),
    setting("conflict of rule and scorer", "pairs=likelihood", "scoring=verifier",
            error="pairs.rule=likelihood: needs scoring.likelihood=true"),
    setting("posterior without options", "scoring=posterior",
            error="scoring.normalisation=posterior: questions of task.kind=procedural have no "
                 "options to choose among; those of multiple_choice and boolean have"),
    setting("a scorer where nothing scores", "scoring=verifier", "scoring.model=warm",
            error="scoring.model=warm: nothing is scored by a model with scoring.likelihood=false"),
    setting("a prompt for answers without a question", "scoring.answer_prompt=Answer.",
            error="scoring.answer_prompt='Answer.': must contain {question}"),
    setting("an unknown field in the prompt for answers",
            "scoring.answer_prompt='{question} {markr}'",
            error="scoring.answer_prompt: no field {markr}; there are {question}, {options} and "
                 "{marker}; did you mean marker?"),
    setting("a scorer that is nowhere", "scoring.model=./nowhere",
            error="scoring.model=./nowhere: no such folder, and not a hub id (owner/name); a run's"
                 " agent is named runs/NAME:agent-1"),
    setting("a temperature below 0", "agents.temperatures=[1.0,-1]",
            error="agents.temperatures[1]=-1: at least 0"),
    setting("a persona's top_p above 1", "agents.personas=[{top_p: 1.5}]",
            error="agents.personas[0].top_p=1.5: at most 1"),
    setting("an unknown label", "task.labels.langage=de",
            error="task.labels.langage: expected one of language, objective, domain; found "
                 "'langage'"),
    setting("shares above 1", "task.limit=100", "task.train=0.9", "task.validation=0.2",
            "task.test=0.2",
            error="task.train, task.validation, task.test: the shares add up to 1.3, more than 1"),
    setting("a prompt without a question", "task.prompt=Solve.",
            error="task.prompt='Solve.': must contain {question}"),
    setting("no language", "task.languages=[]",
            error="task.languages=[]: must be one or more different ones"),
    setting("a language twice", "task.languages=[de,de]",
            error="task.languages=['de', 'de']: must be one or more different ones"),
    setting("one fixed option", "task=entailment", "task.choices=[yes]",
            error="task.choices=['yes']: must be 2 to 26 different texts"),
    setting("the same option twice", "task=entailment", "task.choices=[a,a]",
            error="task.choices=['a', 'a']: must be 2 to 26 different texts"),
    setting("options of a yes/no question", "task=boolq", "task.choices=[a,b]",
            error="task.choices=['a', 'b']: task.kind=boolean has no options; only "
                 "task.kind=multiple_choice has"),
    setting("half a question", "task.train=1.5", error=f"task.train=1.5: {SPLITS}"),
    setting("a deadline of 0", "ray.start_deadline=0",
            error="ray.start_deadline=0: above 0"),
    setting("name that climbs", "name=../../etc",
            error=f"name='../../etc': a run's name is {NAME}"),
    setting("name of two parts", "name=a/b", error=f"name='a/b': a run's name is {NAME}"),
    setting("hidden name", "name=.git", error=f"name='.git': a run's name is {NAME}"),
    setting("empty name", "name=''", error=f"name='': a run's name is {NAME}"),
    setting("name with a NUL", "name='a\0b'", error=f"name='a\\x00b': a run's name is {NAME}"),
    setting("name of a device", "name=nul", error=f"name='nul': a run's name is {NAME}"),
    setting("long name", f"name={'a' * 121}",
            error=f"name='{'a' * 121}': a run's name is {NAME}"),
    setting("task name that climbs", "task.name=../x",
            error=f"task.name='../x': a task's name is {NAME}"),
    setting("folder with a NUL", "folder='a\0b'",
            error="folder='a\\x00b': must be a folder's name"),
    setting("no folder", "folder=''", error="folder='': must be a folder's name"),
    setting("Hydra's mode", "hydra.mode=MULTIRUN", error=f"hydra.mode=MULTIRUN: {HYDRA}"),
    setting("a launcher", "hydra/launcher=basic", error=f"hydra/launcher=basic: {HYDRA}"),
    setting("a preset for Hydra", "+task@hydra.callbacks=gsm8k",
            error=f"+task@hydra.callbacks=gsm8k: {HYDRA}"),
    setting("a preset in another place", "task@model=gsm8k",
            error="task@model=gsm8k: a preset sets what its own group has; give task= without "
                 "@model"),
    setting("a section as a whole, unreadable", "+agents={count=2}",
            error="+agents={count=2}: give each setting by itself, as agents.NAME=value"),
    setting("a sweeper", "hydra.sweeper._target_=os.system",
            error=f"hydra.sweeper._target_=os.system: {HYDRA}"),
    setting("a callback", "+hydra.callbacks.x._target_=os.system",
            error=f"+hydra.callbacks.x._target_=os.system: {HYDRA}"),
    setting("an object in the settings", "+task.dataset_args._target_=os.system",
            error="+task.dataset_args._target_=os.system: refused, since collate makes no objects "
                 "from settings"),
    setting("a model that is not there", "model=./nowhere", 
            error="model.name=./nowhere: no such folder, and not a hub id (owner/name); a run's "
                 "agent is named runs/NAME:agent-1"),
    setting("a packaged model that is not there", "model.name=packaged:gpt9",
            error="model.name=packaged:gpt9: no such packaged model; "
                 "there are smollm2-135m-instruct"),
    Broken("a folder that is no model's", ("model=here",),
           problems("model.name=here: no config.json there; expected a model's folder",
                    "model.name=here: no .safetensors there; save the model with safetensors",
                    "model.name=here: no tokenizer there (none of tokenizer.json, tokenizer.model, "
                    "vocab.json, tokenizer_config.json); save it beside the weights with "
                    "tokenizer.save_pretrained"), {"here/weights.bin": "x"}),
    setting("a cluster of another machine without a token", "ray.address=10.0.0.5:6379",
            error="ray.address=10.0.0.5:6379: Ray carries out what anybody sends to this address "
                 "unless token authentication is on (CVE-2023-48022), and no token is configured "
                 "here. Start the cluster with RAY_AUTH_MODE=token and give its token by "
                 "RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token"),
    setting("an address that is none", "ray.address=cluster",
            error="ray.address=cluster: expected host:port of a cluster, for example "
                 "127.0.0.1:6379, or auto"),
    setting("the address of a dashboard", "ray.address='http://127.0.0.1:8265'",
            error="ray.address=http://127.0.0.1:8265: expected host:port of a cluster, for example "
                 "127.0.0.1:6379; an http address is for collate submit --address"),
]  # fmt: skip

OWN = [
    preset("preset that sets Hydra", "experiment/a.yaml", "hydra:\n  run: {dir: /tmp}\n",
        "mine/experiment/a.yaml: sets Hydra itself (hydra:), which collate does not allow; "
        "take that part out"),
    preset("preset in Hydra's package", "experiment/a.yaml", "# @package hydra\ncallbacks: {}\n",
        "mine/experiment/a.yaml: sets Hydra itself (hydra:), which collate does not allow; "
        "take that part out", "experiment=a"),
    preset("preset that makes an object", "task/a.yaml",
        "dataset_args:\n  x: {_target_: os.system, command: ls}\n",
        "mine/task/a.yaml: _target_ is refused: collate makes no objects from settings; "
        "take it out", "task=a"),
    preset("preset that chooses a launcher", "experiment/a.yaml",
        "defaults:\n  - override hydra/launcher: joblib\n",
        "mine/experiment/a.yaml: defaults: {'override hydra/launcher': 'joblib'} is refused; "
        "name presets of collate by plain words"),
    preset("preset that is chosen by the environment", "experiment/a.yaml",
        "defaults:\n  - override /task: ${oc.env:HOME}\n",
        "mine/experiment/a.yaml: defaults: {'override /task': '${oc.env:HOME}'} is refused; "
        "name presets of collate by plain words"),
    preset("preset with a Python object", "task/a.yaml",
        "x: !!python/object/apply:os.system [ls]\n",
        "mine/task/a.yaml: not a YAML file that can be read (could not determine a constructor for "
        "the tag 'tag:yaml.org,2002:python/object/apply:os.system' in \"<unicode string>\", "
        "line 1, column 4: x: !!python/object/apply:os.system [ls] ^)"),
    preset("preset that is no YAML", "task/a.yaml", "a: [1\n",
        "mine/task/a.yaml: not a YAML file that can be read (while parsing a flow sequence in "
        "\"<unicode string>\", line 1, column 4: a: [1 ^ expected ',' or ']', but got '<stream "
        "end>' in \"<unicode string>\", line 2, column 1: ^)"),
    preset("preset of endless values", "task/a.yaml", "a: &a [1, 1]\nb: [*a, *a]\n",
        "mine/task/a.yaml: aliases (*name) are refused, since a few of them can stand for endless "
        "values"),
    preset("preset nested without end", "task/a.yaml", "a: " + "[" * 1500 + "]" * 1500 + "\n",
        "mine/task/a.yaml: not a YAML file that can be read (nested too deeply)"),
    preset("preset with other defaults", "task/a.yaml", "defaults: gsm8k\n",
        "mine/task/a.yaml: defaults: expected a list, found 'gsm8k'"),
    preset("preset that is not UTF-8", "task/a.yaml", b"system: gro\xdf\n",
        "mine/task/a.yaml: not a YAML file that can be read ('utf-8' codec can't decode byte 0xdf "
        "in position 11: invalid continuation byte)"),
    preset("preset that is a list", "task/a.yaml", "- 1\n",
        "mine/task/a.yaml: expected settings by name, found a list"),
    preset("preset with an unknown key", "tuning/a.yaml", "betta: 1\n",
        "tuning.betta: no such setting; did you mean tuning.beta?", "tuning=a"),
    preset("preset that sets what nothing reads", "experiment/a.yaml",
        "# Mine.\nagents: {count: 7}\npairs: {rule: likelihood}\n",
        "experiment: a preset that sets agents, pairs does not begin with the line "
        "# @package _global_, and nothing of it would count; put that line first",
        "experiment=[quickstart,a]"),
    preset("preset with an unknown section", "experiment/a.yaml",
        "# @package _global_\ntunning: {beta: 1}\n",
        "tunning: no such setting; did you mean tuning?", "experiment=a"),
]  # fmt: skip

DATA = [
    setting("no data", "task=table",
            error="task.kind=table needs questions: task.path=FILE for a local file, or "
                 "task.dataset=ID for a Hub data set"),
    setting("a file that is not there", "task=table", "task.path=a.csv",
            error="task.path=a.csv: no such file in {here}"),
    setting("a folder that is not there", "task=table", "task.path=b/a.csv",
            error="task.path=b/a.csv: no such file, since there is no folder b"),
    Broken("a misspelt file", ("task=table", "task.path=trian.csv"),
           "task.path=trian.csv: no such file in {here}; did you mean train.csv?",
           {"train.csv": "question,answer\n"}),
    Broken("a folder for a file", ("task=table", "task.path=a"),
           "task.path=a: is a folder; give the path of a file in it",
           {"a/b.csv": "question,answer\n"}),
    data("a suffix that is not read", "a.xlsx", "x",
         "task.path=a.xlsx: cannot read .xlsx; "
         "expected one of .jsonl, .json, .csv, .tsv, .parquet; save the sheet as CSV (UTF-8)"),
    data("no suffix", "a", "x", "task.path=a: cannot read a file without an extension; "
         "expected one of .jsonl, .json, .csv, .tsv, .parquet"),
    data("empty JSONL", "a.jsonl", "", "task.path=a.jsonl: contains no questions"),
    data("empty CSV", "a.csv", "", "task.path=a.csv: contains no questions"),
    data("nothing but a byte-order mark", "a.csv", b"\xef\xbb\xbf",
         "task.path=a.csv: contains no questions"),
    data("header only", "a.csv", "question,answer\n", "task.path=a.csv: contains no questions"),
    data("empty list", "a.json", "[]", "task.path=a.json: contains no questions"),
    data("broken JSONL", "a.jsonl", ROWS + '{"question": "Wh\n[1]\n',
         "a.jsonl:21: not JSON (Unterminated string starting at: line 1 column 14 (char 13)); "
         "also broken: line 22"),
    data("a list in JSONL", "a.jsonl", ROWS + "[1, 2]\n",
         "a.jsonl:21: expected a record {...}, found a list"),
    data("deeply nested JSONL", "a.jsonl", ROWS + "[" * 200_000 + "\n",
         "a.jsonl:21: not JSON (nested too deeply)"),
    data("JSON that is no list", "a.json", '{"question": "a", "answer": 1}',
         "a.json: expected a list of records, found a dict"),
    data("JSONL called JSON", "a.json", ROWS,
         "a.json:2: not JSON (Extra data: line 2 column 1 (char 44)); a file with one record on "
         "each line must be named .jsonl"),
    data("a text that is not UTF-8", "a.csv", "question,answer\nWie groß?,1\n".encode("latin-1"),
         "a.csv:2: not UTF-8 text (invalid continuation byte); save the file as UTF-8"),
    data("UTF-16", "a.csv", "question,answer\na,1\n".encode("utf-16"),
         "a.csv:1: not UTF-8 text (invalid start byte); save the file as UTF-8"),
    data("missing columns", "a.csv", "frage,answr\n" + "a,1\n" * 5, problems(
        "task.question=question: a.csv has no column 'question'; its columns are frage, answr",
        "task.answer=answer: a.csv has no column 'answer'; its columns are frage, answr; "
        "did you mean answr?")),
    data("columns after a byte-order mark", "a.csv", b"\xef\xbb\xbfquestion,gold\na,1\n",
         "task.answer=answer: a.csv has no column 'answer'; its columns are question, gold"),
    data("duplicate columns", "a.csv", "question,answer,answer\na,1,2\n",
         "a.csv:1: the header names 'answer' more than once"),
    data("ragged rows", "a.csv", "question,answer\na,1\nb,2,3\nc\n",
         "a.csv:3: 3 fields where the header has 2; also broken: line 4"),
    data("an open quote", "a.csv", 'question,answer\n"a,1\n',
         'a.csv:2: a quote (") is opened here and not closed before the end of the file'),
    data("an empty gold answer", "a.jsonl", ROWS + '{"question": "b", "answer": ""}\n',
         "a.jsonl, line 21: empty gold answer (column 'answer' holds nothing) in 1 of 21 lines; "
         "fill in what is missing, remove those lines, or leave them out with "
         "task.unlabelled=drop"),
    data("an empty question", "a.jsonl", ROWS + '{"question": " ", "answer": 1}\n',
         "a.jsonl, line 21: empty question (column 'question') in 1 of 21 lines; fill in what is "
         "missing, or remove those lines"),
    data("a gold answer of another kind", "a.jsonl",
         ROWS + '{"question": "b", "answer": "many"}\n',
         "a.jsonl, line 21: gold answer 'many' cannot be read as number: no number in it "
         "(1 of 21); correct them, or set task.answer_kind to what the answers are",
         "task.answer_kind=number"),
    data("a gold answer that is a list", "a.jsonl", ROWS + '{"question": "b", "answer": [1, 2]}\n',
         "a.jsonl, line 21: column 'answer' holds a list of 2 where the gold answer should be a "
         "text or a number; name the text in it, for example task.answer=answer.0"),
    data("NUL bytes", "a.jsonl", ROWS + "\0\0\0\n",
         "a.jsonl:21: contains a NUL character; save the file as plain UTF-8 text"),
    data("NUL bytes in a CSV", "a.csv", "question,answer\na\0b,1\n", 
         "a.csv:2: contains a NUL character; save the file as plain UTF-8 text"),
    data("a huge line", "a.csv", 'question,answer\n"' + "x" * (2**20 + 1) + '",1\n',
         "a.csv, line 2: question of more than 1,048,576 characters; shorten it, or remove the "
         "line"),
    data("truncated Parquet", "a.parquet", truncated,
         "a.parquet: cannot be read as a Parquet file ("
         "Parquet magic bytes not found in footer. Either the file is corrupted or "
         "this is not a parquet file.)"),
    data("Parquet that is none", "a.parquet", "PAR?",
         "a.parquet: cannot be read as a Parquet file ("
         "Parquet file size is 4 bytes, smaller than the minimum file footer (8 "
         "bytes))"),
    data("Parquet with other columns", "a.parquet", parquet(text=["a"], label=[1]), problems(
        "task.question=question: a.parquet has no column 'question'; its columns are text, label",
        "task.answer=answer: a.parquet has no column 'answer'; its columns are text, label")),
    data("too few questions", "a.jsonl", ROWS,
         "task.path=a.jsonl: too few questions for train 30, validation 2, test 2 (distinct "
         "questions: 20); lower task.train, task.validation or task.test",
         "task.train=30", "task.validation=2", "task.test=2"),
    data("one question, many times", "a.jsonl", ROWS[: ROWS.index("\n") + 1] * 9,
         "task.path=a.jsonl: too few questions for train 2, validation 1, test 1 (distinct "
         "questions: 1); lower task.train, task.validation or task.test",
         "task.train=2", "task.validation=1", "task.test=1"),
    data("a number for a boolean", "a.csv", "question,answer\nIs it?,maybe\n",
         "a.csv, line 2: column 'answer' holds 'maybe' where yes/no, true/false or 1/0 should be "
         "(1 of 1)", task="boolean"),
    data("no options", "a.csv", "question,answer\na,A\n",
         "task.options=options: a.csv has no column 'options'; its columns are question, answer",
         task="multiple_choice"),
    data("one option", "a.jsonl", '{"question": "a", "options": ["x"], "answer": "A"}\n',
         "a.jsonl, line 1: column 'options' gives no list of 2 to 26 options (1 of 1), but 1 "
         "option; it should hold a list, a record of label and text, or name several columns "
         "joined by commas",
         task="multiple_choice"),
    data("a gold answer that is no option", "a.jsonl",
         '{"question": "a", "options": ["x", "y"], "answer": "E"}\n',
         "a.jsonl, line 1: key 'E' of column 'answer' names none of the 2 options ('x', 'y'); "
         "a key may be the label of an option, a letter, an index from 0 or from 1, or the text of "
         "an option", task="multiple_choice"),
    data("no gold number", "a.jsonl", ROWS,
         "a.jsonl, lines 1, 2, 3, 4, 5 and 15 more: no gold number behind #### in column 'answer' "
         "(20 of 20); where the column holds the answer alone, use task.kind=table", task="gsm8k"),
    Broken("one file of a multirun", ("-m", "task=table", "task.path=questions.jsonl,x.jsonl"),
           "task.path=x.jsonl: no such file in {here}", {"questions.jsonl": ROWS}),
    data("a bad file and bad settings", "a.csv", "question,answer\nb\n", problems(
        "rounds=-1: at least 0",
        "a.csv:2: 1 fields where the header has 2"), "rounds=-1"),
]  # fmt: skip

BROKEN = [*SETTINGS, *OWN, *DATA]
