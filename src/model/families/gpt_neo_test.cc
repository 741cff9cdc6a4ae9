#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(GptNeoTest, LocalBlocksHaveAWindow) {
  const auto spec = OpenEdited("gpt_neo_plain", {});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->layers[0].window, 0u);
  EXPECT_EQ(spec->layers[1].window, 4u);
  EXPECT_EQ(spec->layers[0].attention_scale, 1.0f);
  EXPECT_EQ(spec->d_mlp, 80u);
}

// As transformers reads them.
TEST(GptNeoTest, NamesOfBlocksBeatTheirPattern) {
  const auto spec = OpenEdited(
      "gpt_neo_plain", {{"attention_types", R"([[["local", "local"], 1]])"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->layers[0].window, 0u);
  const auto pattern = OpenEdited(
      "gpt_neo_plain",
      {{"attention_layers", ""}, {"attention_types", R"([[["local"], 2]])"}});
  ASSERT_TRUE(pattern.ok()) << pattern.error().message;
  EXPECT_EQ(pattern->layers[0].window, 4u);
  EXPECT_EQ(pattern->layers[1].window, 4u);
}

TEST(GptNeoTest, PatternsMustFitAndBeKnown) {
  EXPECT_THAT(
      ErrorOfEdited("gpt_neo_plain", {{"attention_layers", R"(["local"])"}}),
      HasSubstr("attention_layers: is of 1 blocks; there are 2"));
  EXPECT_THAT(ErrorOfEdited("gpt_neo_plain",
                            {{"attention_layers", R"(["global", "strided"])"}}),
              HasSubstr("holds \"strided\""));
  for (const char* wrong :
       {R"([["local", 2]])", R"([[["local"], -1]])", R"([[[], 9]])",
        R"([[["local"]]])", R"({"local": 2})", "[3]"}) {
    EXPECT_THAT(ErrorOfEdited("gpt_neo_plain", {{"attention_types", wrong}}),
                HasSubstr("attention_types: is "))
        << wrong;
  }
  EXPECT_THAT(ErrorOfEdited("gpt_neo_plain",
                            {{"attention_types",
                              R"([[["local"], 18446744073709551615]])"}}),
              HasSubstr("attention_types: is of more than 4096"));
  // The default is of 24 blocks.
  EXPECT_THAT(ErrorOfEdited("gpt_neo_plain", {{"attention_layers", ""},
                                              {"attention_types", ""}}),
              HasSubstr("attention_types: is of 24 blocks; there are 2"));
  EXPECT_THAT(ErrorOfEdited("gpt_neo_plain", {{"window_size", "0"}}),
              HasSubstr("window_size: is 0"));
}

}  // namespace
}  // namespace pellucid
