// Edits of every kind and sort of site against Hugging Face eager float32 with
// hooks (tools/goldens/edits.py), from JSON to logits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "kernels/isa.h"
#include "model/edits_json.h"
#include "pellucid/model.h"
#include "testutil/golden.h"
#include "testutil/per_isa.h"

namespace pellucid {
namespace {

using testutil::Bits;

constexpr const char* kGolden = PELLUCID_SOURCE_DIR "/tests/golden/";

std::vector<std::string> EditGoldenNames() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(kGolden) + "edits")) {
    names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

TEST(EditGoldensTest, FilesAreThere) {
  EXPECT_GE(EditGoldenNames().size(), 5u);
}

struct EditCase {
  std::string name;
  std::vector<Edit> edits;
};

class EditGoldenTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    golden_ = testutil::LoadGolden("edits/" + GetParam() + ".safetensors");
    ASSERT_TRUE(golden_.ok()) << golden_.error;
    ids_ = golden_.Ids();
    ReadCases();
  }

  Model Open(std::size_t threads) const {
    return Model::Open(kGolden + golden_.metadata.at("folder"),
                       {.threads = threads})
        .value();
  }

  testutil::Golden golden_;
  std::vector<TokenId> ids_;
  std::vector<EditCase> cases_;

 private:
  void ReadCases() {
    const auto document =
        JsonFile::Parse(golden_.metadata.at("cases"), GetParam());
    ASSERT_TRUE(document.ok()) << document.error().message;
    simdjson::dom::object cases;
    ASSERT_EQ(document->root().get(cases), simdjson::SUCCESS);
    for (const auto& [name, edits] : cases) {
      const auto json =
          JsonFile::Parse(simdjson::minify(edits), std::string(name));
      ASSERT_TRUE(json.ok()) << json.error().message;
      auto read = ParseEdits(
          *json, {}, [&](const std::string&, const std::string& tensor) {
            return Result<Tensor>(golden_.Get(tensor));
          });
      ASSERT_TRUE(read.ok()) << read.error().message;
      cases_.push_back({std::string(name), std::move(*read)});
    }
    ASSERT_GE(cases_.size(), 50u);
  }
};
INSTANTIATE_TEST_SUITE_P(Models, EditGoldenTest,
                         ::testing::ValuesIn(EditGoldenNames()),
                         [](const auto& name) { return name.param; });

// Contract 4.4: |difference| <= 1e-3 max(1, |logit|).
double WorstDifference(const Tensor& ours, const Tensor& theirs) {
  if (ours.shape != theirs.shape) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < ours.data.size(); ++i) {
    const double their = theirs.data[i];
    worst = std::max(
        worst, std::abs(ours.data[i] - their) / std::max(1.0, std::abs(their)));
  }
  return worst;
}

TEST_P(EditGoldenTest, LogitsEqualHuggingFaceWithHooks) {
  const Model model = Open(2);
  const auto plain = model.Run(ids_, {.sites = {"logits"}});
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  EXPECT_LE(
      WorstDifference(*plain->Find("logits"), golden_.Get("logits.plain")),
      1e-3);
  double worst = 0;
  for (const EditCase& made : cases_) {
    const auto run =
        model.Run(ids_, {.sites = {"logits"}, .edits = made.edits});
    ASSERT_TRUE(run.ok()) << made.name << ": " << run.error().message;
    const Tensor& logits = *run->Find("logits");
    const double difference =
        WorstDifference(logits, golden_.Get("logits." + made.name));
    EXPECT_LE(difference, 1e-3) << made.name;
    worst = std::max(worst, difference);
    EXPECT_GT(WorstDifference(logits, *plain->Find("logits")), 1e-3)
        << made.name;
  }
  RecordProperty("worst", std::to_string(worst));
}

// Bit for bit: one thread and three, alone and in a batch, and the last row of
// all logits and that of the head alone.
TEST_P(EditGoldenTest, ThreadsAndBatchChangeNoBit) {
  const Model one = Open(1), three = Open(3);
  const std::vector<std::vector<TokenId>> batch = {{ids_[1], ids_[0]}, ids_};
  for (EditCase& made : cases_) {
    RunOptions options{
        .sites = {"logits"}, .last_logits = true, .edits = made.edits};
    const auto alone = one.Run(ids_, options);
    ASSERT_TRUE(alone.ok()) << made.name << ": " << alone.error().message;
    for (Edit& edit : options.edits) edit.scope.prompts = {1};
    const auto together = three.RunBatch(batch, options);
    ASSERT_TRUE(together.ok()) << together.error().message;
    const Tensor& logits = *alone->Find("logits");
    EXPECT_EQ(Bits(together->at(1).Find("logits")->data), Bits(logits.data))
        << made.name;
    EXPECT_EQ(Bits(alone->last_logits), Bits(logits.Row(ids_.size() - 1)))
        << made.name;
  }
}

TEST_P(EditGoldenTest, TheInstructionSetChangesNoBit) {
  const Model model = Open(2);
  const kernels::Isa best = kernels::CurrentIsa();
  for (const EditCase& made : cases_) {
    const RunOptions options{.last_logits = true, .edits = made.edits};
    const auto run = model.Run(ids_, options);
    ASSERT_TRUE(run.ok()) << made.name;
    for (const kernels::Isa isa : kernels::SupportedIsas()) {
      ASSERT_TRUE(kernels::SelectIsa(isa).ok());
      const auto other = model.Run(ids_, options);
      ASSERT_TRUE(kernels::SelectIsa(best).ok());
      ASSERT_TRUE(other.ok()) << made.name;
      EXPECT_EQ(Bits(other->last_logits), Bits(run->last_logits))
          << made.name << ", " << kernels::NameOf(isa);
    }
  }
}

// What is written is what was read, to the bits of the run.
TEST_P(EditGoldenTest, WrittenEditsAreTheSame) {
  const Model model = Open(2);
  for (const EditCase& made : cases_) {
    const auto text = FormatEdits(made.edits, model.info(), "v");
    ASSERT_TRUE(text.ok()) << text.error().message;
    const auto json = JsonFile::Parse(text->json, made.name);
    ASSERT_TRUE(json.ok()) << json.error().message;
    const auto read = ParseEdits(*json, model.info(), {});
    ASSERT_TRUE(read.ok()) << read.error().message;
    const auto a = model.Run(ids_, {.last_logits = true, .edits = made.edits});
    const auto b = model.Run(ids_, {.last_logits = true, .edits = *read});
    ASSERT_TRUE(a.ok() && b.ok()) << made.name;
    EXPECT_EQ(Bits(a->last_logits), Bits(b->last_logits)) << made.name;
  }
}

}  // namespace
}  // namespace pellucid
