#include "render/trace_json.h"

#include <gtest/gtest.h>

namespace pellucid::render {
namespace {

Trace SmallTrace() {
  Trace trace;
  trace.ids = {4, 13};
  trace.sites["logits"] = Tensor({2, 5});
  trace.sites["embed"] = Tensor({2, 3});
  trace.sites["model.layers.0.self_attn.z"] = Tensor({2, 2, 4});
  return trace;
}

std::string Written(const std::optional<std::string>& text, JsonStyle style,
                    std::size_t edits = 0) {
  std::string out;
  WriteTraceJson(SmallTrace(), {.text = text, .edits = edits},
                 "d/000000.safetensors", style, AppendTo(&out));
  return out;
}

TEST(TraceJsonTest, CompactIsALineOfAnIndex) {
  EXPECT_EQ(Written("c ab", JsonStyle::kCompact),
            "{\"file\":\"d/000000.safetensors\",\"ids\":[4,13],\"text\":\"c "
            "ab\",\"tensors\":{\"embed\":[2,3],\"logits\":[2,5],"
            "\"model.layers.0.self_attn.z\":[2,2,4]}}\n");
}

TEST(TraceJsonTest, AnEditedRunSaysSo) {
  EXPECT_NE(Written("c ab", JsonStyle::kCompact, 3)
                .find("\"text\":\"c ab\",\"edits\":3,\"tensors\":"),
            std::string::npos);
}

TEST(TraceJsonTest, IndentedHasALineATensor) {
  EXPECT_EQ(Written(std::nullopt, JsonStyle::kIndented),
            "{\n"
            " \"file\": \"d/000000.safetensors\",\n"
            " \"ids\": [4, 13],\n"
            " \"text\": null,\n"
            " \"tensors\": {\n"
            "  \"embed\": [2, 3],\n"
            "  \"logits\": [2, 5],\n"
            "  \"model.layers.0.self_attn.z\": [2, 2, 4]\n"
            " }\n"
            "}\n");
}

}  // namespace
}  // namespace pellucid::render
