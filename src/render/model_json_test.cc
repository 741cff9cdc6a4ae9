#include "render/model_json.h"

#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

TEST(ModelJsonTest, HoldsWhatEveryReportSays) {
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kIndented);
  WriteModel(testutil::MakeTestLens().model, json);
  json.Finish();
  EXPECT_EQ(out,
            "{\"ref\": \"toy\", \"architecture\": \"llama\", \"format\": "
            "\"gguf\", \"n_layers\": 2, \"d_model\": 16, \"vocab_size\": 8, "
            "\"hash\": \"abc123\"}\n");
}

}  // namespace
}  // namespace pellucid::render
