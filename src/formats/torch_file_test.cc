#include "formats/torch_file.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/golden_json.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using Kind = TorchValue::Kind;
using Shape = std::vector<std::size_t>;

const std::string kFiles = testutil::GoldenPath("lens_files/");

// Element i of the formula of tools/goldens/lens_files.py.
float Value(std::size_t i) { return (static_cast<float>(7 * i % 23) - 11) / 4; }

std::vector<float> Values(std::size_t count) {
  std::vector<float> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(Value(i));
  return out;
}

// The tensor under `key` of the file's dict.
Tensor TensorOf(const TorchFile& file, std::string_view key) {
  const TorchValue* value = file.Find(file.root(), key);
  if (value == nullptr || value->kind != Kind::kTensor) {
    ADD_FAILURE() << key << " is no tensor";
    return {};
  }
  const auto tensor = file.Read(value->tensor);
  if (!tensor.ok()) {
    ADD_FAILURE() << tensor.error().message;
    return {};
  }
  return *tensor;
}

TEST(TorchFileTest, ReadsEveryType) {
  const auto file = TorchFile::Open(kFiles + "values.pt");
  ASSERT_TRUE(file.ok()) << file.error().message;
  for (const char* name : {"float", "half", "bfloat16", "double"}) {
    const Tensor tensor = TensorOf(*file, name);
    EXPECT_EQ(tensor.shape, (Shape{6, 8})) << name;
    EXPECT_EQ(tensor.data, Values(48)) << name;
  }
}

TEST(TorchFileTest, ReadsViews) {
  const auto file = TorchFile::Open(kFiles + "values.pt");
  ASSERT_TRUE(file.ok()) << file.error().message;
  const Tensor turned = TensorOf(*file, "turned");
  ASSERT_EQ(turned.shape, (Shape{8, 6}));
  const Tensor part = TensorOf(*file, "part");
  ASSERT_EQ(part.shape, (Shape{3, 3}));
  for (std::size_t r = 0; r < 8; ++r) {
    for (std::size_t c = 0; c < 6; ++c) {
      EXPECT_EQ(turned.Row(r)[c], Value(c * 8 + r));
      if (r < 3 && c < 3) {
        EXPECT_EQ(part.Row(r)[c], Value((r + 2) * 8 + c + 1));
      }
    }
  }
  EXPECT_EQ(TensorOf(*file, "scalar").data, std::vector<float>{-2.75f});
  EXPECT_EQ(TensorOf(*file, "empty").shape, (Shape{0, 4}));
  EXPECT_EQ(TensorOf(*file, "3").data, Values(2));
}

TEST(TorchFileTest, ReadsOtherValues) {
  const auto file = TorchFile::Open(kFiles + "values.pt");
  ASSERT_TRUE(file.ok()) << file.error().message;
  const TorchValue* nested = file->Find(file->root(), "nested");
  ASSERT_NE(nested, nullptr);
  const TorchValue* list = file->Find(*nested, "list");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items.size(), 7u);
  EXPECT_EQ(file->At(list->items[0]).kind, Kind::kTensor);
  EXPECT_EQ(file->At(list->items[1]).integer, 1);
  EXPECT_EQ(file->At(list->items[2]).integer, -70000);
  EXPECT_EQ(file->At(list->items[3]).integer, std::int64_t{1} << 40);
  EXPECT_EQ(file->At(list->items[4]).number, 2.5);
  EXPECT_EQ(file->At(list->items[5]).kind, Kind::kNone);
  EXPECT_EQ(file->At(list->items[6]).kind, Kind::kBool);
  EXPECT_EQ(file->Find(*nested, "absent"), nullptr);
}

TEST(TorchFileTest, ReadsStateDictsAndParameters) {
  const auto state = TorchFile::Open(kFiles + "state_dict.pt");
  ASSERT_TRUE(state.ok()) << state.error().message;
  EXPECT_EQ(TensorOf(*state, "weight").data, Values(48));
  EXPECT_EQ(TensorOf(*state, "bias").data, Values(6));
  const auto parameter = TorchFile::Open(kFiles + "parameter.pt");
  ASSERT_TRUE(parameter.ok()) << parameter.error().message;
  EXPECT_EQ(TensorOf(*parameter, "p").data, Values(48));
  const auto protocol = TorchFile::Open(kFiles + "protocol4.pt");
  ASSERT_TRUE(protocol.ok()) << protocol.error().message;
  EXPECT_EQ(TensorOf(*protocol, "x").data, Values(48));
}

TEST(TorchFileTest, RunsNothing) {
  const auto refusal = [](const std::string& name) {
    const auto file = TorchFile::Open(kFiles + name);
    return file.ok() ? std::string("ok") : file.error().message;
  };
  EXPECT_THAT(refusal("hostile_system.pt"), HasSubstr("system"));
  EXPECT_THAT(refusal("hostile_eval.pt"), HasSubstr("eval"));
  EXPECT_THAT(refusal("hostile_module.pt"), HasSubstr("Linear"));
  EXPECT_THAT(refusal("hostile_integers.pt"), HasSubstr("LongStorage"));
  EXPECT_THAT(refusal("hostile_set.pt"), HasSubstr("set"));
  EXPECT_THAT(refusal("hostile_big_endian.pt"), HasSubstr("another order"));
  EXPECT_THAT(refusal("hostile_no_pickle.pt"), HasSubstr("data.pkl"));
  EXPECT_THAT(refusal("legacy.pt"), HasSubstr("no zip archive"));
}

TEST(TorchFileTest, RefusesTensorsThatDoNotFitTheirStorage) {
  for (const auto& [name, expected] :
       {std::pair{"hostile_expanded.pt", "more elements"},
        {"hostile_no_storage.pt", "is missing"},
        {"hostile_short_storage.pt", "more elements"}}) {
    const auto file = TorchFile::Open(kFiles + name);
    ASSERT_TRUE(file.ok()) << file.error().message;
    const char* key =
        std::string(name) == "hostile_expanded.pt" ? "x" : "float";
    const auto tensor = file->Read(file->Find(file->root(), key)->tensor);
    ASSERT_FALSE(tensor.ok()) << name;
    EXPECT_THAT(tensor.error().message, HasSubstr(expected));
  }
}

TEST(TorchFileTest, AValueThatHoldsItselfIsOnlyAnIndex) {
  const auto file = TorchFile::Open(kFiles + "loop.pt");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->Find(file->root(), "x"), &file->root());
  const auto ordered = TorchFile::Open(kFiles + "ordered.pt");
  ASSERT_TRUE(ordered.ok()) << ordered.error().message;
  EXPECT_EQ(ordered->Find(ordered->root(), "x")->integer, 1);
}

}  // namespace
}  // namespace pellucid
