#include "tokenizer/chat_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testutil/gguf_builder.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::GgufBuilder;

class ChatFilesTest : public ::testing::Test {
 protected:
  void Write(std::string_view file, std::string_view text) {
    testutil::WriteFileBytes(dir_ / file, std::as_bytes(std::span(text)));
  }
  // What the folder's template writes, or the message of the error.
  std::string Written() {
    const auto chat = LoadHfChatTemplate(dir_.path());
    if (!chat.ok()) {
      EXPECT_EQ(chat.error().code, ErrorCode::kModel);
      return chat.error().message;
    }
    return chat->Render(R"([{"role": "user", "content": "x"}])")->text;
  }

  testutil::TempDir dir_;
};

TEST_F(ChatFilesTest, TheSeparateFileCountsFirst) {
  EXPECT_EQ(Written(), "chat: " + dir_.path() +
                           ": the model has no chat template; leave out "
                           "--chat");
  Write("chat_template.json", R"({"chat_template": "json"})");
  EXPECT_EQ(Written(), "json");
  Write("tokenizer_config.json", R"({"chat_template": "config"})");
  EXPECT_EQ(Written(), "config");
  Write("chat_template.jinja", "jinja\n");
  EXPECT_EQ(Written(), "jinja");
}

TEST_F(ChatFilesTest, OfSeveralTemplatesTheDefaultOneCounts) {
  Write("tokenizer_config.json",
        R"({"chat_template": [{"name": "tool_use", "template": "t"},
                              {"name": "default", "template": "d"}]})");
  EXPECT_EQ(Written(), "d");
  Write("tokenizer_config.json",
        R"({"chat_template": [{"name": "a", "template": "t"},
                              {"name": "b", "template": "d"}]})");
  EXPECT_THAT(Written(), HasSubstr("templates a, b, none of them"));
  Write("tokenizer_config.json", R"({"chat_template": 5})");
  EXPECT_THAT(Written(), HasSubstr("neither a text nor a list"));
}

TEST_F(ChatFilesTest, SpecialTokensAreVariables) {
  Write("tokenizer_config.json",
        R"({"chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token }}",
            "bos_token": {"content": "<s>"}, "eos_token": "</s>",
            "pad_token": null})");
  EXPECT_EQ(Written(), "<s></s>");
  // Older folders have these in a file of their own.
  Write("special_tokens_map.json", R"({"eos_token": "<e>"})");
  EXPECT_EQ(Written(), "<s><e>");
}

TEST(GgufChatTemplateTest, TokensAreNamedByTheirIds) {
  const auto bytes =
      GgufBuilder()
          .String("tokenizer.chat_template", "{{ bos_token }}{{ unk_token }}")
          .Strings("tokenizer.ggml.tokens", {"a", "<s>"})
          .Scalar<std::uint32_t>("tokenizer.ggml.bos_token_id", 1)
          .Scalar<std::uint32_t>("tokenizer.ggml.unknown_token_id", 99)
          .Build();
  const GgufFile file = GgufFile::Parse(bytes, "m.gguf").value();
  EXPECT_EQ(LoadGgufChatTemplate(file)->Render(R"([{"role": "u"}])")->text,
            "<s>");
  const auto none = GgufBuilder().String("a", "b").Build();
  EXPECT_EQ(LoadGgufChatTemplate(GgufFile::Parse(none, "m.gguf").value())
                .error()
                .message,
            "chat: m.gguf: the model has no chat template; leave out --chat");
}

}  // namespace
}  // namespace pellucid
