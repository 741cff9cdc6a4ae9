#include "render/tokenize_json.h"

#include <vector>

#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

TEST(TokenizeJsonTest, IdsAndTheirTexts) {
  const std::vector<TokenId> ids = {0, 5, 99};
  std::string out;
  WriteTokenizeJson(ids, testutil::TestText, JsonStyle::kIndented,
                    AppendTo(&out));
  EXPECT_EQ(out,
            "{\n"
            " \"ids\": [0, 5, 99],\n"
            " \"tokens\": [\n"
            "  {\"id\": 0, \"text\": \"The\"},\n"
            "  {\"id\": 5, \"text\": \"\\n\"},\n"
            "  {\"id\": 99, \"text\": null}\n"
            " ]\n"
            "}\n");
}

TEST(TokenizeJsonTest, RecordsAreLines) {
  const std::vector<TokenId> ids = {504, 3575};
  EXPECT_EQ(IdsJsonLine(ids), "[504,3575]\n");
  EXPECT_EQ(IdsJsonLine({}), "[]\n");
  EXPECT_EQ(TextJsonLine("a\n\"b\""), "\"a\\n\\\"b\\\"\"\n");
}

}  // namespace
}  // namespace pellucid::render
