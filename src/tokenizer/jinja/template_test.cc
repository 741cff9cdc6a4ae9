#include "tokenizer/jinja/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testutil/golden_json.h"
#include "tokenizer/jinja/test_render.h"

namespace pellucid::jinja {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfTemplate;
using testutil::Rendered;

// Twelve hundred expressions and templates, by jinja2 itself
// (tools/goldens/chat_expressions.py).
TEST(TemplateTest, GivesWhatJinjaGives) {
  const simdjson::padded_string json =
      simdjson::padded_string::load(
          testutil::GoldenPath("chat/expressions.json"))
          .value();
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(json).value();
  const std::string values = simdjson::minify(root["values"].value());
  std::size_t texts = 0, errors = 0;
  for (const auto& entry : simdjson::dom::array(root["cases"].value())) {
    const std::string source(std::string_view(entry.at(0).value()));
    SCOPED_TRACE(source);
    const auto text = Rendered(source, values);
    std::string_view wanted;
    if (entry.at(1).get(wanted) != simdjson::SUCCESS) {
      EXPECT_FALSE(text.ok()) << *text;
      ++errors;
      continue;
    }
    ASSERT_TRUE(text.ok()) << text.error().message;
    EXPECT_EQ(*text, wanted);
    ++texts;
  }
  EXPECT_GT(texts, 800u);
  EXPECT_GT(errors, 100u);
}

TEST(TemplateTest, ErrorsNameTheLine) {
  EXPECT_EQ(
      ErrorOfTemplate("a\n{% if x %}\n{{ 1 + 'a' }}{% endif %}", R"({"x": 1})"),
      "line 3: unsupported operand types for +: 'int' and 'str'");
  EXPECT_EQ(ErrorOfTemplate("\n\n{{ x. }}"),
            "line 3: a name or a number is expected, not \"}}\"");
  EXPECT_EQ(ErrorOfTemplate("{{ x.y }}"), "line 1: 'x' is undefined");
}

TEST(TemplateTest, WhatATemplateRaisesIsAboutItsInput) {
  const auto text = Rendered("{{ raise_exception('no such role') }}");
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, ErrorCode::kUsage);
  EXPECT_EQ(text.error().message, "no such role");
  EXPECT_EQ(Rendered("{{ 1 / 0 }}").error().code, ErrorCode::kModel);
}

TEST(TemplateTest, WhatIsNotSupportedIsSaid) {
  for (const std::string source :
       {"{% extends 'a' %}", "{% include 'a' %}", "{% block a %}{% endblock %}",
        "{% for a in b recursive %}{% endfor %}"}) {
    EXPECT_THAT(ErrorOfTemplate(source), HasSubstr("not supported")) << source;
  }
}

TEST(TemplateTest, IntegersBeyond64BitsAreRefused) {
  EXPECT_THAT(ErrorOfTemplate("{{ 9223372036854775807 + 1 }}"),
              HasSubstr("64 bits"));
  EXPECT_THAT(ErrorOfTemplate("{{ 10 ** 30 }}"), HasSubstr("64 bits"));
  EXPECT_THAT(ErrorOfTemplate("{{ 9223372036854775808 }}"),
              HasSubstr("64 bits"));
  EXPECT_EQ(Rendered("{{ -9223372036854775807 - 1 }}").value(),
            "-9223372036854775808");
}

// What a template may use up is bounded: each of these ends at once.
TEST(TemplateTest, ATemplateWithoutAnEndIsStopped) {
  for (const std::string source : {
           "{% for a in range(99999) %}{% for b in range(99999) %}"
           "{% endfor %}{% endfor %}",
           "{{ 'a' * 9000000000 }}",
           "{{ [1] * 9000000000 }}",
           "{% set ns = namespace(s='ab') %}{% for a in range(99999) %}"
           "{% set ns.s = ns.s + ns.s %}{% endfor %}",
           "{% set ns = namespace(s='ab') %}{% for a in range(99999) %}"
           "{% set ns.s = ns.s.replace('', ns.s) %}{% endfor %}",
           "{{ 'a'.center(9000000000) }}",
           "{{ '%9000000000d' % 1 }}",
           "{{ 'a'|indent(9000000000) }}",
       }) {
    EXPECT_FALSE(Rendered(source).ok()) << source;
  }
  EXPECT_THAT(ErrorOfTemplate("{{ range(100001) }}"), HasSubstr("100000"));
}

TEST(TemplateTest, ATemplateThatIsTooDeepIsRefused) {
  const auto repeated = [](const std::string& text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
  };
  constexpr std::size_t kDeep = 100000;
  for (const std::string& source : {
           "{{ " + repeated("(", kDeep) + "1" + repeated(")", kDeep) + " }}",
           "{{ " + repeated("not ", kDeep) + "1 }}",
           "{{ " + repeated("-", kDeep) + "1 }}",
           "{{ 1" + repeated("+1", kDeep) + " }}",
           "{{ a" + repeated(".a", kDeep) + " }}",
           "{{ a" + repeated("|d", kDeep) + " }}",
           "{{ 1" + repeated(" if 1", kDeep) + " }}",
           repeated("{% if 1 %}", kDeep),
           std::string("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
           std::string("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}"),
           std::string("{% set ns = namespace(x=[]) %}"
                       "{% for a in range(9999) %}{% set ns.x = [ns.x] %}"
                       "{% endfor %}{{ ns.x }}"),
       }) {
    EXPECT_THAT(ErrorOfTemplate(source), HasSubstr("deep"))
        << source.substr(0, 40);
  }
}

// A namespace may hold itself, and what held `loop` may outlive it.
TEST(TemplateTest, ValuesThatHoldEachOtherAreFreed) {
  EXPECT_EQ(Rendered("{% set ns = namespace() %}{% set ns.x = [ns] %}"
                     "{% for a in [1, 2] %}{% set ns.l = loop %}{% endfor %}"
                     "{{ ns.l.index }}{{ ns.l.last }}")
                .value(),
            "2True");
}

TEST(TemplateTest, MarksFollowTheTextOfAMessage) {
  Heap heap;
  Text text("  hello  ");
  text.marks = {{0, 9, 7}};
  const auto rendering =
      Template::Parse("<{{ x | trim | replace('l', 'L') ~ '!' }}>{{ x[2:4] }}")
          .value()
          .Render({{"x", heap.Make(text)}}, testutil::GoldenTime(), heap);
  ASSERT_TRUE(rendering.ok());
  EXPECT_EQ(rendering->text.bytes, "<heLLo!>he");
  // The replaced letters are the template's own.
  EXPECT_THAT(
      rendering->text.marks,
      ::testing::ElementsAre(Mark{1, 3, 7}, Mark{5, 6, 7}, Mark{8, 10, 7}));
}

}  // namespace
}  // namespace pellucid::jinja
