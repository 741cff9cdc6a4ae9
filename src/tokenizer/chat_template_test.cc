#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

#include "pellucid/chat.h"
#include "testutil/golden_json.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kChatMl =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + "
    "'<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}";

ChatTemplate Parse(std::string_view source, ChatTokens tokens = {}) {
  return ChatTemplate::Parse(source, std::move(tokens), "m").value();
}

std::string ErrorOf(std::string_view source, std::string_view messages) {
  const auto text = Parse(source).Render(messages);
  return text.ok() ? "no error" : text.error().message;
}

// 13 styles of templates by apply_chat_template of transformers
// (tools/goldens/chat_templates.py).
TEST(ChatTemplateTest, GivesWhatTransformersGives) {
  const simdjson::padded_string json =
      simdjson::padded_string::load(testutil::GoldenPath("chat/templates.json"))
          .value();
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(json).value();
  ChatTokens tokens;
  for (const auto& [name, text] :
       simdjson::dom::object(root["tokens"].value())) {
    tokens.emplace_back(name, std::string_view(text));
  }
  std::size_t texts = 0, errors = 0;
  for (const auto& entry : simdjson::dom::array(root["cases"].value())) {
    const std::string_view style = entry["template"].value();
    const std::string_view name = entry["conversation"].value();
    SCOPED_TRACE(std::string(style) + ", " + std::string(name));
    const ChatTemplate chat =
        Parse(std::string_view(root["templates"][style].value()), tokens);
    const auto text = chat.Render(
        simdjson::minify(root["conversations"][name].value()),
        {.add_generation_prompt = bool(entry["add_generation_prompt"].value()),
         .variables = simdjson::minify(entry["variables"].value())});
    std::string_view wanted;
    if (entry["text"].get(wanted) != simdjson::SUCCESS) {
      EXPECT_FALSE(text.ok()) << text->text;
      ++errors;
      continue;
    }
    ASSERT_TRUE(text.ok()) << text.error().message;
    EXPECT_EQ(text->text, wanted);
    ++texts;
  }
  EXPECT_GT(texts, 500u);
  EXPECT_GT(errors, 50u);
}

TEST(ChatTemplateTest, TurnsAreTheMessagesAndTheAnswer) {
  const auto text = Parse(kChatMl).Render(
      R"([{"role": "system", "content": "s"},
          {"role": "user", "content": "u"}])",
      {.add_generation_prompt = true});
  ASSERT_TRUE(text.ok());
  ASSERT_EQ(text->turns.size(), 3u);
  const auto part = [&](std::size_t i) {
    return text->text.substr(text->turns[i].begin,
                             text->turns[i].end - text->turns[i].begin);
  };
  EXPECT_EQ(text->turns[0].role, "system");
  EXPECT_EQ(part(0), "<|im_start|>system\ns<|im_end|>\n");
  EXPECT_EQ(text->turns[1].role, "user");
  EXPECT_EQ(part(1), "<|im_start|>user\nu<|im_end|>\n");
  EXPECT_EQ(text->turns[2].role, "assistant");
  EXPECT_EQ(part(2), "<|im_start|>assistant\n");
}

TEST(ChatTemplateTest, MessagesAreAListOfObjectsWithRoles) {
  EXPECT_EQ(ErrorOf(kChatMl, "[]"),
            "chat: messages: are no list, or an empty one; write [{\"role\": "
            "\"user\", \"content\": \"...\"}]");
  EXPECT_THAT(ErrorOf(kChatMl, "{}"), HasSubstr("are no list"));
  EXPECT_EQ(ErrorOf(kChatMl, "[1]"),
            "chat: message 0: is no object; write {\"role\": \"user\", "
            "\"content\": \"...\"}");
  EXPECT_THAT(ErrorOf(kChatMl, R"([{"content": "x"}])"),
              HasSubstr("has no \"role\""));
  EXPECT_THAT(ErrorOf(kChatMl, "[{"), HasSubstr("no valid JSON"));
}

TEST(ChatTemplateTest, WhatTheTemplateRefusesIsAUsageError) {
  const auto text = Parse("{{ raise_exception('roles must\nalternate') }}")
                        .Render(R"([{"role": "user"}])");
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, ErrorCode::kUsage);
  EXPECT_EQ(text.error().message,
            "chat: m: the template refuses the messages: roles must alternate; "
            "change them");
}

TEST(ChatTemplateTest, ATemplateThatFailsNamesItsLine) {
  const auto text = Parse("\n{{ messages + 1 }}").Render(R"([{"role": "u"}])");
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, ErrorCode::kModel);
  EXPECT_THAT(text.error().message,
              HasSubstr("chat: m: chat template: line 2"));
  EXPECT_EQ(ChatTemplate::Parse("{{", {}, "m").error().code, ErrorCode::kModel);
}

TEST(ChatTemplateTest, VariablesReachTheTemplate) {
  const auto text =
      Parse("{{ x.y }}{{ tools is none }}{{ bos_token }}",
            {{"bos_token", "<s>"}})
          .Render(R"([{"role": "user"}])", {.variables = R"({"x": {"y": 5}})"});
  EXPECT_EQ(text->text, "5True<s>");
}

}  // namespace
}  // namespace pellucid
