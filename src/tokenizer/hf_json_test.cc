#include "tokenizer/hf_json.h"

#include <string>

#include "gtest/gtest.h"
#include "tokenizer/test_json.h"

namespace pellucid {
namespace {

using testutil::SectionText;

TEST(HfJsonTest, FieldsHaveTypes) {
  const SectionText text(
      R"({"s": "x", "b": true, "n": 3, "f": 0.5, "z": null, "l": [1]})");
  const JsonSection section = text.section();
  EXPECT_EQ(section.String("s").value(), "x");
  EXPECT_TRUE(section.Bool("b", false).value());
  EXPECT_FALSE(section.Bool("z", false).value());
  EXPECT_TRUE(section.Bool("absent", true).value());
  EXPECT_EQ(section.Get("n").AsInteger().value(), 3);
  EXPECT_EQ(section.Get("f").AsNumber().value(), 0.5);
  EXPECT_EQ(section.Array("l").value().size(), 1U);
  EXPECT_EQ(section.OptionalString("z").value(), std::nullopt);
  EXPECT_EQ(section.OptionalString("s").value(), "x");
  EXPECT_TRUE(section.Get("z").IsNull());
  EXPECT_TRUE(section.Get("absent").IsNull());
}

TEST(HfJsonTest, ErrorsNameFileAndPath) {
  const SectionText text(R"({"a": {"b": 1}})");
  EXPECT_EQ(text.section().Get("a").String("b").error().message,
            "open: t.json: tokenizer: section.a.b is no string; get the file "
            "again");
  EXPECT_EQ(text.section().Get("a").Bool("b", true).error().message,
            "open: t.json: tokenizer: section.a.b is neither true nor false; "
            "get the file again");
  EXPECT_EQ(text.section().Unsupported("is odd", "even").message,
            "open: t.json: unsupported tokenizer: section is odd; supported: "
            "even");
  EXPECT_FALSE(text.section().Get("a").Get("b").Array("c").ok());
}

TEST(HfJsonTest, StepsLieFlatInOrder) {
  const SectionText text(R"({"type": "Sequence", "steps": [
      {"type": "A"},
      {"type": "Sequence", "steps": [{"type": "B"}, {"type": "C"}]},
      {"type": "Sequence", "steps": []},
      {"type": "D"}]})");
  std::string types;
  const auto steps = text.section().Steps("steps");
  ASSERT_TRUE(steps.ok()) << steps.error().message;
  for (const JsonSection& step : *steps) types += step.String("type").value();
  EXPECT_EQ(types, "ABCD");
  EXPECT_EQ((*steps)[2].path(), "section.steps[1].steps[1]");
  EXPECT_TRUE(SectionText("null").section().Steps("steps")->empty());
  EXPECT_EQ(SectionText(R"({"type": "A"})").section().Steps("s")->size(), 1U);
}

TEST(HfJsonTest, StepsWithoutTypeOrListAreErrors) {
  for (const std::string json :
       {"{}", "5", "[]", R"({"type": 5})", R"({"type": "Sequence"})",
        R"({"type": "Sequence", "steps": {}})",
        R"({"type": "Sequence", "steps": [1]})"}) {
    EXPECT_FALSE(SectionText(json).section().Steps("steps").ok()) << json;
  }
}

}  // namespace
}  // namespace pellucid
