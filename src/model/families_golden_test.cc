// Every family from Hugging Face folders: against Hugging Face eager float32 on
// the same weights, site by site, and against the same weights as GGUF, bit by
// bit. What each folder toggles: tools/goldens/families_*.py.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/decoder.h"
#include "pellucid/model.h"
#include "testutil/compare.h"
#include "testutil/golden.h"
#include "testutil/hf_goldens.h"
#include "testutil/per_isa.h"

namespace pellucid {
namespace {

using testutil::Bits;
using testutil::FamilyGoldenNames;
using testutil::FamilyGoldenPath;

std::string TwinPath(const std::string& name) {
  return FamilyGoldenPath(name) + ".gguf";
}

std::vector<std::string> NamesWithTwin() {
  std::vector<std::string> names = FamilyGoldenNames();
  std::erase_if(names, [](const std::string& name) {
    return !std::filesystem::exists(TwinPath(name));
  });
  return names;
}

testutil::Golden LoadFamilyGolden(const std::string& name) {
  return testutil::LoadGolden("families/" + name + ".golden.safetensors");
}

std::string ParamName(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

// Site name -> tensor of the golden.
std::map<std::string, std::string> StoredSites(const testutil::Golden& golden) {
  auto stored = golden.Same();
  for (const auto& [name, tensor] : golden.tensors) stored[name] = name;
  return stored;
}

// An empty list of folders would let every test below hold.
TEST(FamilyFoldersTest, FoldersAreThere) {
  EXPECT_GE(FamilyGoldenNames().size(), 80u);
  EXPECT_GE(NamesWithTwin().size(), 20u);
}

class FamilyGoldenTest : public ::testing::TestWithParam<std::string> {
 protected:
  void Open(std::size_t threads = 2) {
    golden_ = LoadFamilyGolden(GetParam());
    ASSERT_TRUE(golden_.ok()) << golden_.error;
    const auto opened =
        Model::Open(FamilyGoldenPath(GetParam()), {.threads = threads});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    models_.push_back(*opened);
  }
  const Model& model() const { return models_.back(); }

  testutil::Golden golden_;
  std::vector<Model> models_;
};
INSTANTIATE_TEST_SUITE_P(Folders, FamilyGoldenTest,
                         ::testing::ValuesIn(FamilyGoldenNames()), ParamName);

// Every module's output in every layer, attention scores and patterns, what
// lies between modules, and logits, under each name that they have.
TEST_P(FamilyGoldenTest, EverySiteEqualsHuggingFace) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const auto stored = StoredSites(golden_);
  RunOptions options;
  for (const auto& [name, where] : stored) options.sites.push_back(name);
  const auto trace = model().Run(golden_.Ids(), options);
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  for (const auto& [name, where] : stored) {
    const Tensor* ours = trace->Find(name);
    ASSERT_NE(ours, nullptr) << name;
    EXPECT_TRUE(testutil::Close(*ours, golden_.Get(where),
                                testutil::kActivationTolerance))
        << name;
  }
}

// What `info --sites` promises is what a run stores, "all" and the attention
// matrices that it leaves out.
TEST_P(FamilyGoldenTest, ListedSitesAreStoredInTheirShapes) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const auto ids = golden_.Ids();
  const auto trace =
      model().Run(ids, {.sites = {"all", "blocks.*.attn.hook_attn_scores",
                                  "blocks.*.attn.hook_pattern"}});
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  std::map<std::string, std::string> listed, stored;
  const std::string count = std::to_string(ids.size());
  for (const SiteInfo& site : model().Sites()) {
    std::string shape = site.shape;
    for (const char* word : {"tokens", "queries", "keys"}) {
      const std::size_t at = shape.find(word);
      if (at != std::string::npos) {
        shape.replace(at, std::string_view(word).size(), count);
      }
    }
    EXPECT_TRUE(listed.emplace(site.name, shape).second) << site.name;
  }
  for (const auto& [name, tensor] : trace->sites) {
    std::string shape;
    for (const std::size_t size : tensor.shape) {
      shape += (shape.empty() ? "[" : ", ") + std::to_string(size);
    }
    stored.emplace(name, shape + "]");
  }
  EXPECT_EQ(listed, stored);
}

TEST_P(FamilyGoldenTest, DescribesItself) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const ModelInfo& info = model().info();
  EXPECT_TRUE(GetParam().starts_with(info.architecture + "_"))
      << info.architecture;
  EXPECT_EQ(info.format, "safetensors");
  EXPECT_EQ(golden_.Get(StoredSites(golden_).at("logits")).shape[1],
            info.vocab_size);
}

TEST_P(FamilyGoldenTest, ThreadsAndBatchChangeNoBit) {
  ASSERT_NO_FATAL_FAILURE(Open(1));
  RunOptions options{.last_logits = true};
  for (const SiteInfo& site : model().Sites()) {
    options.sites.push_back(site.name);
  }
  const auto ids = golden_.Ids();
  const auto alone = model().Run(ids, options);
  ASSERT_TRUE(alone.ok()) << alone.error().message;
  ASSERT_NO_FATAL_FAILURE(Open(3));
  const std::vector<std::vector<TokenId>> prompts = {
      {ids[1], ids[0], ids[1]}, ids, {ids[2]}};
  const auto batch = model().RunBatch(prompts, options);
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  EXPECT_TRUE(testutil::SameBits((*batch)[1], *alone));
}

// A token behind a cache has the logits of a run of all so far.
TEST_P(FamilyGoldenTest, TheCacheChangesNoBit) {
  ASSERT_NO_FATAL_FAILURE(Open());
  const auto ids = golden_.Ids();
  Decoder decoder(model());
  std::size_t at = 0;
  while (at < ids.size()) {
    const std::size_t count = at == 0 ? 3 : 1;
    const auto logits = decoder.Run(std::span(ids).subspan(at, count));
    ASSERT_TRUE(logits.ok()) << logits.error().message;
    at += count;
    const auto whole =
        model().Run(std::span(ids).first(at), {.last_logits = true});
    ASSERT_TRUE(whole.ok()) << whole.error().message;
    EXPECT_EQ(Bits(*logits), Bits(whole->last_logits)) << at;
  }
}

class FamilyTwinTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Folders, FamilyTwinTest,
                         ::testing::ValuesIn(NamesWithTwin()), ParamName);

// Rows in another order, norms with one added, and stacked experts are how GGUF
// stores the same numbers.
TEST_P(FamilyTwinTest, GgufGivesTheSameBits) {
  const auto folder = Model::Open(FamilyGoldenPath(GetParam()));
  ASSERT_TRUE(folder.ok()) << folder.error().message;
  const auto gguf = Model::Open(TwinPath(GetParam()));
  ASSERT_TRUE(gguf.ok()) << gguf.error().message;
  RunOptions options{.last_logits = true};
  for (const SiteInfo& site : folder->Sites()) {
    options.sites.push_back(site.name);
  }
  const auto ids = LoadFamilyGolden(GetParam()).Ids();
  const auto ours = folder->Run(ids, options);
  ASSERT_TRUE(ours.ok()) << ours.error().message;
  const auto theirs = gguf->Run(ids, options);
  ASSERT_TRUE(theirs.ok()) << theirs.error().message;
  EXPECT_EQ(ours->sites.size(), options.sites.size());
  EXPECT_TRUE(testutil::SameBits(*ours, *theirs));
}

}  // namespace
}  // namespace pellucid
