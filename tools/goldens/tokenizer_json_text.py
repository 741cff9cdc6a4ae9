"""The corpus of the tokenizer.json goldens: 1,000 strings.

The 500 of `awkward_text` come first. Families of strings follow that are made
from tables (every kind of digit, of white space, of script), then random
mixes. Code points are taken as numbers and not from the tables of this
Python, so that its Unicode version changes nothing.
"""

import itertools
import random

from awkward_text import (
    NOT_QUITE_SPACE,
    WHITESPACE,
    corpus,
    random_string,
)

SIZE = 1000
SEED = 20240305

# First digit of every decimal system (Nd), Unicode 16 and 17 included.
DIGIT_ZEROS = (
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66,
    0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040,
    0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0,
    0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730,
    0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11DE0, 0x11F50,
    0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1E140,
    0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
)  # fmt: skip

# Runs of numbers that are no decimal digits (Nl, No).
OTHER_NUMBERS = (
    0x00B2, 0x00BC, 0x09F4, 0x0B72, 0x0BF0, 0x0C78, 0x0D58, 0x0D70, 0x0F2A,
    0x1369, 0x16EE, 0x17F0, 0x19DA, 0x2070, 0x2080, 0x2150, 0x2160, 0x2185,
    0x2460, 0x24EA, 0x2776, 0x2CFD, 0x3007, 0x3021, 0x3192, 0x3220, 0x3248,
    0x3251, 0x3280, 0xA6E6, 0xA830, 0x10107, 0x10140, 0x102E1, 0x10320,
    0x103D1, 0x10858, 0x109BC, 0x10E60, 0x11052, 0x111E1, 0x12400, 0x16B5B,
    0x16E80, 0x16FF4, 0x1D2C0, 0x1D360, 0x1E8C7, 0x1EC71, 0x1ED01, 0x1F100,
)  # fmt: skip

# Where scripts begin; eight code points a script, assigned or not.
SCRIPT_STARTS = (
    0x0041, 0x00C0, 0x0100, 0x0180, 0x0250, 0x02B0, 0x0391, 0x0410, 0x0460,
    0x0531, 0x05D0, 0x0621, 0x0671, 0x0710, 0x0780, 0x07CA, 0x0800, 0x0840,
    0x08A0, 0x0905, 0x0985, 0x0A05, 0x0A85, 0x0B05, 0x0B85, 0x0C05, 0x0C85,
    0x0D05, 0x0D85, 0x0E01, 0x0E81, 0x0F40, 0x1000, 0x10A0, 0x10D0, 0x1100,
    0x1200, 0x13A0, 0x1401, 0x1681, 0x16A0, 0x1700, 0x1780, 0x1820, 0x1900,
    0x1950, 0x1980, 0x1A00, 0x1A20, 0x1B05, 0x1B83, 0x1C00, 0x1C5A, 0x1E00,
    0x1F00, 0x2C00, 0x2C80, 0x2D00, 0x2D30, 0x3041, 0x30A1, 0x3105, 0x3131,
    0x4E00, 0xA000, 0xA4D0, 0xA500, 0xA640, 0xA6A0, 0xA722, 0xA800, 0xA840,
    0xA882, 0xA90A, 0xA930, 0xA984, 0xAA00, 0xAA80, 0xABC0, 0xAC00, 0xFB00,
    0xFB50, 0xFE70, 0xFF21, 0xFF66, 0x10000, 0x10280, 0x102A0, 0x10300,
    0x10330, 0x10350, 0x10380, 0x103A0, 0x10400, 0x10450, 0x10480, 0x104B0,
    0x10500, 0x10530, 0x10570, 0x105C0, 0x10600, 0x10800, 0x10840, 0x10860,
    0x108E0, 0x10900, 0x10920, 0x10980, 0x10A00, 0x10A60, 0x10AC0, 0x10B00,
    0x10C00, 0x10C80, 0x10D00, 0x10D4A, 0x10E80, 0x10F00, 0x10F70, 0x10FB0,
    0x11005, 0x11083, 0x110D0, 0x11103, 0x11183, 0x11200, 0x11280, 0x11305,
    0x11380, 0x11400, 0x11480, 0x11580, 0x11600, 0x11680, 0x11700, 0x11800,
    0x118A0, 0x11900, 0x119A0, 0x11A0B, 0x11A5C, 0x11AC0, 0x11BC0, 0x11C00,
    0x11C72, 0x11D00, 0x11D60, 0x11DB0, 0x11EE0, 0x11F04, 0x12000, 0x13000,
    0x13460, 0x14400, 0x16100, 0x16800, 0x16A40, 0x16A70, 0x16AD0, 0x16B00,
    0x16D40, 0x16E40, 0x16EA0, 0x16F00, 0x17000, 0x18800, 0x18B00, 0x1B000,
    0x1B170, 0x1BC00, 0x1D400, 0x1DF00, 0x1E100, 0x1E290, 0x1E2C0, 0x1E4D0,
    0x1E5D0, 0x1E6C0, 0x1E7E0, 0x1E800, 0x1E900, 0x1EE00, 0x20000, 0x2A700,
    0x2B740, 0x2CEB0, 0x2F800, 0x30000, 0x31350, 0x323B0,
)  # fmt: skip

# Unassigned, private, noncharacters, tags, variation selectors.
NO_CHARACTERS = (
    0x0378, 0x0530, 0x061C, 0x06DD, 0x085F, 0x0984, 0x0A50, 0x180E, 0x1AFF,
    0x1CFF, 0x20C1, 0x2427, 0x2FE0, 0x2FF0, 0x9FFF, 0xA4C7, 0xD7FF, 0xE000,
    0xF8FF, 0xFDD0, 0xFDEF, 0xFE00, 0xFE0F, 0xFFF9, 0xFFFD, 0xFFFE, 0xFFFF,
    0x1000C, 0x1018F, 0x12FFF, 0x1A000, 0x1CC00, 0x1D455, 0x1F0C0, 0x1FFFE,
    0x2FFFF, 0x323AF, 0x40000, 0xE0001, 0xE0041, 0xE007F, 0xE0100, 0xE01EF,
    0xF0000, 0x10FFFE, 0x10FFFF,
)  # fmt: skip

MARKS = "\u0300\u0301\u0308\u0327\u0345\u05b0\u064b\u093c\u0e48\u20dd\u3099"
BASES = "aeIoN<=1 \n\u00e9\u03b1\u05d0\u0915\u304b\u1100\uac00\U0001f600"
PEOPLE = ("\U0001f468", "\U0001f469", "\U0001f9d1")
TONES = ("", "\U0001f3fb", "\U0001f3fd", "\U0001f3ff")
OBJECTS = ("\U0001f4bb", "\U0001f680", "\u2695\ufe0f", "\u2764\ufe0f", "\u2640")
SHORT_FORMS = ("s", "t", "re", "ve", "m", "ll", "d")
# As they stand in the real vocabularies that the goldens are made with.
SPECIALS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "<|reserved_special_token_1|>",
    "<think>",
    "</think>",
    "<tool_call>",
    "<|fim_prefix|>",
    "<repo_name>",
    "<jupyter_code>",
)
AROUND = (
    "a {} b",
    "  {}  ",
    "\n{}\n",
    "x{}y{}z",
    "{}{} {}",
    "1{}2",
    "'s{}'s {}s",
    "\u00e9{}\u0301",
    "\t{}\u00a0{}\u3000",
    "({}), [{}].",
)
URLS = (
    "https://en.wikipedia.org/wiki/Residual_neural_network#History",
    "http://localhost:8080/a?b=1&b=2;c=%E2%82%AC#top",
    "HTTPS://EXAMPLE.COM/INDEX.HTML",
    "//cdn.example.net/x.min.js?v=1.2.3",
    "mailto:first.last+tag@sub.example.co.uk",
    "git@host.example:org/repo.git",
    "s3://bucket/key/part-00000-of-00010.parquet",
    "data:text/plain;base64,SGVsbG8sIHdvcmxkIQ==",
    "xn--bcher-kva.example b\u00fccher.example",
    "doi:10.1000/182 arXiv:2303.08112v4",
    "file:///C:/Program%20Files/x.txt",
    "tel:+49-30-901820 sms:12345",
    "www.example.com/~user/?q=a+b",
    '[link](https://example.org "title") ![img](./a_b.png)',
    "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a",
)
CODE = (
    'fn main() {\n    println!("{:?}", v.iter().map(|x| x+1));\n}\n',
    "template <typename T>\nauto f(T&& t) -> decltype(t()) { return t(); }",
    "x = [i**2 for i in range(10) if i % 2 == 0]\n",
    "class A:\n\tdef __init__(self, *, b=None):\n\t\tself.b = b\n",
    "const f = async (a, ...b) => `${a} ${b?.c ?? 'd'}`;\n",
    "int *p = &a[0], **q = &p; *(*q)++ = 0xFFul;",
    'for f in *.txt; do\n  mv -- "$f" "${f%.txt}.md"\ndone\n',
    "<div id='a'>\r\n  <p>&lt;&amp;</p>\r\n</div>\r\n",
    '{\n  "a": [1, 2, {"b": null}],\n  "c": -1.5e+10\n}',
    "a:\n  - b: |\n      text\n  - c: >-\n      more\n",
    "SELECT a.*, COUNT(*) FROM b AS a GROUP BY 1 HAVING COUNT(*) > 1;",
    "\\begin{align}\n  x &= \\sum_{i=0}^{n} a_i \\\\\n\\end{align}",
    "%macro f(x, y);\n  %put &x..&y;\n%mend;",
    "(defun fact (n) (if (<= n 1) 1 (* n (fact (- n 1)))))",
    'main = do { x <- getLine; putStrLn $ "hi " ++ x }',
    "@decorator\nasync def f() -> dict[str, int]: ...\n\n\n\n",
    "if (a && !b || c ^ d & ~e) { return a<<2 >>> 3; } // 1\n/* 2 */",
    "0b1010_1010 0o17 0xDEAD_BEEF 1_000_000 1e-9f .5L",
    "\t\t\tdeep\n\t\tless\n\tleast\n\n\n\t\n \t \n",
    "diff --git a/x b/x\n@@ -1,2 +1,2 @@\n-old\n+new\n",
    '#!/bin/sh\nset -eu\n: "${X:=1}"\n',
    'val x: Int? = null // kotlin\nlet y: &\'a str = "b";\n',
    "|a|b|\n|:-|-:|\n|`x`|**y**|\n",
    "/^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$/gi",
    'printf("%5.2f%%\\n", 100.0 * x / y);\r\n',
)
LONG_WORDS = (
    "Rindfleischetikettierungs\u00fcberwachungsaufgaben\u00fcbertragungsgesetz",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    "\u0447\u0435\u043b\u043e\u0432\u0435\u043a\u043e" * 12,
    "antidisestablishmentarianism" * 5,
    "\u0e01\u0e23\u0e38\u0e07\u0e40\u0e17\u0e1e\u0e21\u0e2b\u0e32" * 8,
    "\u3042\u3044\u3046\u3048\u304a" * 20,
    "\uac00\ub098\ub2e4\ub77c" * 20,
    "xY" * 120,
    "a1" * 90,
    "\u0915\u094d" * 60,
    "e\u0301" * 60,
    "_a" * 80,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 10,
    "0123456789" * 20,
    "\n" * 100,
    "\r\n" * 50,
    " \n" * 50,
    "!?" * 70,
    "\xa0" * 40,
    "\u200b" * 30,
    "'" * 60,
    "'s" * 50,
    "<|" * 50,
    "<|endoftext|>" * 12,
)


def _groups(items: list[str], count: int) -> list[list[str]]:
    """Cut `items` in groups of `count`."""
    return [items[i : i + count] for i in range(0, len(items), count)]


def _digits() -> list[str]:
    """Give digits of all kinds, alone and among letters."""
    decimal = [
        f"x{chr(zero)}{chr(zero + 1)} {chr(zero + 9)}{chr(zero + 3)}5"
        for zero in DIGIT_ZEROS
    ]
    other = [
        f"{chr(first)}{chr(first + 1)}{chr(first + 2)}7"
        for first in OTHER_NUMBERS
    ]
    return [
        *("; ".join(group) for group in _groups(decimal, 3)),
        *(" ".join(group) for group in _groups(other, 4)),
    ]


def _spaces() -> list[str]:
    """Give every white space, and what looks like it, in runs."""
    out = []
    for space in WHITESPACE + NOT_QUITE_SPACE:
        out.append(f"a{space}b {space}{space}c{space} {space}\n{space}1{space}")
        out.append(f" {space}{space} x{space}!{space}\r\n{space} ")
    return out


def _scripts() -> list[str]:
    """Give words in the scripts of the world, assigned code points or not."""
    words = []
    for first in SCRIPT_STARTS:
        letters = [chr(first + step) for step in range(8)]
        words.append("".join(letters[:5]) + " " + "".join(letters[5:]))
    return [", ".join(group) for group in _groups(words, 3)]


def _marks() -> list[str]:
    """Give every base with every mark, and marks in both orders."""
    out = ["".join(base + mark for base in BASES) for mark in MARKS]
    for one, two in itertools.pairwise(MARKS):
        out.append(f"a{one}{two} a{two}{one} \u00e9{two}{one}{one}")
    return out


def _emoji() -> list[str]:
    """Give sequences of people, tones and things."""
    out = []
    for person in PEOPLE:
        for tone in TONES:
            joined = [f"{person}{tone}\u200d{thing}" for thing in OBJECTS]
            out.append(f"{person}{tone} {joined[0]}{''.join(joined[1:])}!")
    flags = [chr(0x1F1E6 + i) + chr(0x1F1E6 + (i * 7) % 26) for i in range(26)]
    out.append("".join(flags))
    out.append("".join(f"{i}\ufe0f\u20e3" for i in range(10)))
    return out


def _short_forms() -> list[str]:
    """Give contractions in every case, with U+017F for s as well."""
    out = []
    for form in SHORT_FORMS:
        cases = [form, form.upper(), form.capitalize(), form[:-1] + "\u017f"]
        for quote in ("'", "\u2019"):
            words = [f"we{quote}{case}" for case in cases]
            tight = "".join(f"{quote}{case}x" for case in cases)
            out.append(
                f"{' '.join(words)} {tight} {quote}\n{form} 1{quote}{form}"
            )
    return out


def _odd() -> list[str]:
    """Give controls inside of words, and code points that are no character."""
    controls = [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0))]
    odd = [chr(c) for c in NO_CHARACTERS]
    return [
        *(
            "a".join(group) + " 1 " + "".join(group)
            for group in _groups(controls, 8)
        ),
        *("b".join(group) + " " + " ".join(group) for group in _groups(odd, 6)),
    ]


def _specials() -> list[str]:
    """Give special tokens inside of text, and broken ones."""
    out = []
    for index, token in enumerate(SPECIALS):
        for step in range(5):
            frame = AROUND[(index * 3 + step * 2 + index // 5) % len(AROUND)]
            out.append(frame.replace("{}", token))
        out.append(f"{token[:-1]} {token[1:]} <{token}> {token.upper()}")
    return out


def json_corpus() -> list[str]:
    """Give the corpus: curated, made from tables, random.

    Returns
    -------
    list of str
        `SIZE` different strings, the same ones on every call.
    """
    strings = list(
        dict.fromkeys(
            [
                *corpus(),
                *_digits(),
                *_spaces(),
                *_scripts(),
                *_marks(),
                *_emoji(),
                *_short_forms(),
                *_odd(),
                *_specials(),
                *URLS,
                *CODE,
                *LONG_WORDS,
            ]
        )
    )
    source = random.Random(SEED)
    while len(strings) < SIZE:
        text = random_string(source)
        if text not in strings:
            strings.append(text)
    if len(strings) != SIZE:
        raise ValueError(f"{len(strings)} strings, not {SIZE}")
    return strings
