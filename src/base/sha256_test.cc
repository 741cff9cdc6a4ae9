// Vectors: NIST, "Cryptographic Algorithm Validation Program", SHA-256 examples
// and short messages; each with the processor's instructions and without.
#include "base/sha256.h"

#include <cstddef>
#include <string>
#include <vector>

#include "base/byte_sink.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

class Sha256Test : public ::testing::TestWithParam<Sha256::Rounds> {
 protected:
  std::string HashOf(std::span<const std::byte> bytes) const {
    Sha256 hash(GetParam());
    hash.Update(bytes);
    return HexOf(hash.Finish());
  }
  std::string HashOf(const std::string& text) const {
    return HashOf(AsBytes(text));
  }
};
INSTANTIATE_TEST_SUITE_P(Rounds, Sha256Test,
                         ::testing::Values(Sha256::Rounds::kFastest,
                                           Sha256::Rounds::kPlain));

TEST_P(Sha256Test, NistVectors) {
  EXPECT_EQ(HashOf(std::string()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HashOf(std::string("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HashOf(std::string("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlm"
                               "nomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(HashOf(std::string("abcdefghbcdefghicdefghijdefghijkefghijklfghijk"
                               "lmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmno"
                               "pqrsmnopqrstnopqrstu")),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(HashOf(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(HashOf(std::string("\xbd")),
            "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b");
  EXPECT_EQ(HashOf(std::string(55, '\0')),
            "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7");
  EXPECT_EQ(HashOf(std::string(56, '\0')),
            "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb");
  EXPECT_EQ(HashOf(std::string(64, '\0')),
            "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
}

TEST_P(Sha256Test, PiecesHashAsTheWhole) {
  std::vector<std::byte> message(700);
  testutil::Random random(1);
  for (std::byte& b : message) b = static_cast<std::byte>(random.Below(256));
  const std::string whole = HashOf(message);
  for (int round = 0; round < 200; ++round) {
    Sha256 hash(GetParam());
    std::span<const std::byte> rest(message);
    while (!rest.empty()) {
      const auto piece = static_cast<std::size_t>(
          random.Below(std::min<std::uint64_t>(rest.size(), 150) + 1));
      hash.Update(rest.first(piece));
      rest = rest.subspan(piece);
    }
    EXPECT_EQ(HexOf(hash.Finish()), whole);
  }
}

TEST(Sha256WaysTest, BothWaysAgreeForEveryLength) {
  std::vector<std::byte> message(300);
  testutil::Random random(2);
  for (std::byte& b : message) b = static_cast<std::byte>(random.Below(256));
  for (std::size_t n = 0; n <= message.size(); ++n) {
    Sha256 fast, plain(Sha256::Rounds::kPlain);
    fast.Update(std::span(message).first(n));
    plain.Update(std::span(message).first(n));
    EXPECT_EQ(HexOf(fast.Finish()), HexOf(plain.Finish())) << "n=" << n;
  }
}

}  // namespace
}  // namespace pellucid
