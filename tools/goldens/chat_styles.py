"""Chat templates of the styles that models come with, written for tests.

None is a model's own; together they use what those use: loops and their
variables, namespaces, macros, slices, filters, dates, tools, exceptions.
"""

# Name to template. What the styles are of is told by the names.
STYLES: dict[str, str] = {
    "chatml": (
        "{% for message in messages %}"
        "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + "
        "'<|im_end|>' + '\\n'}}"
        "{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
        "{% endif %}"
    ),
    "chatml_default_system": (
        "{% for m in messages %}"
        "{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\\nBe of help.<|im_end|>\\n' }}{% endif %}"
        "{{ '<|im_start|>' ~ m.role ~ '\\n' ~ m.content ~ '<|im_end|>\\n' }}"
        "{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
        "{% endif %}"
    ),
    "headers_with_dates": """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = "04 Jul 2025" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|header|>system<|end_header|>\\n\\n" }}
{{- "Knowledge ends: long ago\\n" }}
{{- "Today: " + date_string + "\\n\\n" }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|end|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|header|>' + message['role'] + '<|end_header|>\\n\\n' }}
        {{- message['content'] | trim + '<|end|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One call at a time!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|header|>assistant<|end_header|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|end|>" }}
    {%- else %}
        {{- "<|header|>tool<|end_header|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|end|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|header|>assistant<|end_header|>\\n\\n' }}
{%- endif %}
""",
    "content_with_bos": (
        "{% set loop_messages = messages %}"
        "{% for message in loop_messages %}"
        "{% set content = '<|start|>' + message['role'] + '<|/start|>\\n\\n' + "
        "message['content'] | trim + '<|eot|>' %}"
        "{% if loop.index0 == 0 %}{% set content = bos_token + content %}"
        "{% endif %}{{ content }}{% endfor %}"
        "{% if add_generation_prompt %}"
        "{{ '<|start|>assistant<|/start|>\\n\\n' }}{% endif %}"
    ),
    "roles_renamed": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
    {%- else -%}
        {%- set first = messages[0]['content'][0] -%}
        {%- set first_user_prefix = first['text'] + '\\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Roles must alternate user/assistant/user") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '</turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<turn>model\\n'}}
{%- endif -%}
""",
    "instructions": (
        "{% if messages[0]['role'] == 'system' %}"
        "{% set loop_messages = messages[1:] %}"
        "{% set system_message = messages[0]['content'] %}"
        "{% else %}{% set loop_messages = messages %}"
        "{% set system_message = false %}{% endif %}"
        "{% for message in loop_messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Roles must alternate user/assistant!') }}"
        "{% endif %}"
        "{% if loop.index0 == 0 and system_message != false %}"
        "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' "
        "+ message['content'] %}"
        "{% else %}{% set content = message['content'] %}{% endif %}"
        "{% if message['role'] == 'user' %}"
        "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
        "{% elif message['role'] == 'assistant' %}"
        "{{ ' '  + content.strip() + ' ' + eos_token }}"
        "{% endif %}{% endfor %}"
    ),
    "instructions_with_tools": """{%- set ns = namespace(index=0, last=-1) %}
{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") \
| list %}
{%- for m in loop_messages | rejectattr("tool_calls", "defined") %}
    {%- if m["role"] in ["user", "assistant"] %}
        {%- if (m["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, roles must \
alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + \
"[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if tool_call.id|length != 9 %}
                {{- raise_exception("Ids have 9 characters!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- else %}
                {{- "]" + eos_token }}
            {%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is \
defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[RESULTS] {"content": ' + content|string + "}[/RESULTS]" }}
    {%- else %}
        {{- raise_exception("Only user, assistant and tool roles!") }}
    {%- endif %}
{%- endfor %}
""",
    "thoughts_split": """{%- set ns = namespace(multi_step=true, \
last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step and message.role == "user" and not(\
message.content.startswith('<result>') and \
message.content.endswith('</result>')) %}
        {%- set ns.multi_step = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not \
loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + \
'<|im_end|>' + '\\n' }}
    {%- elif message.role == "system" %}
        {{- '<|im_start|>system\\n' + message.content + '<|im_end|>\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set content = message.content or '' %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is defined and \
message.reasoning_content is not none %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- set reasoning_content = message.content.split('</think>')[0]\
.rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or \
reasoning_content) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + \
reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls or [] %}
            {%- if (loop.first and content) or (not loop.first) %}
                {{- '\\n' }}
            {%- endif %}
            {%- if tool_call.function %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '<call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {%- if tool_call.arguments is string %}
                {{- tool_call.arguments }}
            {%- else %}
                {{- tool_call.arguments | tojson }}
            {%- endif %}
            {{- '}\\n</call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<result>\\n' }}
        {{- message.content }}
        {{- '\\n</result>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    "prompt_inside_the_loop": (
        "{% for message in messages %}\n"
        "{% if message['role'] == 'user' %}\n"
        "{{ '<|user|>\\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'system' %}\n"
        "{{ '<|system|>\\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'assistant' %}\n"
        "{{ '<|assistant|>\\n'  + message['content'] + eos_token }}\n"
        "{% endif %}\n"
        "{% if loop.last and add_generation_prompt %}\n"
        "{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
    ),
    "macros": """{%- macro to_type(spec) -%}
    {%- if spec.type == "array" -%}
        {{- "list[" + to_type(spec["items"]) + "]" -}}
    {%- elif spec.type is not string and spec.type is iterable -%}
        {{- spec.type | join(" | ") -}}
    {%- elif spec.properties is defined -%}
        {{- "{" -}}
        {%- for k, v in spec.properties | dictsort -%}
            {{- k ~ ": " ~ to_type(v) -}}
            {%- if k in spec.get("required", []) %} required{% endif -%}
            {%- if not loop.last %}, {% endif -%}
        {%- endfor -%}
        {{- "}" -}}
    {%- else -%}
        {{- spec.type | default("any") -}}
    {%- endif -%}
{%- endmacro -%}
{%- macro section(title, level=1) -%}
    {{ "#" * level }} {{ title | title }}

    {{ caller() }}
{% endmacro -%}
{%- if tools -%}
    {%- call section("available tools") -%}
        {%- for tool in tools | map(attribute="function") -%}
            - {{ tool.name }}({{ to_type(tool.parameters) }}): \
{{ tool.description | replace("\\n", " ") | e }}
        {% endfor -%}
    {%- endcall -%}
{%- endif -%}
{%- for message in messages -%}
    {%- set text -%}
        {%- if message.content is string -%}
            {{- message.content -}}
        {%- else -%}
            {{- message.content | selectattr("type", "eq", "text") | \
map(attribute="text") | join("\\n") -}}
        {%- endif -%}
    {%- endset -%}
    {%- filter trim -%}
        {{ message.role | upper }}{{ ":" if text else "" }} {{ text }}
    {%- endfilter -%}
    {{- "\\n" if not loop.last -}}
{%- endfor -%}
{%- if add_generation_prompt %}

ASSISTANT:
{%- endif -%}
""",
    "index_loop": """{%- for i in range(messages|length) %}
{%- set m = messages[i] %}
{%- if i > 0 and messages[i - 1].role == m.role %}{{ "\\n" }}{% endif %}
{{- "### " + m.role[0]|upper + m.role[1:] + ":\\n" + m.content + "\\n\\n" }}
{%- endfor %}
{%- if add_generation_prompt %}### Assistant:
{% endif %}""",
    "loop_controls": """{%- for m in messages %}
{%- if m.role == "developer" %}{% continue %}{% endif %}
{%- if m.content == "STOP" %}{% break %}{% endif %}
{%- if loop.previtem is defined and loop.previtem.role == m.role %}
    {{- "+" }}
{%- endif %}
{{- loop.cycle("a", "b") }}|{{ m.role }}|
{%- generation %}{{ m.content|string|lower }}{% endgeneration %}
{{- "\\n" }}
{%- else %}
    {{- "nobody" }}
{%- endfor %}
{%- raw %}{{ literal }}{% endraw %}
{#- a comment -#}
{%- with note = messages|map(attribute="role")|unique|join("/") %}
[{{ note }}]
{%- endwith %}
{%- if add_generation_prompt %}{{ "\\n>" }}{% endif %}""",
    "documents": """{{ bos_token }}{% if documents %}
{% for d in documents %}
Document: {{ loop.index0 }}
{% for key, value in d.items() %}
{{ key | capitalize }}: {{ value }}
{% endfor %}
{% endfor %}
{% endif %}
{% for message in messages %}
{% if message.role == 'system' %}
<<{{ message.content }}>>
{% else %}
{{ message.role }}> {{ message.content }}
{% endif %}
{% endfor %}
{% if add_generation_prompt %}assistant> {% endif %}""",
}

_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": 'The weather\n<now> & "later"',
        "parameters": {
            "type": "object",
            "properties": {
                "city": {
                    "type": "string",
                    "enum": ["Paris", "\u0141\u00f3d\u017a"],
                },
                "days": {"type": ["integer", "null"], "default": 3},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["city"],
        },
        "return": {"type": "string"},
    },
}
TOOLS = [_WEATHER]

_CALL = {
    "id": "abcdef123",
    "type": "function",
    "function": {
        "name": "get_weather",
        "arguments": {
            "city": "Paris \u00e9",
            "days": 2,
            "deep": [1, 2.5, None],
        },
    },
}

# Name to messages.
CONVERSATIONS: dict[str, list[dict[str, object]]] = {
    "one": [{"role": "user", "content": "Hello"}],
    "system": [
        {"role": "system", "content": "You are a pirate. \n"},
        {"role": "user", "content": " Hi there\n"},
    ],
    "answered": [
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "2"},
    ],
    "long": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "q1"},
        {"role": "assistant", "content": " a1 "},
        {"role": "user", "content": "q2 <|im_end|> [INST] {{ x }} \"q'"},
    ],
    "thinking": [
        {"role": "user", "content": "q1"},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nanswer"},
        {"role": "user", "content": "q2"},
        {"role": "assistant", "content": "so", "reasoning": "because"},
    ],
    "parts": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": " hello "},
                {"type": "image"},
                {
                    "type": "text",
                    "text": "\u65e5\u672c \U0001f469\u200d\U0001f467",
                },
            ],
        }
    ],
    "called": [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": None, "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": "abcdef123", "content": "sunny"},
        {"role": "assistant", "content": "It is sunny"},
        {"role": "user", "content": "thanks"},
    ],
    "twice": [
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "developer", "content": "c"},
        {"role": "user", "content": "STOP"},
    ],
}
