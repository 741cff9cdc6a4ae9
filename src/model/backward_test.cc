// Derivatives of whole runs on every family: the adjoint is the transpose of
// the tangent, point by point, and neither depends on threads, on what else is
// in the batch, on other copies or on which blocks were kept.
// (Against torch.autograd: analysis/gradient_golden_test.cc.)
#include "model/backward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "model/model_impl.h"
#include "model/tangent.h"
#include "testutil/golden.h"
#include "testutil/hf_goldens.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid {
namespace {

using testutil::Bits;
using Prompts = std::vector<std::vector<TokenId>>;

// A model of every family, and of every way in which blocks of one differ.
std::vector<std::string> Folders() {
  std::vector<std::string> paths;
  for (const std::string& name : testutil::FamilyGoldenNames()) {
    paths.push_back("families/" + name);
  }
  for (const std::string& name : testutil::HfGoldenNames()) {
    paths.push_back("tiny_hf/" + name);
  }
  return paths;
}

using Key = std::pair<Point, std::size_t>;

bool IsRotary(Point point) {
  return point == Point::kRotary || point == Point::kRotaryLocal;
}
bool IsOfHead(Point point) { return point >= Point::kFinalNorm; }

// Every point that the architecture has and that has derivatives in blocks.
std::vector<SiteKey> PointsOf(const Model::Impl& model) {
  std::vector<SiteKey> keys;
  for (const Site& site : model.table.sites()) {
    if (site.head) continue;  // a part of another
    if (!IsRotary(site.key.point) && !IsOfHead(site.key.point)) {
      keys.push_back(site.key);
    }
  }
  return keys;
}

// Adds noise, the same for a prompt whatever it is packed with, at some points.
class NoiseEditor : public Editor {
 public:
  NoiseEditor(const PackedPrompts& prompts, std::vector<SiteKey> keys,
              std::uint64_t seed)
      : prompts_(prompts), keys_(std::move(keys)), seed_(seed) {}

  bool Edits(SiteKey key) const override {
    return std::ranges::find(keys_, key) != keys_.end();
  }
  void Edit(SiteKey key, MatrixView value) override {
    for (std::size_t r = 0; r < value.rows; ++r) {
      const std::size_t copy = r / prompts_.tokens();
      const std::size_t token = r % prompts_.tokens();
      std::size_t p = 0;
      while (prompts_.offsets[p + 1] <= token) ++p;
      Add(key, copy, 0, token - prompts_.offsets[p], value.RowSpan(r));
    }
  }
  void EditAttention(SiteKey key, std::size_t prompt, std::size_t head,
                     std::size_t first, MatrixView rows) override {
    for (std::size_t i = 0; i < rows.rows; ++i) {
      Add(key, prompt / prompts_.count(), head + 1, first + i, rows.RowSpan(i));
    }
  }

 private:
  void Add(SiteKey key, std::size_t copy, std::size_t head, std::size_t token,
           std::span<float> row) const {
    const auto noise = testutil::Noise(
        row.size(), seed_ + 1000 * static_cast<std::size_t>(key.point) +
                        100000 * key.layer + 10000000 * copy + 31 * head +
                        7 * token);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] += noise[i];
  }

  const PackedPrompts& prompts_;
  std::vector<SiteKey> keys_;
  std::uint64_t seed_;
};

// Keeps all of some points: rows, or [prompt, head, query] rows of keys.
class Keeper : public Probe {
 public:
  explicit Keeper(std::vector<SiteKey> keys) : keys_(std::move(keys)) {}

  bool Wants(SiteKey key) const override {
    return std::ranges::find(keys_, key) != keys_.end();
  }
  void Visit(SiteKey key, ConstMatrixView value) override {
    auto& rows = kept[{key.point, key.layer}];
    for (std::size_t r = 0; r < value.rows; ++r) {
      rows[{r, 0, 0}].assign(value.RowSpan(r).begin(), value.RowSpan(r).end());
    }
  }
  void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                      std::size_t first, ConstMatrixView rows) override {
    const std::scoped_lock lock(mutex_);
    auto& kept_rows = kept[{key.point, key.layer}];
    for (std::size_t i = 0; i < rows.rows; ++i) {
      kept_rows[{prompt, head, first + i}].assign(rows.RowSpan(i).begin(),
                                                  rows.RowSpan(i).end());
    }
  }

  using Place = std::array<std::size_t, 3>;
  std::map<Key, std::map<Place, std::vector<float>>> kept;

 private:
  std::vector<SiteKey> keys_;
  std::mutex mutex_;
};

double Dot(const std::map<Keeper::Place, std::vector<float>>& a,
           const std::map<Keeper::Place, std::vector<float>>& b) {
  double sum = 0;
  for (const auto& [place, row] : a) {
    const auto& other = b.at(place);
    for (std::size_t i = 0; i < row.size(); ++i) {
      sum += double{row[i]} * double{other[i]};
    }
  }
  return sum;
}

double Dot(ConstMatrixView a, ConstMatrixView b) {
  double sum = 0;
  for (std::size_t r = 0; r < a.rows; ++r) {
    for (std::size_t i = 0; i < a.cols; ++i) {
      sum += double{a.Row(r)[i]} * double{b.Row(r)[i]};
    }
  }
  return sum;
}

Buffer NoiseRows(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Buffer out(rows, cols);
  const auto noise = testutil::Noise(rows * cols, seed);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < cols; ++i) {
      out.view().Row(r)[i] = noise[r * cols + i];
    }
  }
  return out;
}

class DerivativeTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto golden =
        testutil::LoadGolden(GetParam() + ".golden.safetensors");
    ASSERT_TRUE(golden.ok()) << golden.error;
    ids_ = golden.Ids();
  }
  Model Open(std::size_t threads = 2) const {
    return Model::Open(PELLUCID_SOURCE_DIR "/tests/golden/" + GetParam(),
                       {.threads = threads})
        .value();
  }
  static RecordedRun Record(const Model& model, const Prompts& prompts,
                            const RecordOptions& options = {}) {
    auto run =
        RecordedRun::Make(model.impl().context(), Pack(prompts), options);
    EXPECT_TRUE(run.ok()) << run.error().message;
    return std::move(run).value();
  }

  std::vector<TokenId> ids_;
};
INSTANTIATE_TEST_SUITE_P(Folders, DerivativeTest,
                         ::testing::ValuesIn(Folders()),
                         [](const auto& folder) {
                           std::string name = folder.param;
                           std::ranges::replace(name, '/', '_');
                           return name;
                         });

// <J v, u> = <v, J^T u>, with v at one point at a time, u at the final stream.
// Both sides are sums of float32 products; they are compared with the sum of
// what single rows could have added up to.
TEST_P(DerivativeTest, AdjointIsTheTransposeOfTheTangent) {
  const Model model = Open();
  const RecordedRun run = Record(model, {ids_});
  const std::vector<SiteKey> points = PointsOf(model.impl());
  ASSERT_GT(points.size(), 10u);
  const Buffer u = NoiseRows(ids_.size(), model.info().d_model, /*seed=*/5);
  Keeper gradients(points);
  ASSERT_TRUE(RunBackward(run, u.view(), {.probe = &gradients}).ok());
  for (const SiteKey key : points) {
    const std::string name = model.impl().table.NameOf(key);
    NoiseEditor given(run.prompts(), {key}, /*seed=*/7);
    Keeper changes({key});
    const auto tangent = RunTangent(run, {.given = &given, .probe = &changes});
    ASSERT_TRUE(tangent.ok()) << tangent.error().message;
    const auto& v = changes.kept.at({key.point, key.layer});
    const auto& g = gradients.kept.at({key.point, key.layer});
    const double forward = Dot(tangent->view(), u.view());
    const double backward = Dot(v, g);
    const double size = std::sqrt(Dot(v, v) * Dot(g, g)) +
                        std::sqrt(Dot(tangent->view(), tangent->view()) *
                                  Dot(u.view(), u.view()));
    EXPECT_NEAR(forward, backward, 1e-5 * size) << name;
  }
}

// What is given anywhere counts, in both directions at once.
TEST_P(DerivativeTest, CotangentsAndTangentsOfEveryPointAddUp) {
  const Model model = Open();
  const RecordedRun run = Record(model, {ids_});
  const std::vector<SiteKey> points = PointsOf(model.impl());
  NoiseEditor u(run.prompts(), points, /*seed=*/11);
  NoiseEditor v(run.prompts(), {{Point::kEmbed}}, /*seed=*/12);
  Keeper g({{Point::kEmbed}}), start({{Point::kEmbed}}), changes(points);
  ASSERT_TRUE(RunBackward(run, {}, {.given = &u, .probe = &g}).ok());
  ASSERT_TRUE(RunTangent(run, {.given = &v, .probe = &start}).ok());
  ASSERT_TRUE(RunTangent(run, {.given = &v, .probe = &changes}).ok());
  double forward = 0, size = 0;
  for (const auto& [key, rows] : changes.kept) {
    for (const auto& [place, row] : rows) {
      std::vector<float> given(row.size());
      const MatrixView one(given.data(), 1, row.size());
      if (IsAttentionMatrix(key.first)) {
        u.EditAttention({key.first, key.second}, 0, place[1], place[2], one);
      } else {
        Buffer all(ids_.size(), row.size());
        for (std::size_t t = 0; t < ids_.size(); ++t) {
          std::ranges::fill(all.view().RowSpan(t), 0.0f);
        }
        u.Edit({key.first, key.second}, all.view());
        std::ranges::copy(all.view().RowSpan(place[0]), given.begin());
      }
      double dot = 0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        dot += double{row[i]} * double{given[i]};
      }
      forward += dot;
      size += std::abs(dot);
    }
  }
  const double backward =
      Dot(start.kept.begin()->second, g.kept.begin()->second);
  EXPECT_NEAR(forward, backward, 1e-5 * size);
}

using Kept = std::map<Key, std::map<Keeper::Place, std::vector<float>>>;

// Rows of copy `copy` of a batch of `tokens`, from row `first` on, as if they
// were alone.
void ExpectSame(const Kept& alone, const Kept& batch, std::size_t first,
                std::size_t count, std::size_t prompt, const char* what) {
  for (const auto& [key, rows] : alone) {
    for (const auto& [place, row] : rows) {
      Keeper::Place there = place;
      if (IsAttentionMatrix(key.first)) {
        there[0] = prompt;
      } else {
        ASSERT_LT(place[0], count);
        there[0] = first + place[0];
      }
      auto other = batch.at(key).at(there);
      other.resize(row.size());
      ASSERT_EQ(Bits(row), Bits(other))
          << what << ": point " << static_cast<int>(key.first) << " of block "
          << key.second;
    }
  }
}

TEST_P(DerivativeTest, NothingElseChangesABit) {
  const Model one = Open(1), three = Open(3);
  const std::vector<SiteKey> points = PointsOf(one.impl());
  const std::size_t n = ids_.size(), d = one.info().d_model;
  const Buffer u = NoiseRows(n, d, /*seed=*/5);
  const RecordedRun run = Record(one, {ids_});
  NoiseEditor given(run.prompts(), points, /*seed=*/3);
  Keeper gradients(points), changes(points);
  ASSERT_TRUE(
      RunBackward(run, u.view(), {.given = &given, .probe = &gradients}).ok());
  ASSERT_TRUE(RunTangent(run, {.given = &given, .probe = &changes}).ok());

  // Three threads, the second of three prompts, blocks run again, the second
  // of ten copies.
  const Prompts prompts = {{ids_[1], ids_[0]}, ids_, {ids_[2]}};
  const RecordedRun batch = Record(three, prompts, {.max_bytes = 0});
  constexpr std::size_t kCopies = 10, kCopy = 1;
  const std::size_t tokens = batch.prompts().tokens();
  const std::size_t first = kCopy * tokens + 2;
  Buffer many = NoiseRows(kCopies * tokens, d, /*seed=*/9);
  for (std::size_t t = 0; t < n; ++t) {
    std::ranges::copy(u.view().RowSpan(t), many.view().Row(first + t));
  }
  // The noise of the copy that is compared is that of the first copy above.
  class Shifted : public Editor {
   public:
    Shifted(NoiseEditor& noise, std::size_t tokens)
        : noise_(noise), tokens_(tokens) {}
    bool Edits(SiteKey key) const override { return noise_.Edits(key); }
    void Edit(SiteKey key, MatrixView value) override {
      noise_.Edit(key, value.Rows(kCopy * tokens_, tokens_));
    }
    void EditAttention(SiteKey key, std::size_t prompt, std::size_t head,
                       std::size_t at, MatrixView rows) override {
      if (prompt / 3 != kCopy) return;
      noise_.EditAttention(key, prompt % 3, head, at, rows);
    }

   private:
    NoiseEditor& noise_;
    std::size_t tokens_;
  };
  NoiseEditor noise(batch.prompts(), points, /*seed=*/3);
  Shifted shifted(noise, tokens);
  Keeper batch_gradients(points), batch_changes(points);
  ASSERT_TRUE(
      RunBackward(
          batch, many.view(),
          {.copies = kCopies, .given = &shifted, .probe = &batch_gradients})
          .ok());
  ASSERT_TRUE(RunTangent(batch, {.copies = kCopies,
                                 .given = &shifted,
                                 .probe = &batch_changes})
                  .ok());
  const std::size_t prompt = kCopy * 3 + 1;
  ExpectSame(gradients.kept, batch_gradients.kept, first, n, prompt,
             "gradient");
  ExpectSame(changes.kept, batch_changes.kept, first, n, prompt, "tangent");
}

// A run that is recorded has the bits of one that is not.
TEST_P(DerivativeTest, RecordingChangesNoBit) {
  const Model model = Open();
  const auto plain = RunForward(model.impl().context(), Pack({&ids_, 1}));
  ASSERT_TRUE(plain.ok());
  const ConstMatrixView x = plain->residual.view();
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1} << 30}) {
    const RecordedRun run = Record(model, {ids_}, {.max_bytes = bytes});
    for (std::size_t t = 0; t < ids_.size(); ++t) {
      EXPECT_EQ(Bits(run.residual().RowSpan(t)), Bits(x.RowSpan(t)));
    }
  }
}

TEST(BackwardTest, StopsWhenAsked) {
  const Model model =
      Model::Open(testutil::FamilyGoldenPath("gemma2_plain")).value();
  const Prompts prompts = {{1, 2, 3}};
  const auto run = RecordedRun::Make(model.impl().context(), Pack(prompts));
  ASSERT_TRUE(run.ok());
  std::stop_source stop;
  stop.request_stop();
  Keeper keeper({{Point::kEmbed}});
  const Buffer u = NoiseRows(3, model.info().d_model, 1);
  const Status back =
      RunBackward(*run, u.view(), {.probe = &keeper, .stop = stop.get_token()});
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.error().code, ErrorCode::kCancelled);
  const auto tangent = RunTangent(*run, {.stop = stop.get_token()});
  ASSERT_FALSE(tangent.ok());
  EXPECT_EQ(tangent.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace pellucid
