#include "render/lens_json.h"

#include <simdjson.h>

#include <algorithm>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pellucid/version.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testutil::MakeTestLens;
using testutil::TestLens;

// A lens of one row and one cell, to be spelt in full.
TestLens OneCell() {
  TestLens test = MakeTestLens();
  test.lens.positions = {0};
  test.lens.rows.resize(1);
  test.lens.rows[0].cells.resize(1);
  test.lens.summary.resize(1);
  return test;
}

TEST(LensJsonTest, IsTheObjectOfTheContract) {
  EXPECT_EQ(
      LensJson(OneCell().Report()),
      "{\n"
      " \"schema\": \"pellucid.lens/1\",\n"
      " \"version\": \"" +
          std::string(Version()) +
          "\",\n"
          " \"model\": {\"ref\": \"toy\", \"architecture\": \"llama\", "
          "\"format\": \"gguf\", \"n_layers\": 2, \"d_model\": 16, "
          "\"vocab_size\": 8, \"hash\": \"abc123\"},\n"
          " \"run\": {\"isa\": \"reference\", \"threads\": 2, \"precision\": "
          "\"exact\"},\n"
          " \"lens\": {\"kind\": \"logit\"},\n"
          " \"input\": {\"text\": \"The sky is\", \"tokens\": [{\"id\": 0, "
          "\"text\": \"The\"}, {\"id\": 1, \"text\": \" sky\"}, {\"id\": 2, "
          "\"text\": \" is\"}]},\n"
          " \"rows\": [\n"
          "  {\"site\": \"embed\", \"layer\": -1, \"cells\": [\n"
          "    {\"position\": 0, \"top\": [{\"id\": 0, \"text\": \"The\", "
          "\"logit\": 4.5, \"logprob\": -0.5, \"prob\": 1}, {\"id\": 4, "
          "\"text\": \",\", \"logit\": 3, \"logprob\": -2, \"prob\": 0.125}], "
          "\"logz\": 5, \"entropy\": 0.75, \"kl_to_final\": 8, \"next\": "
          "{\"id\": 1, \"logprob\": -3.5, \"rank\": 4}}\n"
          "   ]}\n"
          " ],\n"
          " \"summary\": [\n"
          "  {\"site\": \"embed\", \"layer\": -1, \"entropy\": 0.75, "
          "\"kl_to_final\": 9.25, \"top1_agree\": 0, \"next_logprob\": "
          "-3.5}\n"
          " ],\n"
          " \"checks\": {\"max_abs_last_row_minus_logits\": 0},\n"
          " \"timing\": {\"load_ms\": 12.1, \"forward_ms\": 8, \"lens_ms\": "
          "31}\n"
          "}\n");
}

TEST(LensJsonTest, TargetsOnlyWhereAskedFor) {
  TestLens test = OneCell();
  EXPECT_THAT(LensJson(test.Report()), Not(HasSubstr("\"targets\"")));
  testutil::AddTarget(test.lens);
  const std::string json = LensJson(test.Report());
  EXPECT_THAT(json, HasSubstr(", \"targets\": [{\"id\": 4, \"text\": \",\", "
                              "\"logit\": 3, \"logprob\": -2, \"prob\": 0.125, "
                              "\"rank\": 2}]}\n"));
  EXPECT_THAT(json,
              HasSubstr(" \"targets\": [\n"
                        "  {\"id\": 4, \"text\": \",\", \"first_hit\": [0, "
                        "null, 0], \"stable_from\": [null, null, 1]}\n"
                        " ],\n"
                        " \"checks\""));
}

TEST(LensJsonTest, RowsWithTheirOwnNormSaySo) {
  TestLens test = OneCell();
  EXPECT_THAT(LensJson(test.Report()), Not(HasSubstr("\"norm\"")));
  test.lens.rows[0].own_norm = true;
  EXPECT_THAT(LensJson(test.Report()),
              HasSubstr("{\"site\": \"embed\", \"layer\": -1, \"norm\": "
                        "\"own\", \"cells\": ["));
}

TEST(LensJsonTest, AnEditedRunSaysSo) {
  TestLens test = OneCell();
  EXPECT_THAT(LensJson(test.Report()), Not(HasSubstr("edits")));
  test.run.edits = 2;
  EXPECT_THAT(LensJson(test.Report()),
              HasSubstr("\"precision\": \"exact\", \"edits\": 2},\n"));
}

TEST(LensJsonTest, NothingIsNan) {
  TestLens test = OneCell();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  test.lens.rows[0].cells[0].entropy = nan;
  test.lens.rows[0].cells[0].top[0].logit = nan;
  test.lens.summary[0] = {"embed", -1, {}, {}, {}, {}};
  test.lens.max_abs_last_row_minus_logits =
      std::numeric_limits<double>::infinity();
  const std::string json = LensJson(test.Report());
  EXPECT_THAT(json, HasSubstr("\"entropy\": null, \"kl_to_final\": 8"));
  EXPECT_THAT(json, HasSubstr("\"logit\": null"));
  EXPECT_THAT(json, HasSubstr("\"entropy\": null, \"kl_to_final\": null, "
                              "\"top1_agree\": null, \"next_logprob\": null"));
  EXPECT_THAT(json, HasSubstr("\"max_abs_last_row_minus_logits\": null"));
  EXPECT_THAT(json, Not(HasSubstr("nan")));
}

TEST(LensJsonTest, IdsWithoutTokenizerHaveNullTexts) {
  TestLens test = OneCell();
  test.texts = {};
  test.run.input_text.reset();
  EXPECT_THAT(LensJson(test.Report()),
              HasSubstr("\"input\": {\"text\": null, \"tokens\": [{\"id\": 0, "
                        "\"text\": null}"));
}

TEST(LensJsonTest, CompactIsOneLineOfTheSameValues) {
  TestLens test = MakeTestLens();
  testutil::AddTarget(test.lens);
  const std::string compact = LensJson(test.Report(), JsonStyle::kCompact);
  EXPECT_EQ(std::count(compact.begin(), compact.end(), '\n'), 1);
  EXPECT_EQ(compact.back(), '\n');
  simdjson::dom::parser first, second;
  EXPECT_EQ(simdjson::minify(first.parse(LensJson(test.Report())).value()),
            simdjson::minify(second.parse(compact).value()));
}

// Another library reads back the very texts, in order.
TEST(LensJsonTest, ParsesBack) {
  const TestLens test = MakeTestLens();
  simdjson::dom::parser parser;
  const std::string json = LensJson(test.Report());
  const simdjson::dom::element root = parser.parse(json).value();
  std::vector<std::string> keys;
  const simdjson::dom::object fields = root.get_object().value();
  for (const auto field : fields) {
    keys.emplace_back(field.key);
  }
  EXPECT_THAT(keys,
              ElementsAre("schema", "version", "model", "run", "lens", "input",
                          "rows", "summary", "checks", "timing"));
  std::vector<std::string> texts;
  const simdjson::dom::array rows = root["rows"].get_array().value();
  for (const simdjson::dom::element row : rows) {
    const simdjson::dom::element last = row["cells"].at(2).value();
    EXPECT_TRUE(last["next"].error()) << "no token follows the last position";
    const simdjson::dom::array top = last["top"].get_array().value();
    for (const simdjson::dom::element score : top) {
      texts.emplace_back(score["text"].get_string().value());
    }
  }
  EXPECT_THAT(texts,
              ElementsAre(" is", "\n", "\u65e5\u672c", ",", " blue", "<0xE2>"));
  EXPECT_EQ(root["rows"]
                .at(2)["cells"]
                .at(1)["top"]
                .at(0)["prob"]
                .get_double()
                .value(),
            0.9375);
}

}  // namespace
}  // namespace pellucid::render
