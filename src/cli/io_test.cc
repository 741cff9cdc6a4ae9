#include "cli/io.h"

#include <gtest/gtest.h>

namespace pellucid::cli {
namespace {

TEST(IoTest, AMessageIsOneLineOfText) {
  EXPECT_EQ(OneLine("plain \xc3\xa9"), "plain \xc3\xa9");
  EXPECT_EQ(OneLine("a\nb\tc\x1b[1m\x7f"), "a\\nb\\tc\\x1b[1m\\x7f");
  EXPECT_EQ(OneLine("bad \xff byte"), "bad <0xFF> byte");
}

TEST(IoTest, WarningsGoToTheErrorStream) {
  StringSource in("");
  StringSink out, err;
  Io io{in, out, err};
  Warn(io, "tokenize: prompt: twice\n");
  EXPECT_EQ(out.text(), "");
  EXPECT_EQ(err.text(), "pellucid: warning: tokenize: prompt: twice\\n\n");
}

}  // namespace
}  // namespace pellucid::cli
