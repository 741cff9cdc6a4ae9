#include "render/check_json.h"

#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

std::string CheckJson(const CheckReport& report) {
  std::string out;
  WriteCheckJson(report, JsonStyle::kIndented, AppendTo(&out));
  return out;
}

TEST(CheckJsonTest, SaysWhatHoldsAndWhatIsInForce) {
  const CheckReport report = {
      .model = testutil::MakeTestLens().model,
      .in_force = {{"final_logit_softcapping", "30"}, {"tied_head", "true"}},
      .checks = {{"last row = logits", true, 0.0, 0.0, "max |difference|"},
                 {"tokenizer", false, {}, {}, "none in the file"}}};
  EXPECT_FALSE(report.Ok());
  const std::string json = CheckJson(report);
  EXPECT_EQ(json.substr(0, json.find(" \"model\"")),
            "{\n \"schema\": \"pellucid.check/1\",\n");
  EXPECT_EQ(json.substr(json.find(" \"in_force\"")),
            " \"in_force\": {\n"
            "  \"final_logit_softcapping\": 30,\n"
            "  \"tied_head\": true\n"
            " },\n"
            " \"checks\": [\n"
            "  {\"name\": \"last row = logits\", \"ok\": true, \"value\": 0, "
            "\"limit\": 0, \"note\": \"max |difference|\"},\n"
            "  {\"name\": \"tokenizer\", \"ok\": false, \"value\": null, "
            "\"limit\": null, \"note\": \"none in the file\"}\n"
            " ],\n"
            " \"ok\": false\n"
            "}\n");
}

TEST(CheckJsonTest, OkWhereEveryCheckHolds) {
  EXPECT_TRUE(CheckReport{}.Ok());
  const CheckReport report = {
      .model = {}, .in_force = {}, .checks = {{"a", true, {}, {}, ""}}};
  EXPECT_TRUE(report.Ok());
}

}  // namespace
}  // namespace pellucid::render
