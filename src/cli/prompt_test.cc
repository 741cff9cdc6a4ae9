#include "cli/prompt.h"

#include <gtest/gtest.h>

#include "testutil/temp_dir.h"

namespace pellucid::cli {
namespace {

using testutil::TempDir;

Result<RawPrompt> Read(const PromptOptions& options, std::string input = "") {
  StringSource in(std::move(input));
  StringSink out, err;
  Io io{in, out, err};
  return ReadPrompt(Arguments("lens", ""), options, io);
}

void WriteText(const std::string& path, std::string_view text) {
  testutil::WriteFileBytes(path, std::as_bytes(std::span(text)));
}

TEST(PromptTest, EverySourceIsReadToTheByte) {
  const TempDir dir;
  WriteText(dir / "p.txt", " a\r\n\n");
  EXPECT_EQ(Read({.text = " a \n"})->text, " a \n");
  EXPECT_EQ(Read({.text = "-"}, "in\n")->text, "in\n");
  EXPECT_EQ(Read({.file = dir / "p.txt"})->text, " a\r\n\n");
  EXPECT_EQ(Read({.file = "-"}, "in\n")->text, "in\n");
  const auto ids = Read({.ids = "1, 2,3"});
  EXPECT_EQ(ids->text, std::nullopt);
  EXPECT_EQ(ids->ids, (std::vector<TokenId>{1, 2, 3}));
}

TEST(PromptTest, ThereIsOneSource) {
  EXPECT_EQ(Read({}).error().message,
            "lens: prompt: there is none; give a text, --file, --ids or "
            "--jsonl");
  EXPECT_EQ(Read({.text = "a", .ids = "1"}).error().message,
            "lens: prompt: TEXT and --ids are given; give one of them");
}

TEST(PromptTest, InvalidUtf8HasItsOffset) {
  const auto bad = Read({.text = "ab\xff"});
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, ErrorCode::kUsage);
  EXPECT_EQ(bad.error().message,
            "lens: prompt: invalid UTF-8 at byte 2 of 3; give UTF-8 text");
  EXPECT_EQ(Read({.text = "-"}, "\xc3").error().message,
            "lens: standard input: invalid UTF-8 at byte 0 of 1; give UTF-8 "
            "text");
}

TEST(PromptTest, AMissingFileIsNoUsageError) {
  const TempDir dir;
  EXPECT_EQ(Read({.file = dir / "none"}).error().code, ErrorCode::kModel);
}

TEST(PromptTest, IdsAreWholeNumbers) {
  for (const std::string bad :
       {"", "1,", ",1", "a", "-1", "1.5", "2147483648", "1 2", "1,,2"}) {
    const auto ids = Read({.ids = bad});
    ASSERT_FALSE(ids.ok()) << bad;
    EXPECT_EQ(ids.error().code, ErrorCode::kUsage);
  }
  EXPECT_EQ(Read({.ids = "1,x"}).error().message,
            "lens: --ids: item 2, \"x\", is no token id; give whole numbers "
            "from 0, as in 1,2,3");
}

}  // namespace
}  // namespace pellucid::cli
