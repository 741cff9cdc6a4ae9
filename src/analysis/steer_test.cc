#include "pellucid/steer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "testutil/compare.h"
#include "testutil/golden.h"
#include "testutil/golden_json.h"
#include "testutil/model_path.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<TokenId>;

class SteerTest : public ::testing::Test {
 protected:
  SteerTest()
      : model_(
            Model::Open(testutil::GoldenPath("tiny_hf/llama_plain")).value()) {}

  Ids RandomIds(std::size_t count, std::uint64_t seed) const {
    testutil::Random random(seed);
    Ids ids(count);
    for (TokenId& id : ids) {
      id = static_cast<TokenId>(random.Below(model_.info().vocab_size));
    }
    return ids;
  }
  std::vector<ContrastPair> Pairs(std::size_t count) const {
    std::vector<ContrastPair> pairs;
    for (std::size_t i = 0; i < count; ++i) {
      pairs.push_back({RandomIds(3 + i % 4, 2 * i), RandomIds(5, 2 * i + 1)});
    }
    return pairs;
  }
  // Of the last token, behind a block.
  std::vector<double> State(const Ids& ids, const std::string& site) const {
    const Trace trace = model_.Run(ids, {.sites = {site}}).value();
    const auto row = trace.Find(site)->Row(ids.size() - 1);
    return {row.begin(), row.end()};
  }

  Model model_;
};

TEST_F(SteerTest, TheMeanIsThatOfTheDifferences) {
  const auto pairs = Pairs(5);
  const auto made =
      MakeSteering(model_, pairs, {.layers = Selection::Of({0, 1})});
  ASSERT_TRUE(made.ok()) << made.error().message;
  ASSERT_EQ(made->size(), 2u);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const SteeringVector& vector = (*made)[layer];
    EXPECT_EQ(vector.layer, layer);
    EXPECT_EQ(vector.site, "model.layers." + std::to_string(layer));
    ASSERT_EQ(vector.values.size(), model_.info().d_model);
    std::vector<double> mean(vector.values.size());
    for (const ContrastPair& pair : pairs) {
      const auto plus = State(pair.plus, vector.site);
      const auto minus = State(pair.minus, vector.site);
      for (std::size_t i = 0; i < mean.size(); ++i) {
        mean[i] += (plus[i] - minus[i]) / 5;
      }
    }
    for (std::size_t i = 0; i < mean.size(); ++i) {
      EXPECT_NEAR(vector.values[i], mean[i], 1e-6) << i;
    }
  }
}

TEST_F(SteerTest, SeveralPositionsCountByTheirMean) {
  const ContrastPair pair{{3, 4, 5}, {6}};
  const auto made = MakeSteering(
      model_, {&pair, 1},
      {.layers = Selection::Last(), .positions = Selection::All()});
  ASSERT_TRUE(made.ok());
  const std::string& site = made->front().site;
  const Trace plus = model_.Run(pair.plus, {.sites = {site}}).value();
  const auto minus = State(pair.minus, site);
  for (std::size_t i = 0; i < minus.size(); ++i) {
    double mean = 0;
    for (std::size_t t = 0; t < 3; ++t) {
      mean += static_cast<double>(plus.Find(site)->Row(t)[i]) / 3;
    }
    EXPECT_NEAR(made->front().values[i], mean - minus[i], 1e-6);
  }
}

TEST_F(SteerTest, APrincipalComponentPointsToPlus) {
  const auto pairs = Pairs(6);
  const SteeringOptions options{.layers = Selection::Last(),
                                .method = SteeringMethod::kPca};
  const SteeringVector pca =
      MakeSteering(model_, pairs, options).value().front();
  const SteeringVector mean =
      MakeSteering(model_, pairs, {.layers = Selection::Last()})
          .value()
          .front();
  double along = 0, square = 0;
  for (std::size_t i = 0; i < pca.values.size(); ++i) {
    along += static_cast<double>(pca.values[i] * mean.values[i]);
    square += static_cast<double>(pca.values[i] * pca.values[i]);
  }
  EXPECT_GT(along, 0);
  // As long as the root mean square of what the pairs have along it.
  double sum = 0;
  for (const ContrastPair& pair : pairs) {
    const auto plus = State(pair.plus, pca.site);
    const auto minus = State(pair.minus, pca.site);
    double part = 0;
    for (std::size_t i = 0; i < plus.size(); ++i) {
      part += (plus[i] - minus[i]) * static_cast<double>(pca.values[i]);
    }
    sum += part * part / square;
  }
  EXPECT_NEAR(std::sqrt(sum / 6), std::sqrt(square), 1e-5);
  // Turned round, it points the other way.
  std::vector<ContrastPair> turned;
  for (const ContrastPair& pair : pairs) {
    turned.push_back({pair.minus, pair.plus});
  }
  const SteeringVector other =
      MakeSteering(model_, turned, options).value().front();
  for (std::size_t i = 0; i < pca.values.size(); ++i) {
    EXPECT_NEAR(other.values[i], -pca.values[i], 1e-6);
  }
}

TEST_F(SteerTest, OfOnePairBothMethodsGiveTheDifference) {
  const auto pairs = Pairs(1);
  const auto mean =
      MakeSteering(model_, pairs, {.layers = Selection::Last()}).value();
  const auto pca = MakeSteering(model_, pairs,
                                {.layers = Selection::Last(),
                                 .method = SteeringMethod::kPca})
                       .value();
  for (std::size_t i = 0; i < mean[0].values.size(); ++i) {
    EXPECT_NEAR(pca[0].values[i], mean[0].values[i], 1e-6);
  }
}

TEST_F(SteerTest, ItsEditsAddItEverywhere) {
  SteeringVector vector{1, "model.layers.1",
                        testutil::Noise(model_.info().d_model, 8)};
  const Ids ids = RandomIds(4, 50);
  const auto run = [&](const std::vector<Edit>& edits) {
    return model_.Run(ids, {.sites = {vector.site}, .edits = edits}).value();
  };
  const Trace plain = run({});
  const Trace steered = run(SteeringEdits({&vector, 1}, -2.5f));
  for (std::size_t t = 0; t < ids.size(); ++t) {
    for (std::size_t i = 0; i < vector.values.size(); ++i) {
      EXPECT_EQ(steered.Find(vector.site)->Row(t)[i],
                plain.Find(vector.site)->Row(t)[i] + -2.5f * vector.values[i]);
    }
  }
  EXPECT_EQ(SteeringEdits({&vector, 1}, 1, {3})[0].scope.prompts,
            (std::vector<std::size_t>{3}));
}

TEST_F(SteerTest, SaysWhatIsWrong) {
  const auto message = [&](const std::vector<ContrastPair>& pairs,
                           const SteeringOptions& options) {
    const auto made = MakeSteering(model_, pairs, options);
    return made.ok() ? std::string("none") : made.error().message;
  };
  EXPECT_THAT(message({}, {}), HasSubstr("steer: pairs: there are none"));
  EXPECT_THAT(message(Pairs(1), {.layers = Selection::Of({99})}),
              HasSubstr("99"));
  EXPECT_THAT(message(Pairs(1), {.positions = Selection::Of({4})}),
              HasSubstr("4"));
  EXPECT_THAT(message({{{}, {3}}}, {}), HasSubstr("has no tokens"));
  EXPECT_THAT(message({{{3}, {3}}}, {}), HasSubstr("add up to zero"));
  EXPECT_THAT(message({{{3}, {3}}}, {.method = SteeringMethod::kPca}),
              HasSubstr("are zero"));
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(MakeSteering(model_, Pairs(1), {.stop = stopped.get_token()})
                .error()
                .code,
            ErrorCode::kCancelled);
}

// The difference that Hugging Face finds (tools/goldens/generate.py).
TEST(SteerGoldenTest, OfTwoTextsOnTheDefaultModel) {
  if (!testutil::HasDefaultModel()) GTEST_SKIP() << "no default model";
  const Model model =
      Model::Open(testutil::DefaultModelPath(), {.threads = 2}).value();
  const auto golden = testutil::LoadGolden("generate/default.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  const auto texts = testutil::GoldenStrings("generate/default.json", "texts");
  const auto encode = [&](const std::string& text) {
    return model.tokenizer()->Encode(text).value().ids;
  };
  const ContrastPair pair{encode(texts[1]), encode(texts[2])};
  const auto made = MakeSteering(
      model, {&pair, 1},
      {.layers = Selection::Of({std::stoi(golden.metadata.at("layer"))})});
  ASSERT_TRUE(made.ok()) << made.error().message;
  Tensor ours({made->front().values.size()});
  ours.data = made->front().values;
  // Of states of size 1,000 and more, each within the contract's distance.
  EXPECT_TRUE(testutil::Close(ours, golden.Get("vector"), 2e-3));
}

}  // namespace
}  // namespace pellucid
