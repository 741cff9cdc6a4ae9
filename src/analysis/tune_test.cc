// Fitting and measuring lenses on tiny models: what it must not depend on, what
// it must reach, and what each number means.
#include "pellucid/tune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "pellucid/lens.h"
#include "testutil/golden_json.h"
#include "testutil/noise.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using Windows = std::vector<std::vector<TokenId>>;

Model Tiny(std::size_t threads = 1,
           const std::string& name = "families/gemma2_plain") {
  return Model::Open(testutil::GoldenPath(name), {.threads = threads}).value();
}

// Ids that are neither uniform nor of one kind, so that there is something to
// learn.
Windows Text(const Model& model, std::size_t windows, std::size_t length,
             std::uint32_t seed) {
  const auto vocab = static_cast<float>(model.info().vocab_size);
  Windows out;
  for (std::size_t w = 0; w < windows; ++w) {
    const std::vector<float> noise =
        testutil::Noise(length, seed + static_cast<std::uint32_t>(w));
    std::vector<TokenId> ids;
    for (const float x : noise) {
      const float u = std::min(0.999f, std::abs(x));
      ids.push_back(static_cast<TokenId>(u * u * vocab));
    }
    out.push_back(std::move(ids));
  }
  return out;
}

TuneOptions Small(std::size_t steps) {
  TuneOptions options;
  options.steps = steps;
  options.cells = 16;
  options.learning_rate = 1e-3;
  return options;
}

double MeanKl(const LensEvaluation& evaluation) {
  double sum = 0;
  for (const LensQuality& row : evaluation.rows) sum += row.kl_to_final;
  return sum / static_cast<double>(evaluation.rows.size() - 1);
}

TEST(TuneTest, BringsEveryRowCloserToTheOutput) {
  for (const char* name : {"families/gemma2_plain", "tiny_hf/gpt2_plain"}) {
    const Model model = Tiny(2, name);
    const Windows text = Text(model, 48, 12, 1);
    const Windows held = Text(model, 12, 12, 99);
    const auto lens = FitTunedLens(model, text, Small(0));
    ASSERT_TRUE(lens.ok()) << lens.error().message;
    ASSERT_EQ(lens->translators.size(), model.info().n_layers);
    EXPECT_EQ(lens->translators[0].site, "embed");
    const auto before = EvaluateLens(model, held, nullptr);
    const auto after = EvaluateLens(model, held, &*lens);
    ASSERT_TRUE(before.ok() && after.ok());
    ASSERT_EQ(after->rows.size(), before->rows.size());
    EXPECT_LT(MeanKl(*after), MeanKl(*before)) << name;
    EXPECT_EQ(after->rows.back().kl_to_final, 0);
    EXPECT_EQ(after->rows.back().bias, 0);
    EXPECT_EQ(after->rows.back().top1_agree, 1);
  }
}

TEST(TuneTest, StepsLowerTheDivergenceOfWhatTheySee) {
  const Model model = Tiny();
  const Windows text = Text(model, 8, 24, 1);
  const auto plain = FitTunedLens(model, text, Small(0));
  TuneOptions options = Small(40);
  std::size_t reports = 0;
  options.report = [&](std::size_t step, std::span<const float> loss) {
    EXPECT_EQ(step, ++reports);
    EXPECT_EQ(loss.size(), model.info().n_layers);
  };
  const auto stepped = FitTunedLens(model, text, options);
  ASSERT_TRUE(plain.ok() && stepped.ok());
  EXPECT_EQ(reports, 40u);
  const auto before = EvaluateLens(model, text, &*plain);
  const auto after = EvaluateLens(model, text, &*stepped);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_LT(MeanKl(*after), MeanKl(*before));
}

TEST(TuneTest, ThreadsAndMemoryChangeNothing) {
  const Windows text = Text(Tiny(), 6, 20, 1);
  const auto one = FitTunedLens(Tiny(1), text, Small(5));
  const auto three = FitTunedLens(Tiny(3), text, Small(5));
  TuneOptions options = Small(5);
  options.max_moment_bytes = 1;  // a pass for each row
  const auto passes = FitTunedLens(Tiny(1), text, options);
  ASSERT_TRUE(one.ok() && three.ok() && passes.ok());
  for (std::size_t i = 0; i < one->translators.size(); ++i) {
    for (const TrainedLens* other : {&*three, &*passes}) {
      EXPECT_EQ(other->translators[i].site, one->translators[i].site);
      EXPECT_EQ(other->translators[i].weight.data,
                one->translators[i].weight.data);
      EXPECT_EQ(other->translators[i].bias, one->translators[i].bias);
    }
  }
}

TEST(TuneTest, TheSeedDrawsTheSteps) {
  const Model model = Tiny();
  const Windows text = Text(model, 6, 20, 1);
  TuneOptions options = Small(3);
  const auto a = FitTunedLens(model, text, options);
  const auto again = FitTunedLens(model, text, options);
  options.seed = 1;
  const auto b = FitTunedLens(model, text, options);
  ASSERT_TRUE(a.ok() && again.ok() && b.ok());
  EXPECT_EQ(a->translators[0].weight.data, again->translators[0].weight.data);
  EXPECT_NE(a->translators[0].weight.data, b->translators[0].weight.data);
}

// A step's direction is that of the loss: moving a map along what one step did
// lowers the divergence of the very cells it was taken on.
TEST(TuneTest, OneStepGoesDownhill) {
  for (const char* name : {"families/gemma2_plain", "tiny_hf/gpt2_plain",
                           "families/cohere_plain", "families/granite_plain"}) {
    const Model model = Tiny(1, name);
    const Windows text = Text(model, 2, 12, 5);
    TuneOptions options = Small(0);
    options.ridge = 10;  // far from the minimum, so that there is a way down
    const auto before = FitTunedLens(model, text, options);
    options.steps = 1;
    options.cells = 22;  // all there are
    options.learning_rate = 1e-4;
    const auto after = FitTunedLens(model, text, options);
    ASSERT_TRUE(before.ok() && after.ok());
    const auto kl_before = EvaluateLens(model, text, &*before);
    const auto kl_after = EvaluateLens(model, text, &*after);
    ASSERT_TRUE(kl_before.ok() && kl_after.ok());
    for (std::size_t r = 0; r + 1 < kl_before->rows.size(); ++r) {
      EXPECT_LT(kl_after->rows[r].kl_to_final, kl_before->rows[r].kl_to_final)
          << name << " " << kl_before->rows[r].site;
    }
  }
}

void ExpectSameMaps(const TrainedLens& a, const TrainedLens& b) {
  ASSERT_EQ(a.translators.size(), b.translators.size());
  for (std::size_t i = 0; i < a.translators.size(); ++i) {
    EXPECT_EQ(a.translators[i].site, b.translators[i].site);
    EXPECT_EQ(a.translators[i].weight.data, b.translators[i].weight.data);
    EXPECT_EQ(a.translators[i].bias, b.translators[i].bias);
  }
}

// A fit that is stopped when its progress passes a share goes on where it was,
// to the same bits, and reports all steps.
void ExpectResumes(TuneOptions options, double share) {
  const testutil::TempDir dir;
  const Model model = Tiny();
  const Windows text = Text(model, 40, 12, 1);
  std::vector<float> whole_losses, losses;
  options.report = [&](std::size_t, std::span<const float> loss) {
    whole_losses.insert(whole_losses.end(), loss.begin(), loss.end());
  };
  const auto whole = FitTunedLens(model, text, options);
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  options.report = [&](std::size_t, std::span<const float> loss) {
    losses.insert(losses.end(), loss.begin(), loss.end());
  };
  options.checkpoint = dir / "checkpoint.safetensors";
  options.checkpoint_seconds = 0;
  std::stop_source stop;
  options.stop = stop.get_token();
  options.progress = [&](double done) {
    if (done > share) stop.request_stop();
  };
  const auto stopped = FitTunedLens(model, text, options);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  options.stop = {};
  options.resume = true;
  double first = -1;
  options.progress = [&](double done) {
    if (first < 0) first = done;
  };
  losses.clear();
  const auto resumed = FitTunedLens(model, text, options);
  ASSERT_TRUE(resumed.ok()) << resumed.error().message;
  EXPECT_GT(first, share / 2);  // not from the beginning
  ExpectSameMaps(*whole, *resumed);
  EXPECT_EQ(losses, whole_losses);
}

TEST(TuneResumeTest, GoesOnBetweenSteps) {
  for (const std::size_t patience : {0u, 4u}) {
    TuneOptions options = Small(30);
    options.patience = patience;
    options.check_every = 3;
    options.max_state_bytes = 20000;  // several batches
    ExpectResumes(options, 0.8);
  }
}

TEST(TuneResumeTest, GoesOnBetweenAndWithinPasses) {
  TuneOptions options = Small(0);
  options.max_moment_bytes = 1;  // a pass for each row
  ExpectResumes(options, 0.6);
  options = Small(0);
  options.max_state_bytes = 20000;
  ExpectResumes(options, 0.5);
}

TEST(TuneResumeTest, GoesOnWithTheRecipe) {
  TuneOptions options = Small(12);
  options.method = TuneMethod::kRecipe;
  options.learning_rate = 1;
  options.tokens_per_step = 48;
  ExpectResumes(options, 0.5);
}

TEST(TuneResumeTest, RefusesWhatIsOfAnotherFitOrDamaged) {
  const testutil::TempDir dir;
  const Model model = Tiny();
  const Windows text = Text(model, 8, 12, 1);
  TuneOptions options = Small(2);
  options.checkpoint = dir / "checkpoint.safetensors";
  options.resume = true;  // of nothing: begins
  ASSERT_TRUE(FitTunedLens(model, text, options).ok());
  options.ridge = 2e-4;
  const auto other = FitTunedLens(model, text, options);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kUsage);
  EXPECT_THAT(other.error().message, HasSubstr("another model"));
  options.resume = false;
  EXPECT_TRUE(FitTunedLens(model, text, options).ok());
  options.resume = true;
  testutil::WriteFileText(options.checkpoint, "no safetensors");
  const auto damaged = FitTunedLens(model, text, options);
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, ErrorCode::kModel);
}

TEST(TuneTest, EndsEarlyWhereStepsLeadAway) {
  const Model model = Tiny();
  const Windows text = Text(model, 48, 12, 1);
  const Windows held(text.end() - 2, text.end());
  TuneOptions options = Small(400);
  options.learning_rate = 0.3;  // far too much
  options.patience = 2;
  options.check_every = 5;
  std::size_t steps = 0, checks = 0;
  options.report = [&](std::size_t step, std::span<const float>) {
    steps = step;
  };
  options.checked = [&](std::size_t step, std::span<const float> loss) {
    EXPECT_EQ(step, 5 * checks++);
    EXPECT_EQ(loss.size(), model.info().n_layers);
  };
  const auto lens = FitTunedLens(model, text, options);
  ASSERT_TRUE(lens.ok()) << lens.error().message;
  EXPECT_LT(steps, 400u);
  EXPECT_GE(checks, 3u);
  // What it keeps is no worse on the held-out text than what it began with.
  options.steps = 0;
  const auto least_squares = FitTunedLens(model, text, options);
  ASSERT_TRUE(least_squares.ok());
  const auto kept = EvaluateLens(model, held, &*lens);
  const auto begun = EvaluateLens(model, held, &*least_squares);
  ASSERT_TRUE(kept.ok() && begun.ok());
  EXPECT_LE(MeanKl(*kept), MeanKl(*begun) + 1e-6);
}

// What EvaluateLens says are the means of what the lens says.
TEST(EvaluateLensTest, AgreesWithTheLens) {
  const Model model = Tiny();
  const Windows text = Text(model, 3, 10, 7);
  const auto evaluation = EvaluateLens(model, text, nullptr);
  const auto lenses = ComputeLensBatch(model, text, {.skip_first = 1});
  ASSERT_TRUE(evaluation.ok() && lenses.ok());
  EXPECT_EQ(evaluation->positions, 27u);
  EXPECT_EQ(evaluation->next_positions, 24u);
  for (std::size_t r = 0; r < evaluation->rows.size(); ++r) {
    double entropy = 0, kl = 0, agree = 0, ce = 0;
    for (const Lens& lens : *lenses) {
      const LensSummary& summary = lens.summary[r];
      entropy += static_cast<double>(*summary.entropy) / 3;
      kl += static_cast<double>(*summary.kl_to_final) / 3;
      agree += static_cast<double>(*summary.top1_agree) / 3;
      ce -= static_cast<double>(*summary.next_logprob) / 3;
    }
    const LensQuality& row = evaluation->rows[r];
    EXPECT_NEAR(row.entropy, entropy, 1e-4);
    EXPECT_NEAR(row.kl_to_final, kl, 1e-4 * std::max(1.0, kl));
    EXPECT_NEAR(row.top1_agree, agree, 1e-6);
    EXPECT_NEAR(row.ce.value(), ce, 1e-4 * std::max(1.0, ce));
    EXPECT_GE(row.bias, 0);
    // The mean of distributions diverges less than distributions on average.
    EXPECT_LE(row.bias, row.kl_to_final + 1e-6);
  }
}

TEST(CutWindowsTest, CutsTheStreamOfAllDocuments) {
  const testutil::TempDir dir;
  const Model plain = Model::Open(testutil::WriteTextModel(dir)).value();
  const std::string documents[] = {"abcabc", "", "ab ab"};
  const auto windows = CutWindows(plain, documents, 4);
  ASSERT_TRUE(windows.ok()) << windows.error().message;
  std::vector<TokenId> all;
  for (const auto& window : *windows) {
    EXPECT_LE(window.size(), 4u);
    all.insert(all.end(), window.begin(), window.end());
  }
  const Tokenizer& tokenizer = *plain.tokenizer();
  std::vector<TokenId> expected = tokenizer.Encode(documents[0])->ids;
  expected.push_back(tokenizer.EosId().value());
  const auto second = tokenizer.Encode(documents[2])->ids;
  expected.insert(expected.end(), second.begin(), second.end());
  expected.resize(all.size());  // a last token alone is left out
  EXPECT_EQ(all, expected);
}

TEST(CutWindowsTest, EveryWindowBeginsAsPromptsDo) {
  const testutil::TempDir dir;
  const Model model = Model::Open(testutil::WriteTextModel(dir, true)).value();
  const std::string documents[] = {"abcabcabc"};
  const auto windows = CutWindows(model, documents, 4);
  ASSERT_TRUE(windows.ok()) << windows.error().message;
  EXPECT_GT(windows->size(), 1u);
  for (const auto& window : *windows) {
    EXPECT_EQ(window[0], model.tokenizer()->BosId().value());
  }
}

TEST(TuneErrorTest, SaysWhatIsWrong) {
  const Model model = Tiny();
  const auto message = [](const auto& result) {
    return result.ok() ? std::string("ok") : result.error().message;
  };
  EXPECT_THAT(message(FitTunedLens(model, {}, Small(0))),
              HasSubstr("no windows"));
  const Windows one = {{1, 2, 3}};
  TuneOptions options = Small(0);
  options.ridge = 0;
  EXPECT_THAT(message(FitTunedLens(model, one, options)),
              HasSubstr("greater ridge"));
  options.ridge = -1;
  EXPECT_THAT(message(FitTunedLens(model, one, options)), HasSubstr("below 0"));
  options = Small(1);
  options.patience = 1;
  EXPECT_THAT(message(FitTunedLens(model, Windows{{1, 2, 3}}, options)),
              HasSubstr("two windows"));
  options = Small(1);
  options.momentum = 1;
  EXPECT_THAT(message(FitTunedLens(model, one, options)),
              HasSubstr("momentum"));
  options = Small(1);
  options.cells = 0;
  EXPECT_THAT(message(FitTunedLens(model, one, options)),
              HasSubstr("at least one cell"));
  const Windows beyond = {{1, 99999}};
  EXPECT_THAT(message(FitTunedLens(model, beyond, Small(0))),
              HasSubstr("99999"));
  EXPECT_THAT(message(EvaluateLens(model, Windows{{1}}, nullptr)),
              HasSubstr("no position is left"));
  std::stop_source stop;
  stop.request_stop();
  options = Small(0);
  options.stop = stop.get_token();
  const auto stopped = FitTunedLens(model, Text(model, 2, 8, 1), options);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace pellucid
