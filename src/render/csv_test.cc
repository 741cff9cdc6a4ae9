#include "render/csv.h"

#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

using testutil::MakeTestLens;
using testutil::TestLens;

TEST(CsvTest, QuotesWhatRfc4180Asks) {
  EXPECT_EQ(CsvField("plain text"), "plain text");
  EXPECT_EQ(CsvField(" lead"), " lead");
  EXPECT_EQ(CsvField(","), "\",\"");
  EXPECT_EQ(CsvField("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(CsvField("\n"), "\"\n\"");
  EXPECT_EQ(CsvField("\r"), "\"\r\"");
  EXPECT_EQ(CsvField(""), "");
}

TEST(CsvTest, OneLineACellAndRank) {
  TestLens test = MakeTestLens();
  test.lens.rows.erase(test.lens.rows.begin() + 1);
  EXPECT_EQ(
      LensCsv(test.Report()),
      "site,layer,position,token_id,token,k,id,text,logit,logprob,prob,entropy,"
      "kl_to_final,logz\n"
      "embed,-1,0,0,The,1,0,The,4.5,-0.5,1,0.75,8,5\n"
      "embed,-1,0,0,The,2,4,\",\",3,-2,0.125,0.75,8,5\n"
      "embed,-1,1,1, sky,1,1, sky,4.5,-0.5,0.75,0.75,9.5,5\n"
      "embed,-1,1,1, sky,2,6,\u65e5\u672c,3,-2,0.125,0.75,9.5,5\n"
      "embed,-1,2,2, is,1,2, is,4.5,-0.5,0.5,0.75,10,5\n"
      "embed,-1,2,2, is,2,5,\"\n\",3,-2,0.125,0.75,10,5\n"
      "model.layers.1,1,0,0,The,1,1, sky,4.5,-0.5,0.5,0.75,0,5\n"
      "model.layers.1,1,0,0,The,2,4,\",\",3,-2,0.125,0.75,0,5\n"
      "model.layers.1,1,1,1, sky,1,2, is,4.5,-0.5,0.9375,0.75,0,5\n"
      "model.layers.1,1,1,1, sky,2,5,\"\n\",3,-2,0.125,0.75,0,5\n"
      "model.layers.1,1,2,2, is,1,3, blue,4.5,-0.5,0.75,0.75,0,5\n"
      "model.layers.1,1,2,2, is,2,7,<0xE2>,3,-2,0.125,0.75,0,5\n");
}

TEST(CsvTest, WithoutTokenizerTextsAreEmpty) {
  TestLens test = MakeTestLens();
  test.texts = {};
  test.lens.rows.resize(1);
  test.lens.rows[0].cells.resize(1);
  test.lens.rows[0].cells[0].top.resize(1);
  test.lens.rows[0].cells[0].top[0].logit = 0.1f;
  const std::string csv = LensCsv(test.Report());
  EXPECT_EQ(csv.substr(csv.find('\n') + 1),
            "embed,-1,0,0,,1,0,,0.100000001,-0.5,1,0.75,8,5\n");
}

}  // namespace
}  // namespace pellucid::render
