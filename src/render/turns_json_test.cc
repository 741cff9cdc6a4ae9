#include "render/turns_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pellucid::render {
namespace {

std::string Written(const std::vector<TokenTurn>& turns) {
  std::string out;
  JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
  json.BeginObject();
  WriteTurns(turns, json);
  json.EndObject();
  json.Finish();
  return out;
}

TEST(TurnsJsonTest, EachTurnHasItsRoleAndTokens) {
  EXPECT_EQ(Written({{"user", 0, 9}, {"assistant", 9, 12}}),
            "{\"turns\":[{\"role\":\"user\",\"tokens\":[0,9]},{\"role\":"
            "\"assistant\",\"tokens\":[9,12]}]}\n");
}

TEST(TurnsJsonTest, WithoutTurnsThereIsNoKey) {
  EXPECT_EQ(Written({}), "{}\n");
}

}  // namespace
}  // namespace pellucid::render
