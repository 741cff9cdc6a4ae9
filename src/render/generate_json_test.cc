#include "render/generate_json.h"

#include <gtest/gtest.h>

#include <string>

namespace pellucid::render {
namespace {

Generation Made() {
  Generation made;
  made.prompt = {5, 7};
  made.tokens = {{8, -0.5f}, {2, -1.25f}};
  made.text = " caf\xc3\xa9";
  made.finish = FinishReason::kStop;
  return made;
}

std::string Text(const GenerateReport& report, JsonStyle style) {
  std::string out;
  WriteGenerateJson(report, style, AppendTo(&out));
  return out;
}

TEST(GenerateJsonTest, OneLine) {
  const TokenTexts texts = [](TokenId id) { return "t" + std::to_string(id); };
  EXPECT_EQ(
      Text({Made(), texts, std::nullopt}, JsonStyle::kCompact),
      R"({"schema":"pellucid.generate/1","prompt":{"tokens":[{"id":5,)"
      R"("text":"t5"},{"id":7,"text":"t7"}]},"tokens":[{"id":8,"text":"t8",)"
      R"("logprob":-0.5},{"id":2,"text":"t2","logprob":-1.25}],)"
      "\"text\":\" caf\xc3\xa9\",\"finish\":\"stop\"}\n");
}

TEST(GenerateJsonTest, WithoutATokenizerAndWithAScale) {
  Generation made = Made();
  made.prompt = {5};
  made.tokens = {};
  made.finish = FinishReason::kLength;
  EXPECT_EQ(Text({made, {}, -2.5}, JsonStyle::kCompact),
            R"({"schema":"pellucid.generate/1","prompt":{"tokens":[{"id":5,)"
            R"("text":null}]},"scale":-2.5,"tokens":[],"text":null,)"
            "\"finish\":\"length\"}\n");
}

TEST(GenerateJsonTest, ATokenALine) {
  const std::string text =
      Text({Made(), {}, std::nullopt}, JsonStyle::kIndented);
  EXPECT_NE(text.find("\n  {\"id\": 8, \"text\": null, \"logprob\": -0.5},\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace pellucid::render
