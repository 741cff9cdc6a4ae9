"""Conversations laid out by transformers' own apply_chat_template.

The templates are those of chat_styles.py; what comes out, or that it is an
error, is what the library's engine must give too.
"""

import argparse
import itertools
from pathlib import Path

from chat_styles import CONVERSATIONS, STYLES, TOOLS
from golden_file import write_json
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/chat/templates.json"
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
DOCUMENTS = [{"title": "one", "text": "a b"}, {"title": "two", "text": "c"}]

# Further variables that some cases are given.
VARIABLES: list[dict[str, object]] = [
    {},
    {"tools": TOOLS},
    {"documents": DOCUMENTS, "enable_thinking": False, "date_string": "today"},
]


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Make a tokenizer of which only the special tokens matter."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.BPE()), **TOKENS
    )


def make_cases() -> list[dict[str, object]]:
    """Lay out every conversation by every template.

    Returns
    -------
    list of dict
        Names of template and conversation, options, and `text`, or `error`
        true.
    """
    tokenizer = make_tokenizer()
    cases: list[dict[str, object]] = []
    for style, name, prompt, variables in itertools.product(
        STYLES, CONVERSATIONS, (False, True), VARIABLES
    ):
        case: dict[str, object] = {
            "template": style,
            "conversation": name,
            "add_generation_prompt": prompt,
            "variables": variables,
        }
        try:
            case["text"] = tokenizer.apply_chat_template(
                CONVERSATIONS[name],
                chat_template=STYLES[style],
                add_generation_prompt=prompt,
                tokenize=False,
                **variables,
            )
        except Exception:  # of jinja2, or Python's own from within
            case["error"] = True
        cases.append(case)
    return cases


def main() -> None:
    """Write the golden file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    args = parser.parse_args()
    cases = make_cases()
    write_json(
        args.out,
        {
            "tokens": TOKENS,
            "templates": STYLES,
            "conversations": CONVERSATIONS,
            "cases": cases,
        },
    )
    errors = sum("error" in case for case in cases)
    print(f"{len(cases)} cases, {errors} of them errors")


if __name__ == "__main__":
    main()
