// GPT-2 and Llama from Hugging Face folders: against Hugging Face eager float32
// on the same weights, site by site, and against the same weights as GGUF, bit
// by bit. What each folder toggles: tools/goldens/tiny_hf_variants.py.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pellucid/model.h"
#include "testutil/compare.h"
#include "testutil/golden.h"
#include "testutil/hf_goldens.h"

namespace pellucid {
namespace {

using testutil::HfGoldenNames;
using testutil::HfGoldenPath;

std::string TwinPath(const std::string& name) {
  return HfGoldenPath(name) + ".gguf";
}

std::vector<std::string> NamesWithTwin() {
  std::vector<std::string> names = HfGoldenNames();
  std::erase_if(names, [](const std::string& name) {
    return !std::filesystem::exists(TwinPath(name));
  });
  return names;
}

testutil::Golden LoadHfGolden(const std::string& name) {
  return testutil::LoadGolden("tiny_hf/" + name + ".golden.safetensors");
}

std::string ParamName(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

// An empty list of folders would let every test below hold.
TEST(HfFoldersTest, FoldersAreThere) {
  EXPECT_GE(HfGoldenNames().size(), 34u);
  EXPECT_GE(NamesWithTwin().size(), 11u);
}

class HfGoldenTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Folders, HfGoldenTest,
                         ::testing::ValuesIn(HfGoldenNames()), ParamName);

// Every module's output in every layer, attention patterns and logits, under
// each name that Hugging Face has for it.
TEST_P(HfGoldenTest, EverySiteEqualsHuggingFace) {
  const auto golden = LoadHfGolden(GetParam());
  ASSERT_TRUE(golden.ok()) << golden.error;
  const auto model = Model::Open(HfGoldenPath(GetParam()));
  ASSERT_TRUE(model.ok()) << model.error().message;
  auto stored = golden.Same();
  for (const auto& [name, tensor] : golden.tensors) stored[name] = name;
  RunOptions options;
  for (const auto& [name, where] : stored) options.sites.push_back(name);
  const auto trace = model->Run(golden.Ids(), options);
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  for (const auto& [name, where] : stored) {
    const Tensor* ours = trace->Find(name);
    ASSERT_NE(ours, nullptr) << name;
    EXPECT_TRUE(testutil::Close(*ours, golden.Get(where),
                                testutil::kActivationTolerance))
        << name;
  }
}

TEST_P(HfGoldenTest, DescribesItself) {
  const auto model = Model::Open(HfGoldenPath(GetParam()));
  ASSERT_TRUE(model.ok()) << model.error().message;
  const ModelInfo& info = model->info();
  EXPECT_TRUE(GetParam().starts_with(info.architecture + "_"));
  EXPECT_EQ(info.format, "safetensors");
  EXPECT_EQ(info.hash.size(), 64u);
  const auto golden = LoadHfGolden(GetParam());
  EXPECT_EQ(golden.Get("logits").shape,
            (std::vector{golden.Ids().size(), info.vocab_size}));
}

class HfTwinTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Folders, HfTwinTest,
                         ::testing::ValuesIn(NamesWithTwin()), ParamName);

// Permuted rows, transposed and fused matrices, quantised blocks and doubled
// heads are how GGUF stores the same numbers.
TEST_P(HfTwinTest, GgufGivesTheSameBits) {
  const auto folder = Model::Open(HfGoldenPath(GetParam()));
  ASSERT_TRUE(folder.ok()) << folder.error().message;
  const auto gguf = Model::Open(TwinPath(GetParam()));
  ASSERT_TRUE(gguf.ok()) << gguf.error().message;
  RunOptions options{.last_logits = true};
  for (const SiteInfo& site : folder->Sites()) {
    options.sites.push_back(site.name);
  }
  const auto ids = LoadHfGolden(GetParam()).Ids();
  const auto ours = folder->Run(ids, options);
  ASSERT_TRUE(ours.ok()) << ours.error().message;
  const auto theirs = gguf->Run(ids, options);
  ASSERT_TRUE(theirs.ok()) << theirs.error().message;
  EXPECT_EQ(ours->sites.size(), options.sites.size());
  EXPECT_TRUE(testutil::SameBits(*ours, *theirs));
}

// As many tokens as there are learned positions, and one more.
TEST(HfFoldersTest, ThePromptMayFillTheContext) {
  const auto model = Model::Open(HfGoldenPath("gpt2_legacy"));
  ASSERT_TRUE(model.ok()) << model.error().message;
  std::vector<TokenId> ids = LoadHfGolden("gpt2_legacy").Ids();
  ASSERT_EQ(ids.size(), model->info().context_length);
  EXPECT_TRUE(model->Run(ids).ok());
  ids.push_back(0);
  const auto longer = model->Run(ids);
  ASSERT_FALSE(longer.ok());
  EXPECT_EQ(longer.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace pellucid
