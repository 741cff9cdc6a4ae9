#include "tokenizer/jinja/value.h"

#include <gtest/gtest.h>

namespace pellucid::jinja {
namespace {

TEST(ValueTest, EqualNumbersAreOneKey) {
  Heap heap;
  Dict dict;
  dict.Set(Value(std::int64_t{1}), Value(true));
  dict.Set(Value(1.0), Value(false));
  dict.Set(Value(true), Value());
  dict.Set(heap.Make("1"), Value(true));
  EXPECT_EQ(dict.items.size(), 2u);
  ASSERT_NE(dict.Find(Value(std::int64_t{1})), nullptr);
  EXPECT_TRUE(dict.Find(Value(std::int64_t{1}))->Is(Kind::kNone));
  EXPECT_EQ(dict.Find(std::string_view("2")), nullptr);
}

TEST(ValueTest, WorkIsBounded) {
  Heap heap;
  EXPECT_TRUE(heap.Ask(kMaxWork / 2).ok());
  EXPECT_FALSE(heap.Ask(kMaxWork / 2 + 1).ok());
  EXPECT_FALSE(heap.Check().ok());
  EXPECT_EQ(heap.rest(), 0u);
}

TEST(ValueTest, AGeneratorIsEmptyOnceItWasRunThrough) {
  Heap heap;
  const Value value = heap.Make({Value(true)}, ListKind::kGenerator);
  EXPECT_EQ(Iterate(value, heap)->size(), 1u);
  EXPECT_EQ(Iterate(value, heap)->size(), 0u);
  EXPECT_FALSE(LengthOf(value, heap).ok());
}

TEST(ValueTest, ScopesFindWhatLiesAbove) {
  Heap heap;
  Scope* outer = heap.MakeScope(nullptr);
  Scope* inner = heap.MakeScope(outer);
  outer->Set(1, Value(true));
  inner->Set(2, Value(false));
  EXPECT_NE(inner->Find(1), nullptr);
  EXPECT_EQ(outer->Find(2), nullptr);
}

}  // namespace
}  // namespace pellucid::jinja
