#include "render/models_json.h"

#include <gtest/gtest.h>

namespace pellucid::render {
namespace {

TEST(ModelsJsonTest, SaysWhatIsThereAndWhetherItOpens) {
  ModelsReport report;
  report.cache = "/c";
  report.folder = "/m";
  report.models = {
      {"o/n", "main", "abc", "/c/abc", 7, "llama", "safetensors", ""},
      {"/m/x.gguf", "", "", "", 9, "", "", "is no GGUF file"}};
  std::string out;
  WriteModelsJson(report, JsonStyle::kIndented, AppendTo(&out));
  EXPECT_EQ(out,
            "{\n"
            " \"schema\": \"pellucid.models/1\",\n"
            " \"cache\": \"/c\",\n"
            " \"folder\": \"/m\",\n"
            " \"models\": [\n"
            "  {\"ref\": \"o/n\", \"revision\": \"main\", \"commit\": \"abc\", "
            "\"path\": \"/c/abc\", \"bytes\": 7, \"architecture\": \"llama\", "
            "\"format\": \"safetensors\", \"ok\": true, \"problem\": null},\n"
            "  {\"ref\": \"/m/x.gguf\", \"revision\": null, \"commit\": null, "
            "\"path\": null, \"bytes\": 9, \"architecture\": null, \"format\": "
            "null, \"ok\": false, \"problem\": \"is no GGUF file\"}\n"
            " ]\n"
            "}\n");
}

}  // namespace
}  // namespace pellucid::render
