"""The three modes of the paper's first stage: what stands in the prompt, and what is learned."""

from pathlib import Path

from collate.agents.prompts import Prompts
from collate.agents.roster import make_agents
from collate.config.schema import AgentsConfig, RunConfig, TaskConfig
from collate.models import load_tokenizer
from collate.models.stopping import stopping_of
from collate.tables import CHOSEN, Preference, Question, Rationale
from collate.tuning.supervised_examples import count_mode_examples, mode_examples
from tests.tuning.examples import completion_of

ALL = ["whole", "answer", "rationale", "reader"]
QUESTION = Question("q", "t", "train", "What is 2 + 3 - 1?", "4")


def rationale(prompts: Prompts, text: str) -> Rationale:
    return Rationale(
        "r", "q", "gold", "", "", 1, 0, 0, 0.0, 1.0, (), prompts.turn_ids(text), text, "stop", 0.0
    )


def test_each_mode_has_its_prompt_and_its_target(tiny_model: Path) -> None:
    config = RunConfig(task=TaskConfig(name="t"), agents=AgentsConfig(count=1))
    tokenizer = load_tokenizer(tiny_model)
    prompts = Prompts(config, make_agents(config), tokenizer, stopping_of(tiny_model, tokenizer))
    chosen = rationale(prompts, "2 + 3 = 5\n5 - 1 = 4\n#### 4")
    pair = Preference("p", "q", "agent-1", {CHOSEN: "r"}, "gold_only", 0.0)
    made = mode_examples(ALL, "agent-1", [pair], {"r": chosen}, {"q": QUESTION}, prompts, "####")
    assert len(made) == count_mode_examples(ALL, chosen, "####") == 4
    whole, answer, steps, reader = (
        (tokenizer.decode(one["prompt_ids"]), tokenizer.decode(completion_of(one, CHOSEN)))
        for one in made
    )
    own = tokenizer.decode(prompts.of_agent("agent-1", QUESTION))
    assert whole == (own, f"{chosen.text}<|im_end|>")
    assert answer[1] == reader[1] == "#### 4<|im_end|>"
    assert "Give only the answer" in answer[0] and "Give only the answer" not in own
    assert steps == (own, "2 + 3 = 5\n5 - 1 = 4\n")  # it goes on with the answer
    assert reader[0] == f"{own}2 + 3 = 5\n5 - 1 = 4\n"
    assert "".join(steps) == reader[0] and steps[1] + reader[1] == whole[1]
    assert all(one["roles"] == [CHOSEN] and one["question_id"] == "q" for one in made)


def test_a_solution_without_steps_teaches_the_answer_alone(tiny_model: Path) -> None:
    config = RunConfig(task=TaskConfig(name="t"), agents=AgentsConfig(count=1))
    tokenizer = load_tokenizer(tiny_model)
    prompts = Prompts(config, make_agents(config), tokenizer, stopping_of(tiny_model, tokenizer))
    bare = rationale(prompts, "#### 4")
    assert count_mode_examples(["answer", "rationale", "reader"], bare, "####") == 1
    pair = Preference("p", "q", "agent-1", {CHOSEN: "r"}, "gold_only", 0.0)
    (made,) = mode_examples(
        ["rationale", "answer"], "agent-1", [pair], {"r": bare}, {"q": QUESTION}, prompts, "####"
    )
    assert made["prompt_ids"] == list(prompts.answer_only(QUESTION))
