#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(BloomTest, ReadsPublishedKeys) {
  const auto spec = OpenEdited("bloom_plain", {{"hidden_size", ""},
                                               {"n_embed", "24"},
                                               {"n_head", ""},
                                               {"num_attention_heads", "4"},
                                               {"slow_but_exact", "true"},
                                               {"seq_length", "48"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->d_mlp, 96u);
  EXPECT_EQ(spec->context_length, 48u);
  EXPECT_EQ(spec->alibi.slopes.size(), 4u);
  EXPECT_FALSE(spec->alibi.falcon);
  EXPECT_TRUE(spec->ropes.empty());
  EXPECT_TRUE(spec->modules_add_residual);
}

TEST(BloomTest, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("bloom_plain", {{"n_inner", "50"}}),
              HasSubstr("n_inner: is 50"));
  EXPECT_THAT(ErrorOfEdited("bloom_plain", {{"rope_theta", "10000"}}),
              HasSubstr("rope_theta: is 10000"));
  EXPECT_THAT(ErrorOfEdited("bloom_plain", {{"n_head", "7"}}),
              HasSubstr("no multiple of the 7 heads"));
}

}  // namespace
}  // namespace pellucid
