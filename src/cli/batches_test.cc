#include "cli/batches.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testutil/tiny_model.h"

namespace pellucid::cli {
namespace {

struct Fed {
  std::vector<Batch> batches;
  Status status;
};

// Feeds `lines`; a prompt whose first id is 13 fails.
Fed Feed(const std::string& lines, std::size_t numbers_a_token = 1) {
  const Model model =
      Model::Open(testutil::TinyLlamaPath("mha_tied_f32")).value();
  StringSource in(lines);
  StringSink out, err;
  Io io{in, out, err};
  Fed fed;
  PromptOptions options;
  options.jsonl = "-";
  const auto kept = [&](std::size_t tokens) {
    return tokens * numbers_a_token;
  };
  fed.status = ForEachBatch(Arguments("lens", ""), options, model, io, kept,
                            [&fed](const Batch& batch) -> Status {
                              for (const auto& ids : batch.ids) {
                                if (ids.front() == 13)
                                  return UsageError("run: 13: no; give 12");
                              }
                              fed.batches.push_back(batch);
                              return {};
                            });
  return fed;
}

TEST(BatchesTest, PromptsComeInOrderAndInGroups) {
  std::string lines;
  for (int i = 0; i < 300; ++i) lines += "{\"ids\": [1, 2, 3, 4]}\n";
  const Fed fed = Feed(lines);
  ASSERT_TRUE(fed.status.ok());
  ASSERT_EQ(fed.batches.size(), 3u);
  EXPECT_EQ(fed.batches[0].size(), 128u);
  EXPECT_EQ(fed.batches[1].first_line, 129u);
  EXPECT_EQ(fed.batches[2].size(), 44u);
}

TEST(BatchesTest, WhatKeepsMuchComesInSmallGroups) {
  std::string lines;
  for (int i = 0; i < 5; ++i) lines += "{\"ids\": [1, 2]}\n";
  // Four tokens fill the 2^25 numbers of a batch.
  const Fed fed = Feed(lines, std::size_t{1} << 23);
  ASSERT_TRUE(fed.status.ok());
  ASSERT_EQ(fed.batches.size(), 3u);
  EXPECT_EQ(fed.batches[0].size(), 2u);
  EXPECT_EQ(fed.batches[2].first_line, 5u);
}

TEST(BatchesTest, TheFaultyPromptIsNamedAndThoseBeforeItAreDone) {
  const Fed fed =
      Feed("{\"ids\": [1]}\n{\"ids\": [2]}\n{\"ids\": [13]}\n{\"ids\": [4]}\n");
  ASSERT_FALSE(fed.status.ok());
  EXPECT_EQ(fed.status.error().code, ErrorCode::kUsage);
  EXPECT_EQ(fed.status.error().message,
            "lens: standard input line 3: 13: no; give 12");
  ASSERT_EQ(fed.batches.size(), 2u);
  EXPECT_EQ(fed.batches[1].ids[0].front(), 2);
}

TEST(BatchesTest, ABadLineIsNamedAndThoseBeforeItAreDone) {
  const Fed fed = Feed("{\"ids\": [1]}\nnonsense\n");
  ASSERT_FALSE(fed.status.ok());
  EXPECT_EQ(fed.status.error().code, ErrorCode::kUsage);
  EXPECT_TRUE(
      fed.status.error().message.starts_with("lens: standard input line 2: "));
  EXPECT_EQ(fed.batches.size(), 1u);
}

TEST(BatchesTest, NothingComesOfNothing) {
  const Fed fed = Feed("");
  EXPECT_TRUE(fed.status.ok());
  EXPECT_TRUE(fed.batches.empty());
}

TEST(BatchesTest, AnEmptyPromptIsABadLine) {
  EXPECT_EQ(Feed("{\"ids\": []}\n").status.error().message,
            "lens: standard input line 1: is empty: there are no tokens; give "
            "some text");
}

}  // namespace
}  // namespace pellucid::cli
