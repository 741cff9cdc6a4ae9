#include "render/lens_page.h"

#include <simdjson.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "render/packed_json.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

using simdjson::dom::element;

// As ComputeLens with FollowFinal::kEach: each position's own last token.
testutil::TestLens EachFollowed() {
  testutil::TestLens test = testutil::MakeTestLens();
  testutil::AddTarget(test.lens);
  for (LensRow& row : test.lens.rows) {
    for (std::size_t c = 0; c < row.cells.size(); ++c) {
      const TokenId last = test.lens.rows.back().cells[c].top[0].id;
      row.cells[c].final_top1 = RankedScore{{last, 2.0f, -3.0f, 0.05f}, 6};
    }
  }
  return test;
}

class LensPageTest : public ::testing::Test {
 protected:
  element Parse(const std::string& text) {
    text_ = text;
    element json;
    EXPECT_EQ(parser_.parse(text_).get(json), simdjson::SUCCESS) << text;
    return json;
  }

  std::string text_;
  simdjson::dom::parser parser_;
};

std::string Packed(const std::vector<std::uint32_t>& values) {
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
  WritePacked(json, std::span(values));
  json.Finish();
  out.pop_back();
  return out;
}

std::string Packed(const std::vector<float>& values) {
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
  WritePacked(json, std::span(values));
  json.Finish();
  out.pop_back();
  return out;
}

std::string Text(element value) { return std::string(simdjson::minify(value)); }

std::string LensAsPage(const testutil::TestLens& test) {
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
  // A token of bytes that are no character, and one whose text is its bytes.
  const PageTokens tokens = {test.texts,
                             [](TokenId id) -> std::optional<std::string> {
                               if (id == 7) return "\xe2";
                               return testutil::TestText(id);
                             }};
  WritePageLens(test.Report(), tokens, "clean", json);
  json.Finish();
  return out;
}

TEST_F(LensPageTest, SaysWhatIsKnownOfTheRunBeforeItsCells) {
  const element run = Parse(LensAsPage(EachFollowed()));
  EXPECT_EQ(Text(run["label"]), "\"clean\"");
  EXPECT_EQ(Text(run["model"]["ref"]), "\"toy\"");
  EXPECT_EQ(Text(run["run"]["isa"]), "\"reference\"");
  EXPECT_EQ(Text(run["lens"]), "{\"kind\":\"logit\"}");
  EXPECT_EQ(Text(run["input"]["text"]), "\"The sky is\"");
  EXPECT_EQ(Text(run["input"]["ids"]),
            Packed(std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(Text(run["top_k"]), "2");
  EXPECT_EQ(Text(run["rows"]),
            "[{\"site\":\"embed\",\"layer\":-1},"
            "{\"site\":\"model.layers.0\",\"layer\":0},"
            "{\"site\":\"model.layers.1\",\"layer\":1}]");
  EXPECT_EQ(Text(run["positions"]),
            Packed(std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(Text(run["targets"]), Packed(std::vector<std::uint32_t>{4}));
}

TEST_F(LensPageTest, CellsAreArraysByRowPositionAndToken) {
  const element block = Parse(LensAsPage(EachFollowed()))["blocks"].at(0);
  EXPECT_EQ(Text(block["top_id"]),
            Packed(std::vector<std::uint32_t>{0, 4, 1, 6, 2, 5,  //
                                              4, 5, 5, 0, 6, 4,  //
                                              1, 4, 2, 5, 3, 7}));
  EXPECT_EQ(Text(block["logz"]), Packed(std::vector<float>(9, 5.0f)));
  EXPECT_EQ(Text(block["kl"]),
            Packed(std::vector<float>{8, 9.5, 10, 2, 1.5, 4, 0, 0, 0}));
  EXPECT_EQ(Text(block["final_id"]),
            Packed(std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(Text(block["final_rank"]),
            Packed(std::vector<std::uint32_t>(9, 6)));
  EXPECT_EQ(Text(block["target_logit"]), Packed(std::vector<float>(9, 3.0f)));
}

TEST_F(LensPageTest, TheLastPositionHasNoNextToken) {
  const element block = Parse(LensAsPage(EachFollowed()))["blocks"].at(0);
  EXPECT_EQ(Text(block["next_rank"]),
            Packed(std::vector<std::uint32_t>{4, 4, 0, 4, 4, 0, 4, 4, 0}));
}

TEST_F(LensPageTest, NamesEachTokenOnceAndBytesWhereTextIsNotThem) {
  const element tokens =
      Parse(LensAsPage(EachFollowed()))["blocks"].at(0)["tokens"];
  EXPECT_EQ(Text(tokens["ids"]),
            Packed(std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(tokens["texts"].get_array().size(), 8u);
  EXPECT_EQ(Text(tokens["texts"].at(7)), "\"<0xE2>\"");
}

TEST_F(LensPageTest, ALaterBlockNamesOnlyTokensThatAreNew) {
  const testutil::TestLens test = EachFollowed();
  std::set<TokenId> named = {0, 1, 2, 3, 4, 5};
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
  json.BeginObject();
  WritePageBlock(test.lens, {test.texts, test.texts}, &named, json);
  json.EndObject();
  json.Finish();
  EXPECT_EQ(Text(Parse(out)["tokens"]["ids"]),
            Packed(std::vector<std::uint32_t>{6, 7}));
  EXPECT_EQ(named.size(), 8u);
}

TEST_F(LensPageTest, EndsWithWhatTheJsonOfALensEndsWith) {
  const element run = Parse(LensAsPage(EachFollowed()));
  EXPECT_EQ(run["summary"].get_array().size(), 3u);
  EXPECT_EQ(Text(run["target_layers"].at(0)["first_hit"]), "[0,null,0]");
  EXPECT_EQ(Text(run["timing"]["forward_ms"]), "8");
  EXPECT_TRUE(run["checks"].is_object());
}

TEST_F(LensPageTest, WithoutATokenizerTextsAreNull) {
  testutil::TestLens test = EachFollowed();
  test.texts = {};
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
  WritePageLens(test.Report(), {}, std::nullopt, json);
  json.Finish();
  const element run = Parse(out);
  EXPECT_TRUE(run["label"].is_null());
  const element tokens = run["blocks"].at(0)["tokens"];
  EXPECT_TRUE(tokens["texts"].at(0).is_null());
  EXPECT_EQ(Text(tokens["bytes"]), "{}");
}

}  // namespace
}  // namespace pellucid::render
