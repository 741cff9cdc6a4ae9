#include "formats/torch_pickle.h"

#include <string>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

TEST(TorchPickleTest, NoBytesBreakIt) {
  // Every instruction alone and behind some that it may take.
  for (int opcode = 0; opcode < 256; ++opcode) {
    for (const std::string& before :
         {std::string(), std::string("(N"), std::string("NN"),
          std::string(")R"), std::string("}"), std::string("](")}) {
      const std::string text =
          before + static_cast<char>(opcode) + std::string("\x01\x01.", 3);
      const auto read = ReadTorchPickle(std::as_bytes(std::span(text)), "x");
      if (read.ok()) {
        EXPECT_LT(read->root, read->values.size());
      } else {
        EXPECT_FALSE(read.error().message.empty());
      }
    }
  }
}

}  // namespace
}  // namespace pellucid
