#include "cli/trace_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "formats/safetensors.h"
#include "pellucid/version.h"
#include "testutil/temp_dir.h"

namespace pellucid::cli {
namespace {

using testutil::TempDir;

Trace SmallTrace() {
  Trace trace;
  trace.ids = {4, 13};
  trace.sites["embed"] = Tensor({2, 3});
  trace.sites["embed"].data = {1, 2, 3, 4, 5, 6};
  return trace;
}

TEST(TraceFilesTest, TheEndingChoosesTheFormat) {
  EXPECT_EQ(TraceFormatOf("a.safetensors"), TraceFormat::kSafetensors);
  EXPECT_EQ(TraceFormatOf("a.npz"), TraceFormat::kNpz);
  EXPECT_EQ(TraceFormatOf("a.npy"), std::nullopt);
  EXPECT_EQ(TraceFormatOf("npz"), std::nullopt);
}

TEST(TraceFilesTest, DevicesAndPipesAreNoFiles) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  testutil::WriteFileBytes(dir / "file", {});
  EXPECT_TRUE(IsDeviceOrPipe("/dev/null"));
  EXPECT_TRUE(IsDeviceOrPipe(dir / "pipe"));
  EXPECT_FALSE(IsDeviceOrPipe(dir / "file"));
  EXPECT_FALSE(IsDeviceOrPipe(dir / "none"));
  EXPECT_FALSE(IsDeviceOrPipe(dir.path()));
}

TEST(TraceFilesTest, SafetensorsHoldTensorsAndMetadata) {
  const TempDir dir;
  ModelInfo model;
  model.ref = "m.gguf";
  for (const bool has_text : {true, false}) {
    AtomicFile file = AtomicFile::Create(dir / "t.safetensors").value();
    const std::optional<std::string> text =
        has_text ? std::optional<std::string>("c ab") : std::nullopt;
    ASSERT_TRUE(WriteTrace(SmallTrace(), text, model, has_text ? 0 : 2,
                           TraceFormat::kSafetensors, file)
                    .ok());
    const auto read = SafetensorsFile::Open(dir / "t.safetensors").value();
    EXPECT_EQ(read.metadata().at("ids"), "[4,13]");
    EXPECT_EQ(read.metadata().at("model"), "m.gguf");
    EXPECT_EQ(read.metadata().at("pellucid"), Version());
    EXPECT_EQ(read.metadata().count("text"), has_text ? 1u : 0u);
    EXPECT_EQ(read.metadata().count("edits"), has_text ? 0u : 1u);
    if (!has_text) {
      EXPECT_EQ(read.metadata().at("edits"), "2");
    }
    ASSERT_EQ(read.tensors().size(), 1u);
    EXPECT_EQ(read.tensors()[0].name, "embed");
    EXPECT_EQ(read.tensors()[0].shape, (std::vector<std::size_t>{2, 3}));
  }
}

}  // namespace
}  // namespace pellucid::cli
