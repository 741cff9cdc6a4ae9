// Edits in files, and the tensors that these name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/model.h"
#include "testutil/safetensors_builder.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testutil::SafetensorsBuilder;
using testutil::TempDir;
using testutil::WriteFileBytes;
using testutil::WriteFileText;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string Replacing(const std::string& file, const std::string& tensor) {
  return R"({"schema": "pellucid.edits/1", "edits": [{"site": "s", "kind":
            "replace", "values": {"file": ")" +
         file + R"(", "tensor": ")" + tensor + R"("}}]})";
}

std::string Problem(const std::string& path, const ModelInfo& model = {}) {
  const auto edits = ReadEdits(path, model);
  if (edits.ok()) return "no error";
  EXPECT_EQ(edits.error().code, ErrorCode::kModel);
  return edits.error().message;
}

TEST(EditsFileTest, WhatIsReadIsWhatWasWritten) {
  const TempDir dir;
  ModelInfo model;
  model.architecture = "llama";
  model.hash = "12ab";
  std::vector<Edit> edits(2, {.site = "s", .kind = EditKind::kReplace});
  edits[0].values = Tensor({2});
  edits[1].values = Tensor({2, 3});
  edits[1].values.data = {1, 2, -kInfinity, 4, 5, 6};
  ASSERT_TRUE(WriteEdits(dir / "e.json", edits, model).ok());
  EXPECT_THAT(dir.List(), ElementsAre("e.json", "e.safetensors"));
  const auto read = ReadEdits(dir / "e.json", model);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[1].values.shape, edits[1].values.shape);
  EXPECT_EQ((*read)[1].values.data, edits[1].values.data);
  model.hash = "34cd";
  EXPECT_THAT(Problem(dir / "e.json", model),
              HasSubstr("was saved for another model"));
}

TEST(EditsFileTest, OneFileWhereAllNumbersStandInIt) {
  const TempDir dir;
  const std::vector<Edit> edits = {{.site = "s"}};
  ASSERT_TRUE(WriteEdits(dir / "edits", edits, {}).ok());
  EXPECT_THAT(dir.List(), ElementsAre("edits"));
  EXPECT_TRUE(ReadEdits(dir / "edits", {}).ok());
  const Status status = WriteEdits(dir / "none/e.json", edits, {});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kFailed);
  const std::vector<Edit> custom = {{.site = "s", .kind = EditKind::kCustom}};
  ASSERT_FALSE(WriteEdits(dir / "c.json", custom, {}).ok());
  EXPECT_THAT(dir.List(), ElementsAre("edits"));
}

// Paths are relative to the folder of the JSON, whatever the program's own is.
TEST(EditsFileTest, TensorsOfEveryTypeOfWeightsAreRead) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "sub");
  const auto bytes = [](std::vector<unsigned> values) {
    std::vector<std::byte> out;
    for (const unsigned v : values) out.push_back(std::byte(v));
    return out;
  };
  WriteFileBytes(
      dir / "sub/v.safetensors",
      SafetensorsBuilder()
          .Floats("f32", {1, 2}, {1.5f, -2})
          .Tensor("f16", "F16", {1}, bytes({0x00, 0xBE}))
          .Tensor("bf16", "BF16", {1}, bytes({0xC0, 0x3F}))
          .Tensor("f64", "F64", {1}, bytes({0, 0, 0, 0, 0, 0, 0xF8, 0x3F}))
          .Tensor("i8", "I8", {1}, bytes({1}))
          .Tensor("none", "F32", {0, 2}, {})
          .Build());
  const auto values = [&](const std::string& tensor) {
    WriteFileText(dir / "e.json", Replacing("sub/v.safetensors", tensor));
    const auto edits = ReadEdits(dir / "e.json", {});
    if (!edits.ok()) ADD_FAILURE() << edits.error().message;
    return edits.ok() ? edits->front().values : Tensor();
  };
  EXPECT_THAT(values("f32").shape, ElementsAre(1, 2));
  EXPECT_THAT(values("f32").data, ElementsAre(1.5f, -2));
  EXPECT_THAT(values("f16").data, ElementsAre(-1.5f));
  EXPECT_THAT(values("bf16").data, ElementsAre(1.5f));
  EXPECT_THAT(values("f64").data, ElementsAre(1.5f));
  const auto problem = [&](const std::string& file, const std::string& tensor) {
    WriteFileText(dir / "e.json", Replacing(file, tensor));
    return Problem(dir / "e.json");
  };
  EXPECT_THAT(problem("sub/v.safetensors", "i8"),
              HasSubstr("tensor \"i8\" is of dtype I8; save it as F32"));
  EXPECT_THAT(problem("sub/v.safetensors", "none"),
              HasSubstr("which has no elements"));
  EXPECT_THAT(problem("sub/v.safetensors", "x"),
              HasSubstr("has no tensor \"x\"; there are "));
  EXPECT_THAT(problem("v.safetensors", "f32"), HasSubstr("v.safetensors"));
  EXPECT_THAT(problem("e.json", "f32"), HasSubstr("e.json"));
  EXPECT_THAT(problem("sub", "f32"), HasSubstr("sub"));
}

TEST(EditsFileTest, FilesThatAreNoEdits) {
  const TempDir dir;
  EXPECT_THAT(Problem(dir / "none.json"), HasSubstr("none.json"));
  WriteFileText(dir / "e.json", "");
  EXPECT_THAT(Problem(dir / "e.json"), HasSubstr("e.json"));
  WriteFileText(dir / "e.json", "{\"schema\": \"\xFF\"}");
  EXPECT_THAT(Problem(dir / "e.json"), HasSubstr("is not valid JSON"));
}

}  // namespace
}  // namespace pellucid
