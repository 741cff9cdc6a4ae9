#include "server/object_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid::server {
namespace {

using ::testing::HasSubstr;

TEST(ObjectReaderTest, TakesWhatIsAskedForAndRefusesTheRest) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const std::string text = R"({"a": "x", "n": 3, "r": 0.5, "other": 1})";
  ASSERT_EQ(parser.parse(text).get(root), simdjson::SUCCESS);
  ObjectReader reader(root, "test: request");
  std::string a;
  std::size_t n = 0;
  double r = 0;
  bool none = true;
  EXPECT_TRUE(reader.Text("a", &a));
  EXPECT_TRUE(reader.Count("n", 1, 5, &n));
  EXPECT_TRUE(reader.Real("r", 0, 1, &r));
  EXPECT_FALSE(reader.Flag("none", &none));
  EXPECT_EQ(a, "x");
  EXPECT_EQ(n, 3u);
  EXPECT_EQ(r, 0.5);
  EXPECT_TRUE(none);
  const Status status = reader.Finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message,
            "test: request: \"other\" is unknown; there are a, n, r, none");
}

TEST(ObjectReaderTest, TheFirstErrorStays) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const std::string text = R"({"a": 1, "b": 2})";
  ASSERT_EQ(parser.parse(text).get(root), simdjson::SUCCESS);
  ObjectReader reader(root, "test");
  std::string to = "untouched";
  EXPECT_FALSE(reader.Text("a", &to));
  EXPECT_FALSE(reader.Text("b", &to));
  reader.Require("c", false);
  EXPECT_EQ(to, "untouched");
  EXPECT_FALSE(reader.ok());
  EXPECT_THAT(reader.Finish().error().message, HasSubstr("\"a\" is no text"));
}

TEST(ObjectReaderTest, KeysAreBounded) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string text = "{\"k\": 0";
  for (int i = 0; i < 100; ++i) text += ",\"k" + std::to_string(i) + "\": 0";
  text += "}";
  ASSERT_EQ(parser.parse(text).get(root), simdjson::SUCCESS);
  EXPECT_THAT(ObjectReader(root, "test").Finish().error().message,
              HasSubstr("more than 64 keys"));
}

}  // namespace
}  // namespace pellucid::server
