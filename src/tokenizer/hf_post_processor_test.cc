#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tokenizer/hf_sections.h"
#include "tokenizer/test_json.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testutil::ErrorOf;
using testutil::SectionText;

HfTemplate Read(std::string_view json) {
  const SectionText text(json);
  const auto result = ReadPostProcessor(text.section());
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.value();
}

constexpr char kTemplate[] = R"({"type": "TemplateProcessing",
  "single": [{"SpecialToken": {"id": "[B]", "type_id": 0}},
             {"Sequence": {"id": "A", "type_id": 0}},
             {"SpecialToken": {"id": "[E]", "type_id": 0}}],
  "pair": [],
  "special_tokens": {"[B]": {"id": "[B]", "ids": [7, 8], "tokens": []},
                     "[E]": {"id": "[E]", "ids": [9], "tokens": []}}})";

TEST(HfPostProcessorTest, ATemplateStandsAroundTheText) {
  const HfTemplate read = Read(kTemplate);
  EXPECT_THAT(read.before, ElementsAre(7, 8));
  EXPECT_THAT(read.after, ElementsAre(9));
}

TEST(HfPostProcessorTest, ByteLevelAddsNothing) {
  EXPECT_THAT(Read("null").before, IsEmpty());
  EXPECT_THAT(Read(R"({"type": "ByteLevel"})").before, IsEmpty());
  const HfTemplate read =
      Read(std::string(R"({"type": "Sequence", "processors": [
        {"type": "ByteLevel"}, )") +
           kTemplate + "]}");
  EXPECT_THAT(read.before, ElementsAre(7, 8));
}

TEST(HfPostProcessorTest, RobertaAndBertWrap) {
  for (const std::string type : {"RobertaProcessing", "BertProcessing"}) {
    const HfTemplate read = Read(R"({"type": ")" + type +
                                 R"(", "sep": ["</s>", 2],
                                     "cls": ["<s>", 0]})");
    EXPECT_THAT(read.before, ElementsAre(0));
    EXPECT_THAT(read.after, ElementsAre(2));
  }
}

TEST(HfPostProcessorTest, LongTemplatesAreRefused) {
  std::string pieces = R"({"Sequence": {"id": "A"}})", ids = "1";
  for (int i = 0; i < 300; ++i) {
    pieces += R"(, {"SpecialToken": {"id": "B"}})";
    ids += ", 1";
  }
  const auto json = [](const std::string& single, const std::string& list) {
    return R"({"type": "TemplateProcessing", "single": [)" + single +
           R"(], "special_tokens": {"B": {"ids": [)" + list + "]}}}";
  };
  EXPECT_THAT(ErrorOf(ReadPostProcessor, json(pieces, "1")),
              HasSubstr("section.single has 301 entries, at most 256"));
  EXPECT_THAT(
      ErrorOf(ReadPostProcessor, json(R"({"SpecialToken": {"id": "B"}})", ids)),
      HasSubstr("section.special_tokens.B.ids has 301 entries"));
}

TEST(HfPostProcessorTest, DamagedTemplatesAreErrors) {
  for (const std::string json :
       {R"({"type": "TemplateProcessing"})",
        R"({"type": "TemplateProcessing", "single": []})",
        R"({"type": "TemplateProcessing", "single": [{}]})",
        R"({"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[B]"}}]})",
        R"({"type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "B"}}]})",
        R"({"type": "BertProcessing", "sep": ["x"], "cls": ["y", 1]})"}) {
    EXPECT_NE(ErrorOf(ReadPostProcessor, json), "no error") << json;
  }
  EXPECT_EQ(ErrorOf(ReadPostProcessor, R"({"type": "Odd"})"),
            "open: t.json: unsupported tokenizer: section is \"Odd\"; "
            "supported: TemplateProcessing, ByteLevel, RobertaProcessing, "
            "BertProcessing, Sequence");
}

}  // namespace
}  // namespace pellucid
