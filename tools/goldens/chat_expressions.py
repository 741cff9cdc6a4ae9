"""Expressions and small templates with what jinja2 makes of them.

In the environment that transformers sets up for chat templates. Every filter,
method and test meets values of every type; what is kept of them is drawn by a
fixed seed. Left out: what prints an address in memory.
"""

import argparse
import copy
import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from golden_file import write_json
from transformers.utils import chat_template_utils

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/chat/expressions.json"
SEED = 20251130
KEPT = 1200


def words(text: str) -> list[str]:
    """Return what stands between blanks."""
    return text.split()


# The moment that strftime_now tells.
NOW = datetime(2025, 7, 4, 15, 6, 7)

VALUES: dict[str, Any] = {
    "s": "Hello World",
    "e": "",
    "u": "\u00c4\u00d6 stra\u00dfe \u65e5\u672c \u00e9",
    "w": " \t x y \n",
    "q": 'it\'s "q" \\ \n <&>',
    "i": 7,
    "z": 0,
    "n": -3,
    "f": 2.5,
    "t": True,
    "no": None,
    "l": [3, 1, 2],
    "ls": ["b", "A", "c", "a"],
    "d": {"k": "v", "n": 1, "x": {"y": [1, {"z": "q"}]}},
    "m": [
        {"role": "user", "content": "hi", "n": 2},
        {"role": "assistant", "content": "yo", "n": 1},
        {"role": "user", "content": None, "n": 3},
    ],
}
NAMES = [*VALUES, "undef", "(1, 'a')", "[]", "{}", "1e20", "(range(4)|list)"]

FILTERS = words(
    """trim upper lower title capitalize length list first last string int
float abs sort unique|list reverse|list tojson join sum min max items|list
dictsort escape wordcount round d('y',true) indent tojson(indent=2)
tojson(sort_keys=true) tojson(ensure_ascii=true) center(14) batch(2)|list
slice(2)|list map('string')|join('-') select|list reject|list
map(attribute='n')|list map(attribute='role')|join(',') selectattr('n')|list
selectattr('role','equalto','user')|list select('string')|list
select('>',1)|list sort(reverse=true) sort(attribute='n') d('x')
sort(case_sensitive=true) dictsort(by='value') min(attribute='n')
sum(attribute='n') trim('Hd_') replace('l','L') replace('l','L',1)
replace('','-') int(5) float(1.5) indent(2,true)
indent('>',first=true,blank=true) round(1) round(0,'floor') round(1,'ceil')
format('a') tojson(separators=(',',':')) attr('nope')"""
)

METHODS = words(
    """strip() lstrip() rstrip() strip('Hd') upper() lower() title()
capitalize() split() split('o') split('o',1) rsplit('l',1) split(none,1)
splitlines() splitlines(true) startswith('H') endswith(('x','d')) find('o')
rfind('o') find('o',5) find('o',-3) count('l') replace('o','0',1) isdigit()
isalpha() isupper() islower() isspace() isalnum() join(ls) removeprefix('He')
removesuffix('ld') partition('o') rpartition('l') zfill(14) ljust(13,'*')
rjust(13) center(15,'-') swapcase() index('o') get('k') get('zz') get('zz',5)
items()|list keys()|list values()|list append(1) update({}) pop() index(1)
count(1) format(1,b='c') istitle() isascii() role x.y[1].z nope
__class__"""
)

TESTS = words(
    """defined undefined none string number integer float boolean true false
mapping sequence iterable callable odd even lower upper divisibleby(3) in(ls)
in([1,2,7]) eq(7) equalto('v') gt(1) lt(3) ge(2) le(2) sameas(none)"""
)

OPERATORS = words("+ - * / // % ** ~ == != < <= > >= in and or")

INDICES = words("0 -1 1 5 1: :2 -2: ::-1 ::2 1::-1 'k' 'role' i")

# Blanks, blocks, scopes and functions.
TEMPLATES = [
    "a\n{% if t %}\n  b\n{% endif %}\n c",
    "a\n  {%- if t -%}  \n b {%- endif +%}\n c\n",
    "  {% if t %} x {% endif %}  \n\n",
    "  {%+ if t %} x {% endif +%}\n\n",
    "{# c #}\n x {#- d -#} \n y",
    "{% raw %}{{ x }}{% endraw %}\n{%- raw -%} {% y %} {%- endraw -%} z",
    "{{ 'a' 'b' }}{{ \"\\u00e9\\x41\\101\\q\\n\" }}",
    "{{ 0x1F + 0b11 + 1_000 }} {{ 1.5e3 }} {{ 7.0 }} {{ 1e-7 }} {{ 1e16 }}",
    "{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 2 ** -1 }}",
    "{{ 1 + 2 ~ 3 + 4 }} {{ -2 ** 2 }} {{ -3|abs }} {{ not t == false }}",
    "{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 if undef }} {{ 1 if z else 2 }}",
    "{{ 'x' if t else 'y' if z else 'w' }} {{ t and 3 or 4 }}",
    "{% for a in l %}{{ loop.index }}{{ loop.revindex0 }}{{ loop.last }};"
    "{% else %}none{% endfor %}",
    "{% for a in [] %}x{% else %}none{% endfor %}{{ loop }}",
    "{% for a in l if a > 1 %}{{ loop.index }}/{{ loop.length }} {% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for a in l %}{{ loop.previtem }}<{{ a }}>{{ loop.nextitem }}"
    "{{ loop.changed(a > 1) }}{{ loop.cycle('x', 'y') }}{% endfor %}",
    "{% for a in l %}{% if a == 1 %}{% continue %}{% endif %}{{ a }}"
    "{% endfor %}{% for a in l %}{% if a == 1 %}{% break %}{% endif %}{{ a }}"
    "{% endfor %}",
    "{% for a in l %}{% for b in l %}{{ loop.index }}{% endfor %}"
    "{{ loop.index }};{% endfor %}",
    "{% set p = 1 %}{% for a in l %}{% set p = a %}{{ p }}{% endfor %}{{ p }}",
    "{% set ns = namespace(c=0, v='x') %}{% for a in l %}{% set ns.c = ns.c + "
    "a %}{% endfor %}{{ ns.c }}{{ ns.v }}{{ ns.w is defined }}{{ ns }}",
    "{% set a, b = (1, 2) %}{{ a }}{{ b }}{% set c = 1, 2 %}{{ c }}",
    "{% set p %} x {{ s }} {% endset %}[{{ p }}]"
    "{% set p | trim | upper %} x {% endset %}[{{ p }}]",
    "{% macro f(a, b=2, c=b) %}{{ a }}-{{ b }}-{{ c }};{% endmacro %}"
    "{{ f(1) }}{{ f(1, 3) }}{{ f(b=5, a=4) }}{{ f() }}{{ f(*l) }}"
    "{{ f(**{'a': 8}) }}",
    "{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, x=2) }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}",
    "{% macro f() %}<{{ caller('y') }}>{% endmacro %}"
    "{% call(x) f() %}{{ x }}{{ s }}{% endcall %}",
    "{% macro f() %}{{ p }}{% endmacro %}{% set p = 3 %}{{ f() }}{{ f.name }}",
    "{% macro f(n) %}{{ n }}{{ f(n - 1) if n > 0 }}{% endmacro %}{{ f(3) }}",
    "{% filter upper %}a{{ s }}{% endfilter %}"
    "{% filter replace('a', 'b')|trim %} aa {% endfilter %}",
    "{% with a = 1, b = s %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    "{% generation %}{{ s }}{% set p = 1 %}{% endgeneration %}{{ p }}",
    "{% if undef %}1{% elif e %}2{% elif l %}3{% else %}4{% endif %}",
    "{% print s, i %}",
    "{{ strftime_now('%d %b %Y %H:%M:%S %j') }}",
    "{{ dict(a=1, b=[2]) }}{{ dict([('x', 1)])|tojson }}",
    "{{ range(5)|list }}{{ range(1, 9, 3)|list }}{{ range(3, 0, -1)|list }}",
    "{{ raise_exception('no') }}",
    "{{ raise_exception('no') if undef else 'yes' }}",
    "{{ '%s-%5.2f|%-4d|%04d|%x|%%' % (s, f, i, n, i) }}",
    "{{ '%(a)s' % {'a': 1} }}{{ '%s' % i }}{{ '%r' % s }}",
    "{{ '{} {0}'.format(1) }}",
    "{{ '{}-{:>5}-{x:.2f}-{{}}'.format(s, i, x=f) }}",
    "{{ undef.x }}",
    "{{ undef ~ 'x' }}{{ undef|length }}{{ undef == undef2 }}{{ x in undef }}",
    "{{ undef + 1 }}",
    "{{ none + 1 }}",
    "{{ m[0].content.upper() }}{{ m[0]['content'][0] }}{{ m.0.role }}",
    "{{ d.items }}",
    "{{ {'a': 1, 'b': {'c': none}} }}{{ [true, 1.0, 'x\"y'] }}{{ (1,) }}",
    "{{ 'a' in d }}{{ 'k' in d }}{{ 'lo' in s }}{{ 3 not in l }}",
    "{{ x|default('y') }}{{ e|default('y') }}{{ e|default('y', true) }}",
    "{{ 9223372036854775807 }}",
    "{% set x = {'k': 1} %}{{ x['k'] }}{{ x.k }}{{ x.get('k') }}",
    "{{ 1 is odd }}{{ s is not none }}{{ i is divisibleby 7 }}",
    "{% for a in 5 %}{% endfor %}",
    "{{ s(1) }}",
    "{{ nofunction(1) }}",
    "{% set l.x = 1 %}",
    "{{ 1 / 0 }}",
    "{{ s|nofilter }}",
    "{{ s is notest }}",
    "{% nothing %}",
    "{{ s",
    "{% if t %}",
    "{{ 1 + }}",
    "{{ a b }}",
]


def make_expressions() -> Iterator[str]:
    """Yield every expression that one may keep."""
    for name in NAMES:
        yield from (f"{name}|{what}" for what in FILTERS)
        yield from (f"({name}).{what}" for what in METHODS)
        yield from (f"{name} is {what}" for what in TESTS)
        yield from (f"{name}[{what}]" for what in INDICES)
        for other in NAMES:
            yield from (f"{name} {what} {other}" for what in OPERATORS)


class FrozenTime(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: object = None) -> "FrozenTime":
        """Return the moment of the goldens."""
        return cls(*NOW.timetuple()[:6])


def render(template: str) -> str | None:
    """Render `template`; none where it is an error."""
    try:
        compiled = chat_template_utils._compile_jinja_template(template)
        # Some filters change lists in place.
        return compiled.render(**copy.deepcopy(VALUES))
    except Exception:  # of jinja2, or Python's own from within
        return None


def main() -> None:
    """Write the golden file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    args = parser.parse_args()
    chat_template_utils.datetime = FrozenTime
    expressions = list(make_expressions())
    random.Random(SEED).shuffle(expressions)
    templates = TEMPLATES + [
        "{{ " + expression + " }}" for expression in expressions[: 2 * KEPT]
    ]

    cases, errors = [], 0
    for template in templates:
        text = render(template)
        if text is not None and " at 0x" in text:
            continue
        errors += text is None
        if text is None and errors > KEPT // 8:
            continue
        cases.append([template, text])
        if len(cases) == KEPT:
            break
    write_json(args.out, {"values": VALUES, "cases": cases})
    print(f"{len(cases)} cases, {sum(c[1] is None for c in cases)} errors")


if __name__ == "__main__":
    main()
