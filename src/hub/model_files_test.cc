#include "hub/model_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "testutil/temp_dir.h"

namespace pellucid::hub {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using testutil::TempDir;

const std::string kCommit(40, 'a');

Listing ListingOf(std::vector<std::string> files) {
  std::ranges::sort(files);
  return {kCommit, std::move(files)};
}

Result<ModelFiles> Choose(std::vector<std::string> files,
                          const std::string& reference = "o/n",
                          Part part = Part::kModel) {
  return ChooseFiles(ListingOf(std::move(files)), *ParseHubName(reference),
                     part);
}

std::string ProblemOf(std::vector<std::string> files,
                      const std::string& reference = "o/n") {
  const auto chosen = Choose(std::move(files), reference);
  EXPECT_FALSE(chosen.ok());
  if (chosen.ok()) return "";
  EXPECT_EQ(chosen.error().code, ErrorCode::kModel);
  return chosen.error().message;
}

TEST(ModelFilesTest, OnlyWhatIsReadIsChosen) {
  const auto chosen = Choose(
      {"README.md", ".gitattributes", "config.json", "tokenizer.json",
       "model.safetensors", "pytorch_model.bin", "tf_model.h5",
       "onnx/model.onnx", "onnx/config.json", "model.fp16.safetensors",
       "consolidated.safetensors", "chat_template.jinja", "modeling.py"});
  ASSERT_TRUE(chosen.ok()) << chosen.error().message;
  EXPECT_THAT(chosen->files,
              ElementsAre("config.json", "tokenizer.json",
                          "chat_template.jinja", "model.safetensors"));
  EXPECT_THAT(chosen->absent, Contains("generation_config.json"));
  EXPECT_THAT(chosen->absent, Contains("vocab.json"));
  EXPECT_THAT(chosen->absent, Contains(std::string(kIndexFile)));
  EXPECT_THAT(chosen->absent, Not(Contains("tokenizer.json")));
  EXPECT_FALSE(chosen->has_index);
  EXPECT_EQ(chosen->open, "");
}

TEST(ModelFilesTest, AnIndexNamesItsShardsItself) {
  const auto chosen = Choose({"config.json", std::string(kIndexFile),
                              "model-00001-of-00002.safetensors",
                              "model-00002-of-00002.safetensors"});
  ASSERT_TRUE(chosen.ok()) << chosen.error().message;
  EXPECT_TRUE(chosen->has_index);
  EXPECT_THAT(chosen->files, ElementsAre("config.json", kIndexFile));
}

TEST(ModelFilesTest, ShardsWithoutAnIndexAreAllChosen) {
  const auto chosen = Choose({"config.json", "model-00001-of-00002.safetensors",
                              "model-00002-of-00002.safetensors"});
  ASSERT_TRUE(chosen.ok()) << chosen.error().message;
  EXPECT_THAT(chosen->files,
              ElementsAre("config.json", "model-00001-of-00002.safetensors",
                          "model-00002-of-00002.safetensors"));
}

TEST(ModelFilesTest, ATokenizerAloneBringsNoWeights) {
  const auto chosen =
      Choose({"config.json", "vocab.json", "merges.txt", "model.safetensors"},
             "o/n", Part::kTokenizer);
  ASSERT_TRUE(chosen.ok()) << chosen.error().message;
  EXPECT_THAT(chosen->files,
              ElementsAre("config.json", "vocab.json", "merges.txt"));
  // Of a repository that has nothing else, too.
  EXPECT_TRUE(Choose({"tokenizer.json"}, "o/n", Part::kTokenizer).ok());
  // A folder of nothing is no tokenizer.
  const auto nothing =
      Choose({"model-0002.safetensors"}, "o/n", Part::kTokenizer);
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().code, ErrorCode::kModel);
  EXPECT_NE(nothing.error().message.find("neither a tokenizer"),
            std::string::npos);
}

TEST(ModelFilesTest, OneGgufIsTheModelAndOfSeveralOneIsNamed) {
  const auto only = Choose({"README.md", "m.gguf"});
  ASSERT_TRUE(only.ok()) << only.error().message;
  EXPECT_THAT(only->files, ElementsAre("m.gguf"));
  EXPECT_EQ(only->open, "m.gguf");
  EXPECT_EQ(ProblemOf({"m-Q4_0.gguf", "m-Q8_0.gguf"}, "o/n@v1"),
            "open: o/n@v1: holds 2 models; name one, as o/n@v1:m-Q4_0.gguf: "
            "m-Q4_0.gguf, m-Q8_0.gguf");
  const auto named =
      Choose({"m-Q4_0.gguf", "m-Q8_0.gguf", "config.json", "model.safetensors"},
             "o/n:m-Q8_0.gguf");
  ASSERT_TRUE(named.ok()) << named.error().message;
  EXPECT_EQ(named->open, "m-Q8_0.gguf");
  EXPECT_EQ(ProblemOf({"m-Q4_0.gguf"}, "o/n:m-Q8_0.gguf"),
            "open: o/n:m-Q8_0.gguf: the repository has no m-Q8_0.gguf; its "
            ".gguf files are: m-Q4_0.gguf");
}

TEST(ModelFilesTest, ASplitGgufComesWhole) {
  const auto split = Choose({"m-00001-of-00002.gguf", "m-00002-of-00002.gguf"});
  ASSERT_TRUE(split.ok()) << split.error().message;
  EXPECT_THAT(split->files,
              ElementsAre("m-00001-of-00002.gguf", "m-00002-of-00002.gguf"));
  EXPECT_EQ(split->open, "m-00001-of-00002.gguf");
  EXPECT_NE(
      ProblemOf({"m-00001-of-00002.gguf"}).find("has no m-00002-of-00002.gguf"),
      std::string::npos);
}

TEST(ModelFilesTest, ManyFilesAreNotAllNamed) {
  std::vector<std::string> files;
  for (char c = 'a'; c <= 'z'; ++c)
    files.push_back(std::string(1, c) + ".gguf");
  const std::string problem = ProblemOf(files);
  EXPECT_NE(problem.find("h.gguf, ..."), std::string::npos) << problem;
  EXPECT_EQ(problem.find("i.gguf"), std::string::npos) << problem;
}

TEST(ModelFilesTest, WhatIsNotReadIsRefusedWithAHint) {
  EXPECT_EQ(ProblemOf({"config.json", "pytorch_model.bin"}),
            "open: o/n: has its weights only as pytorch_model.bin, a pickle, "
            "which can run code: unsupported; name a revision with "
            "safetensors, such as o/n@refs/pr/1 if there is one, or convert "
            "it with transformers (save_pretrained) and name that");
  EXPECT_NE(ProblemOf({"adapter_config.json", "adapter_model.safetensors"})
                .find("is an adapter"),
            std::string::npos);
  EXPECT_NE(ProblemOf({"README.md"}).find("neither safetensors"),
            std::string::npos);
  EXPECT_NE(ProblemOf({"model.safetensors"}).find("no config.json"),
            std::string::npos);
}

class FindCachedTest : public ::testing::Test {
 protected:
  FindCachedTest() {
    settings_.cache = dir_.path();
    EXPECT_TRUE(Cache().WriteRef("main", kCommit).ok());
  }
  RepoCache Cache() const { return RepoCache(settings_, "o/n"); }
  void Put(const std::string& file, const std::string& text = "x") {
    const std::filesystem::path path = Cache().SnapshotPath(kCommit, file);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::optional<CachedModel> Find(const std::string& reference = "o/n",
                                  Part part = Part::kModel) const {
    return FindCached(Cache(), *ParseHubName(reference), part);
  }

  const TempDir dir_;
  Settings settings_;
};

TEST_F(FindCachedTest, AModelIsThereWithItsWeights) {
  EXPECT_FALSE(Find());
  Put("config.json");
  EXPECT_FALSE(Find());
  Put("model.safetensors");
  ASSERT_TRUE(Find());
  EXPECT_EQ(Find()->path, Cache().Snapshot(kCommit));
  EXPECT_EQ(Find()->commit, kCommit);
  EXPECT_TRUE(Find("o/n@" + kCommit));
  EXPECT_FALSE(Find("o/n@v1"));
  EXPECT_FALSE(FindCached(RepoCache(settings_, "o/other"),
                          *ParseHubName("o/other"), Part::kModel));
}

// Other programs fetch file by file.
TEST_F(FindCachedTest, ItIsCompleteIfTheTokenizerIsKnown) {
  Put("config.json");
  Put("model.safetensors");
  EXPECT_FALSE(Find()->is_complete);
  EXPECT_FALSE(Find("o/n", Part::kTokenizer));
  Put("vocab.json");
  EXPECT_FALSE(Find()->is_complete);
  Put("merges.txt");
  EXPECT_TRUE(Find()->is_complete);
  EXPECT_TRUE(Find("o/n", Part::kTokenizer)->is_complete);
  std::filesystem::remove(Cache().SnapshotPath(kCommit, "vocab.json"));
  EXPECT_FALSE(Find()->is_complete);
  Cache().MarkAbsent(kCommit, "tokenizer.json");
  EXPECT_TRUE(Find()->is_complete);
}

TEST_F(FindCachedTest, EveryShardCounts) {
  Put("config.json");
  Put(std::string(kIndexFile),
      R"({"weight_map": {"a": "model-1.safetensors",
                         "b": "model-2.safetensors"}})");
  Put("model-1.safetensors");
  EXPECT_FALSE(Find());
  Put("model-2.safetensors");
  EXPECT_TRUE(Find());
  Put(std::string(kIndexFile), R"({"weight_map": {"a": "../x.safetensors"}})");
  EXPECT_FALSE(Find());
}

TEST_F(FindCachedTest, NumberedFilesWithoutAnIndexCountThemselves) {
  Put("config.json");
  Put("model-00001-of-00002.safetensors");
  EXPECT_FALSE(Find());
  Put("model-00002-of-00002.safetensors");
  EXPECT_TRUE(Find());
}

TEST_F(FindCachedTest, AGgufIsNamedOrTheOnlyOne) {
  Put("m-Q4_0.gguf");
  EXPECT_EQ(Find()->path, Cache().SnapshotPath(kCommit, "m-Q4_0.gguf"));
  EXPECT_TRUE(Find("o/n:m-Q4_0.gguf")->is_complete);
  EXPECT_FALSE(Find("o/n:m-Q8_0.gguf"));
  Put("m-Q8_0.gguf");
  EXPECT_FALSE(Find());
  EXPECT_TRUE(Find("o/n:m-Q8_0.gguf"));
  Put("s-00001-of-00002.gguf");
  EXPECT_FALSE(Find("o/n:s-00001-of-00002.gguf"));
  Put("s-00002-of-00002.gguf");
  EXPECT_TRUE(Find("o/n:s-00001-of-00002.gguf"));
}

}  // namespace
}  // namespace pellucid::hub
