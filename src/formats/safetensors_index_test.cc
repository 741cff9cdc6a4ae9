#include "formats/safetensors_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Result<WeightMap> Read(const std::string& json) {
  return ReadWeightMap(JsonFile::Parse(json, "i.json").value());
}

std::string ErrorOf(const std::string& json) {
  const auto map = Read(json);
  if (map.ok()) return "no error";
  EXPECT_EQ(map.error().code, ErrorCode::kModel);
  EXPECT_THAT(map.error().message, HasSubstr("open: i.json: "));
  return map.error().message;
}

std::string With(const std::string& shard) {
  return R"({"weight_map": {"t": )" + shard + "}}";
}

TEST(SafetensorsIndexTest, ReadsWhichFileHoldsATensor) {
  const auto map = Read(
      R"({"metadata": {"total_size": 1e9, "total_parameters": null},
          "weight_map": {"b": "model-2.safetensors",
                         "a": "model-1.safetensors"}})");
  ASSERT_TRUE(map.ok()) << map.error().message;
  EXPECT_THAT(*map, ElementsAre(Pair("a", "model-1.safetensors"),
                                Pair("b", "model-2.safetensors")));
}

TEST(SafetensorsIndexTest, WithoutAMapThereIsNoIndex) {
  for (const char* json :
       {"{}", "[]", "1", R"({"weight_map": []})", R"({"weight_map": null})"}) {
    EXPECT_THAT(ErrorOf(json), HasSubstr("has no \"weight_map\"")) << json;
  }
  EXPECT_THAT(ErrorOf(R"({"weight_map": {}})"), HasSubstr("is empty"));
}

TEST(SafetensorsIndexTest, FileNamesLeadNowhereElse) {
  EXPECT_EQ(ErrorOf(With("\"a.safetensors\"")), "no error");
  for (const char* shard :
       {"\"../a.safetensors\"", "\"/etc/a.safetensors\"", "\"..\"", "\"\"",
        "\"sub/a.safetensors\"", "\"a\\\\b.safetensors\"", "\"a.bin\"",
        "\".safetensors\"", "\"a..safetensors\"", "\"a\\u0000.safetensors\"",
        "\"a\\n.safetensors\"", "7", "null", "[\"a.safetensors\"]"}) {
    EXPECT_THAT(ErrorOf(With(shard)), HasSubstr("tensor t: its file is "))
        << shard;
  }
}

TEST(SafetensorsIndexTest, ATensorThatStandsTwiceIsNamed) {
  EXPECT_THAT(ErrorOf(R"({"weight_map": {"t": "a.safetensors",
                                         "t": "b.safetensors"}})"),
              HasSubstr("tensor t stands twice"));
}

}  // namespace
}  // namespace pellucid
