// A sequence run piece by piece behind a cache has, bit for bit, the
// activations and logits of one run of the whole: whatever the pieces, the
// model, the threads, the instruction set and the rest of the batch.
#include "model/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "base/buffer.h"
#include "kernels/isa.h"
#include "model/forward.h"
#include "model/model_impl.h"
#include "testutil/hf_goldens.h"
#include "testutil/model_path.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::Bits;

std::vector<TokenId> RandomIds(std::size_t count, std::uint64_t seed,
                               std::size_t vocab) {
  testutil::Random random(seed);
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(random.Below(vocab));
  return ids;
}

// Keeps every point of one prompt, a token after another over several runs.
class Recorder : public Probe {
 public:
  // Tokens run so far: attention rows are cut after the query's own key, since
  // a run of the whole shows keys that were not there yet.
  void SetPast(std::size_t past) { past_ = past; }

  bool Wants(SiteKey) const override { return true; }
  void Visit(SiteKey key, ConstMatrixView value) override {
    for (std::size_t t = 0; t < value.rows; ++t) {
      rows_[Place(key, 0, past_ + t)] = Bits(value.RowSpan(t));
    }
  }
  void VisitAttention(SiteKey key, std::size_t, std::size_t head,
                      std::size_t first, ConstMatrixView rows) override {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < rows.rows; ++i) {
      const std::size_t position = past_ + first + i;
      rows_[Place(key, head, position)] =
          Bits(rows.RowSpan(i).first(position + 1));
    }
  }

  using Key = std::tuple<Point, std::size_t, std::size_t, std::size_t>;
  static Key Place(SiteKey key, std::size_t head, std::size_t position) {
    return {key.point, key.layer, head, position};
  }
  const std::map<Key, std::vector<std::uint32_t>>& rows() const {
    return rows_;
  }

 private:
  std::size_t past_ = 0;
  std::mutex mutex_;
  std::map<Key, std::vector<std::uint32_t>> rows_;
};

// Fails at the first place that differs.
void ExpectSameRows(const Recorder& a, const Recorder& b) {
  ASSERT_EQ(a.rows().size(), b.rows().size());
  auto other = b.rows().begin();
  for (const auto& [place, bits] : a.rows()) {
    ASSERT_EQ(place, other->first);
    ASSERT_EQ(bits, other->second)
        << "point " << static_cast<int>(std::get<0>(place)) << " layer "
        << std::get<1>(place) << " head " << std::get<2>(place) << " position "
        << std::get<3>(place);
    ++other;
  }
}

using Pieces = std::vector<std::size_t>;

// Sums to `total`: `pieces`, cut off or repeated as far as it takes.
Pieces Cut(std::size_t total, const Pieces& pieces) {
  Pieces out;
  for (std::size_t i = 0; total > 0; ++i) {
    out.push_back(std::min(pieces[i % pieces.size()], total));
    total -= out.back();
  }
  return out;
}

struct Outcome {
  Recorder recorder;
  std::vector<std::uint32_t> logits;  // of the last token
};

void RunInPieces(const Model& model, const std::vector<TokenId>& ids,
                 const Pieces& pieces, Outcome* out) {
  Decoder decoder(model);
  std::size_t at = 0;
  for (const std::size_t count : pieces) {
    out->recorder.SetPast(at);
    const auto logits =
        decoder.Run(std::span(ids).subspan(at, count), &out->recorder);
    ASSERT_TRUE(logits.ok()) << logits.error().message;
    out->logits = Bits(*logits);
    at += count;
    ASSERT_EQ(decoder.length(), at);
  }
}

// One run of the whole, without a cache.
void RunWhole(const Model& model, const std::vector<TokenId>& ids,
              Outcome* out) {
  const PackedPrompts packed = Pack({&ids, 1});
  ASSERT_TRUE(
      RunForward(model.impl().context(), packed, {.probe = &out->recorder})
          .ok());
  const auto trace = model.Run(ids, {.last_logits = true});
  ASSERT_TRUE(trace.ok());
  out->logits = Bits(trace->last_logits);
}

std::string PathOf(const std::string& name) {
  return name.starts_with("gpt2") || name.starts_with("llama")
             ? testutil::HfGoldenPath(name)
             : testutil::TinyLlamaPath(name);
}

class DecoderTest : public ::testing::TestWithParam<std::string> {
 protected:
  Model Open(std::size_t threads = 2) const {
    return Model::Open(PathOf(GetParam()), {.threads = threads}).value();
  }
  // As long as two tasks of queries are, where the context allows.
  static std::vector<TokenId> Ids(const Model& model) {
    return RandomIds(std::min<std::size_t>(model.info().context_length, 70), 1,
                     model.info().vocab_size);
  }
};
// Heads of one, grouped and whole; learned positions and rotary ones; fused
// projections; weights that are decoded, and transposed ones.
INSTANTIATE_TEST_SUITE_P(Models, DecoderTest,
                         ::testing::Values("mha_tied_f32", "gqa_untied_f16",
                                           "q4_1", "q6_k", "gpt2_plain",
                                           "gpt2_one_head", "llama_llama3"),
                         [](const auto& variant) { return variant.param; });

TEST_P(DecoderTest, AnyPiecesGiveTheBitsOfOneRun) {
  const Model model = Open();
  const auto ids = Ids(model);
  Outcome whole;
  ASSERT_NO_FATAL_FAILURE(RunWhole(model, ids, &whole));
  for (const Pieces& pieces :
       {Pieces{ids.size()}, Pieces{1}, Pieces{7, 1, 3}, Pieces{16},
        Pieces{1, ids.size()}, Pieces{ids.size() - 1, 1}}) {
    Outcome parts;
    RunInPieces(model, ids, Cut(ids.size(), pieces), &parts);
    ExpectSameRows(parts.recorder, whole.recorder);
    EXPECT_EQ(parts.logits, whole.logits);
  }
}

TEST_P(DecoderTest, ThreadsChangeNoBit) {
  const Model one = Open(1);
  const auto ids = Ids(one);
  Outcome whole;
  ASSERT_NO_FATAL_FAILURE(RunWhole(one, ids, &whole));
  for (const std::size_t threads : {1u, 2u, 7u}) {
    Outcome parts;
    RunInPieces(Open(threads), ids, Cut(ids.size(), {7, 1, 3}), &parts);
    ExpectSameRows(parts.recorder, whole.recorder);
    EXPECT_EQ(parts.logits, whole.logits) << threads;
  }
}

TEST_P(DecoderTest, TheInstructionSetChangesNoBit) {
  const Model model = Open();
  const auto ids = Ids(model);
  const kernels::Isa best = kernels::CurrentIsa();
  Outcome whole;
  ASSERT_NO_FATAL_FAILURE(RunWhole(model, ids, &whole));
  for (const kernels::Isa isa : kernels::SupportedIsas()) {
    ASSERT_TRUE(kernels::SelectIsa(isa).ok());
    Outcome parts;
    RunInPieces(model, ids, Cut(ids.size(), {7, 1, 3}), &parts);
    ExpectSameRows(parts.recorder, whole.recorder);
    EXPECT_EQ(parts.logits, whole.logits) << kernels::NameOf(isa);
  }
  ASSERT_TRUE(kernels::SelectIsa(best).ok());
}

TEST_P(DecoderTest, WindowsReachIntoTheCache) {
  const Model model = Open();
  ArchSpec narrow = model.impl().spec;
  for (LayerSpec& layer : narrow.layers) layer.window = 5;
  const Model::Impl& impl = model.impl();
  const ForwardContext context{narrow, impl.weights, impl.head, impl.table,
                               impl.pool};
  const auto ids = Ids(model);
  Recorder whole, full, parts;
  ASSERT_TRUE(RunForward(context, Pack({&ids, 1}), {.probe = &whole}).ok());
  ASSERT_TRUE(
      RunForward(impl.context(), Pack({&ids, 1}), {.probe = &full}).ok());
  KvCache cache(narrow);
  for (const std::size_t count : Cut(ids.size(), {7, 1, 3})) {
    const auto begin =
        ids.begin() + static_cast<std::ptrdiff_t>(cache.length());
    const std::vector<TokenId> piece(
        begin, begin + static_cast<std::ptrdiff_t>(count));
    PackedPrompts packed = Pack({&piece, 1});
    packed.caches = {&cache};
    parts.SetPast(cache.length());
    ASSERT_TRUE(RunForward(context, packed, {.probe = &parts}).ok());
  }
  ExpectSameRows(parts, whole);
  EXPECT_NE(whole.rows(), full.rows());
}

// Prompts with caches of different lengths, and one without, in one run.
TEST_P(DecoderTest, TheRestOfTheBatchChangesNoBit) {
  const Model model = Open();
  const Model::Impl& impl = model.impl();
  const std::vector<std::size_t> pasts = {3, 0, 6, 0};
  const std::vector<std::size_t> counts = {1, 5, 2, 9};
  std::vector<KvCache> caches;
  std::vector<std::vector<TokenId>> wholes, ends;
  for (std::size_t p = 0; p < pasts.size(); ++p) {
    wholes.push_back(
        RandomIds(pasts[p] + counts[p], 20 + p, model.info().vocab_size));
    const auto cut = wholes[p].begin() + static_cast<std::ptrdiff_t>(pasts[p]);
    const std::vector<TokenId> before(wholes[p].begin(), cut);
    ends.emplace_back(cut, wholes[p].end());
    KvCache& cache = caches.emplace_back(impl.spec);
    if (before.empty()) continue;
    PackedPrompts packed = Pack({&before, 1});
    packed.caches = {&cache};
    ASSERT_TRUE(RunForward(impl.context(), packed).ok());
  }
  PackedPrompts packed = Pack(ends);
  packed.caches = {&caches[0], nullptr, &caches[2], &caches[3]};
  const auto together = RunForward(impl.context(), packed);
  ASSERT_TRUE(together.ok()) << together.error().message;
  for (std::size_t p = 0; p < pasts.size(); ++p) {
    EXPECT_EQ(caches[p].length(), p == 1 ? 0 : wholes[p].size());
    const auto alone = RunForward(impl.context(), Pack({&wholes[p], 1}));
    ASSERT_TRUE(alone.ok());
    for (std::size_t t = 0; t < counts[p]; ++t) {
      EXPECT_EQ(Bits(together->residual.view().RowSpan(packed.offsets[p] + t)),
                Bits(alone->residual.view().RowSpan(pasts[p] + t)))
          << "prompt " << p << " token " << t;
    }
  }
}

TEST_P(DecoderTest, TogetherIsEachAlone) {
  const Model model = Open();
  const std::size_t vocab = model.info().vocab_size;
  const std::vector<std::size_t> before = {0, 3, 5}, more = {2, 1, 3};
  std::vector<Decoder> together, alone;
  std::vector<std::vector<TokenId>> ids;
  std::vector<Decoder::Step> steps;
  for (std::size_t i = 0; i < before.size(); ++i) {
    together.emplace_back(model);
    alone.emplace_back(model);
    ids.push_back(RandomIds(before[i] + more[i], 40 + i, vocab));
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto first = std::span(ids[i]).first(before[i]);
    if (!first.empty()) {
      ASSERT_TRUE(together[i].Run(first).ok());
    }
    steps.push_back({&together[i], std::span(ids[i]).subspan(before[i])});
  }
  Buffer logits(3, vocab);
  ASSERT_TRUE(Decoder::RunTogether(steps, {}, logits.view()).ok());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(together[i].length(), ids[i].size());
    EXPECT_EQ(Bits(logits.view().RowSpan(i)), Bits(*alone[i].Run(ids[i])));
  }
  // One bad step fails all, and leaves all as they were.
  const std::vector<TokenId> good = {1}, bad = {static_cast<TokenId>(vocab)};
  steps = {{&together[0], good}, {&together[1], bad}};
  EXPECT_FALSE(Decoder::RunTogether(steps, {}, logits.view().Rows(0, 2)).ok());
  EXPECT_EQ(together[0].length(), ids[0].size());
  EXPECT_EQ(Bits(*together[0].Run(good)), Bits(*alone[0].Run(good)));
}

TEST_P(DecoderTest, GoesOnFromWhereItWasCutBack) {
  const Model model = Open();
  const auto ids = Ids(model);
  Decoder decoder(model);
  const auto first = std::span(ids).first(8);
  const auto expected = Bits(decoder.Run(first).value());
  ASSERT_TRUE(decoder.Run(RandomIds(2, 9, model.info().vocab_size)).ok());
  decoder.Truncate(5);
  EXPECT_EQ(Bits(decoder.Run(first.subspan(5)).value()), expected);
  EXPECT_EQ(decoder.length(), 8u);
}

TEST_P(DecoderTest, ErrorsLeaveWhatIsHeld) {
  const Model model = Open();
  const std::size_t context = model.info().context_length;
  const auto vocab = static_cast<TokenId>(model.info().vocab_size);
  const auto ids = RandomIds(context, 10, model.info().vocab_size);
  Decoder decoder(model), other(model);
  ASSERT_TRUE(decoder.Run(std::span(ids).first(9)).ok());
  std::stop_source stopped;
  stopped.request_stop();
  const auto code_of = [](const Result<std::span<const float>>& run) {
    return run.ok() ? "none" : run.error().message;
  };
  EXPECT_THAT(code_of(decoder.Run({})), HasSubstr("has no tokens"));
  EXPECT_THAT(code_of(decoder.Run(std::vector<TokenId>{1, vocab})),
              HasSubstr("vocabulary"));
  EXPECT_THAT(code_of(decoder.Run(std::span(ids).first(context - 8))),
              HasSubstr("context"));
  EXPECT_EQ(decoder.Run(std::span(ids).first(1), nullptr, stopped.get_token())
                .error()
                .code,
            ErrorCode::kCancelled);
  EXPECT_EQ(decoder.length(), 9u);
  // And it can be filled to the last place.
  EXPECT_EQ(Bits(decoder.Run(std::span(ids).subspan(9)).value()),
            Bits(other.Run(ids).value()));
  EXPECT_THAT(code_of(decoder.Run(std::span(ids).first(1))),
              HasSubstr("1 more tokens behind"));
}

TEST(DecoderNonFiniteTest, NamesThePositionInTheSequence) {
  const testutil::TempDir dir;
  const std::string path = dir / "bad.gguf";
  const testutil::TinyLlama tiny{.spoil = "token_embd.weight",
                                 .spoil_value = std::nanf("")};
  testutil::WriteFileBytes(
      path, tiny.Builder()
                .Floats("output.weight", {19, 8}, std::vector<float>(152, 0.5f))
                .Build());
  Decoder decoder(Model::Open(path).value());
  ASSERT_TRUE(decoder.Run(std::vector<TokenId>{3, 4, 5}).ok());
  const auto run = decoder.Run(std::vector<TokenId>{6, 0});  // 0 is spoilt
  ASSERT_FALSE(run.ok());
  EXPECT_THAT(run.error().message,
              HasSubstr("run: model.embed_tokens: non-finite activation at "
                        "position 4"));
  EXPECT_EQ(decoder.length(), 3u);
}

TEST(DecoderDefaultModelTest, AnyPiecesGiveTheBitsOfOneRun) {
  if (!testutil::HasDefaultModel()) GTEST_SKIP() << "no default model";
  const Model model =
      Model::Open(testutil::DefaultModelPath(), {.threads = 2}).value();
  const auto ids = RandomIds(19, 11, model.info().vocab_size);
  Outcome whole;
  ASSERT_NO_FATAL_FAILURE(RunWhole(model, ids, &whole));
  for (const Pieces& pieces : {Pieces{1}, Pieces{7, 1, 3}}) {
    Outcome parts;
    RunInPieces(model, ids, Cut(ids.size(), pieces), &parts);
    ExpectSameRows(parts.recorder, whole.recorder);
    EXPECT_EQ(parts.logits, whole.logits);
  }
}

TEST(GreedyTokenTest, IsTheFirstOfTheHighest) {
  EXPECT_EQ(GreedyToken(std::vector<float>{1, 3, -2, 3}), 1);
}

}  // namespace
}  // namespace pellucid
