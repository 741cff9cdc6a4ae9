#include "trace/edit_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "testutil/modules.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::FloatEq;
using ::testing::FloatNear;
using ::testing::IsNan;

constexpr SiteKey kBlock = {Point::kResidPost, 1};
constexpr SiteKey kQuery = {Point::kQuery, 0};
constexpr SiteKey kScores = {Point::kScores, 0};
constexpr SiteKey kPattern = {Point::kPattern, 0};
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kWidth = 6;

Selection Choose(std::string_view text) {
  return Selection::Parse(text, "test").value();
}

Tensor Values(std::vector<std::size_t> shape, std::vector<float> data) {
  Tensor values;
  values.shape = std::move(shape);
  values.data = std::move(data);
  return values;
}

using Rows = std::vector<std::vector<float>>;

class EditRunTest : public ::testing::Test {
 protected:
  EditPlan Plan(const std::vector<Edit>& edits,
                std::vector<std::size_t> lengths) const {
    auto plan = EditPlan::Make(table_, edits, lengths, {});
    if (!plan.ok()) {
      ADD_FAILURE() << plan.error().message;
      return {};
    }
    return std::move(*plan);
  }

  // Edits the rows of one prompt, all of whose tokens are given.
  Rows Run(std::vector<Edit> edits, const Rows& rows, SiteKey key = kBlock) {
    for (Edit& edit : edits) edit.site = table_.NameOf(key);
    const EditPlan plan = Plan(edits, {rows.size()});
    return RunPart(plan, rows, {0, 0, rows.size(), 0}, key);
  }
  Rows Run(const Edit& edit, const Rows& rows, SiteKey key = kBlock) {
    return Run(std::vector{edit}, rows, key);
  }
  static Rows RunPart(const EditPlan& plan, const Rows& rows, EditedRows part,
                      SiteKey key = kBlock) {
    std::vector<float> data;
    for (const auto& row : rows)
      data.insert(data.end(), row.begin(), row.end());
    const MatrixView view(data.data(), rows.size(), kWidth);
    EditRun(plan, {part}).Edit(key, view);
    Rows out;
    for (std::size_t t = 0; t < rows.size(); ++t) {
      out.emplace_back(view.Row(t), view.Row(t) + kWidth);
    }
    return out;
  }

  // Edits scores or pattern of one head of one prompt.
  Rows RunHead(Edit edit, SiteKey key, std::size_t head, const Rows& rows) {
    edit.site = table_.NameOf(key);
    const EditPlan plan = Plan({edit}, {rows.size()});
    const std::size_t n = rows.size();
    std::vector<float> data;
    for (const auto& row : rows)
      data.insert(data.end(), row.begin(), row.end());
    const MatrixView view(data.data(), n, n);
    EditRun run(plan, {{0, 0, n, 0}});
    // In two blocks, as attention shows them.
    run.EditAttention(key, 0, head, 0, view.Rows(0, 2));
    run.EditAttention(key, 0, head, 2, view.Rows(2, n - 2));
    Rows out;
    for (std::size_t t = 0; t < n; ++t) {
      out.emplace_back(view.Row(t), view.Row(t) + n);
    }
    return out;
  }

  SiteTable table_{testutil::TinyModules(), testutil::TinySizes()};
  const Rows rows_ = {
      {1, 2, 3, 4, 5, 6}, {-1, -2, -3, -4, -5, -6}, {0.5f, 0, 0, 2, 0, 8}};
};

TEST_F(EditRunTest, SimpleKindsChangeWhatIsInScope) {
  Edit edit;
  edit.scope.positions = Choose("1");
  Rows out = Run(edit, rows_);
  EXPECT_EQ(out[0], rows_[0]);
  EXPECT_THAT(out[1], Each(0));
  EXPECT_EQ(out[2], rows_[2]);

  edit.kind = EditKind::kScale;
  edit.factor = -2;
  EXPECT_THAT(Run(edit, rows_)[1], ElementsAre(2, 4, 6, 8, 10, 12));

  edit.kind = EditKind::kAdd;
  EXPECT_THAT(Run(edit, rows_)[1], ElementsAre(-3, -4, -5, -6, -7, -8));

  edit.kind = EditKind::kClamp;
  edit.low = -4;
  edit.high = -1.5f;
  EXPECT_THAT(Run(edit, rows_)[1], ElementsAre(-1.5, -2, -3, -4, -4, -4));
  edit.low = -kInfinity;
  EXPECT_THAT(Run(edit, rows_)[1], ElementsAre(-1.5, -2, -3, -4, -5, -6));
}

TEST_F(EditRunTest, ColumnsAloneChangeWhereFeaturesOrHeadsAreNamed) {
  Edit edit{.site = {}, .kind = EditKind::kScale, .factor = 10};
  edit.scope.features = {5, 1};
  EXPECT_THAT(Run(edit, rows_)[0], ElementsAre(1, 20, 3, 4, 5, 60));
  edit.scope = {.heads = {1}};
  EXPECT_THAT(Run(edit, rows_, kQuery)[0], ElementsAre(1, 2, 3, 40, 50, 60));
  edit.scope.features = {0};
  EXPECT_THAT(Run(edit, rows_, kQuery)[0], ElementsAre(1, 2, 3, 40, 5, 6));
}

TEST_F(EditRunTest, OneRowOfValuesServesAllAndManyServeOneEach) {
  Edit edit{.site = {}, .kind = EditKind::kAdd, .factor = 2};
  edit.scope.features = {0, 2};
  edit.values = Values({2}, {10, 20});
  Rows out = Run(edit, rows_);
  EXPECT_THAT(out[0], ElementsAre(21, 2, 43, 4, 5, 6));
  EXPECT_THAT(out[1], ElementsAre(19, -2, 37, -4, -5, -6));

  edit.kind = EditKind::kReplace;
  edit.values = Values({3, 2}, {1, 2, 3, 4, 5, 6});
  out = Run(edit, rows_);
  EXPECT_THAT(out[0], ElementsAre(1, 2, 2, 4, 5, 6));
  EXPECT_THAT(out[2], ElementsAre(5, 0, 6, 2, 0, 8));

  // As many as in scope: by their order there. As in the prompt: by position.
  edit.scope.positions = Choose("0,2");
  edit.values = Values({2, 2}, {1, 2, 3, 4});
  out = Run(edit, rows_);
  EXPECT_THAT(out[0], ElementsAre(1, 2, 2, 4, 5, 6));
  EXPECT_EQ(out[1], rows_[1]);
  EXPECT_THAT(out[2], ElementsAre(3, 0, 4, 2, 0, 8));
  edit.values = Values({3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(Run(edit, rows_)[2], ElementsAre(5, 0, 6, 2, 0, 8));
}

TEST_F(EditRunTest, MeansAreOverThePromptOrOverASet) {
  Edit edit{.site = {}, .kind = EditKind::kMean};
  edit.scope.positions = Choose("0");
  Rows out = Run(edit, rows_);
  EXPECT_THAT(out[0], ElementsAre(FloatEq(0.5f / 3), 0, 0, FloatEq(2.0f / 3), 0,
                                  FloatEq(8.0f / 3)));
  EXPECT_EQ(out[1], rows_[1]);
  edit.values = Values({2, 6}, {1, 1, 1, 1, 1, 1, 3, 4, 5, 6, 7, 8});
  EXPECT_THAT(Run(edit, rows_)[0], ElementsAre(2, 2.5, 3, 3.5, 4, 4.5));
}

TEST_F(EditRunTest, AMeanThatIsWrittenFirstIsNotReadAgain) {
  EXPECT_THAT(Run({.site = {}, .kind = EditKind::kMean},
                  {{1, 0, 0, 0, 0, 0}, {3, 0, 0, 0, 0, 0}, {5, 0, 0, 0, 0, 0}}),
              Each(ElementsAre(3, 0, 0, 0, 0, 0)));
}

TEST_F(EditRunTest, DirectionsAreTakenOutAndSet) {
  Edit edit{.site = {}, .kind = EditKind::kProjectOut};
  edit.scope.positions = Choose("0");
  edit.values = Values({6}, {0, 0, 0, 3, 4, 0});
  // The component is (4 * 3 + 5 * 4) / 5 = 6.4.
  EXPECT_THAT(Run(edit, rows_)[0],
              ElementsAre(1, 2, 3, FloatNear(4 - 6.4f * 0.6f, 1e-6f),
                          FloatNear(5 - 6.4f * 0.8f, 1e-6f), 6));
  edit.values = Values({2, 6}, {1, 1, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0});
  EXPECT_THAT(
      Run(edit, rows_)[0],
      ElementsAre(FloatNear(0, 1e-6f), FloatNear(0, 1e-6f), 3, 4, 5, 6));
  edit = {.site = {}, .kind = EditKind::kSetComponent, .factor = 10};
  edit.values = Values({6}, {0, 0, 0, 3, 4, 0});
  EXPECT_THAT(Run(edit, rows_)[0],
              ElementsAre(1, 2, 3, FloatNear(4 + 3.6f * 0.6f, 1e-6f),
                          FloatNear(5 + 3.6f * 0.8f, 1e-6f), 6));
}

TEST_F(EditRunTest, EditsOfASiteAreMadeInTheirOrder) {
  Edit add{.site = {}, .kind = EditKind::kAdd, .factor = 1};
  Edit twice{.site = {}, .kind = EditKind::kScale, .factor = 2};
  EXPECT_THAT(Run({add, twice}, rows_)[0], ElementsAre(4, 6, 8, 10, 12, 14));
  EXPECT_THAT(Run({twice, add}, rows_)[0], ElementsAre(3, 5, 7, 9, 11, 13));
}

TEST_F(EditRunTest, NoiseIsWhatDrawNormalDraws) {
  Edit edit{
      .site = {}, .kind = EditKind::kNoise, .factor = 0.5f, .seed = 12345};
  edit.scope.positions = Choose("0,2");
  edit.scope.features = {0, 3, 4};
  const Rows out = Run(edit, rows_);
  for (const auto& [position, index] : {std::pair(0u, 0u), {2u, 1u}}) {
    std::vector<float> noise(3), expected = rows_[position];
    DrawNormal(12345, 0, index, noise);
    expected[0] += 0.5f * noise[0];
    expected[3] += 0.5f * noise[1];
    expected[4] += 0.5f * noise[2];
    EXPECT_EQ(out[position], expected);
  }
  EXPECT_EQ(out[1], rows_[1]);
  edit.seed = 12346;
  EXPECT_NE(Run(edit, rows_), out);
}

TEST(DrawNormalTest, IsAFunctionOfSeedStreamRowAndPlace) {
  const auto draw = [](std::uint64_t seed, std::uint32_t stream,
                       std::uint32_t row, std::size_t count) {
    std::vector<float> out(count);
    DrawNormal(seed, stream, row, out);
    return out;
  };
  // The beginning of what is drawn does not depend on how much is.
  const std::vector<float> long_row = draw(7, 1, 2, 9);
  EXPECT_EQ(draw(7, 1, 2, 4),
            std::vector<float>(long_row.begin(), long_row.begin() + 4));
  EXPECT_NE(draw(8, 1, 2, 9), long_row);
  EXPECT_NE(draw(7, 2, 2, 9), long_row);
  EXPECT_NE(draw(7, 1, 3, 9), long_row);
  // Of 40,000 numbers: within five standard errors of the moments.
  double sum = 0, squares = 0;
  const std::vector<float> many = draw(3, 0, 0, 40000);
  for (const float x : many) {
    sum += x;
    squares += static_cast<double>(x) * x;
  }
  EXPECT_NEAR(sum / 40000, 0, 5 / std::sqrt(40000));
  EXPECT_NEAR(squares / 40000, 1, 5 * std::sqrt(2.0 / 40000));
}

// Numbers of a generator of its own, in Python's integers, with the inverse of
// statistics.NormalDist (tools/goldens/edits_maths.py).
TEST(DrawNormalTest, GivesTheDocumentedNumbers) {
  std::vector<float> out(5);
  DrawNormal(0, 0, 0, out);
  EXPECT_THAT(out, ElementsAreArray({1.1775912f, 0.26756224f, -0.352874905f,
                                     -1.78545117f, -0.469249189f}));
  DrawNormal(9223372036854775817u, 3, 70000, out);
  EXPECT_THAT(out, ElementsAreArray({-1.53568792f, -1.2025857f, 0.844347537f,
                                     0.320777267f, 1.08723176f}));
}

TEST_F(EditRunTest, ResamplingTakesRowsOfTheSetBySeed) {
  Edit edit{.site = {}, .kind = EditKind::kResample, .seed = 1};
  edit.scope.features = {2};
  edit.values = Values({4, 1}, {10, 20, 30, 40});
  const Rows many(200, std::vector<float>(kWidth));
  const Rows out = Run(edit, many);
  std::set<float> seen;
  for (const auto& row : out) {
    EXPECT_EQ(row[1], 0);
    seen.insert(row[2]);
  }
  EXPECT_THAT(seen, ElementsAre(10, 20, 30, 40));
  EXPECT_EQ(Run(edit, many), out);
  edit.seed = 2;
  EXPECT_NE(Run(edit, many), out);
}

TEST_F(EditRunTest, CustomFunctionsAreShownTheirPlace) {
  std::vector<std::string> calls;
  Edit edit{.site = {}, .kind = EditKind::kCustom};
  edit.scope.positions = Choose("1:");
  edit.scope.features = {5, 0};
  edit.custom = [&](const EditPlace& place, std::span<float> x) {
    calls.push_back(std::string(place.site) + " " +
                    std::to_string(place.prompt) + " " +
                    std::to_string(place.position));
    x[0] = 100 + x[1];
  };
  const Rows out = Run(edit, rows_);
  EXPECT_THAT(calls, ElementsAre("model.layers.1 0 1", "model.layers.1 0 2"));
  EXPECT_EQ(out[0], rows_[0]);
  EXPECT_THAT(out[1], ElementsAre(94, -2, -3, -4, -5, -6));
  EXPECT_THAT(out[2], ElementsAre(108, 0, 0, 2, 0, 8));
}

// A batch of three, of which two prompts are in scope: the function reads one
// position to write another, and one prompt to write the other.
TEST_F(EditRunTest, AFunctionOfTheSiteSeesAllRowsInScope) {
  Edit edit{.site = "layers.1", .kind = EditKind::kCustomSite};
  edit.scope.prompts = {0, 2};
  std::string site;
  int calls = 0;
  edit.custom_site = [&](std::string_view name,
                         std::span<const EditPart> parts) {
    ++calls;
    site = name;
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[0].prompt, 0u);
    EXPECT_EQ(parts[1].prompt, 2u);
    EXPECT_EQ(parts[0].position, 0u);
    ASSERT_EQ(parts[0].rows.size(), 2u);
    ASSERT_EQ(parts[1].rows.size(), 1u);
    parts[0].rows[0][5] = parts[0].rows[1][0];
    parts[1].rows[0][0] = parts[0].rows[0][1];
  };
  const EditPlan plan = Plan({edit}, {2, 1, 1});
  constexpr std::size_t kStride = kWidth + 2;  // rows with a gap between them
  std::vector<float> data(4 * kStride);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<float>(i);
  }
  const std::vector<float> before = data;
  EditRun(plan, {{0, 0, 2, 0}, {1, 2, 1, 0}, {2, 3, 1, 0}})
      .Edit(kBlock, {data.data(), 4, kWidth, kStride});
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(site, "model.layers.1");
  std::vector<float> expected = before;
  expected[5] = before[kStride];
  expected[3 * kStride] = before[1];
  EXPECT_EQ(data, expected);
}

// Behind a cache it sees the tokens of that run, and where they stand.
TEST_F(EditRunTest, AFunctionOfTheSiteIsToldWhereARunBegins) {
  Edit edit{.site = "layers.1", .kind = EditKind::kCustomSite};
  std::vector<std::size_t> positions;
  edit.custom_site = [&](std::string_view, std::span<const EditPart> parts) {
    for (const EditPart& part : parts) positions.push_back(part.position);
  };
  const EditPlan plan = Plan({edit}, {3});
  RunPart(plan, rows_, {0, 0, 3, 0});
  RunPart(plan, {rows_[0]}, {0, 0, 1, 3});
  EXPECT_THAT(positions, ElementsAre(0, 3));
}

TEST_F(EditRunTest, NumbersThatAreNotFiniteGoThrough) {
  const Rows rows = {{kNaN, kInfinity, -kInfinity, 1, 2, 3}};
  Edit zero;
  EXPECT_THAT(Run(zero, rows)[0], Each(0));
  Edit twice{.site = {}, .kind = EditKind::kScale, .factor = 2};
  EXPECT_THAT(Run(twice, rows)[0],
              ElementsAre(IsNan(), kInfinity, -kInfinity, 2, 4, 6));
  Edit replace{.site = {}, .kind = EditKind::kReplace};
  replace.values = Values({6}, {kNaN, kInfinity, 0, 0, 0, 0});
  EXPECT_THAT(Run(replace, rows_)[2],
              ElementsAre(IsNan(), kInfinity, 0, 0, 0, 0));
}

// A batch of two, the second of which is not in scope.
TEST_F(EditRunTest, PromptsOfABatchAreEditedAloneAndAlike) {
  Edit edit{.site = "model.layers.1", .kind = EditKind::kNoise};
  Rows both = rows_;
  both.insert(both.end(), rows_.begin(), rows_.end());
  std::vector<float> data;
  const auto run = [&](const Edit& made) {
    data.clear();
    for (const auto& row : both) {
      data.insert(data.end(), row.begin(), row.end());
    }
    const EditPlan plan = Plan({made}, {3, 3});
    EditRun(plan, {{0, 0, 3, 0}, {1, 3, 3, 0}})
        .Edit(kBlock, {data.data(), 6, kWidth});
    return std::pair(std::vector<float>(data.begin(), data.begin() + 18),
                     std::vector<float>(data.begin() + 18, data.end()));
  };
  const auto [first, second] = run(edit);
  EXPECT_EQ(first, second);
  edit.scope.prompts = {0};
  const auto [edited, plain] = run(edit);
  EXPECT_EQ(edited, first);
  EXPECT_THAT(plain, ElementsAreArray(
                         std::vector<float>({1, 2, 3, 4, 5, 6, -1, -2, -3, -4,
                                             -5, -6, 0.5f, 0, 0, 2, 0, 8})));
}

// A run may hold some tokens of a prompt, or those that were generated.
TEST_F(EditRunTest, PartsOfARunAreEditedAsTheWhole) {
  Edit edit{.site = "model.layers.1", .kind = EditKind::kNoise, .seed = 3};
  edit.scope.positions = Choose("0,2:");
  edit.scope.when = EditWhen::kBoth;
  Rows all = rows_;
  for (const auto& row : rows_) all.push_back(row);
  const EditPlan plan = Plan({edit}, {4});  // two of the six were generated
  const Rows whole = RunPart(plan, all, {0, 0, 6, 0});
  EXPECT_EQ(whole[1], all[1]);
  for (const std::size_t t : {0u, 2u, 3u, 4u, 5u}) EXPECT_NE(whole[t], all[t]);
  for (std::size_t begin = 0; begin < 6; ++begin) {
    const Rows part(all.begin() + static_cast<std::ptrdiff_t>(begin),
                    all.end());
    const Rows out = RunPart(plan, part, {0, 0, part.size(), begin});
    for (std::size_t t = 0; t < part.size(); ++t) {
      EXPECT_EQ(out[t], whole[begin + t]) << begin;
    }
  }
  edit.scope = {.when = EditWhen::kGenerated};
  const Rows after = RunPart(Plan({edit}, {4}), all, {0, 0, 6, 0});
  for (std::size_t t = 0; t < 4; ++t) EXPECT_EQ(after[t], all[t]);
  EXPECT_NE(after[4], all[4]);
}

const Rows kMatrix = {{1, 0, 0, 0}, {2, 3, 0, 0}, {4, 5, 6, 0}, {7, 8, 9, 10}};

TEST_F(EditRunTest, QueriesAreEditedAtTheKeysThatTheySee) {
  Edit edit{.site = {}, .kind = EditKind::kScale, .factor = 10};
  edit.scope.positions = Choose("1,2");
  Rows out = RunHead(edit, kPattern, 0, kMatrix);
  EXPECT_EQ(out[0], kMatrix[0]);
  EXPECT_THAT(out[1], ElementsAre(20, 30, 0, 0));
  EXPECT_THAT(out[2], ElementsAre(40, 50, 60, 0));
  EXPECT_EQ(out[3], kMatrix[3]);
  edit.scope.keys = Choose("0,2");
  out = RunHead(edit, kPattern, 0, kMatrix);
  EXPECT_THAT(out[1], ElementsAre(20, 3, 0, 0));
  EXPECT_THAT(out[2], ElementsAre(40, 5, 60, 0));
  edit.scope.heads = {1};
  EXPECT_EQ(RunHead(edit, kPattern, 0, kMatrix), kMatrix);
  EXPECT_THAT(RunHead(edit, kPattern, 1, kMatrix)[1], ElementsAre(20, 3, 0, 0));
}

TEST_F(EditRunTest, MaskedKeysAreNotSeen) {
  Edit edit{.site = {}, .kind = EditKind::kMask};
  edit.scope.positions = Choose("2:");
  edit.scope.keys = Choose("1,-1");
  edit.scope.positions = Choose("2,3");
  const Rows out = RunHead(edit, kScores, 0, kMatrix);
  EXPECT_EQ(out[1], kMatrix[1]);
  EXPECT_THAT(out[2], ElementsAre(4, -kInfinity, 6, 0));
  EXPECT_THAT(out[3], ElementsAre(7, -kInfinity, 9, -kInfinity));
}

TEST_F(EditRunTest, MatricesAreOfAllHeadsOrOfThoseInScope) {
  Edit edit{.site = {}, .kind = EditKind::kReplace};
  std::vector<float> data(2 * 16);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<float>(100 + i);
  }
  edit.values = Values({2, 4, 4}, data);
  EXPECT_THAT(RunHead(edit, kPattern, 1, kMatrix)[2],
              ElementsAre(124, 125, 126, 0));
  edit.scope.heads = {1};
  EXPECT_THAT(RunHead(edit, kPattern, 1, kMatrix)[2],
              ElementsAre(124, 125, 126, 0));
  edit.values = Values({1, 4, 4}, {data.begin(), data.begin() + 16});
  edit.kind = EditKind::kAdd;
  edit.factor = 2;
  EXPECT_THAT(RunHead(edit, kPattern, 1, kMatrix)[2],
              ElementsAre(4 + 216, 5 + 218, 6 + 220, 0));
}

TEST_F(EditRunTest, NoiseOfAMatrixIsByHeadAndKey) {
  Edit edit{.site = {}, .kind = EditKind::kNoise, .factor = 2, .seed = 5};
  edit.scope.positions = Choose("1,3");
  edit.scope.keys = Choose("1:3");
  std::vector<float> noise(4);
  DrawNormal(5, 1, 1, noise);
  EXPECT_THAT(RunHead(edit, kScores, 1, kMatrix)[3],
              ElementsAre(7, 8 + 2 * noise[1], 9 + 2 * noise[2], 10));
}

TEST_F(EditRunTest, CustomFunctionsOfMatricesSeeOneQuery) {
  std::vector<std::size_t> sizes;
  Edit edit{.site = {}, .kind = EditKind::kCustom};
  edit.scope.heads = {1};
  edit.custom = [&](const EditPlace& place, std::span<float> x) {
    EXPECT_EQ(place.head, 1u);
    EXPECT_EQ(x.size(), place.position + 1);
    sizes.push_back(x.size());
    x[0] = -1;
  };
  const Rows out = RunHead(edit, kPattern, 1, kMatrix);
  EXPECT_THAT(sizes, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(out[3], ElementsAre(-1, 8, 9, 10));
}

}  // namespace
}  // namespace pellucid
