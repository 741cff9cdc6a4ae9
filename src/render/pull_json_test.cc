#include "render/pull_json.h"

#include <gtest/gtest.h>

namespace pellucid::render {
namespace {

TEST(PullJsonTest, SaysWhatCameAndWhereItIs) {
  PullReport report;
  report.ref = "o/n@v1";
  report.repo = "o/n";
  report.revision = "v1";
  report.commit = "abc";
  report.path = "/cache/abc";
  report.files = {{"config.json", 2, false}, {"model.safetensors", 7, true}};
  std::string out;
  WritePullJson(report, JsonStyle::kIndented, AppendTo(&out));
  EXPECT_EQ(out,
            "{\n"
            " \"schema\": \"pellucid.pull/1\",\n"
            " \"ref\": \"o/n@v1\",\n"
            " \"repo\": \"o/n\",\n"
            " \"revision\": \"v1\",\n"
            " \"commit\": \"abc\",\n"
            " \"path\": \"/cache/abc\",\n"
            " \"current\": true,\n"
            " \"files\": [\n"
            "  {\"name\": \"config.json\", \"bytes\": 2, \"downloaded\": "
            "false},\n"
            "  {\"name\": \"model.safetensors\", \"bytes\": 7, \"downloaded\": "
            "true}\n"
            " ]\n"
            "}\n");
}

}  // namespace
}  // namespace pellucid::render
