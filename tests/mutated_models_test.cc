// Models with bytes of their headers, configs, indices and tokenizers changed
// at random: each opens and runs, or is refused in one line with the exit code
// that says why. None crashes, hangs or takes memory without bound.
//
// 1,000 models, each other run: PELLUCID_MUTANTS and PELLUCID_MUTANTS_FROM set
// how many and the number of the first. A quarter runs in processes too, where
// the outcome must be the same.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/gguf.h"
#include "pellucid/lens.h"
#include "pellucid/model.h"
#include "testutil/gguf_builder.h"
#include "testutil/golden_json.h"
#include "testutil/mutate.h"
#include "testutil/process.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

namespace fs = std::filesystem;
using testutil::Random;
using testutil::TempDir;

constexpr std::size_t kMutants = 1000;
constexpr std::size_t kInProcess = 4;  // each so many-th in a process too
constexpr double kHangSeconds = 10;    // of the processor: machines are busy
constexpr std::int64_t kMaxKilobytes = std::int64_t{2} << 20;

// A model that opens: where its files lie, and the one to name.
struct Sound {
  fs::path folder;
  std::vector<std::string> files;  // names in the folder
  std::string open;                // one of them; "" for the folder itself
};

std::vector<std::string> FilesIn(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

// Folders and GGUF files of tests/golden.
void AddGoldens(std::vector<Sound>& sound) {
  for (const char* place : {"families", "tiny_hf", "mlx", "tiny_llama"}) {
    const fs::path folder = testutil::GoldenPath(place);
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename();
      if (entry.is_directory() && !name.ends_with("_f32")) {
        sound.push_back({entry.path(), FilesIn(entry.path()), ""});
      } else if (name.ends_with(".gguf")) {
        sound.push_back({folder, {name}, name});
      }
    }
  }
}

void CopyTo(const fs::path& from, const fs::path& folder,
            const std::string& name) {
  fs::copy_file(from, folder / name);
}

// With tokenizers, and one that is split: written to `folder`.
void AddMade(const fs::path& folder, std::vector<Sound>& sound) {
  for (const char* kind :
       {"kind_04", "kind_09", "kind_16", "kind_17", "kind_18"}) {
    const fs::path at = folder / kind;
    fs::create_directory(at);
    testutil::TinyHfLlama().Write(at);
    CopyTo(
        testutil::GoldenPath("tokenizer/json/" + std::string(kind) + ".json"),
        at, "tokenizer.json");
    sound.push_back({at, FilesIn(at), ""});
  }
  const fs::path sharded = folder / "sharded";
  fs::create_directory(sharded);
  testutil::TinyHfGpt2().Write(sharded, /*shards=*/3);
  sound.push_back({sharded, FilesIn(sharded), ""});

  using testutil::GgufBuilder;
  const fs::path split = folder / "split";
  fs::create_directory(split);
  const auto write = [&](const std::string& name, GgufBuilder builder,
                         std::uint16_t part) {
    testutil::WriteFileBytes(
        split / name, builder.Scalar<std::uint16_t>("split.no", part)
                          .Scalar<std::uint16_t>("split.count", 2)
                          .Scalar<std::int32_t>("split.tensors.count", 21)
                          .Build());
  };
  write("m-00001-of-00002.gguf", testutil::TinyLlama().Builder(), 0);
  write("m-00002-of-00002.gguf",
        GgufBuilder().Floats("rope_freqs.weight", {2}, {1, 1}), 1);
  sound.push_back({split, FilesIn(split), "m-00001-of-00002.gguf"});
}

std::size_t GgufHeader(const std::string& path) {
  const auto file = GgufFile::Open(path);
  EXPECT_TRUE(file.ok()) << path << file.error().message;
  return file.ok() ? file->headers().front().size() : 0;
}

std::string Mutated(const std::string& path, Random& random) {
  const std::string bytes = testutil::ReadFileText(path);
  if (path.ends_with(".safetensors")) {
    return testutil::MutateSafetensors(bytes, random);
  }
  if (path.ends_with(".gguf")) {
    return testutil::MutateBinary(bytes, GgufHeader(path), random);
  }
  return testutil::MutateText(bytes, random);
}

// Writes mutant `number` of one of `sound` into `folder` and returns what to
// open: one of its files changed, the others as they are. What is text is
// changed more often than its number among the files would have it.
std::string WriteMutant(const std::vector<Sound>& sound, std::uint64_t number,
                        const fs::path& folder) {
  Random random(number);
  const Sound& model = sound[random.Below(sound.size())];
  std::vector<std::string> texts;
  for (const std::string& name : model.files) {
    if (name.ends_with(".json")) texts.push_back(name);
  }
  const bool text = !texts.empty() && random.Below(2) == 0;
  const auto& among = text ? texts : model.files;
  const std::string changed = among[random.Below(among.size())];
  for (const std::string& name : model.files) {
    if (name != changed) {
      fs::create_symlink(fs::absolute(model.folder / name), folder / name);
      continue;
    }
    const std::string bytes = Mutated(model.folder / name, random);
    testutil::WriteFileText(folder / name, bytes);
  }
  return model.open.empty() ? folder : folder / model.open;
}

// What the process dies with names the mutant.
std::array<char, 256> doing = {};

void SayWhat(int signal) {
  const ssize_t ignored =
      ::write(STDERR_FILENO, doing.data(), std::strlen(doing.data()));
  static_cast<void>(ignored);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// SIGPROF after so many seconds of the processor; 0: never.
void SetTimer(std::time_t seconds) {
  itimerval timer = {};
  timer.it_value.tv_sec = seconds;
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

double ProcessorSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void Begin(std::uint64_t number, const std::string& path) {
  const std::string text =
      "mutant " + std::to_string(number) + " at " + path + "\n";
  text.copy(doing.data(), doing.size() - 1);
  doing[std::min(text.size(), doing.size() - 1)] = '\0';
  SetTimer(static_cast<std::time_t>(2 * kHangSeconds));
}

// What a run said, as the program says it.
struct Outcome {
  int exit_code = 0;
  std::string error;  // one line; "" where all went well
};

Outcome Refused(const Error& error) {
  const int code = error.code == ErrorCode::kModel   ? 3
                   : error.code == ErrorCode::kUsage ? 2
                                                     : 1;
  return {code, error.message};
}

// The lens of three tokens, whose last row must be the model's own.
Outcome RunHere(const std::string& path) {
  const auto model = Model::Open(path, {.threads = 2});
  if (!model.ok()) return Refused(model.error());
  const std::vector<TokenId> ids = {1, 2, 3};
  const auto lens = ComputeLens(*model, ids);
  if (!lens.ok()) return Refused(lens.error());
  EXPECT_EQ(lens->rows.size(), model->info().n_layers + 1);
  EXPECT_EQ(lens->max_abs_last_row_minus_logits, 0);
  for (const LensRow& row : lens->rows) {
    for (const LensCell& cell : row.cells) {
      EXPECT_TRUE(std::isfinite(cell.logz) && std::isfinite(cell.entropy));
    }
  }
  return {};
}

void ExpectOpenedOrRefused(const Outcome& run) {
  if (run.exit_code == 0) return;
  EXPECT_EQ(run.error.find('\n'), std::string::npos) << run.error;
  EXPECT_FALSE(run.error.empty());
  const auto says = [&run](std::string_view word) {
    return run.error.find(word) != std::string::npos;
  };
  if (run.exit_code == 1) {  // what a header asks for may be more than there is
    EXPECT_TRUE(says("memory")) << run.error;
  } else if (run.exit_code == 2) {  // what has become too small for the prompt
    EXPECT_TRUE(says("vocabulary") || says("context") || says("top"))
        << run.error;
  }
}

void ExpectTheSameInAProcess(const std::string& path, const Outcome& here) {
  testutil::Process run({"lens", "-m", path, "--ids", "1,2,3", "--json", "-"});
  EXPECT_EQ(run.Wait(), here.exit_code) << run.err();
  if (here.exit_code == 0) {
    EXPECT_TRUE(run.out().starts_with("{") && run.out().ends_with("}\n"));
  } else {
    EXPECT_EQ(run.out(), "");
    EXPECT_EQ(run.err(), "pellucid: error: " + here.error + "\n");
  }
}

std::uint64_t Setting(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

std::int64_t PeakKilobytes(int who) {
  rusage usage = {};
  ::getrusage(who, &usage);
  return usage.ru_maxrss;
}

TEST(MutatedModelsTest, EachOpensOrIsRefused) {
  for (const int signal : {SIGPROF, SIGABRT}) std::signal(signal, SayWhat);
  const TempDir made;
  std::vector<Sound> sound;
  AddGoldens(sound);
  AddMade(made.path(), sound);
  std::ranges::sort(sound, {}, [](const Sound& model) {
    return std::pair(model.folder.filename(), model.open);
  });
  ASSERT_GE(sound.size(), 150u);

  const std::uint64_t first = Setting("PELLUCID_MUTANTS_FROM", 1);
  const std::uint64_t count = Setting("PELLUCID_MUTANTS", kMutants);
  const bool processes = fs::exists(PELLUCID_PROGRAM);
  std::array<std::size_t, 4> outcomes = {};
  for (std::uint64_t number = first; number < first + count; ++number) {
    const TempDir folder;
    const std::string path = WriteMutant(sound, number, folder.path());
    SCOPED_TRACE("mutant " + std::to_string(number));
    Begin(number, path);
    const double start = ProcessorSeconds();
    const Outcome run = RunHere(path);
    EXPECT_LT(ProcessorSeconds() - start, kHangSeconds);
    ExpectOpenedOrRefused(run);
    if (processes && number % kInProcess == 0) {
      ExpectTheSameInAProcess(path, run);
    }
    ++outcomes[static_cast<std::size_t>(std::clamp(run.exit_code, 0, 3))];
    SetTimer(0);
  }
  EXPECT_LT(PeakKilobytes(RUSAGE_SELF), kMaxKilobytes);
  EXPECT_LT(PeakKilobytes(RUSAGE_CHILDREN), kMaxKilobytes);
  std::printf("%zu opened; refused: %zu for memory, %zu for the ids, %zu\n",
              outcomes[0], outcomes[1], outcomes[2], outcomes[3]);
  // Both ways were taken.
  EXPECT_GT(outcomes[0], count / 20);
  EXPECT_GT(outcomes[3], count / 4);
}

}  // namespace
}  // namespace pellucid
