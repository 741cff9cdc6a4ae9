#include "model/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

class CheckpointTest : public ::testing::Test {
 protected:
  std::string ErrorOf(const std::string& path) {
    const auto checkpoint = Checkpoint::Open(path);
    if (checkpoint.ok()) return "no error";
    EXPECT_EQ(checkpoint.error().code, ErrorCode::kModel);
    return checkpoint.error().message;
  }
  void WriteGguf(const std::string& name) {
    testutil::WriteFileBytes(dir_ / name,
                             testutil::TinyLlama{}.Builder().Build());
  }

  testutil::TempDir dir_;
};

TEST_F(CheckpointTest, AFileOrAFolder) {
  WriteGguf("tiny.gguf");
  const auto file = Checkpoint::Open(dir_ / "tiny.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->format(), "gguf");
  EXPECT_EQ(file->Tensors().front().name, "token_embd.weight");
  testutil::TinyHfLlama().Write(dir_.path(), /*shards=*/2);
  const auto folder = Checkpoint::Open(dir_.path() + "/");
  ASSERT_TRUE(folder.ok()) << folder.error().message;
  EXPECT_EQ(folder->format(), "safetensors");
  EXPECT_EQ(folder->path(), dir_.path() + "/");
  EXPECT_EQ(folder->Hash().size(), 64u);
  ASSERT_EQ(folder->Tensors().size(), 20u);
  const TensorInfo first = folder->Tensors().front();
  EXPECT_EQ(first.name, "model.embed_tokens.weight");
  EXPECT_EQ(first.dtype, "F32");
  EXPECT_EQ(first.bytes, 19u * 8 * 4);
}

TEST_F(CheckpointTest, AFolderOfOneGgufFileIsThatFile) {
  WriteGguf("tiny.gguf");
  EXPECT_EQ(Checkpoint::Open(dir_.path())->path(), dir_ / "tiny.gguf");
  WriteGguf("other.gguf");
  EXPECT_THAT(ErrorOf(dir_.path()),
              HasSubstr("holds 2 .gguf files; name one of them, such as " +
                        (dir_ / "other.gguf")));
}

TEST_F(CheckpointTest, AFolderOfOneSplitModelIsItsFirstFile) {
  WriteGguf("m-00001-of-00002.gguf");
  WriteGguf("m-00002-of-00002.gguf");
  EXPECT_EQ(LocateCheckpoint(dir_.path())->path,
            dir_ / "m-00001-of-00002.gguf");
  WriteGguf("n.gguf");
  EXPECT_THAT(ErrorOf(dir_.path()), HasSubstr("holds 3 .gguf files"));
}

TEST_F(CheckpointTest, WhatCannotBeLookedAtIsNotCalledAbsent) {
  std::filesystem::create_symlink("loop", dir_ / "loop");
  EXPECT_THAT(ErrorOf(dir_ / "loop"), HasSubstr("symbolic links"));
  WriteGguf("tiny.gguf");
  std::filesystem::create_symlink("config.json", dir_ / "config.json");
  EXPECT_THAT(ErrorOf(dir_.path()), HasSubstr("config.json: Too many"));
}

TEST_F(CheckpointTest, AFolderThatMayNotBeListedIsNotCalledEmpty) {
  namespace fs = std::filesystem;
  const std::string folder = dir_ / "closed";
  fs::create_directory(folder);
  fs::permissions(folder, fs::perms::owner_exec);
  if (::access(folder.c_str(), R_OK) == 0) GTEST_SKIP() << "root reads all";
  EXPECT_THAT(ErrorOf(folder), HasSubstr("Permission denied"));
  fs::permissions(folder, fs::perms::owner_all);
}

TEST_F(CheckpointTest, ATokenizerAloneNeedsNoWeights) {
  EXPECT_FALSE(ReadTokenizerAt(dir_.path()).value().has_value());
  testutil::WriteFileText(dir_ / "tokenizer.json", R"({
      "pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"},
      "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})");
  EXPECT_EQ(ReadTokenizerAt(dir_.path()).value()->VocabSize(), 1u);
  WriteGguf("tiny.gguf");  // now the folder stands for that file
  EXPECT_FALSE(ReadTokenizerAt(dir_.path()).value().has_value());
}

TEST_F(CheckpointTest, StopIdsAreThoseThatTheFilesName) {
  using Ids = std::vector<std::int64_t>;
  WriteGguf("none.gguf");
  EXPECT_EQ(Checkpoint::Open(dir_ / "none.gguf")->StopIds(), Ids{});
  testutil::WriteFileBytes(
      dir_ / "three.gguf",
      testutil::TinyLlama{}
          .Builder()
          .Scalar<std::uint32_t>("tokenizer.ggml.eos_token_id", 2)
          .Scalar<std::uint32_t>("tokenizer.ggml.eot_token_id", 7)
          .Scalar<std::uint32_t>("tokenizer.ggml.eom_token_id", 0xffffffff)
          .Build());
  EXPECT_EQ(Checkpoint::Open(dir_ / "three.gguf")->StopIds(), (Ids{2, 7}));
  const testutil::TempDir folder;
  testutil::HfModel model = testutil::TinyHfLlama();
  model.config["eos_token_id"] = "[3, 5]";
  model.Write(folder.path());
  EXPECT_EQ(Checkpoint::Open(folder.path())->StopIds(), (Ids{3, 5}));
  testutil::WriteFileText(folder / "generation_config.json",
                          "{\"eos_token_id\": 4}");
  EXPECT_EQ(Checkpoint::Open(folder.path())->StopIds(), Ids{4});
}

TEST_F(CheckpointTest, AFileOfAFolderLeadsToTheFolder) {
  testutil::TinyHfLlama().Write(dir_.path());
  for (const char* name : {"config.json", "model.safetensors"}) {
    EXPECT_THAT(ErrorOf(dir_ / name),
                HasSubstr("name the folder " + dir_.path()));
  }
}

TEST_F(CheckpointTest, ALoadedModelSurvivesAMoveOfItsCheckpoint) {
  testutil::HfModel model = testutil::TinyHfLlama();
  model.config["eos_token_id"] = "[2, 3]";
  model.Write(dir_.path());
  auto opened = Checkpoint::Open(dir_.path());
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const LoadedModel loaded = opened->Load().value();
  const Checkpoint moved = std::move(*opened);
  EXPECT_EQ(moved.Tensors().size(), 20u);
  float first = 0;
  std::memcpy(&first, loaded.weights.embed.data, sizeof(first));
  EXPECT_EQ(first, model.tensors.front().values.front());
  EXPECT_THAT(loaded.spec.details, Contains(Pair("eos_token_id", "2, 3")));
  EXPECT_FALSE(moved.ReadTokenizer().value().has_value());
}

TEST_F(CheckpointTest, ADamagedTokenizerIsAnErrorOfItsOwn) {
  testutil::TinyHfLlama().Write(dir_.path());
  testutil::WriteFileText(dir_ / "tokenizer.json", "{");
  const auto checkpoint = Checkpoint::Open(dir_.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
  EXPECT_TRUE(checkpoint->Load().ok());
  EXPECT_FALSE(checkpoint->ReadTokenizer().ok());
}

}  // namespace
}  // namespace pellucid
