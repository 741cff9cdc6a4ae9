// What the forward pass promises whatever the architecture: results that do
// not depend on threads, batch, observation or instruction set, and a name for
// the first number that is none.
#include "model/forward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/isa.h"
#include "model/model_impl.h"
#include "pellucid/model.h"
#include "testutil/compare.h"
#include "testutil/hf_goldens.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

std::vector<TokenId> RandomIds(std::size_t count, std::uint64_t seed,
                               std::size_t vocab) {
  testutil::Random random(seed);
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(random.Below(vocab));
  return ids;
}

RunOptions Everything() {
  return {.sites = {"all", "model.layers.*.self_attn.scores",
                    "model.layers.*.self_attn.pattern"},
          .last_logits = true};
}

// Both a plain and a quantised model: rows are decoded on one of them.
class ForwardTest : public ::testing::TestWithParam<std::string> {
 protected:
  Model Open(std::size_t threads = 2) const {
    return Model::Open(testutil::TinyLlamaPath(GetParam()),
                       {.threads = threads})
        .value();
  }
};
INSTANTIATE_TEST_SUITE_P(Models, ForwardTest,
                         ::testing::Values("mha_tied_f32", "gqa_untied_f16",
                                           "q4_1", "q6_k"),
                         [](const auto& variant) { return variant.param; });

TEST_P(ForwardTest, DoesNotDependOnTheNumberOfThreads) {
  const Model one = Open(1);
  // 70 tokens: more than one block of queries, and of rows.
  const auto ids = RandomIds(70, 1, one.info().vocab_size);
  const Trace expected = one.Run(ids, Everything()).value();
  for (const std::size_t threads : {2u, 7u}) {
    EXPECT_TRUE(testutil::SameBits(Open(threads).Run(ids, Everything()).value(),
                                   expected));
  }
}

TEST_P(ForwardTest, DoesNotDependOnTheRestOfTheBatch) {
  const Model model = Open();
  const std::size_t vocab = model.info().vocab_size;
  const std::vector<std::vector<TokenId>> prompts = {
      RandomIds(3, 2, vocab), RandomIds(41, 3, vocab), RandomIds(1, 4, vocab),
      RandomIds(17, 5, vocab)};
  const auto together = model.RunBatch(prompts, Everything()).value();
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    EXPECT_TRUE(testutil::SameBits(
        together[p], model.Run(prompts[p], Everything()).value()));
  }
}

TEST_P(ForwardTest, DoesNotDependOnWhatIsRecorded) {
  const Model model = Open();
  const auto ids = RandomIds(20, 6, model.info().vocab_size);
  const Trace nothing = model.Run(ids, {.last_logits = true}).value();
  EXPECT_EQ(model.Run(ids, Everything()).value().last_logits,
            nothing.last_logits);
}

TEST_P(ForwardTest, DoesNotDependOnTheInstructionSet) {
  const Model model = Open();
  const auto ids = RandomIds(40, 7, model.info().vocab_size);
  const kernels::Isa best = kernels::CurrentIsa();
  const Trace expected = model.Run(ids, Everything()).value();
  for (const kernels::Isa isa : kernels::SupportedIsas()) {
    ASSERT_TRUE(kernels::SelectIsa(isa).ok());
    EXPECT_TRUE(
        testutil::SameBits(model.Run(ids, Everything()).value(), expected))
        << kernels::NameOf(isa);
  }
  ASSERT_TRUE(kernels::SelectIsa(best).ok());
}

// A token's numbers depend on those before it alone.
TEST_P(ForwardTest, IsCausal) {
  const Model model = Open();
  const auto ids = RandomIds(30, 8, model.info().vocab_size);
  const RunOptions options{.sites = {"logits"}};
  const Trace whole = model.Run(ids, options).value();
  const Trace part = model.Run(std::span(ids).first(11), options).value();
  for (std::size_t t = 0; t < 11; ++t) {
    EXPECT_TRUE(std::ranges::equal(part.Find("logits")->Row(t),
                                   whole.Find("logits")->Row(t)));
  }
}

TEST_P(ForwardTest, PatternRowsAreProbabilitiesAndScoresAreMasked) {
  const Model model = Open();
  const auto ids = RandomIds(9, 9, model.info().vocab_size);
  const Trace trace = model.Run(ids, Everything()).value();
  const Tensor& pattern = *trace.Find("model.layers.1.self_attn.pattern");
  const Tensor& scores = *trace.Find("model.layers.1.self_attn.scores");
  for (std::size_t head = 0; head < pattern.shape[0]; ++head) {
    for (std::size_t q = 0; q < 9; ++q) {
      const auto row = pattern.Row(head).subspan(q * 9, 9);
      double sum = 0;
      for (std::size_t k = 0; k < 9; ++k) {
        sum += double{row[k]};
        const float score = scores.Row(head)[q * 9 + k];
        EXPECT_EQ(std::isinf(score), k > q);
        EXPECT_TRUE(k <= q || row[k] == 0.0f);
      }
      EXPECT_NEAR(sum, 1, 9 * std::exp2(-23));
    }
  }
}

// A stop that is asked for before the run ends it before the first block.
TEST_P(ForwardTest, StopsWhenAsked) {
  const Model model = Open();
  std::stop_source source;
  source.request_stop();
  const auto run = model.Run(RandomIds(5, 10, model.info().vocab_size),
                             {.stop = source.get_token()});
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, ErrorCode::kCancelled);
}

TEST_P(ForwardTest, ReportsProgressUpToTheEnd) {
  const Model model = Open();
  std::vector<double> seen;
  RunOptions options;
  options.progress = [&](double done) { seen.push_back(done); };
  ASSERT_TRUE(
      model.Run(RandomIds(5, 11, model.info().vocab_size), options).ok());
  ASSERT_FALSE(seen.empty());
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_EQ(seen.back(), 1.0);
}

#if defined(__x86_64__)
// A host that flushes denormals and rounds up gets the same numbers, from
// opening on.
TEST_P(ForwardTest, DoesNotDependOnTheHostsControlWord) {
  const std::vector<TokenId> ids = {1, 2, 3, 4, 5, 6, 7};
  const Trace expected = Open().Run(ids, Everything()).value();
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040U | 0x4000U);  // FTZ, DAZ, towards +infinity
  const Trace trace = Open().Run(ids, Everything()).value();
  const unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_TRUE(testutil::SameBits(trace, expected));
  EXPECT_EQ(after & 0xffc0U, (before | 0xc040U) & 0xffc0U);
}
#endif

// Logits may overflow where no activation does.
TEST(ForwardNonFiniteTest, NamesTheHead) {
  const testutil::TempDir dir;
  const std::string path = dir / "bad.gguf";
  testutil::TinyLlama tiny;
  tiny.spoil = "token_embd.weight";
  tiny.spoil_value = 3e38f;  // of id 0, which the prompt does not use
  testutil::WriteFileBytes(path, tiny.Builder()
                                     .Floats("output.weight", {19, 8},
                                             std::vector<float>(19 * 8, 3e38f))
                                     .Build());
  const Model model = Model::Open(path).value();
  const std::vector<TokenId> ids = {3, 4};
  for (const RunOptions& options :
       {RunOptions{.sites = {"logits"}}, RunOptions{.last_logits = true}}) {
    const auto run = model.Run(ids, options);
    ASSERT_FALSE(run.ok());
    EXPECT_EQ(run.error().code, ErrorCode::kModel);
    EXPECT_THAT(run.error().message,
                HasSubstr("run: lm_head: non-finite activation at position"));
  }
  EXPECT_TRUE(model.Run(ids).ok());
}

TEST(ForwardNonFiniteTest, NamesTheFirstSiteAndPosition) {
  const struct {
    std::string tensor;
    float value;
    std::string site;
  } kCases[] = {
      {"blk.1.ffn_up.weight", std::numeric_limits<float>::infinity(),
       "model.layers.1.mlp.up_proj"},
      {"blk.0.attn_norm.weight", std::nanf(""),
       "model.layers.0.input_layernorm"},
      {"token_embd.weight", std::nanf(""), "model.embed_tokens"},
  };
  for (const auto& c : kCases) {
    const testutil::TempDir dir;
    const std::string path = dir / "bad.gguf";
    testutil::WriteFileBytes(
        path, testutil::TinyLlama{.spoil = c.tensor, .spoil_value = c.value}
                  .Builder()
                  .Build());
    const Model model = Model::Open(path).value();
    const auto run = model.Run(std::vector<TokenId>{3, 0, 4});
    ASSERT_FALSE(run.ok()) << c.tensor;
    EXPECT_EQ(run.error().code, ErrorCode::kModel);
    // Id 0 alone meets a spoilt embedding row; the others spoil position 0.
    const char* position = c.site == "model.embed_tokens" ? "1" : "0";
    EXPECT_THAT(run.error().message,
                HasSubstr("run: " + c.site +
                          ": non-finite activation at position " + position));
  }
}

// Every architecture: only the last block's attention sees all tokens.
class ReadTest : public ::testing::TestWithParam<std::string> {
 protected:
  ReadTest() {
    for (std::size_t length : {9u, 1u, 5u}) {
      prompts_.push_back(RandomIds(length, length, 40));
    }
    packed_ = Pack(prompts_);
  }
  Forwarded Run(const ForwardOptions& options) const {
    return RunForward(model_.impl().context(), packed_, options).value();
  }

  const Model model_ =
      Model::Open(testutil::FamilyGoldenPath(GetParam())).value();
  std::vector<std::vector<TokenId>> prompts_;
  PackedPrompts packed_;
};
INSTANTIATE_TEST_SUITE_P(Families, ReadTest,
                         ::testing::ValuesIn(testutil::FamilyGoldenNames()),
                         [](const auto& family) { return family.param; });

TEST_P(ReadTest, RowsThatAreReadHaveTheBitsOfARunOfAll) {
  const Forwarded all = Run({});
  for (const std::vector<std::size_t>& read :
       {std::vector<std::size_t>{0, 3, 8, 9, 13}, {14}, {8, 9, 14}}) {
    const Forwarded some = Run({.read = read});
    ASSERT_EQ(some.rows.size(), read.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(some.rows[i], i);
      EXPECT_EQ(testutil::Bits(some.residual.view().RowSpan(i)),
                testutil::Bits(all.residual.view().RowSpan(read[i])));
    }
  }
}

// Sees the last block's output: then all of it is there.
class LastBlock : public Probe {
 public:
  explicit LastBlock(std::size_t layer) : key_{Point::kResidPost, layer} {}
  bool Wants(SiteKey key) const override { return key == key_; }
  void Visit(SiteKey, ConstMatrixView value) override { rows = value.rows; }
  void VisitAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                      ConstMatrixView) override {}
  std::size_t rows = 0;

 private:
  SiteKey key_;
};

TEST_P(ReadTest, WhoLooksAtTheLastBlockSeesAllRows) {
  LastBlock probe(model_.info().n_layers - 1);
  const std::vector<std::size_t> read = {2, 14};
  EXPECT_EQ(Run({.probe = &probe, .read = read}).rows, read);
  EXPECT_EQ(probe.rows, packed_.tokens());
}

}  // namespace
}  // namespace pellucid
