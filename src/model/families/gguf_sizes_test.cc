#include "model/families/gguf_sizes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "testutil/gguf_builder.h"

namespace pellucid::families {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testutil::GgufBuilder;

// A header of whole numbers below "toy.", and what a test adds.
class Header {
 public:
  using Numbers = std::map<std::string, std::uint32_t>;
  using Add = std::function<void(GgufBuilder&)>;

  explicit Header(const Numbers& changed, const Add& add = {}) {
    Numbers numbers = {
        {"block_count", 3},          {"context_length", 64},
        {"embedding_length", 24},    {"feed_forward_length", 40},
        {"attention.head_count", 4}, {"attention.head_count_kv", 2}};
    for (const auto& [key, value] : changed) numbers[key] = value;
    GgufBuilder builder;
    for (const auto& [key, value] : numbers) {
      builder.Scalar<std::uint32_t>("toy." + key, value);
    }
    if (add) add(builder);
    bytes_ = builder.Build();
  }

  Result<ArchSpec> Sizes() const {
    const GgufFile file = GgufFile::Parse(bytes_, "tiny.gguf").value();
    const GgufLoader loader(file);
    ArchSpec spec;
    PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, GgufKeys("toy"), spec));
    return spec;
  }
  Result<RopeSpec> Rope() const {
    const GgufFile file = GgufFile::Parse(bytes_, "tiny.gguf").value();
    GgufLoader loader(file);
    PELLUCID_ASSIGN_OR_RETURN(ArchSpec spec, Sizes());
    return ReadGgufRope(loader, GgufKeys("toy"), kernels::RopePairs::kHalves,
                        spec);
  }

 private:
  GgufBuilder::Bytes bytes_;
};

template <typename T>
std::string ErrorOf(const Result<T>& result) {
  if (result.ok()) return "no error";
  EXPECT_EQ(result.error().code, ErrorCode::kModel);
  return result.error().message;
}

TEST(GgufSizesTest, SizesAndLayers) {
  const ArchSpec spec = Header({}).Sizes().value();
  EXPECT_EQ(spec.n_layers, 3u);
  EXPECT_EQ(spec.d_model, 24u);
  EXPECT_EQ(spec.d_mlp, 40u);
  EXPECT_EQ(spec.context_length, 64u);
  EXPECT_EQ(spec.n_heads, 4u);
  EXPECT_EQ(spec.n_kv_heads, 2u);
  EXPECT_EQ(spec.head_dim, 6u);
  ASSERT_EQ(spec.layers.size(), 3u);
  EXPECT_FLOAT_EQ(spec.layers[2].attention_scale, 0.40824829f);
  EXPECT_EQ(spec.layers[2].window, 0u);
}

TEST(GgufSizesTest, HeadsMayHaveASizeOfTheirOwn) {
  EXPECT_EQ(Header({{"attention.key_length", 10}}).Sizes()->head_dim, 10u);
  EXPECT_THAT(ErrorOf(Header({{"attention.key_length", 10},
                              {"attention.value_length", 6}})
                          .Sizes()),
              HasSubstr("toy.attention.value_length: is 6, keys have 10"));
}

TEST(GgufSizesTest, SizesThatLie) {
  const std::pair<Header::Numbers, std::string_view> lies[] = {
      {{{"block_count", 0}}, "toy.block_count: is 0"},
      {{{"block_count", 5000}}, "toy.block_count: is 5000"},
      {{{"embedding_length", 0}}, "toy.embedding_length: is 0"},
      {{{"embedding_length", 25}}, "is 25, no multiple of the 4 heads"},
      {{{"attention.head_count_kv", 3}}, "is 4, no multiple of the 3 key"},
      {{{"attention.head_count", 2000000000}}, "toy.attention.head_count"},
      {{{"attention.head_count", 1 << 20}, {"attention.key_length", 1 << 20}},
       "heads of 1048576 are too large"},
      {{{"context_length", 0}}, "toy.context_length: is 0"}};
  for (const auto& [numbers, message] : lies) {
    EXPECT_THAT(ErrorOf(Header(numbers).Sizes()),
                HasSubstr(std::string(message)));
  }
}

TEST(GgufSizesTest, RotationOfSomeFeatures) {
  const RopeSpec rope = Header({{"rope.dimension_count", 4}}).Rope().value();
  EXPECT_EQ(rope.dims, 4u);
  EXPECT_THAT(rope.inv_freq, ElementsAre(1.0f, 0.01f));
  EXPECT_THAT(ErrorOf(Header({{"rope.dimension_count", 8}}).Rope()),
              HasSubstr("toy.rope.dimension_count: is 8"));
}

TEST(GgufSizesTest, RotationStretched) {
  const auto linear = Header({{"rope.dimension_count", 4}}, [](GgufBuilder& b) {
    b.String("toy.rope.scaling.type", "linear")
        .Scalar<float>("toy.rope.scaling.factor", 4);
  });
  EXPECT_THAT(linear.Rope()->inv_freq, ElementsAre(0.25f, 0.0025f));
  const auto llama3 = Header({{"rope.dimension_count", 4}}, [](GgufBuilder& b) {
    b.Floats("rope_freqs.weight", {2}, {1, 8});
  });
  EXPECT_THAT(llama3.Rope()->inv_freq, ElementsAre(1.0f, 0.00125f));
  const auto unknown = Header(
      {}, [](GgufBuilder& b) { b.String("toy.rope.scaling.type", "spiral"); });
  EXPECT_THAT(ErrorOf(unknown.Rope()),
              HasSubstr("toy.rope.scaling.type: is \"spiral\": unsupported"));
}

TEST(GgufSizesTest, KeysThatNobodyReads) {
  for (const auto& [key, with_rope, known] :
       {std::tuple{"toy.rope.freq_base", true, true},
        std::tuple{"toy.rope.freq_base", false, false},
        std::tuple{"toy.own", true, true},
        std::tuple{"toy.other", true, false}}) {
    const auto bytes = GgufBuilder().Scalar<float>(key, 1).Build();
    const GgufFile file = GgufFile::Parse(bytes, "tiny.gguf").value();
    const std::vector<std::string_view> own = {"own"};
    EXPECT_EQ(
        CheckKnownKeys(GgufLoader(file), GgufKeys("toy"), own, with_rope).ok(),
        known)
        << key;
  }
}

}  // namespace
}  // namespace pellucid::families
