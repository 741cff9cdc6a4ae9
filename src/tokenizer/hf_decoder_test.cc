#include "gtest/gtest.h"
#include "tokenizer/hf_sections.h"
#include "tokenizer/test_json.h"

namespace pellucid {
namespace {

using testutil::ErrorOf;
using testutil::SectionText;

TEST(HfDecoderTest, ByteLevelOrNone) {
  EXPECT_EQ(ReadDecoder(SectionText("null").section()).value(), Decoder::kNone);
  EXPECT_EQ(
      ReadDecoder(SectionText(R"({"type": "ByteLevel"})").section()).value(),
      Decoder::kByteLevel);
  EXPECT_EQ(ReadDecoder(SectionText(R"({"type": "Sequence",
                            "decoders": [{"type": "ByteLevel"}]})")
                            .section())
                .value(),
            Decoder::kByteLevel);
}

TEST(HfDecoderTest, OthersAreRefusedByName) {
  EXPECT_EQ(ErrorOf(ReadDecoder, R"({"type": "Sequence", "decoders": [
                {"type": "ByteFallback"}, {"type": "Fuse"}]})"),
            "open: t.json: unsupported tokenizer: section.decoders[0] is "
            "\"ByteFallback\"; supported: ByteLevel, null");
  EXPECT_EQ(ErrorOf(ReadDecoder, R"({"type": "Sequence", "decoders": []})"),
            "open: t.json: unsupported tokenizer: section is a Sequence of 0 "
            "steps; supported: ByteLevel, null");
}

}  // namespace
}  // namespace pellucid
