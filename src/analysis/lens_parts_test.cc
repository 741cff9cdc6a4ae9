// A lens that is handed over in parts is the lens as a whole.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "pellucid/lens.h"
#include "testutil/lens_compare.h"
#include "testutil/noise.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

class LensPartsTest : public ::testing::Test {
 protected:
  LensPartsTest() {
    const std::string path = dir_ / "long.gguf";
    testutil::WriteFileBytes(
        path, testutil::TinyLlama{.without = {"llama.context_length"}}
                  .Builder()
                  .Scalar<std::uint32_t>("llama.context_length", 256)
                  .Build());
    model_ = Model::Open(path, {.threads = 2});
  }
  const Model& model() const { return model_.value(); }
  std::vector<TokenId> Ids(std::size_t count) const {
    testutil::Random random(count);
    std::vector<TokenId> ids(count);
    for (TokenId& id : ids) {
      id = static_cast<TokenId>(random.Below(model().info().vocab_size));
    }
    return ids;
  }

  testutil::TempDir dir_;
  Result<Model> model_ = FailedError("");
};

// Appends the cells of `part` to `whole`.
void Append(const Lens& part, Lens* whole) {
  if (whole->rows.empty()) {
    *whole = part;
    return;
  }
  ASSERT_EQ(part.ids, whole->ids);
  ASSERT_EQ(part.rows.size(), whole->rows.size());
  whole->positions.insert(whole->positions.end(), part.positions.begin(),
                          part.positions.end());
  for (std::size_t r = 0; r < part.rows.size(); ++r) {
    EXPECT_EQ(part.rows[r].site, whole->rows[r].site);
    for (const LensCell& cell : part.rows[r].cells) {
      whole->rows[r].cells.push_back(cell);
    }
  }
}

void ExpectSameCells(const Lens& a, const Lens& b) {
  ASSERT_EQ(a.positions, b.positions);
  ASSERT_EQ(a.rows.size(), b.rows.size());
  for (std::size_t r = 0; r < a.rows.size(); ++r) {
    ASSERT_EQ(a.rows[r].cells.size(), b.rows[r].cells.size());
    for (std::size_t i = 0; i < a.rows[r].cells.size(); ++i) {
      const LensCell& x = a.rows[r].cells[i];
      const LensCell& y = b.rows[r].cells[i];
      EXPECT_EQ(x.position, y.position);
      ASSERT_EQ(x.top.size(), y.top.size());
      for (std::size_t k = 0; k < x.top.size(); ++k) {
        EXPECT_TRUE(testutil::SameScore(x.top[k], y.top[k]));
      }
      EXPECT_EQ(x.entropy, y.entropy);
      EXPECT_EQ(x.kl_to_final, y.kl_to_final);
      ASSERT_EQ(x.final_top1.has_value(), y.final_top1.has_value());
      if (x.final_top1) {
        EXPECT_EQ(x.final_top1->rank, y.final_top1->rank);
        EXPECT_TRUE(
            testutil::SameScore(x.final_top1->score, y.final_top1->score));
      }
    }
  }
}

TEST_F(LensPartsTest, PartsInOrderMakeTheWhole) {
  for (const std::size_t tokens : {1u, 16u, 17u, 33u, 100u}) {
    LensOptions options;
    options.follow = FollowFinal::kEach;
    options.targets = {3};
    options.skip_first = 2;
    const Lens whole = ComputeLens(model(), Ids(tokens), options).value();
    Lens joined;
    std::size_t parts = 0;
    options.on_part = [&](std::size_t prompt, const Lens& part) {
      EXPECT_EQ(prompt, 0u);
      ASSERT_EQ(part.targets.size(), 1u);
      EXPECT_EQ(part.targets[0].id, 3);
      ++parts;
      Append(part, &joined);
    };
    const Lens again = ComputeLens(model(), Ids(tokens), options).value();
    testutil::ExpectSameLens(whole, again);
    EXPECT_EQ(again.max_abs_last_row_minus_logits, 0);
    ExpectSameCells(whole, joined);
    EXPECT_EQ(parts, (tokens + 15) / 16);
  }
}

TEST_F(LensPartsTest, TheFirstComeBeforeTheRestHasRun) {
  LensOptions options;
  std::stop_source stop;
  options.stop = stop.get_token();
  std::size_t positions = 0;
  options.on_part = [&](std::size_t, const Lens& part) {
    positions += part.positions.size();
    stop.request_stop();
  };
  const auto lens = ComputeLens(model(), Ids(200), options);
  ASSERT_FALSE(lens.ok());
  EXPECT_EQ(lens.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(positions, 16u);
}

TEST_F(LensPartsTest, EditsThatLookAheadAreTheSameInParts) {
  LensOptions options;
  options.follow = FollowFinal::kLast;
  options.edits = {{.site = "model.layers.0", .kind = EditKind::kMean}};
  const Lens whole = ComputeLens(model(), Ids(60), options).value();
  Lens joined;
  options.on_part = [&](std::size_t, const Lens& part) {
    Append(part, &joined);
  };
  const Lens again = ComputeLens(model(), Ids(60), options).value();
  testutil::ExpectSameLens(whole, again);
  ExpectSameCells(whole, joined);
}

TEST_F(LensPartsTest, OfABatchEachPromptHasItsOwn) {
  const std::vector<std::vector<TokenId>> prompts = {Ids(5), Ids(30), Ids(3)};
  LensOptions options;
  options.follow = FollowFinal::kEach;
  const auto whole = ComputeLensBatch(model(), prompts, options).value();
  std::vector<Lens> joined(prompts.size());
  options.on_part = [&](std::size_t prompt, const Lens& part) {
    Append(part, &joined.at(prompt));
  };
  ASSERT_TRUE(ComputeLensBatch(model(), prompts, options).ok());
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    ExpectSameCells(whole[p], joined[p]);
  }
}

}  // namespace
}  // namespace pellucid
