#include "cli/common_options.h"

#include <gtest/gtest.h>

#include "testutil/tiny_model.h"

namespace pellucid::cli {
namespace {

TEST(CommonOptionsTest, OpenModelTakesReferenceAndThreads) {
  StringSource in("");
  StringSink out, err;
  Io io{in, out, err};
  const auto opened = OpenModel(
      {.ref = testutil::TinyLlamaPath("mha_tied_f32"), .threads = 3}, io);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->model.threads(), 3u);
  EXPECT_GT(opened->load_ms, 0);
  const render::RunInfo info = RunInfoOf(*opened, "text");
  EXPECT_EQ(info.threads, 3u);
  EXPECT_EQ(info.precision, "exact");
  EXPECT_EQ(info.input_text, "text");
  EXPECT_FALSE(info.isa.empty());
}

TEST(CommonOptionsTest, ThreadsAre1To1024) {
  for (const std::string bad : {"0", "1025", "-1", "two"}) {
    Arguments arguments("lens", "");
    ModelOptions options;
    AddModelOptions(arguments, &options);
    const std::vector<std::string> args = {"--threads", bad};
    const auto parsed = arguments.Parse(args);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().message,
              "lens: --threads: \"" + bad +
                  "\" is no whole number from 1 to 1024; give one");
  }
}

TEST(CommonOptionsTest, AModelIsNamedOnce) {
  const Arguments arguments("info", "");
  std::optional<std::string> ref;
  EXPECT_TRUE(TakeReference(arguments, "a.gguf", &ref).ok());
  EXPECT_EQ(ref, "a.gguf");
  EXPECT_TRUE(TakeReference(arguments, std::nullopt, &ref).ok());
  EXPECT_EQ(ref, "a.gguf");
  EXPECT_EQ(TakeReference(arguments, "b.gguf", &ref).error().message,
            "info: --model: the model is given twice, b.gguf and a.gguf; give "
            "it once");
}

}  // namespace
}  // namespace pellucid::cli
