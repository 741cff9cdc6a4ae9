// What the writer writes, and that the reader gives it back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "model/edits_json.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Tensor Values(std::vector<std::size_t> shape, std::vector<float> data) {
  Tensor values;
  values.shape = std::move(shape);
  values.data = std::move(data);
  return values;
}

std::string Written(const std::vector<Edit>& edits,
                    const ModelInfo& model = {}) {
  const auto text = FormatEdits(edits, model, "v.safetensors");
  if (!text.ok()) {
    ADD_FAILURE() << text.error().message;
    return "";
  }
  return text->json;
}

std::string Problem(const Edit& edit) {
  const auto text = FormatEdits({&edit, 1}, {}, "v.safetensors");
  if (text.ok()) return "no error";
  EXPECT_EQ(text.error().code, ErrorCode::kUsage);
  return text.error().message;
}

Edit Noise() {
  Edit edit{.site = "blocks.1.hook_resid_post", .kind = EditKind::kNoise};
  edit.factor = 0.1f;
  edit.seed = 18446744073709551615u;
  edit.scope.positions = Selection::Parse("0,-2:,::3", "test").value();
  edit.scope.heads = {2, 0};
  edit.scope.features = {7};
  edit.scope.prompts = {1};
  edit.scope.when = EditWhen::kGenerated;
  return edit;
}

TEST(EditsWriterTest, OneEditALine) {
  ModelInfo model;
  model.architecture = "llama";
  model.hash = "12ab";
  Edit replace{.site = "embed", .kind = EditKind::kReplace};
  replace.scope.text = "say \"hi\"";
  replace.values = Values({2, 2}, {1, -0.5f, 0.1f, 1e30f});
  EXPECT_EQ(Written({Noise(), replace}, model),
            "{\"schema\": \"pellucid.edits/1\",\n"
            " \"model\": {\"architecture\": \"llama\", \"hash\": \"12ab\"},\n"
            " \"edits\": [\n"
            "  {\"site\": \"blocks.1.hook_resid_post\", \"kind\": \"noise\", "
            "\"factor\": 0.100000001, \"positions\": \"0,-2:,::3\", \"heads\": "
            "[2, 0], \"features\": [7], \"prompts\": [1], \"when\": "
            "\"generated\", \"seed\": 18446744073709551615},\n"
            "  {\"site\": \"embed\", \"kind\": \"replace\", \"text\": \"say "
            "\\\"hi\\\"\", \"values\": [[1, -0.5], [0.100000001, "
            "1.00000002e+30]]}\n"
            " ]}\n");
  EXPECT_EQ(Written({}),
            "{\"schema\": \"pellucid.edits/1\",\n \"edits\": []}\n");
}

// Written, read and written again.
TEST(EditsWriterTest, WhatIsReadIsWhatWasWritten) {
  std::vector<Edit> edits = {Noise()};
  for (const EditKind kind :
       {EditKind::kZero, EditKind::kScale, EditKind::kAdd, EditKind::kReplace,
        EditKind::kMean, EditKind::kResample, EditKind::kNoise,
        EditKind::kClamp, EditKind::kProjectOut, EditKind::kSetComponent,
        EditKind::kMask}) {
    Edit edit{.site = "s\n\u20AC", .kind = kind};
    edit.factor = 1.0f / 3;
    edit.low = -kInfinity;
    edit.high = 3.4028234663852886e38f;
    edit.scope.keys = Selection::Of({3, -1});
    if (kind != EditKind::kZero && kind != EditKind::kScale &&
        kind != EditKind::kNoise && kind != EditKind::kClamp &&
        kind != EditKind::kMask) {
      edit.values = Values({1, 3}, {1e-45f, -0.0f, 16777217.0f});
    }
    edits.push_back(std::move(edit));
  }
  const std::string text = Written(edits);
  const JsonFile json = JsonFile::Parse(text, "f.json").value();
  const auto read = ParseEdits(json, {}, {});
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_THAT(*read, SizeIs(edits.size()));
  EXPECT_EQ(Written(*read), text);
  for (std::size_t i = 0; i < edits.size(); ++i) {
    EXPECT_EQ((*read)[i].site, edits[i].site);
    EXPECT_EQ((*read)[i].kind, edits[i].kind);
    EXPECT_EQ((*read)[i].values.shape, edits[i].values.shape);
    EXPECT_EQ((*read)[i].values.data, edits[i].values.data);
  }
  EXPECT_EQ((*read)[2].factor, edits[2].factor);
  EXPECT_EQ((*read)[8].low, -kInfinity);
  EXPECT_EQ((*read)[8].high, edits[8].high);
}

TEST(EditsWriterTest, ManyNumbersAndSuchAsJsonCannotSayLieApart) {
  std::vector<Edit> edits(3, {.site = "s", .kind = EditKind::kReplace});
  edits[0].values = Values({1}, {1});
  edits[1].values = Values({2}, {1, kInfinity});
  edits[2].values = Values({1, kMaxInlineValues + 1},
                           std::vector<float>(kMaxInlineValues + 1));
  const auto text = FormatEdits(edits, {}, "v.safetensors");
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_THAT(text->json, HasSubstr("\"values\": [1]}"));
  EXPECT_THAT(text->json, HasSubstr("\"values\": {\"file\": \"v.safetensors\", "
                                    "\"tensor\": \"edits.1\"}"));
  ASSERT_THAT(text->apart, SizeIs(2));
  EXPECT_EQ(text->apart[0].name, "edits.1");
  EXPECT_EQ(text->apart[0].values, &edits[1].values);
  EXPECT_EQ(text->apart[1].name, "edits.2");
}

TEST(EditsWriterTest, WhatCannotBeWritten) {
  EXPECT_EQ(Problem({.site = "s", .kind = EditKind::kCustom}),
            "edits: edit 0 (custom of s): a function cannot be written; "
            "leave it out");
  EXPECT_THAT(Problem({.site = "s", .kind = EditKind::kCustomSite}),
              HasSubstr("a function cannot be written"));
  EXPECT_THAT(
      Problem({.site = "s", .kind = EditKind::kScale, .factor = kInfinity}),
      HasSubstr("its factor is not finite"));
  EXPECT_THAT(
      Problem({.site = "s", .kind = EditKind::kClamp, .low = kInfinity}),
      HasSubstr("its low is not finite"));
  EXPECT_THAT(Problem({.site = "s", .scope = {.text = "a\xFF"}}),
              HasSubstr("its text is invalid UTF-8 at byte 1; name positions"));
  EXPECT_THAT(
      Problem({.site = "s",
               .scope = {.positions =
                             Selection::Parse("embed,1", "t", true).value()}}),
      HasSubstr("its positions name embed"));
  for (const auto& shape : {std::vector<std::size_t>{},
                            {2},
                            {3, 0},
                            {1, 6},
                            {1u << 31, 1u << 31}}) {
    EXPECT_THAT(Problem({.site = "s",
                         .kind = EditKind::kAdd,
                         .values = Values(shape, {1, 2, 3})}),
                HasSubstr("3 values are none of shape ["));
  }
}

}  // namespace
}  // namespace pellucid
