// Folders that mlx-lm has written, against the same weights dequantised by MLX
// to float32 in Hugging Face's layout (tools/goldens/mlx_folders.py): the same
// model, so the same bits at every site.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "pellucid/model.h"
#include "testutil/compare.h"
#include "testutil/golden_json.h"

namespace pellucid {
namespace {

constexpr std::string_view kPlain = "_f32";

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(testutil::GoldenPath("mlx"))) {
    std::string name = entry.path().filename().string();
    if (!name.ends_with(kPlain)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

std::string ParamName(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

// An empty list of folders would let every test below hold.
TEST(MlxFoldersTest, FoldersAreThere) { EXPECT_GE(Names().size(), 10u); }

class MlxGoldenTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Folders, MlxGoldenTest, ::testing::ValuesIn(Names()),
                         ParamName);

TEST_P(MlxGoldenTest, GivesTheBitsOfItsDequantisedWeights) {
  const std::string path = testutil::GoldenPath("mlx/" + GetParam());
  const auto packed = Model::Open(path);
  ASSERT_TRUE(packed.ok()) << packed.error().message;
  const auto plain = Model::Open(path + std::string(kPlain));
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  RunOptions options{.last_logits = true};
  for (const SiteInfo& site : plain->Sites()) {
    options.sites.push_back(site.name);
  }
  // One token takes another way through the products than several do.
  for (const std::vector<TokenId>& ids :
       {std::vector<TokenId>{5}, std::vector<TokenId>{1, 30, 7, 7, 22},
        std::vector<TokenId>{9, 2, 3, 31, 0, 6, 11, 8, 15, 4, 12, 2, 27}}) {
    const auto ours = packed->Run(ids, options);
    ASSERT_TRUE(ours.ok()) << ours.error().message;
    const auto theirs = plain->Run(ids, options);
    ASSERT_TRUE(theirs.ok()) << theirs.error().message;
    EXPECT_EQ(ours->sites.size(), options.sites.size());
    EXPECT_TRUE(testutil::SameBits(*ours, *theirs));
  }
}

TEST_P(MlxGoldenTest, SaysItsFormat) {
  const std::string path = testutil::GoldenPath("mlx/" + GetParam());
  const auto packed = Model::Open(path);
  ASSERT_TRUE(packed.ok()) << packed.error().message;
  const bool quantised = !GetParam().ends_with("_float");
  EXPECT_EQ(packed->info().format, quantised ? "mlx" : "safetensors");
}

}  // namespace
}  // namespace pellucid
