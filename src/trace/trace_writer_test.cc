#include "trace/trace_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Trace SmallTrace() {
  Trace trace;
  trace.ids = {3, 1};
  trace.sites["embed"] = Tensor({2, 2});
  trace.sites["embed"].data = {1, 2, 3, 4};
  return trace;
}

ByteSink AppendBytes(std::string* to) {
  return [to](std::span<const std::byte> bytes) -> Status {
    to->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
}

TEST(TraceWriterTest, SafetensorsHoldTensorsAndWhatTheyBelongTo) {
  std::string bytes;
  ASSERT_TRUE(WriteTraceSafetensors(SmallTrace(), {"ab", "tiny", 2},
                                    AppendBytes(&bytes))
                  .ok());
  EXPECT_THAT(bytes, HasSubstr("\"embed\":{\"dtype\":\"F32\",\"shape\":[2,2]"));
  EXPECT_THAT(bytes, HasSubstr("\"ids\":\"[3,1]\""));
  EXPECT_THAT(bytes, HasSubstr("\"text\":\"ab\""));
  EXPECT_THAT(bytes, HasSubstr("\"model\":\"tiny\""));
  EXPECT_THAT(bytes, HasSubstr("\"edits\":\"2\""));
}

TEST(TraceWriterTest, WhatThereIsNotIsLeftOut) {
  std::string bytes;
  ASSERT_TRUE(WriteTraceSafetensors(SmallTrace(), {std::nullopt, "tiny", 0},
                                    AppendBytes(&bytes))
                  .ok());
  EXPECT_THAT(bytes, Not(HasSubstr("\"text\"")));
  EXPECT_THAT(bytes, Not(HasSubstr("\"edits\"")));
}

TEST(TraceWriterTest, NpzHoldsArraysOfTheNames) {
  std::string bytes;
  ASSERT_TRUE(
      WriteTraceNpz(SmallTrace(), {"ab", "tiny", 1}, AppendBytes(&bytes)).ok());
  for (const char* name : {"embed.npy", "ids.npy", "text.npy", "model.npy",
                           "pellucid.npy", "edits.npy"}) {
    EXPECT_THAT(bytes, HasSubstr(name));
  }
}

TEST(TraceWriterTest, AFailingSinkIsReported) {
  const ByteSink full = [](std::span<const std::byte>) -> Status {
    return FailedError("full");
  };
  EXPECT_FALSE(WriteTraceSafetensors(SmallTrace(), {}, full).ok());
  EXPECT_FALSE(WriteTraceNpz(SmallTrace(), {}, full).ok());
}

}  // namespace
}  // namespace pellucid
