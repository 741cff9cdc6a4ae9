#include "model/families/gguf_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "testutil/gguf_builder.h"

namespace pellucid::families {
namespace {

using ::testing::HasSubstr;
using testutil::GgufBuilder;

// A parsed header and what reads it; the file's bytes live here.
class Header {
 public:
  explicit Header(const GgufBuilder& builder)
      : bytes_(builder.Build()),
        file_(GgufFile::Parse(bytes_, "tiny.gguf").value()),
        loader_(file_) {}
  GgufLoader& loader() { return loader_; }

 private:
  GgufBuilder::Bytes bytes_;
  GgufFile file_;
  GgufLoader loader_;
};

constexpr std::array<std::string_view, 2> kKnown = {"block_count",
                                                    "attention.causal"};

TEST(GgufKeysTest, AKeyThatNobodyKnowsIsNamed) {
  Header known(GgufBuilder{}
                   .Scalar<std::uint32_t>("toy.block_count", 1)
                   .Scalar<float>("other.logit_scale", 2));
  EXPECT_TRUE(CheckKnownKeys(known.loader(), "toy.", kKnown).ok());
  Header unknown(GgufBuilder{}.Scalar<float>("toy.logit_scale", 2));
  const Status status = CheckKnownKeys(unknown.loader(), "toy.", kKnown);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("toy.logit_scale"));
}

TEST(GgufKeysTest, ModelsThatAreNotCausalAreRefused) {
  Header header(GgufBuilder{}.Bool("toy.attention.causal", false));
  const Status status = CheckKnownKeys(header.loader(), "toy.", kKnown);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("toy.attention.causal"));
}

TEST(GgufKeysTest, ANumberMustBePositiveAndFinite) {
  for (const float bad : {0.0f, -1.0f, INFINITY, std::nanf("")}) {
    Header header(GgufBuilder{}.Scalar<float>("toy.eps", bad));
    EXPECT_FALSE(PositiveFloat(header.loader(), "toy.eps", 1).ok()) << bad;
  }
  Header header(GgufBuilder{}.Scalar<float>("toy.eps", 0.5f));
  EXPECT_EQ(PositiveFloat(header.loader(), "toy.eps", 1).value(), 0.5f);
  EXPECT_EQ(PositiveFloat(header.loader(), "toy.absent", 2).value(), 2.0f);
}

TEST(GgufKeysTest, TheHeadIsTheEmbeddingWhereTheFileHasNone) {
  const std::vector<float> values(3 * 4, 1.0f);
  for (const bool own : {false, true}) {
    GgufBuilder builder;
    builder.Floats("token_embd.weight", {3, 4}, values);
    if (own) builder.Floats("output.weight", {3, 4}, values);
    Header header(builder);
    ArchSpec spec;
    spec.d_model = 4;
    Weights weights;
    weights.embed = ReadEmbedding(header.loader(), spec).value();
    EXPECT_EQ(spec.vocab_size, 3u);
    ASSERT_TRUE(ReadUnembedding(header.loader(), spec, weights).ok());
    EXPECT_EQ(weights.tied, !own);
    EXPECT_EQ(weights.unembed.data == weights.embed.data, !own);
  }
}

TEST(GgufKeysTest, AnEmbeddingThatIsNoMatrixIsRefused) {
  Header header(GgufBuilder{}.Floats("token_embd.weight", {4},
                                     std::vector<float>(4, 1.0f)));
  ArchSpec spec;
  spec.d_model = 4;
  const auto embed = ReadEmbedding(header.loader(), spec);
  ASSERT_FALSE(embed.ok());
  EXPECT_THAT(embed.error().message, HasSubstr("token_embd.weight"));
}

}  // namespace
}  // namespace pellucid::families
