#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tokenizer/hf_sections.h"
#include "tokenizer/test_json.h"

namespace pellucid {
namespace {

using testutil::ErrorOf;
using testutil::SectionText;

std::string Decode(std::string_view json,
                   const std::vector<std::string_view>& tokens) {
  const auto decoder = ReadDecoder(SectionText(json).section());
  if (!decoder.ok()) return decoder.error().message;
  return decoder->Decode(tokens);
}

std::string Sequence(const std::string& steps) {
  return R"({"type": "Sequence", "decoders": [)" + steps + "]}";
}

TEST(HfDecoderTest, EachTypeIsRead) {
  EXPECT_EQ(Decode("null", {"a", "\u0120b"}), "a \u0120b");
  EXPECT_EQ(Decode(R"({"type": "ByteLevel"})", {"a", "\u0120b"}), "a b");
  EXPECT_EQ(Decode(Sequence(R"({"type": "ByteLevel"})"), {"\u0120b"}), " b");
  EXPECT_EQ(Decode(Sequence(""), {"a", "b"}), "ab");
  EXPECT_EQ(Decode(R"({"type": "Replace", "pattern": {"String": "_"},
                       "content": " "})",
                   {"_a"}),
            " a");
  EXPECT_EQ(Decode(R"({"type": "Replace", "pattern": {"Regex": "[_-]"},
                       "content": " "})",
                   {"_a-"}),
            " a ");
  EXPECT_EQ(Decode(R"({"type": "ByteFallback"})", {"<0x41>"}), "A");
  EXPECT_EQ(Decode(Sequence(R"({"type": "Fuse"}, {"type": "Strip",
                       "content": "a", "start": 1, "stop": 0})"),
                   {"a", "a"}),
            "a");
  EXPECT_EQ(Decode(R"({"type": "Metaspace", "replacement": "_",
                       "prepend_scheme": "never"})",
                   {"_a"}),
            " a");
  EXPECT_EQ(Decode(R"({"type": "WordPiece", "prefix": "+", "cleanup": false})",
                   {"a", "+b", "."}),
            "ab .");
  EXPECT_EQ(Decode(R"({"type": "BPEDecoder", "suffix": "_"})", {"a_", "b_"}),
            "a b");
}

TEST(HfDecoderTest, OthersAreRefusedByName) {
  EXPECT_EQ(
      ErrorOf(ReadDecoder, Sequence(R"({"type": "CTC"})")),
      "open: t.json: unsupported tokenizer: section.decoders[0] is "
      "\"CTC\"; supported: ByteLevel, Replace, ByteFallback, Fuse, Strip, "
      "Metaspace, WordPiece, BPEDecoder, Sequence, null");
  EXPECT_EQ(ErrorOf(ReadDecoder, R"({"type": "Strip", "content": "ab",
                                     "start": 1, "stop": 0})"),
            "open: t.json: tokenizer: section.content is not one character; "
            "get the file again");
  EXPECT_EQ(ErrorOf(ReadDecoder, R"({"type": "Strip", "content": "a",
                                     "start": -1, "stop": 0})"),
            "open: t.json: tokenizer: section.start is -1, below 0; get the "
            "file again");
}

}  // namespace
}  // namespace pellucid
