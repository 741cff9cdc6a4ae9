// Generation is what runs of the whole give, bit for bit: cached as recomputed,
// a batch as each alone, any number of threads, with and without edits; and its
// tokens are those of Hugging Face's generate (goldens).
#include "pellucid/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "analysis/sampler.h"
#include "model/decoder.h"
#include "model/forward.h"
#include "model/model_impl.h"
#include "pellucid/lens.h"
#include "pellucid/steer.h"
#include "testutil/compare.h"
#include "testutil/golden.h"
#include "testutil/golden_json.h"
#include "testutil/hf_goldens.h"
#include "testutil/model_path.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"
#include "trace/capture.h"
#include "trace/plan.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::Bits;
using Ids = std::vector<TokenId>;

Ids RandomIds(std::size_t count, std::uint64_t seed, const Model& model) {
  testutil::Random random(seed);
  Ids ids(count);
  for (TokenId& id : ids) {
    id = static_cast<TokenId>(random.Below(model.info().vocab_size));
  }
  return ids;
}

Ids IdsOf(const Generation& made) {
  Ids ids;
  for (const GeneratedToken& token : made.tokens) ids.push_back(token.id);
  return ids;
}

// Edits of several kinds at several sites: at tokens of the prompt, at those
// that are generated, and at both.
std::vector<Edit> SomeEdits() {
  Edit push{.site = "blocks.0.hook_resid_post", .kind = EditKind::kAdd};
  push.factor = 0.25f;
  Edit louder{.site = "blocks.1.attn.hook_z", .kind = EditKind::kScale};
  louder.factor = 3;
  louder.scope.heads = {1};
  louder.scope.when = EditWhen::kGenerated;
  Edit silent{.site = "blocks.1.hook_mlp_out", .kind = EditKind::kZero};
  silent.scope.positions = Selection::Of({0});
  Edit noise{.site = "blocks.1.hook_resid_pre", .kind = EditKind::kNoise};
  noise.factor = 0.1f;
  noise.seed = 3;
  Edit dim{.site = "blocks.0.attn.hook_pattern", .kind = EditKind::kScale};
  dim.factor = 0.5f;
  return {push, louder, silent, noise, dim};
}

// One run of `ids`, of which the first `prompt` are the prompt, without a
// cache.
Trace RunWhole(const Model& model, const Ids& ids, std::size_t prompt,
               const std::vector<Edit>& edits,
               const std::vector<std::string>& sites) {
  const Model::Impl& impl = model.impl();
  const Ids beginning(ids.begin(),
                      ids.begin() + static_cast<std::ptrdiff_t>(prompt));
  const EditPlan edit_plan = impl.PlanEdits(edits, {&beginning, 1}).value();
  const PackedPrompts packed = Pack({&ids, 1});
  const Plan plan = Plan::Make(impl.table, sites).value();
  Capture capture(plan, impl.table, packed.offsets);
  EditRun editor(edit_plan, EditedRowsOf(packed));
  const auto done = RunForward(impl.context(), packed,
                               {.probe = &capture, .editor = &editor});
  EXPECT_TRUE(done.ok());
  Trace trace = std::move(capture.Take().front());
  trace.ids = ids;
  return trace;
}

const std::vector<std::string> kSites = {"all", "blocks.0.attn.hook_pattern",
                                         "blocks.1.attn.hook_attn_scores"};

void ExpectSame(const Generation& a, const Generation& b) {
  EXPECT_EQ(a.prompt, b.prompt);
  ASSERT_EQ(IdsOf(a), IdsOf(b));
  for (std::size_t i = 0; i < a.tokens.size(); ++i) {
    EXPECT_EQ(Bits(a.tokens[i].logprob), Bits(b.tokens[i].logprob)) << i;
  }
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.finish, b.finish);
  EXPECT_TRUE(testutil::SameBits(a.trace, b.trace));
  ASSERT_EQ(a.lens.has_value(), b.lens.has_value());
  if (!a.lens) return;
  ASSERT_EQ(a.lens->rows.size(), b.lens->rows.size());
  for (std::size_t r = 0; r < a.lens->rows.size(); ++r) {
    const auto& cells = a.lens->rows[r].cells;
    ASSERT_EQ(cells.size(), b.lens->rows[r].cells.size());
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const LensCell& other = b.lens->rows[r].cells[c];
      EXPECT_EQ(cells[c].position, other.position);
      EXPECT_EQ(Bits(cells[c].logz), Bits(other.logz));
      EXPECT_EQ(Bits(cells[c].entropy), Bits(other.entropy));
      EXPECT_EQ(Bits(cells[c].kl_to_final), Bits(other.kl_to_final));
      EXPECT_EQ(cells[c].top.front().id, other.top.front().id);
      EXPECT_EQ(Bits(cells[c].top.front().logit),
                Bits(other.top.front().logit));
    }
  }
}

// Full attention, sliding windows, experts, and a rotary table that changes
// with the length.
class GenerateTest : public ::testing::TestWithParam<std::string> {
 protected:
  Model Open(std::size_t threads = 2) const {
    const std::string path = testutil::GoldenPath(GetParam());
    return Model::Open(path, {.threads = threads}).value();
  }
  bool TableChanges() const {
    return GetParam().find("dynamic") != std::string::npos;
  }
};
INSTANTIATE_TEST_SUITE_P(Models, GenerateTest,
                         ::testing::Values("tiny_hf/llama_plain",
                                           "families/mistral_window",
                                           "families/qwen3_moe_plain",
                                           "families/llama_dynamic_short"),
                         [](const auto& variant) {
                           return variant.param.substr(variant.param.find('/') +
                                                       1);
                         });

TEST_P(GenerateTest, CachedIsRecomputed) {
  const Model model = Open();
  const Ids prompt = RandomIds(6, 1, model);
  for (const auto& edits : {std::vector<Edit>{}, SomeEdits()}) {
    const auto made = Generate(model, prompt,
                               {.max_tokens = 14,
                                .stop_tokens = Ids{},
                                .edits = edits,
                                .sites = kSites});
    ASSERT_TRUE(made.ok()) << made.error().message;
    ASSERT_EQ(made->tokens.size(), 14u);
    EXPECT_TRUE(testutil::SameBits(
        made->trace,
        RunWhole(model, made->trace.ids, prompt.size(), edits, kSites)));
    // Each token is the most probable behind those before it, of a run of them.
    for (std::size_t i = 0; i < made->tokens.size(); ++i) {
      const Ids before(made->trace.ids.begin(),
                       made->trace.ids.begin() +
                           static_cast<std::ptrdiff_t>(prompt.size() + i));
      const Trace whole =
          RunWhole(model, before, prompt.size(), edits, {"logits"});
      const auto logits = whole.Find("logits")->Row(before.size() - 1);
      ASSERT_EQ(made->tokens[i].id, GreedyToken(logits)) << i;
      const double logit = static_cast<double>(
          logits[static_cast<std::size_t>(made->tokens[i].id)]);
      EXPECT_EQ(Bits(made->tokens[i].logprob),
                Bits(static_cast<float>(logit - LogSumExp(logits))));
    }
  }
}

TEST_P(GenerateTest, ABatchIsEachAlone) {
  const Model model = Open();
  const std::vector<Ids> prompts = {
      RandomIds(6, 2, model), RandomIds(1, 3, model), RandomIds(9, 4, model)};
  for (const auto& edits : {std::vector<Edit>{}, SomeEdits()}) {
    GenerateOptions options{
        .max_tokens = 8, .stop_tokens = Ids{}, .edits = edits, .sites = kSites};
    options.sampling.temperature = 1.3;
    options.sampling.seed = 5;
    options.sampling.repetition_penalty = 1.2;
    options.lens.emplace();
    const auto together = GenerateBatch(model, prompts, options);
    ASSERT_TRUE(together.ok()) << together.error().message;
    for (std::size_t p = 0; p < prompts.size(); ++p) {
      const auto alone = Generate(model, prompts[p], options);
      ASSERT_TRUE(alone.ok());
      ExpectSame((*together)[p], *alone);
    }
  }
}

TEST_P(GenerateTest, ThreadsChangeNoBit) {
  GenerateOptions options{.max_tokens = 8,
                          .stop_tokens = Ids{},
                          .edits = SomeEdits(),
                          .sites = kSites};
  options.sampling.seed = 6;
  options.lens.emplace();
  const Model one = Open(1);
  const Ids prompt = RandomIds(7, 5, one);
  const Generation expected = Generate(one, prompt, options).value();
  for (const std::size_t threads : {2u, 5u}) {
    ExpectSame(Generate(Open(threads), prompt, options).value(), expected);
  }
}

TEST_P(GenerateTest, TheLensIsThatOfTheWhole) {
  const Model model = Open();
  const Ids prompt = RandomIds(4, 6, model);
  GenerateOptions options{.max_tokens = 5, .stop_tokens = Ids{}};
  options.lens.emplace();
  options.lens->targets = {3};
  options.lens->follow = FollowFinal::kEach;
  const Generation made = Generate(model, prompt, options).value();
  ASSERT_TRUE(made.lens.has_value());
  EXPECT_EQ(made.lens->positions, (std::vector<std::size_t>{3, 4, 5, 6, 7}));
  EXPECT_EQ(made.lens->max_abs_last_row_minus_logits, 0);
  for (std::size_t i = 0; i < 5; ++i) {
    const LensCell& last = made.lens->rows.back().cells[i];
    ASSERT_TRUE(last.next.has_value());
    EXPECT_EQ(last.next->score.id, made.tokens[i].id);
    EXPECT_EQ(Bits(last.next->score.logprob), Bits(made.tokens[i].logprob));
    EXPECT_EQ(last.next->rank, 1u);
  }
  if (TableChanges()) return;  // as it was when the token was chosen
  LensOptions whole = *options.lens;
  whole.positions = Selection::Of({3, 4, 5, 6, 7});
  Generation other = made;
  other.lens = ComputeLens(model, made.trace.ids, whole).value();
  ExpectSame(made, other);
  EXPECT_EQ(made.lens->targets.front().first_hit,
            other.lens->targets.front().first_hit);
  EXPECT_EQ(made.lens->followed->stable_from,
            other.lens->followed->stable_from);
}

// Only the last listed place keeps every block.
TEST(GenerateLensTest, FollowsTheLastTokenThroughAllBlocks) {
  const Model model =
      Model::Open(testutil::GoldenPath("tiny_hf/llama_plain")).value();
  GenerateOptions options{.max_tokens = 3, .stop_tokens = Ids{}};
  options.lens.emplace();
  options.lens->follow = FollowFinal::kLast;
  options.lens->layers = Selection::Last();
  const Generation made =
      Generate(model, RandomIds(4, 7, model), options).value();
  LensOptions whole = *options.lens;
  whole.positions = Selection::Of({3, 4, 5});
  const Lens lens = ComputeLens(model, made.trace.ids, whole).value();
  ASSERT_EQ(made.lens->rows.size(), 1u);
  EXPECT_EQ(made.lens->followed->id, made.tokens.back().id);
  EXPECT_EQ(made.lens->followed->first_hit, lens.followed->first_hit);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Bits(made.lens->rows[0].cells[i].logz),
              Bits(lens.rows[0].cells[i].logz));
  }
}

TEST(GenerateEditTest, EditsOfTheHeadChooseTokens) {
  const Model model =
      Model::Open(testutil::GoldenPath("tiny_hf/llama_plain")).value();
  const Ids prompt = RandomIds(3, 8, model);
  Edit force{.site = "logits", .kind = EditKind::kAdd};
  force.factor = 1000;
  force.scope.features = {42};
  force.scope.when = EditWhen::kGenerated;
  const GenerateOptions plain{.max_tokens = 4, .stop_tokens = Ids{}};
  GenerateOptions forced = plain;
  forced.edits = {force};
  const Ids before = IdsOf(Generate(model, prompt, plain).value());
  const Ids after = IdsOf(Generate(model, prompt, forced).value());
  EXPECT_EQ(after, (Ids{before[0], 42, 42, 42}));
  forced.edits[0].scope.when = EditWhen::kPrompt;
  EXPECT_EQ(IdsOf(Generate(model, prompt, forced).value())[0], 42);
  // In a batch, of one prompt alone.
  forced.edits[0].scope.when = EditWhen::kBoth;
  forced.edits[0].scope.prompts = {1};
  const std::vector<Ids> twice = {prompt, prompt};
  const auto batch = GenerateBatch(model, twice, forced).value();
  EXPECT_EQ(IdsOf(batch[0]), before);
  EXPECT_EQ(IdsOf(batch[1]), (Ids{42, 42, 42, 42}));
}

// Greedy ids of seven tiny families, with and without a repetition penalty.
TEST(GenerateGoldenTest, TokensAreThoseOfHuggingFace) {
  const std::string golden = "generate/tiny.json";
  const auto folders = testutil::GoldenStrings(golden, "folders");
  const auto prompts = testutil::GoldenRows(golden, "prompts");
  const auto ids = testutil::GoldenRows(golden, "ids");
  const auto penalised = testutil::GoldenRows(golden, "penalised");
  ASSERT_EQ(folders.size(), 21u);
  for (std::size_t i = 0; i < folders.size(); ++i) {
    SCOPED_TRACE(folders[i]);
    const Model model = Model::Open(testutil::GoldenPath(folders[i])).value();
    GenerateOptions options{.max_tokens = ids[i].size(), .stop_tokens = Ids{}};
    EXPECT_EQ(IdsOf(Generate(model, prompts[i], options).value()), ids[i]);
    options.sampling.repetition_penalty = 1.3;
    EXPECT_EQ(IdsOf(Generate(model, prompts[i], options).value()),
              penalised[i]);
  }
}

// Log-probabilities within the contract's distance of logits, twice: that of
// the logit and that of logz.
void ExpectNear(const Generation& made, const Tensor& logprobs) {
  for (std::size_t i = 0; i < made.tokens.size(); ++i) {
    EXPECT_NEAR(made.tokens[i].logprob, logprobs.data[i], 2e-3) << i;
  }
}

TEST(GenerateGoldenTest, TheDefaultModelGoesOnAsInHuggingFace) {
  if (!testutil::HasDefaultModel()) GTEST_SKIP() << "no default model";
  const Model model =
      Model::Open(testutil::DefaultModelPath(), {.threads = 2}).value();
  const auto golden = testutil::LoadGolden("generate/default.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  const Ids prompt =
      testutil::GoldenIntegers("generate/default.json", "prompt");
  GenerateOptions options{.max_tokens = 40, .stop_tokens = Ids{}};
  const Generation plain = Generate(model, prompt, options).value();
  EXPECT_EQ(IdsOf(plain),
            testutil::GoldenIntegers("generate/default.json", "ids"));
  ExpectNear(plain, golden.Get("logprobs"));
  SteeringVector vector;
  vector.site = "model.layers." + golden.metadata.at("layer");
  vector.values = golden.Get("vector").data;
  options.edits =
      SteeringEdits({&vector, 1}, std::stof(golden.metadata.at("scale")));
  const Generation steered = Generate(model, prompt, options).value();
  EXPECT_EQ(IdsOf(steered),
            testutil::GoldenIntegers("generate/default.json", "steered"));
  ExpectNear(steered, golden.Get("steered_logprobs"));
}

// Letters a to h are the tokens 2 to 9, a blank 10; 1 ends a text.
class GenerateTextTest : public ::testing::Test {
 protected:
  GenerateTextTest()
      : model_(Model::Open(testutil::WriteTextModel(dir_)).value()) {}

  testutil::TempDir dir_;
  Model model_;
  const Ids prompt_ = {3, 10};
};

TEST_F(GenerateTextTest, EndsBehindAStopToken) {
  EXPECT_EQ(StopTokens(model_), (Ids{1}));
  GenerateOptions options{.max_tokens = 6, .stop_tokens = Ids{}};
  const Generation all = Generate(model_, prompt_, options).value();
  EXPECT_EQ(all.finish, FinishReason::kLength);
  ASSERT_EQ(all.tokens.size(), 6u);
  const TokenId third = all.tokens[2].id;
  options.stop_tokens = {third};
  const Generation made = Generate(model_, prompt_, options).value();
  EXPECT_EQ(made.finish, FinishReason::kStop);
  ASSERT_LE(made.tokens.size(), 3u);
  EXPECT_EQ(made.tokens.back().id, third);
  // The token is no part of the text.
  EXPECT_TRUE(all.text.starts_with(made.text));
  EXPECT_LT(made.text.size(), all.text.size());
}

TEST_F(GenerateTextTest, EndsBeforeAStopText) {
  GenerateOptions options{.max_tokens = 8, .stop_tokens = Ids{}};
  options.sampling.seed = 9;
  const Generation all = Generate(model_, prompt_, options).value();
  ASSERT_GE(all.text.size(), 6u) << all.text;
  options.stop_texts = {"never", all.text.substr(2, 2)};
  std::string shown;
  options.on_text = [&](std::size_t prompt, std::string_view text) {
    EXPECT_EQ(prompt, 0u);
    shown += text;
  };
  const Generation made = Generate(model_, prompt_, options).value();
  EXPECT_EQ(made.finish, FinishReason::kStop);
  EXPECT_EQ(made.text,
            all.text.substr(0, all.text.find(all.text.substr(2, 2))));
  EXPECT_EQ(shown, made.text);
  EXPECT_LT(made.tokens.size(), all.tokens.size());
}

TEST_F(GenerateTextTest, TokensComeOneByOneBehindTheirText) {
  GenerateOptions options{.max_tokens = 8, .stop_tokens = Ids{}};
  std::string text;
  std::vector<GeneratedToken> tokens;
  std::vector<std::string> texts;  // what is certain by each token
  options.on_text = [&](std::size_t, std::string_view piece) { text += piece; };
  options.on_token = [&](std::size_t prompt, const GeneratedToken& token) {
    EXPECT_EQ(prompt, 0u);
    tokens.push_back(token);
    texts.push_back(text);
  };
  const Generation made = Generate(model_, prompt_, options).value();
  ASSERT_EQ(tokens.size(), made.tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(tokens[i].id, made.tokens[i].id);
    EXPECT_EQ(tokens[i].logprob, made.tokens[i].logprob);
  }
  EXPECT_EQ(texts.back(), made.text);
}

TEST_F(GenerateTextTest, AFullContextEndsIt) {
  const std::size_t context = model_.info().context_length;
  GenerateOptions options{
      .max_tokens = 50, .stop_tokens = Ids{}, .sites = {"embed"}};
  for (const std::size_t left : {2u, 0u}) {
    const Ids prompt = RandomIds(context - left, 11, model_);
    const auto made = Generate(model_, prompt, options);
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made->finish, FinishReason::kLength);
    EXPECT_EQ(made->tokens.size(), left);
    // What was written is recorded too.
    EXPECT_EQ(made->trace.Find("embed")->shape[0], context);
  }
  options.lens.emplace();
  const Ids full = RandomIds(context, 12, model_);
  EXPECT_FALSE(Generate(model_, full, options).value().lens.has_value());
}

TEST_F(GenerateTextTest, ProgressRisesToOne) {
  double last = 0;
  GenerateOptions options{.max_tokens = 5, .stop_tokens = Ids{}};
  options.progress = [&](double done) {
    EXPECT_GE(done, last);
    last = done;
  };
  const std::vector<Ids> prompts = {prompt_, {2}};
  ASSERT_TRUE(GenerateBatch(model_, prompts, options).ok());
  EXPECT_EQ(last, 1);
}

TEST_F(GenerateTextTest, AStopRequestEndsIt) {
  std::stop_source source;
  GenerateOptions options{.max_tokens = 5, .stop_tokens = Ids{}};
  options.stop = source.get_token();
  options.on_text = [&](std::size_t, std::string_view) {
    source.request_stop();
  };
  const auto made = Generate(model_, prompt_, options);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kCancelled);
}

TEST_F(GenerateTextTest, SaysWhatIsWrong) {
  const auto message = [&](const GenerateOptions& options) {
    const auto made = Generate(model_, prompt_, options);
    return made.ok() ? std::string("none") : made.error().message;
  };
  EXPECT_THAT(message({.max_tokens = 0}), HasSubstr("max-tokens 0: asks for"));
  EXPECT_THAT(message({.stop_texts = {""}}),
              HasSubstr("generate: stop text: is empty"));
  EXPECT_THAT(message({.stop_tokens = Ids{19}}),
              HasSubstr("generate: stop token 19: is not within"));
  EXPECT_THAT(message({.sites = {"model.layers.7"}}),
              HasSubstr("model.layers.7"));
  EXPECT_THAT(message({.edits = {{.site = "nothing"}}}), HasSubstr("nothing"));
  GenerateOptions lens;
  lens.lens.emplace();
  lens.lens->top_k = 0;
  EXPECT_THAT(message(lens), HasSubstr("lens: top-k 0"));
  GenerateOptions sampling;
  sampling.sampling.top_p = 2.0;
  EXPECT_THAT(message(sampling), HasSubstr("generate: top-p 2"));
  EXPECT_THAT(Generate(model_, {}, {}).error().message,
              HasSubstr("has no tokens"));
  const Ids beyond = {19};
  EXPECT_THAT(Generate(model_, beyond, {}).error().message,
              HasSubstr("token id 19"));
  const Ids longer(model_.info().context_length + 1, 2);
  EXPECT_THAT(Generate(model_, longer, {}).error().message,
              HasSubstr("context"));
}

TEST(GenerateWithoutTokenizerTest, GivesIdsAlone) {
  const Model model =
      Model::Open(testutil::GoldenPath("tiny_hf/llama_plain")).value();
  ASSERT_EQ(model.tokenizer(), nullptr);
  const Ids prompt = RandomIds(3, 13, model);
  const Generation made =
      Generate(model, prompt, {.max_tokens = 2, .stop_tokens = Ids{}}).value();
  EXPECT_EQ(made.tokens.size(), 2u);
  EXPECT_EQ(made.text, "");
  EXPECT_EQ(Generate(model, prompt, {.stop_texts = {"a"}}).error().code,
            ErrorCode::kModel);
  // From config.json.
  EXPECT_EQ(StopTokens(model), (Ids{2}));
}

}  // namespace
}  // namespace pellucid
