#include "formats/safetensors_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "testutil/safetensors_builder.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using testutil::SafetensorsBuilder;
using testutil::WriteFileText;

class SafetensorsSetTest : public ::testing::Test {
 protected:
  // A file of the tensors `names`, one number each.
  void File(const std::string& file, const std::vector<std::string>& names) {
    SafetensorsBuilder builder;
    for (const std::string& name : names) builder.Floats(name, {1}, {1});
    testutil::WriteFileBytes(dir_ / file, builder.Build());
  }
  void Index(const std::string& weight_map) {
    WriteFileText(dir_ / "model.safetensors.index.json",
                  R"({"weight_map": {)" + weight_map + "}}");
  }
  Result<SafetensorsSet> Open() { return SafetensorsSet::Open(dir_.path()); }
  std::string ErrorOf() {
    const auto set = Open();
    if (set.ok()) return "no error";
    EXPECT_EQ(set.error().code, ErrorCode::kModel);
    EXPECT_THAT(set.error().message, HasSubstr("open: " + dir_.path()));
    return set.error().message;
  }
  // Files and tensors, as "file: tensors".
  std::vector<std::string> Held() {
    const auto set = Open();
    if (!set.ok()) return {set.error().message};
    std::vector<std::string> out;
    for (const SafetensorsFile& file : set->files()) {
      std::string line =
          std::filesystem::path(file.name()).filename().string() + ":";
      for (const auto& [name, place] : set->tensors()) {
        EXPECT_EQ(set->Find(name).tensor, place.tensor);
        if (place.file == &file) line += " " + std::string(name);
      }
      out.push_back(line);
    }
    return out;
  }

  testutil::TempDir dir_;
};

using Lines = std::vector<std::string>;

TEST_F(SafetensorsSetTest, OneFile) {
  File("model.safetensors", {"a", "b"});
  File("model-00001-of-00001.safetensors", {"c"});
  File("consolidated.safetensors", {"a"});
  File("adapter_model.safetensors", {"a"});
  EXPECT_EQ(Held(), Lines{"model.safetensors: a b"});
  EXPECT_EQ(Open()->Find("c").tensor, nullptr);
}

TEST_F(SafetensorsSetTest, AnIndexNamesTheFiles) {
  File("model.safetensors", {"a"});
  File("second.safetensors", {"b"});
  File("first.safetensors", {"a", "c"});
  Index(R"("b": "second.safetensors", "a": "first.safetensors")");
  EXPECT_EQ(Held(), (Lines{"first.safetensors: a c", "second.safetensors: b"}));
}

TEST_F(SafetensorsSetTest, WithoutAnIndexAllModelFilesInTheOrderOfTheirNames) {
  File("model-00002-of-00002.safetensors", {"a"});
  File("model-00001-of-00002.safetensors", {"b"});
  File("consolidated.safetensors", {"a"});
  EXPECT_EQ(Held(), (Lines{"model-00001-of-00002.safetensors: b",
                           "model-00002-of-00002.safetensors: a"}));
}

TEST_F(SafetensorsSetTest, ATensorMissingFromItsFileIsNamed) {
  File("first.safetensors", {"a"});
  Index(R"("a": "first.safetensors", "b": "first.safetensors")");
  EXPECT_THAT(ErrorOf(), HasSubstr("tensor b should be in first.safetensors, "
                                   "but is not"));
}

TEST_F(SafetensorsSetTest, ATensorInAnotherFileIsNamedWithBoth) {
  File("first.safetensors", {"a"});
  File("second.safetensors", {"b"});
  Index(R"("a": "second.safetensors", "b": "second.safetensors")");
  EXPECT_THAT(ErrorOf(), HasSubstr("tensor a should be in second.safetensors"));
  Index(R"("a": "second.safetensors", "b": "first.safetensors")");
  EXPECT_THAT(ErrorOf(), HasSubstr("tensor a should be in second.safetensors, "
                                   "but lies in first.safetensors"));
}

TEST_F(SafetensorsSetTest, AFileThatIsNotThereIsNamed) {
  File("first.safetensors", {"a"});
  Index(R"("a": "first.safetensors", "b": "model-2.safetensors")");
  EXPECT_THAT(ErrorOf(), HasSubstr("model-2.safetensors: no such file"));
}

TEST_F(SafetensorsSetTest, ATensorInTwoFilesIsNamedWithBoth) {
  File("model-1.safetensors", {"a"});
  File("model-2.safetensors", {"a", "b"});
  EXPECT_THAT(ErrorOf(), HasSubstr("model-2.safetensors: tensor a stands in"));
}

TEST_F(SafetensorsSetTest, DamageInAFileOrTheIndexIsReported) {
  WriteFileText(dir_ / "model.safetensors", "short");
  EXPECT_THAT(ErrorOf(), HasSubstr("model.safetensors: header length"));
  WriteFileText(dir_ / "model.safetensors.index.json", "{");
  EXPECT_THAT(ErrorOf(), HasSubstr("is not valid JSON"));
  Index(R"("a": "../first.safetensors")");
  EXPECT_THAT(ErrorOf(), HasSubstr("no name of a .safetensors file"));
}

TEST_F(SafetensorsSetTest, WhatThereIsInsteadDecidesTheAdvice) {
  EXPECT_THAT(ErrorOf(), EndsWith("check that the download is whole"));
  WriteFileText(dir_ / "pytorch_model.bin", "x");
  EXPECT_THAT(ErrorOf(), HasSubstr("only pytorch_model.bin, which is not read "
                                   "because loading it may run code"));
  WriteFileText(dir_ / "m.gguf", "x");
  EXPECT_THAT(ErrorOf(), HasSubstr("only m.gguf; name that file"));
  File("gptq_model-4bit-128g.safetensors", {"a"});
  EXPECT_THAT(ErrorOf(), HasSubstr("only gptq_model-4bit-128g.safetensors; "));
  File("adapter_model.safetensors", {"a"});
  EXPECT_THAT(ErrorOf(), HasSubstr("an adapter; merge it"));
}

TEST_F(SafetensorsSetTest, WhatIsNoFolderIsAnError) {
  const auto none = SafetensorsSet::Open(dir_ / "none");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kModel);
}

}  // namespace
}  // namespace pellucid
